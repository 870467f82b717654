"""PDF by pdfminer.six, whose layout analysis finds lines, columns and blocks. Runs in the reading child.

Invisible text (white, transparent, tiny, off the page, drawn invisibly) is left out and counted: it is how
prompt injections are hidden in papers. Text covered by an image is not detected. Sideways text, such as
arXiv's stamp in the margin, is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from math import hypot
from pathlib import Path
from typing import Any, cast

from pdfminer.converter import PDFPageAggregator
from pdfminer.layout import LAParams, LTChar, LTFigure, LTTextBox, LTTextLine
from pdfminer.pdfinterp import PDFGraphicState, PDFPageInterpreter, PDFResourceManager
from pdfminer.pdfpage import PDFPage
from pdfminer.pdfparser import PDFParser
from pdfminer.pdftypes import dict_value
from pdfminer.psparser import literal_name
from pdfminer.utils import apply_matrix_rect

from agent.adapters.reading.pypdf_reader import FAINT, MARGIN_PT, NARROW, TINY_PT, WHITE
from agent.adapters.reading.reading_order import Block, Page

_ONE_INK = ("Separation", "DeviceN")


def pages_of(path: str) -> tuple[int, Any]:
    """Return the number of pages of a file and a function from a page's index to its `Page`."""
    from pdfminer.pdfdocument import PDFDocument

    document = PDFDocument(PDFParser(BytesIO(Path(path).read_bytes())))
    pages = list(PDFPage.create_pages(document))
    resources = PDFResourceManager()
    return len(pages), lambda n: read_page(resources, pages[n])


def read_page(resources: PDFResourceManager, page: PDFPage) -> Page:
    """Return the visible blocks of a page in reading order."""
    eye = _Eye(resources, laparams=LAParams(all_texts=True))
    _Interpreter(resources, eye).process_page(page)
    layout = eye.get_result()
    blocks = list(_blocks(layout, in_figure=False))
    return Page(tuple(blocks), layout.width, layout.height, eye.hidden)


def _blocks(item: Any, *, in_figure: bool) -> Iterator[Block]:
    for part in item:
        if isinstance(part, LTFigure):
            yield from _blocks(part, in_figure=True)
        elif isinstance(part, LTTextBox) and part.get_text().strip():
            lines = [line for line in part if isinstance(line, LTTextLine)]
            sizes = sorted(
                c.size for line in lines for c in line if isinstance(c, LTChar) and not c.get_text().isspace()
            )
            size = sizes[len(sizes) // 2] if sizes else 0.0
            yield Block(_lines(lines), part.x0, part.y0, part.x1, part.y1, size, in_figure)


def _lines(lines: list[LTTextLine]) -> str:
    """The text of a block; pieces on one line, such as a number and its heading, are joined."""
    texts, before = list[str](), None
    for line in lines:
        text = line.get_text().strip()
        on_one = before is not None and abs(line.y0 - before.y0) < line.height / 3 and line.x0 >= before.x1
        texts[-1:] = [f"{texts[-1]} {text}"] if on_one else [*texts[-1:], text]
        before = line
    return "\n".join(texts).strip()


class _State(PDFGraphicState):
    """A graphics state that includes the opacity of the fill."""

    opacity = 1.0

    def copy(self) -> _State:
        """Return a copy to be restored later."""
        state = _State()
        state.__dict__.update(self.__dict__)
        return state


class _Interpreter(PDFPageInterpreter):
    """Handles named graphics states, and passes the current state on to forms."""

    graphicstate: Any
    inherited: Any = None

    def init_state(self, ctm: Any) -> None:
        """Begin a page, or a form with the state it inherits (PDF 32000-1, 8.10.1)."""
        super().init_state(ctm)
        self.graphicstate = _State()
        if self.inherited:
            self.graphicstate, self.textstate.render = self.inherited[0].copy(), self.inherited[1]

    def subinterp(self) -> PDFPageInterpreter:
        """Return the interpreter for a form, which inherits the current state."""
        inner: Any = super().subinterp()
        inner.inherited = (self.graphicstate, self.textstate.render)
        return cast(PDFPageInterpreter, inner)

    def do_gs(self, name: Any) -> None:
        """`gs`: a named state may make the fill transparent."""
        states = dict_value(self.resources.get("ExtGState") or {})
        opacity = dict_value(states.get(literal_name(name)) or {}).get("ca")
        if isinstance(opacity, int | float):
            self.graphicstate.opacity = float(opacity)


class _Eye(PDFPageAggregator):
    """Lays out the visible glyphs of a page, and counts the hidden ones."""

    hidden = 0
    _box: tuple[float, float, float, float] = (0, 0, 0, 0)
    _mode = 0

    def begin_page(self, page: PDFPage, ctm: Any) -> None:
        """Begin a page: anything outside its crop box is hidden, whatever the page's rotation."""
        super().begin_page(page, ctm)
        self._box = apply_matrix_rect(ctm, page.cropbox or page.mediabox)

    def render_string(self, textstate: Any, seq: Any, ncs: Any, graphicstate: Any) -> None:
        """`Tj` and similar: note the text rendering mode."""
        self._mode = textstate.render
        super().render_string(textstate, seq, ncs, graphicstate)

    def render_char(
        self, matrix: Any, font: Any, fontsize: float, scaling: float, rise: float, cid: int, ncs: Any,
        graphicstate: Any,
    ) -> float:  # fmt: skip
        """Place a glyph, unless it is hidden or sideways."""
        into: Any = self.cur_item
        start = len(into)
        advance = super().render_char(matrix, font, fontsize, scaling, rise, cid, ncs, graphicstate)
        seen = not (self._is_unseen(graphicstate) or self._is_away(matrix, fontsize, scaling))
        if not seen or abs(matrix[0]) < abs(matrix[1]):
            for item in into._objs[start:]:
                self.hidden += not seen and not item.get_text().isspace()
            del into._objs[start:]
        return float(advance)

    def _is_unseen(self, state: Any) -> bool:
        """Whether text painted this way is invisible (modes: PDF 32000-1, 9.3.6)."""
        if self._mode in (3, 7) or getattr(state, "opacity", 1.0) < FAINT:
            return True
        fill, outline = _is_white(state.ncolor, state.ncs), _is_white(state.scolor, state.scs)
        if self._mode % 4 == 1:
            return outline
        return fill and (self._mode % 4 == 0 or outline)

    def _is_away(self, matrix: Any, size: float, scaling: float) -> bool:
        """Whether a glyph is too small to read, squeezed to nothing, or begins off the page."""
        a, b, c, d, x, y = matrix
        left, bottom, right, top = self._box
        off = not (left - MARGIN_PT <= x <= right + MARGIN_PT and bottom - MARGIN_PT <= y <= top + MARGIN_PT)
        width = hypot(a, b) * abs(scaling)
        return off or 0 < abs(size) * min(width / NARROW, hypot(c, d)) < TINY_PT


def _is_white(colour: Any, space: Any) -> bool:
    """Whether a colour is white: no ink, or all light."""
    parts = list(colour) if isinstance(colour, tuple | list) else [colour]
    if not parts or not all(isinstance(p, int | float) for p in parts) or space.name == "Indexed":
        return False
    ink = len(parts) == 4 or space.name in _ONE_INK
    return all(p <= 1 - WHITE for p in parts) if ink else all(p >= WHITE for p in parts)
