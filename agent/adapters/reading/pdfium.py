"""PDF by pypdfium2, the faster reader (`pip install 'retest[fast]'`). Runs in the reading child."""

from __future__ import annotations

from math import hypot
from typing import Any

import pypdfium2
import pypdfium2.raw as raw

from agent.adapters.reading.pdf import FAINT, MARGIN_PT, NARROW, TINY_PT, WHITE, Page

_INVISIBLE = (raw.FPDF_TEXTRENDERMODE_INVISIBLE, raw.FPDF_TEXTRENDERMODE_CLIP)


def pages_of(path: str) -> tuple[int, Any]:
    """The number of pages of a file, and a function from a page's index to its `Page`."""
    document = pypdfium2.PdfDocument(path)
    return len(document), lambda n: read_page(document[n])


def read_page(page: Any) -> Page:
    """Extract a page's text, without what is hidden."""
    told = page.get_textpage()
    text = told.get_text_range().replace("\r\n", "\n")
    hidden = {key for item in page.get_objects([raw.FPDF_PAGEOBJ_TEXT]) if (key := _hidden(page, item))}
    if not hidden:
        return Page(text, 0)
    kept, lost = [], 0
    for n in range(told.count_chars()):
        char = chr(raw.FPDFText_GetUnicode(told, n))
        if _address(raw.FPDFText_GetTextObject(told, n)) in hidden:
            lost += not char.isspace()
            kept.append(" " if char != "\n" else char)
        else:
            kept.append(char)
    return Page("".join(kept).replace("\r\n", "\n").replace("\r", "\n"), lost)


def _hidden(page: Any, item: Any) -> int:
    """The address of a text object that nobody sees; 0 of one that can be seen."""
    mode = raw.FPDFTextObj_GetTextRenderMode(item)
    fill, outline = _unseen(raw.FPDFPageObj_GetFillColor, item), _unseen(raw.FPDFPageObj_GetStrokeColor, item)
    colour = outline if mode % 4 == 1 else fill and (mode % 4 == 0 or outline)
    return _address(item.raw) if mode in _INVISIBLE or colour or _is_away(page, item) else 0


def _unseen(colour_of: Any, item: Any) -> bool:
    """Whether a colour is white or transparent."""
    red, green, blue, alpha = (raw.c_uint() for _ in range(4))
    colour_of(item, red, green, blue, alpha)
    return bool(min(red.value, green.value, blue.value) >= WHITE * 255 or alpha.value < FAINT * 255)


def _is_away(page: Any, item: Any) -> bool:
    """Whether text is off the page, too small, or squeezed to nothing."""
    left, bottom, right, top = item.get_bounds()
    size = raw.c_float()
    raw.FPDFTextObj_GetFontSize(item, size)
    width, height = page.get_size()
    off = right < -MARGIN_PT or left > width + MARGIN_PT or top < -MARGIN_PT or bottom > height + MARGIN_PT
    matrix = item.get_matrix()
    scale = min(hypot(matrix.a, matrix.b) / NARROW, hypot(matrix.c, matrix.d))
    return bool(off or 0 < abs(size.value) * scale < TINY_PT)


def _address(pointer: Any) -> int:
    return int(raw.cast(pointer, raw.c_void_p).value or 0) if pointer else 0
