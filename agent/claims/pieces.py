"""What a document is made of: pieces that together hold every line of it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from agent.text import without_controls
from store.records import Source

CLAIMS = ("constraint", "note", "key-result", "claim")
"""Pieces that become claims; the others are kept beside them."""
_BULLET = re.compile(r"^\s*(?:[•●▪◦*+\-–—]|\d{1,3}[.)])\s+")
_CITED = re.compile(
    r"(?:(?P<month>\d{4}-\d{2})\s*[,:]?\s*)?(?P<likely>likely\s+)?arXiv:\s*(?P<id>[a-z][a-z-]*(?:\.[A-Z]{2})?/\d{7}|\d{4}\.\d{4,5})(?:v\d+)?"
    r"(?:\s*\((?P<after>\d{4}-\d{2})\))?",
    re.I,
)
ARXIV_ID = re.compile(r"\d{4}\.\d{4,5}|[a-z][a-z-]*(?:\.[A-Z]{2})?/\d{7}")
_MONTH = re.compile(r"\b(?:19|20)\d{2}-\d{2}\b")
_TAIL = re.compile(r"\s*\((?P<inside>[^()]*(?:arXiv:|\b(?:19|20)\d{2}-\d{2}\b)[^()]*)\)\s*\.?\s*$", re.I)
_EMPHASIS = re.compile(r"(?<!\w)(\*{1,2}|_{1,2})(?=\S)(.+?)(?<=\S)\1(?!\w)")


class Piece(NamedTuple):
    """Some lines of a document, `first` to `last`, and what they are.

    `title` is the question a note stands under. `lacks` names what a claim should have and does not.
    """

    kind: str
    text: str
    first: int
    last: int
    title: str = ""
    sources: tuple[Source, ...] = ()
    as_of: str | None = None
    lacks: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """Where it stands, for people."""
        return f"line {self.first}" if self.first == self.last else f"lines {self.first} to {self.last}"


class Document(NamedTuple):
    """A document that was read: what kind of document, its question, its pieces in order."""

    kind: str
    title: str
    question: str
    pieces: tuple[Piece, ...]

    def of(self, *kinds: str) -> list[Piece]:
        """Its pieces of some kinds."""
        return [p for p in self.pieces if p.kind in kinds]


def is_bullet(line: str) -> bool:
    """Whether a line begins with a bullet or a number."""
    return bool(_BULLET.match(line))


def plain(text: str) -> str:
    """A line without its bullet and marks of emphasis, white space single."""
    bare = _BULLET.sub("", without_controls(text), count=1)
    return " ".join(_EMPHASIS.sub(r"\2", bare).split())


def is_month(text: str) -> bool:
    """Whether a text is a month that exists."""
    return bool(re.fullmatch(r"(?:19|20)\d{2}-(?:0[1-9]|1[0-2])", text))


def dated(kind: str, line: str, number: int, *, title: str = "", last: int | None = None) -> Piece:
    """A claim with the months and arXiv ids it gives at its end.

    Nothing is guessed: what is not there, or is no month, is named in `lacks`.
    """
    text, cited = plain(line), list(_CITED.finditer(line))
    tail = _TAIL.search(text)
    if tail:
        text = text[: tail.start()].rstrip()
    given = _MONTH.findall(tail["inside"] if tail else line)
    months = sorted(m for m in given if is_month(m))
    sources = tuple(dict.fromkeys(_source(c) for c in cited))
    lacks = [what for what, has in (("arXiv id", sources), ("month", months)) if not has]
    lacks += [f"{m} is no month" for m in given if not is_month(m)]
    as_of = months[-1] if months else None
    return Piece(kind, text, number, last or number, title, sources, as_of, tuple(lacks))


def _source(cited: re.Match[str]) -> Source:
    month = next((m for m in (cited["month"], cited["after"]) if m and is_month(m)), None)
    return Source(cited["id"], "likely" if cited["likely"] else "cited", month)


def numbered(text: str) -> Iterator[tuple[int, str]]:
    """The lines that are not empty, numbered from 1."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            yield number, line.strip()
