"""The pieces of a document, which together hold every line of it. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from agent.arxiv_ids import Mention, mentions, month_of
from agent.claims.reading.cleaning import plain, struck
from store.records import Source

CLAIMS = ("constraint", "note", "key-result", "claim")
"""Kinds of piece that become claims; the others are kept as notes."""
_MONTH = re.compile(r"\b(?:19|20)\d{2}-\d{2}\b")
_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAME = (
    r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
)
_NAMED = re.compile(
    rf"\b(?P<name>{_NAME})\b\.?(?:(?:[ ]\d{{1,2}})?,?[ ]|-)(?P<year>(?:19|20)\d{{2}}|\d{{2}}\b)|"
    r"\b(?P<first>(?:19|20)\d{2})[/-](?P<month>\d{1,2})\b(?![/.-]?\d)|"
    r"(?<![\d/])(?:\d{1,2}\.)?(?P<then>\d{1,2})[./](?P<last>(?:19|20)\d{2})\b", re.I,
)  # fmt: skip
_STATED = re.compile(r"\bas of (?P<when>\d{4}-\d{2})\b", re.I)
_TAIL = re.compile(r"\s*[(\[](?P<inside>[^()]{0,400})[)\]]\s*\.?\s*$")
_JOINS = re.compile(
    r"(?:[\s,;&/–—:([-]|\b(?:and|see|cf\.?|sources?|papers?|refs?|references?|links?|from)\b)+$", re.I
)
NEAR = 40
"""How many characters before an id are searched for its month or "likely"."""
_BEFORE = re.compile(r"(?:(?P<month>\d{4}-\d{2})\s*[,:]?\s*)?(?P<likely>likely\s+)?$", re.I)
_AFTER = re.compile(r"\s*\((?P<month>\d{4}-\d{2})\)")


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
        """Its line numbers, in words."""
        return f"line {self.first}" if self.first == self.last else f"lines {self.first} to {self.last}"


class Document(NamedTuple):
    """A document that was read: its kind, title, question, and pieces in order."""

    kind: str
    title: str
    question: str
    pieces: tuple[Piece, ...]

    def of(self, *kinds: str) -> list[Piece]:
        """Return its pieces of the given kinds."""
        return [p for p in self.pieces if p.kind in kinds]


def is_month(text: str) -> bool:
    """Whether a text is a valid month, YYYY-MM."""
    return bool(re.fullmatch(r"(?:19|20)\d{2}-(?:0[1-9]|1[0-2])", text))


def month_in(text: str) -> str:
    """Rewrite months in other formats (March 2025, Jul-24, 3/2025, 15.03.2025) as YYYY-MM."""
    return _NAMED.sub(_as_month, text)


def _as_month(found: re.Match[str]) -> str:
    if found["name"]:
        year = found["year"] if len(found["year"]) == len("2024") else f"20{found['year']}"
        return f"{year}-{_NAMES.index(found['name'][:3].lower()) + 1:02d}"
    return f"{found['first'] or found['last']}-{int(found['month'] or found['then']):02d}"


def dated(kind: str, line: str, number: int, *, title: str = "", last: int | None = None) -> Piece:
    """Return a claim with its months and arXiv ids.

    `lacks` names what is missing or malformed, and says if the month was taken from an id.
    """
    kept = struck(line)
    text, tail = _parted(plain(kept).rstrip(" ;,"))
    found = list(mentions(kept))
    sources = tuple(dict.fromkeys(_source(kept, m) for m in found if m.id))
    stated = " ".join(m["when"] for m in _STATED.finditer(month_in(plain(kept))))
    months = _MONTH.findall(month_in(tail) if tail else plain(kept)) or _MONTH.findall(stated)
    as_of, remark = _as_of([m for m in months if is_month(m)], [s.arxiv_id for s in sources])
    lacks = ["arXiv id"] if not sources else []
    lacks += [remark] if remark else []
    lacks += [f"{m} is no month" for m in months if not is_month(m)]
    lacks += dict.fromkeys(m.wrong for m in found if m.wrong)
    lacks += ["struck-out words left out"] if kept != line else []
    return Piece(kind, text, number, last or number, title, sources, as_of, tuple(lacks))


def _as_of(months: Sequence[str], ids: Sequence[str]) -> tuple[str | None, str]:
    """Return a claim's month (the newest given, else that of its newest source) and a remark on it."""
    if months:
        own, as_of = min(map(month_of, ids), default=""), max(months)
        return as_of, f"month {as_of} is before its source's own, {own}" if as_of < own else ""
    if not ids:
        return None, "month"
    newest = max(ids, key=month_of)
    return month_of(newest), f"month taken from the id of {newest}"


def in_context(piece: Piece, under: Sequence[str]) -> Piece:
    """Prefix a claim with the items it stands under, so that no condition or negation is lost.

    A claim without a source of its own takes that of the nearest such item that has one.
    """
    text = piece.text
    for parent in reversed(under):
        context = _parted(plain(struck(parent)))[0]
        bare = context.rstrip(":. ")
        text = f"{bare} {text}" if bare.split()[-1:] == ["that"] else f"{bare}: {text}"
    above = next((d for d in (dated(piece.kind, p, piece.first) for p in reversed(under)) if d.sources), None)
    if piece.sources or above is None:
        return piece._replace(text=text)
    lacks = tuple(what for what in piece.lacks if what not in ("arXiv id", "month"))
    if piece.as_of:
        return piece._replace(text=text, sources=above.sources, lacks=lacks)
    lacks = tuple(dict.fromkeys((*above.lacks, *lacks)))
    return piece._replace(text=text, sources=above.sources, as_of=above.as_of, lacks=lacks)


def _parted(text: str) -> tuple[str, str]:
    """Split a claim into its words and the trailing brackets that name its source; drop trailing links."""
    tail = ""
    while found := _TAIL.search(text):
        inside = month_in(found["inside"])
        if not (_MONTH.search(inside) or any(True for _ in mentions(inside))):
            break
        text, tail = text[: found.start()].rstrip(), f"{inside} {tail}"
    while (last := list(mentions(text))[-1:]) and not text[last[0].end :].strip(" .)]"):
        left = _JOINS.sub("", text[: last[0].start])
        if not left:
            break
        text = left
    return text, tail


def _source(line: str, mention: Mention) -> Source:
    before, after = (
        _BEFORE.search(line[max(0, mention.start - NEAR) : mention.start]),
        _AFTER.match(line, mention.end),
    )
    month = (before["month"] if before else None) or (after["month"] if after else None)
    likely = bool(before and before["likely"])
    return Source(mention.id, "likely" if likely else "cited", month if month and is_month(month) else None)
