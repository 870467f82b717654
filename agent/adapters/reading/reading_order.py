"""Turn page blocks into running text: drop headers and footers, set footnotes and captions aside. Pure.

A sentence may continue in the next column or on the next page, so nothing may stand between its parts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

EDGE, LOWER, SMALLER, SHARE = 0.1, 0.45, 0.95, 1 / 3
"""Fractions of the page height: the header and footer zones, and the top of the footnote zone; of the body
text's size: the largest footnote; of the pages: how many must share a running header."""
_NUMBER = re.compile(r"(?:page\s*)?[-–—\s]*(?:\d{1,4}|[ivxl]{1,6})[-–—\s]*(?:(?:of|/)\s*\d{1,4})?", re.I)
_CAPTION = re.compile(
    r"(?:supplementary\s+|extended data\s+)?(?:figure|fig\.?|table|algorithm|listing)\s*"
    r"(?:[A-Z]\.?)?(?:\d+|[IVX]+)(?:\s?\([a-z]\))?(?:[:.|–—]|\s*(?:\n|$))", re.I,
)  # fmt: skip
_HEADING_NUMBER = re.compile(r"(?:\d{1,2}|[A-Z]|[IVX]{1,4})(?:\.\d{1,2})*\.?")
_FOOTNOTE = re.compile(r"(?:\d{1,2}|[*†‡§¶∗]+)\s?(?:[^\W\d_]|https?:)")
_REFERENCES = re.compile(r"(?:references|bibliography)\b", re.I)


class Block(NamedTuple):
    """Adjacent lines: corners in points from the page's lower left, and the median glyph size."""

    text: str
    left: float
    bottom: float
    right: float
    top: float
    size: float = 0.0
    in_figure: bool = False


class Page(NamedTuple):
    """A page's blocks in reading order, its width and height, and how many characters were hidden on it."""

    blocks: tuple[Block, ...]
    width: float
    height: float
    hidden: int = 0


class Aside(NamedTuple):
    """Text that is not running text: "captions", "footnotes" or "figures", with its page."""

    name: str
    page: int
    text: str


def running(pages: Sequence[Page]) -> tuple[list[str], list[Aside]]:
    """Return the running text of each page, and what was set aside."""
    repeated, body = _repeated(pages), _body_size(pages)
    texts, asides, in_references = list[str](), list[Aside](), False
    for number, page in enumerate(pages, 1):
        kept, notes = list[str](), list[Block]()
        drawn = sum(len(b.text) for b in page.blocks if b.in_figure)
        is_one_figure = drawn > sum(len(b.text) for b in page.blocks) / 2
        for block in _numbered(page.blocks):
            if _is_at_edge(block, page) and (_NUMBER.fullmatch(block.text) or _pattern(block) in repeated):
                continue
            in_references |= _REFERENCES.match(block.text) is not None
            name = "figures" if block.in_figure and not is_one_figure else _aside(block, page, body, notes)
            name = "" if in_references and name == "footnotes" else name
            notes += [block] if name == "footnotes" else []
            if name:
                asides.append(Aside(name, number, block.text))
            else:
                kept.append(block.text)
        texts.append("\n".join(kept))
    return texts, asides


def _numbered(blocks: Sequence[Block]) -> list[Block]:
    """Merge each heading number that is a block of its own with the heading beside it."""
    merged = list[Block]()
    for block in blocks:
        before = merged[-1] if merged else None
        if before and _HEADING_NUMBER.fullmatch(before.text) and abs(before.top - block.top) < block.size / 2:
            merged[-1] = block._replace(text=f"{before.text} {block.text}", left=before.left)
        else:
            merged.append(block)
    return merged


def _aside(block: Block, page: Page, body: float, notes: Sequence[Block]) -> str:
    """A block's kind, empty for running text; `notes` are the page's footnotes before it.

    A block without a size is a whole page whose layout is unknown.
    """
    if not block.size:
        return ""
    if _CAPTION.match(block.text):
        return "captions"
    if block.top >= LOWER * page.height or block.size >= SMALLER * body:
        return ""
    goes_on = any(n.bottom >= block.bottom and n.left < block.right and block.left < n.right for n in notes)
    return "footnotes" if goes_on or _FOOTNOTE.match(block.text) else ""


def _is_at_edge(block: Block, page: Page) -> bool:
    return block.bottom > (1 - EDGE) * page.height or block.top < EDGE * page.height


def _pattern(block: Block) -> str:
    """A header's or footer's text without its page number, and its height."""
    bare = re.sub(r"^\d+\s+|\s+\d+$", "", " ".join(block.text.split()))
    return f"{bare} {round(block.top / 10)}"


def _repeated(pages: Sequence[Page]) -> set[str]:
    """The patterns that recur at the edges of many pages, ignoring page numbers."""
    seen = Counter(p for page in pages for p in {_pattern(b) for b in page.blocks if _is_at_edge(b, page)})
    return {pattern for pattern, times in seen.items() if times >= max(2, SHARE * len(pages))}


def _body_size(pages: Sequence[Page]) -> float:
    """The most common glyph size, weighted by characters."""
    sizes = Counter[float]()
    for page in pages:
        for block in page.blocks:
            sizes[round(block.size, 1)] += len(block.text)
    return max(sizes, key=lambda size: sizes[size], default=0.0)
