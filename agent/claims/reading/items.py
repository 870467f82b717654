"""Join the lines of a document into items, and find the context of each. Pure.

A list item continues over the lines that follow it without a blank line, and over indented ones, as in
CommonMark (https://spec.commonmark.org/0.31.2/#paragraph-continuation-text), unless its source already
closed it. A more deeply indented item belongs to the one above it, which is its context.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from agent.arxiv_ids import mentions
from agent.claims.reading.cleaning import is_bullet

TAB = 4
_CLOSED = re.compile(r"[)\]]\s*\.?\s*$")
_ALONE = re.compile(r"(?:\||#|```|~~~|>|([-*_])(?:\s*\1){2,}\s*$|\*\*[^*]+\*\*:?$)")
"""Lines that never continue a paragraph: rows, headings, fences, quotations, rules, all-bold lines."""
_FENCE = re.compile(r"(?:```|~~~)")


@dataclass
class Item:
    """Lines `first` to `last` as one text; `under` are the items it stands under, outermost first."""

    first: int
    last: int
    text: str
    indent: int
    is_listed: bool
    under: tuple[str, ...] = ()
    has_children: bool = False


def items(text: str, stands_alone: Callable[[str], bool]) -> list[Item]:
    """Return the items of a text. A line that `stands_alone`, such as a heading, continues no item."""
    return list(_items(text, stands_alone))


def _items(text: str, stands_alone: Callable[[str], bool]) -> Iterator[Item]:
    above: list[Item] = []
    current: Item | None = None
    blank = fenced = False
    for number, raw in enumerate(text.splitlines(), 1):
        line, indent = raw.strip(), len(raw.expandtabs(TAB)) - len(raw.expandtabs(TAB).lstrip())
        if not line:
            blank = True
            continue
        if current and not fenced and _continues(current, line, indent, stands_alone, after_blank=blank):
            current.text, current.last = f"{current.text} {line}", number
            blank = False
            continue
        if current:
            yield current
        fence = _FENCE.match(line) is not None
        listed = is_bullet(raw) and not fenced and not fence and not _ALONE.match(line)
        current, blank, fenced = Item(number, number, line, indent, listed), False, fenced != fence
        above = _placed(current, above)
    if current:
        yield current


def _placed(item: Item, above: list[Item]) -> list[Item]:
    """Put an item under the less indented ones; return the items that the next one may stand under."""
    above = [i for i in above if i.indent < item.indent]
    if not item.is_listed:
        return above
    item.under = tuple(i.text for i in above)
    if above:
        above[-1].has_children = True
    return [*above, item]


def _continues(
    item: Item, line: str, indent: int, stands_alone: Callable[[str], bool], *, after_blank: bool
) -> bool:
    """Whether a line continues an item: indented further, or directly after it."""
    if not item.is_listed or is_bullet(line) or _ALONE.match(line) or stands_alone(line):
        return False
    if after_blank:
        return indent > item.indent and not item.text.rstrip().endswith(":")
    return indent > item.indent or not _is_closed(item.text)


def _is_closed(text: str) -> bool:
    """Whether an item ends with its source in brackets, so that what follows is not part of it."""
    return _CLOSED.search(text) is not None and any(True for _ in mentions(text[text.rfind("(") :]))
