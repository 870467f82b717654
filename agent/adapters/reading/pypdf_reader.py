"""PDF by pypdf: the text of each page in drawing order. Runs in the reading child.

Used for files that pdfminer.six cannot read, or if `pdf_reader` selects it.

Invisible text (white, transparent, tiny, off the page, drawn invisibly) is left out and counted: it is how
prompt injections are hidden in papers. Text covered by an image is not detected.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot
from typing import Any, NamedTuple

from pypdf import PdfReader

from agent.adapters.reading.reading_order import Block, Page

TINY_PT, WHITE, MARGIN_PT, FAINT, NARROW = 1.5, 0.93, 20.0, 0.05, 0.1
_INKS = ("/Separation", "/DeviceN")
Matrix = Sequence[float]
IDENTITY = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


def pages_of(path: str) -> tuple[int, Any]:
    """Return the number of pages of a file and a function from a page's index to its `Page`."""
    reader = PdfReader(path)
    if reader.is_encrypted:
        reader.decrypt("")
    return len(reader.pages), lambda n: read_page(reader.pages[n])


def read_page(page: Any) -> Page:
    """Extract a page's visible text."""
    eye = _Eye(page)
    page.extract_text(
        visitor_operand_before=eye.operator, visitor_operand_after=eye.done, visitor_text=eye.text
    )
    left, bottom, right, top = eye.box
    whole = Block("".join(eye.seen), left, bottom, right, top)
    return Page((whole,), right - left, top - bottom, eye.hidden)


class _Form(NamedTuple):
    """A form being drawn: its matrix to the page, its resources, and the number of states saved before."""

    place: Matrix
    resources: Any
    saved: int


class _Drawing(NamedTuple):
    """How text is drawn: white fill or outline, transparent, squeezed; rendering mode, fill colour space."""

    white: bool = False
    outline: bool = False
    faint: bool = False
    narrow: bool = False
    mode: int = 0
    space: str = "/DeviceGray"

    def is_unseen(self) -> bool:
        """Whether text drawn this way is invisible (modes: PDF 32000-1, 9.3.6)."""
        if self.mode in (3, 7) or self.narrow or self.faint:
            return True
        if self.mode % 4 == 1:
            return self.outline
        return self.white and (self.mode % 4 == 0 or self.outline)


