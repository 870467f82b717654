"""PDF by pypdf: the text of each page as a person would see it. Runs in the reading child.

Text that nobody sees (white, transparent, tiny, off the page, drawn invisibly) is left out and counted:
it is how instructions to a model are smuggled into papers. Text under a picture is not recognised.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot
from typing import Any, NamedTuple

from pypdf import PdfReader

TINY_PT, WHITE, MARGIN_PT, FAINT = 1.5, 0.97, 20.0, 0.05
_DEVICE = ("/DeviceGray", "/DeviceRGB", "/DeviceCMYK", "/G", "/RGB", "/CMYK")
Matrix = Sequence[float]
IDENTITY = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


class Page(NamedTuple):
    """A page's visible text, and how many characters were hidden on it."""

    text: str
    hidden: int


def pages_of(path: str) -> tuple[int, Any]:
    """The number of pages of a file, and a function from a page's index to its `Page`."""
    reader = PdfReader(path)
    if reader.is_encrypted:
        reader.decrypt("")
    return len(reader.pages), lambda n: read_page(reader.pages[n])


def read_page(page: Any) -> Page:
    """Extract a page's text, without what is hidden."""
    eye = _Eye(page)
    page.extract_text(
        visitor_operand_before=eye.operator, visitor_operand_after=eye.done, visitor_text=eye.text
    )
    return Page("".join(eye.seen), eye.hidden)


class _Form(NamedTuple):
    """A form being drawn: its matrix to the page, its resources, and how many states were saved before."""

    place: Matrix
    resources: Any
    saved: int


class _Eye:
    """Follows the graphics state through a page and the forms drawn on it, and tells what can be seen.

    pypdf follows a form from its own origin, so each form's place on the page is kept here.
    """

    def __init__(self, page: Any) -> None:
        box = page.mediabox
        self._box = tuple(float(edge) for edge in (box.left, box.bottom, box.right, box.top))
        self._white = self._invisible = self._faint = self._unseen = False
        self._space, self._saved = "/DeviceGray", list[tuple[bool, bool, bool, str]]()
        self._forms = [_Form(IDENTITY, page.get("/Resources") or {}, 0)]
        self._drawn: list[_Form | None] = []
        self._entering: _Form | None = None
        self.seen: list[str] = []
        self.hidden = 0

    def operator(self, name: bytes, operands: Any, cm: Matrix, _tm: Matrix) -> None:
        """Note what changes how text is drawn, and whether text drawn now can be seen."""
        if self._entering:
            self._forms.append(self._entering)
            self._entering = None
        if handler := _HANDLERS.get(name):
            handler(self, operands, cm)

    def done(self, name: bytes, *_: Any) -> None:
        """Come back from a form."""
        if name != b"Do":
            return
        form, self._entering = self._drawn.pop(), None
        if form is self._forms[-1]:
            del self._saved[self._forms.pop().saved :]
        self.restore()

    def text(self, text: str, cm: Matrix, tm: Matrix, _font: Any, size: float) -> None:
        """Take a stretch of text, or count it as hidden."""
        letters = text.strip()
        if letters and (self._unseen or self._is_away(cm, tm, size)):
            self.hidden += len(letters)
            self.seen.append("\n" if text.endswith("\n") else " ")
        else:
            self.seen.append(text)
        if letters:
            self._unseen = False

    def _form(self, operands: Any, cm: Matrix) -> _Form | None:
        """The form an operand names, with its place on the page; None for an image."""
        inside = self._forms[-1]
        drawn = _named(inside.resources, "/XObject", operands)
        if drawn.get("/Subtype") != "/Form":
            return None
        own = [_number(n) for n in drawn.get("/Matrix") or IDENTITY]
        place = _times(_times(own if len(own) == 6 else IDENTITY, cm), inside.place)
        return _Form(place, drawn.get("/Resources") or inside.resources, len(self._saved) + 1)

    def show(self, *_: Any) -> None:
        """`Tj` and its like: whether what is drawn now can be seen."""
        self._unseen |= self._white or self._invisible or self._faint

    def save(self, *_: Any) -> None:
        """`q`."""
        self._saved.append((self._white, self._invisible, self._faint, self._space))

    def restore(self, *_: Any) -> None:
        """`Q`, but never past what was saved before a form began."""
        if len(self._saved) > self._forms[-1].saved:
            self._white, self._invisible, self._faint, self._space = self._saved.pop()

    def draw(self, operands: Any, cm: Matrix) -> None:
        """`Do`: a form or an image; it leaves the state as it was."""
        self._entering = self._form(operands, cm)
        self._drawn.append(self._entering)
        self.save()

    def _is_away(self, cm: Matrix, tm: Matrix, size: float) -> bool:
        """Whether text is too small to read, or begins off the page."""
        _, _, c, d, x, y = _times(_times(tm, cm), self._forms[-1].place)
        left, bottom, right, top = self._box
        off = not (left - MARGIN_PT <= x <= right + MARGIN_PT and bottom - MARGIN_PT <= y <= top + MARGIN_PT)
        return off or 0 < abs(size) * hypot(c, d) < TINY_PT

    def grey_or_rgb(self, operands: Any, *_: Any) -> None:
        """`g`, `rg`: white when every component is."""
        self._white = bool(operands) and all(_number(o) >= WHITE for o in operands)

    def cmyk(self, operands: Any, *_: Any) -> None:
        """`k`: white is no ink."""
        self._white = bool(operands) and all(_number(o) <= 1 - WHITE for o in operands)

    def space(self, operands: Any, *_: Any) -> None:
        """`cs`: another colour space; its first colour is black."""
        self._space, self._white = str(operands[0]) if operands else "", False

    def colour(self, operands: Any, *_: Any) -> None:
        """`sc`, `scn`: in a space of one component that we do not know, 1 may be all ink."""
        plain = [o for o in operands if not str(o).startswith("/")]
        if len(plain) == 4:
            self.cmyk(plain)
        elif len(plain) == 3 or self._space in _DEVICE:
            self.grey_or_rgb(plain)
        else:
            self._white = False

    def mode(self, operands: Any, *_: Any) -> None:
        """`Tr`: 3 draws nothing, 7 only clips."""
        self._invisible = bool(operands) and _number(operands[0]) in (3, 7)

    def state(self, operands: Any, *_: Any) -> None:
        """`gs`: a named state may make the fill transparent."""
        opacity = _named(self._forms[-1].resources, "/ExtGState", operands).get("/ca")
        if opacity is not None:
            self._faint = _number(opacity) < FAINT


_HANDLERS = {
    b"Tj": _Eye.show, b"TJ": _Eye.show, b"'": _Eye.show, b'"': _Eye.show,
    b"q": _Eye.save, b"Q": _Eye.restore, b"Do": _Eye.draw,
    b"g": _Eye.grey_or_rgb, b"rg": _Eye.grey_or_rgb, b"k": _Eye.cmyk, b"cs": _Eye.space,
    b"sc": _Eye.colour, b"scn": _Eye.colour, b"Tr": _Eye.mode, b"gs": _Eye.state,
}  # fmt: skip


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0


def _named(resources: Any, kind: str, operands: Any) -> Any:
    """A resource by the name an operator gives; empty where there is none."""
    try:
        return resources[kind].get_object()[operands[0]].get_object()
    except (KeyError, IndexError, TypeError, AttributeError):
        return {}


def _times(left: Matrix, right: Matrix) -> Matrix:
    """First `left`, then `right` (PDF 32000-1, 8.3.4)."""
    a, b, c, d, e, f = left
    g, h, i, j, k, m = right
    return (a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + m)
