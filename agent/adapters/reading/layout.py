"""Join page texts into one text with sections: find headings, set reference lists apart. Pure.

A section is the text under a heading, split by page, so that a passage has one section and one page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

MOST_NAME = 80
KNOWN = {
    "abstract": "abstract",
    "related work": "related work", "related works": "related work", "prior work": "related work",
    "previous work": "related work", "literature review": "related work",
    "background and related work": "related work", "related work and background": "related work",
    "background": "background", "introduction": "introduction", "preliminaries": "background",
    "methods": "methods", "method": "methods", "methodology": "methods", "approach": "methods",
    "experimental setup": "methods", "experiments": "results", "results": "results",
    "experimental results": "results", "results and discussion": "results", "evaluation": "results",
    "findings": "results", "analysis": "results", "discussion": "discussion",
    "conclusion": "conclusion", "conclusions": "conclusion", "concluding remarks": "conclusion",
    "conclusion and future work": "conclusion", "discussion and conclusion": "conclusion",
    "limitations": "limitations", "limitation": "limitations", "ethics statement": "ethics",
    "ethical considerations": "ethics", "broader impact": "ethics",
    "acknowledgments": "acknowledgements", "acknowledgements": "acknowledgements",
    "acknowledgment": "acknowledgements", "acknowledgement": "acknowledgements",
    "references": "references", "bibliography": "references", "appendix": "appendix",
    "appendices": "appendix",
}  # fmt: skip
_UNNUMBERED = ("conclusion", "limitations", "ethics", "acknowledgements", "references", "appendix")
"""Headings that may be unnumbered even if the others have numbers."""
_NUMBERED = re.compile(
    r"(?P<top>\d{1,2}|[A-Z]|[IVX]{1,4})(?P<sub>(?:\.\d{1,2}){0,3})\.?\s+(?P<title>\S.{2,70})"
)
_ROMAN = {"I": 1, "II": 2, "III": 3, "IV": 4, "V": 5, "VI": 6, "VII": 7, "VIII": 8, "IX": 9, "X": 10}
_WORD = re.compile(r"[^\W\d_]{3,}")
LONGEST = 800
"""Characters within which a sentence continued from the previous page has to end."""
_END = re.compile(r"[.!?][)\]”\"'’]*(?=\s+[A-Z]|\s*$)\s*")
_ENDED = re.compile(r"[.!?:][)\]”\"'’]*$")


class Part(NamedTuple):
    """A span `text[start:end]` under one heading, on one page."""

    name: str
    page: int | None
    start: int
    end: int


class Heading(NamedTuple):
    """A heading: where its line begins and ends, and the name of the section below it."""

    start: int
    end: int
    name: str


def join_pages(pages: Sequence[str]) -> tuple[str, list[int]]:
    """Join all pages into one text; also return the offset of each page."""
    starts, at = [], 0
    for page in pages:
        starts.append(at)
        at += len(page) + 1
    return "\n".join(pages), starts


def parts_of(text: str, starts: Sequence[int]) -> list[Part]:
    """The sections of a text, split at page edges; text before the first heading is left out.

    Title, authors and abstract are left out as well: the record has them in clean form. A text without
    headings is one section, "body".
    """
    found = list(headings(text))
    named = [h for h in found if h.name != "abstract"]
    if not named:
        return list(_by_page(text, "body", 0, len(text), starts))
    parts: list[Part] = []
    ends = [h.start for h in found[1:]] + [len(text)]
    for heading, end in zip(found, ends, strict=True):
        if heading.name != "abstract":
            parts += _by_page(text, heading.name, heading.end, end, starts)
    return parts


def headings(text: str) -> Iterator[Heading]:
    """The headings of a text: known names on a line of their own, and titles numbered in sequence."""
    counting, at = _Counting(), 0
    for line in text.split("\n"):
        name = counting.name_of(" ".join(line.split()))
        if name:
            yield Heading(at, at + len(line), name[:MOST_NAME])
        at += len(line) + 1


class _Counting:
    """Tracks heading numbers, so that "3 of 9" in running text is not taken for a heading."""

    def __init__(self) -> None:
        self._top, self._letter, self._above = 0, "", ""
        self._after_references = False

    def name_of(self, line: str) -> str:
        """The section name that a line announces; empty if the line is not a heading."""
        known = KNOWN.get(line.rstrip(".:").casefold())
        if known and line[:1].isupper() and (not self._top or known in _UNNUMBERED):
            self._above = known
            self._after_references |= known == "references"
            return known
        found = _NUMBERED.fullmatch(line)
        if not found or not _is_title(found["title"]) or not self._follows_on(found["top"], found["sub"]):
            return ""
        title = found["title"].strip()
        name = KNOWN.get(title.rstrip(".:").casefold(), title)
        if found["sub"]:
            return f"{self._above}: {title}" if self._above else title
        self._above = f"appendix {name}" if self._letter and name != "appendix" else name
        return self._above

    def _follows_on(self, top: str, sub: str) -> bool:
        if top.isdigit() or (top in _ROMAN and not self._after_references):
            number = int(top) if top.isdigit() else _ROMAN[top]
            if self._letter or number != self._top + (not sub):
                return False
            self._top = number
            return True
        expected = chr(ord(self._letter) + 1) if self._letter else "A"
        if len(top) != 1 or top != (self._letter if sub else expected) or not self._after_references:
            return False
        self._letter = top
        return True


def _is_title(text: str) -> bool:
    words = text.split()
    figures = sum(any(c.isdigit() for c in w) for w in words)
    return (
        text[0].isupper() and text[-1] not in ".,;:-" and len(words) <= 12 and figures <= 1
        and _WORD.search(text) is not None and "  " not in text
    )  # fmt: skip


def _sentence_edge(text: str, start: int) -> int:
    """Where a page's first full sentence begins; one continued from the previous page belongs there."""
    before = text[:start].rstrip()
    if not before or _ENDED.search(before[-3:]):
        return start
    found = _END.search(text, start, start + LONGEST)
    return found.end() if found else start


def _by_page(text: str, name: str, start: int, end: int, starts: Sequence[int]) -> Iterator[Part]:
    edges = [e for s in starts if start < (e := _sentence_edge(text, s)) < end]
    for left, right in zip([start, *edges], [*edges, end], strict=True):
        page = sum(s <= left for s in starts) or None
        if right > left:
            yield Part(name, page, left, right)