class _Eye:
    """Tracks the graphics state through a page and its forms, and decides what is visible.

    pypdf processes a form from its own origin, so each form's place on the page is tracked here.
    """

    def __init__(self, page: Any) -> None:
        box = page.cropbox
        self.box = tuple(float(edge) for edge in (box.left, box.bottom, box.right, box.top))
        self._now = _Drawing()
        self._saved: list[_Drawing] = []
        self._unseen = False
        self._forms = [_Form(IDENTITY, page.get("/Resources") or {}, 0)]
        self._drawn: list[_Form | None] = []
        self._entering: _Form | None = None
        self.seen: list[str] = []
        self.hidden = 0

    def operator(self, name: bytes, operands: Any, cm: Matrix, _tm: Matrix) -> None:
        """Track the operators that affect how text is drawn and whether it is visible."""
        if self._entering:
            self._forms.append(self._entering)
            self._entering = None
        if handler := _HANDLERS.get(name):
            handler(self, operands, cm)

    def done(self, name: bytes, *_: Any) -> None:
        """Restore the state after a form or an image."""
        if name != b"Do":
            return
        form, self._entering = self._drawn.pop(), None
        if form is self._forms[-1]:
            del self._saved[self._forms.pop().saved :]
        self.restore()

    def text(self, text: str, cm: Matrix, tm: Matrix, _font: Any, size: float) -> None:
        """Collect a piece of text, or count it as hidden."""
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
        """`Tj` and similar: note whether the text drawn now is invisible."""
        self._unseen |= self._now.is_unseen()

    def save(self, *_: Any) -> None:
        """`q`."""
        self._saved.append(self._now)

    def restore(self, *_: Any) -> None:
        """`Q`, but never past what was saved before a form began."""
        if len(self._saved) > self._forms[-1].saved:
            self._now = self._saved.pop()

    def draw(self, operands: Any, cm: Matrix) -> None:
        """`Do`: draw a form or an image; the state is restored afterwards."""
        self._entering = self._form(operands, cm)
        self._drawn.append(self._entering)
        self.save()

    def _is_away(self, cm: Matrix, tm: Matrix, size: float) -> bool:
        """Whether text is too small to read, or begins off the page."""
        a, b, c, d, x, y = _times(_times(tm, cm), self._forms[-1].place)
        left, bottom, right, top = self.box
        off = not (left - MARGIN_PT <= x <= right + MARGIN_PT and bottom - MARGIN_PT <= y <= top + MARGIN_PT)
        return off or 0 < abs(size) * min(hypot(a, b) / NARROW, hypot(c, d)) < TINY_PT

    def grey_or_rgb(self, operands: Any, *_: Any) -> None:
        """`g`, `rg`: white when every component is."""
        self._fill(white=bool(operands) and all(_number(o) >= WHITE for o in operands))

    def cmyk(self, operands: Any, *_: Any) -> None:
        """`k`: white is no ink."""
        self._fill(white=bool(operands) and all(_number(o) <= 1 - WHITE for o in operands))

    def _fill(self, *, white: bool) -> None:
        if white != self._now.white:
            self._now = self._now._replace(white=white)

    def stroke(self, operands: Any, *_: Any) -> None:
        """`G`, `RG`, `K`: the colour of outlines."""
        light = [1 - _number(o) if len(operands) == 4 else _number(o) for o in operands]
        outline = bool(light) and min(light) >= WHITE
        if outline != self._now.outline:
            self._now = self._now._replace(outline=outline)

    def space(self, operands: Any, *_: Any) -> None:
        """`cs`: another colour space; its initial colour is black, or full ink."""
        named = _named(self._forms[-1].resources, "/ColorSpace", operands)
        kind = str(named[0]) if isinstance(named, list) and named else str(operands[0]) if operands else ""
        self._now = self._now._replace(space=kind, white=False)

    def colour(self, operands: Any, *_: Any) -> None:
        """`sc`, `scn`: a single component is ink in an ink colour space, light in any other."""
        plain = [o for o in operands if not str(o).startswith("/")]
        if len(plain) == 4 or (len(plain) == 1 and self._now.space in _INKS):
            self.cmyk(plain)
        elif self._now.space == "/Indexed":
            self._now = self._now._replace(white=False)
        else:
            self.grey_or_rgb(plain)

    def mode(self, operands: Any, *_: Any) -> None:
        """`Tr`: how glyphs are painted."""
        self._now = self._now._replace(mode=int(_number(operands[0])) if operands else 0)

    def width(self, operands: Any, *_: Any) -> None:
        """`Tz`: the width of glyphs, in percent."""
        self._now = self._now._replace(narrow=bool(operands) and abs(_number(operands[0])) < 100 * NARROW)

    def state(self, operands: Any, *_: Any) -> None:
        """`gs`: a named state may make the fill transparent."""
        opacity = _named(self._forms[-1].resources, "/ExtGState", operands)
        opacity = opacity.get("/ca") if hasattr(opacity, "get") else None
        if opacity is not None:
            self._now = self._now._replace(faint=_number(opacity) < FAINT)


_HANDLERS = {
    b"Tj": _Eye.show, b"TJ": _Eye.show, b"'": _Eye.show, b'"': _Eye.show, b"q": _Eye.save,
    b"Q": _Eye.restore, b"Do": _Eye.draw, b"g": _Eye.grey_or_rgb, b"rg": _Eye.grey_or_rgb,
    b"k": _Eye.cmyk, b"cs": _Eye.space, b"sc": _Eye.colour, b"scn": _Eye.colour, b"G": _Eye.stroke,
    b"RG": _Eye.stroke, b"K": _Eye.stroke, b"Tr": _Eye.mode, b"Tz": _Eye.width, b"gs": _Eye.state,
}  # fmt: skip


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0


def _named(resources: Any, kind: str, operands: Any) -> Any:
    """The resource that an operator names; empty if there is none."""
    try:
        return resources[kind].get_object()[operands[0]].get_object()
    except (KeyError, IndexError, TypeError, AttributeError):
        return {}


def _times(left: Matrix, right: Matrix) -> Matrix:
    """Compose two transforms: first `left`, then `right` (PDF 32000-1, 8.3.4)."""
    a, b, c, d, e, f = left
    g, h, i, j, k, m = right
    return (a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + m)
