"""Documents into the ledger: what would be added, what is there already, and then adding it.

A claim that is known is not added again: that it was read in another document is noted beside it, and it
joins that document's line. Its wording, and so its verdict, stays. The rest of a document is kept as notes
of the line.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

import store.claims
import store.notes
from agent.claims import atoms
from agent.claims.pack import Pack
from agent.claims.pieces import CLAIMS, Document, Piece
from store.records import Claim, Line, Provenance
from store.remarks import Note

NEW, SAME, LIKELY, PERHAPS = "new", "the same words", "likely the same", "perhaps the same"
KNOWN = "known by its id: revised where it differs"
LIKELY_FROM, PERHAPS_FROM, MARGIN = 0.75, 0.6, 0.1
"""Least cosines, and the least lead over the next known claim of one that is likely the same."""
_FURNITURE = ("heading", "furniture", "question", "role")
Embed = Callable[[Sequence[str]], NDArray[np.float32]]


class Row(NamedTuple):
    """One claim of a document: what it would be, and what it may already be."""

    claim: Claim
    piece: Piece
    what: str = NEW
    same_as: str = ""
    closeness: float = 0.0


class Import(NamedTuple):
    """What importing a document would do."""

    document: Document
    lines: tuple[Line, ...]
    rows: list[Row]
    beside: list[Piece]


def prepare(
    document: Document, line: Line, known: Sequence[Claim], embed: Embed, retired: Collection[str] = ()
) -> Import:
    """Compare a document's claims with those known; nothing is written. Ids of `retired` ones are taken."""
    pieces = document.of(*CLAIMS)
    taken, drafts = {c.id for c in known} | set(retired), list[Claim]()
    for piece in pieces:
        drafts.append(draft(document, piece, line, taken))
        taken.add(drafts[-1].id)
    rows = [
        Row(claim, piece, *told)
        for claim, piece, told in zip(drafts, pieces, compare(drafts, known, embed), strict=True)
    ]
    beside = [p for p in document.pieces if p.kind not in (*CLAIMS, *_FURNITURE)]
    return Import(document, (line,), rows, beside)


def compare(drafts: Sequence[Claim], known: Sequence[Claim], embed: Embed) -> list[tuple[str, str, float]]:
    """For each draft: what it is, the known claim it may be the same as, and how close that is."""
    words = {_words(c.text): c.id for c in known}
    if not drafts or not known:
        return [(NEW, "", 0.0) for _ in drafts]
    cosines = embed([c.text for c in drafts]) @ embed([c.text for c in known]).T
    told = []
    for claim, row in zip(drafts, cosines, strict=True):
        best = int(np.argmax(row))
        close, rest = float(row[best]), float(np.partition(row, -2)[-2]) if len(row) > 1 else 0.0
        likely = close >= LIKELY_FROM and close - rest >= MARGIN
        what = LIKELY if likely else PERHAPS if close >= PERHAPS_FROM else NEW
        same = words.get(_words(claim.text))
        told.append(
            (SAME, same, 1.0) if same else (what, known[best].id if what != NEW else "", round(close, 2))
        )
    return told


def draft(document: Document, piece: Piece, line: Line, taken: Collection[str]) -> Claim:
    """The claim a piece makes; what it lacks is said in its provenance."""
    limits = " ".join(p.text for p in document.of("limitation")) if piece.kind == "key-result" else ""
    note = "; ".join(f"no {what}" if " " not in what.removeprefix("arXiv ") else what for what in piece.lacks)
    claim = Claim(
        id=free_id(piece.title or piece.text, taken),
        text=piece.text,
        kind=piece.kind,
        lines=(line.id,),
        as_of=piece.as_of,
        sources=piece.sources,
        provenance=(Provenance(document.title, piece.place, note),),
        durable_question=piece.title or document.question,
        perishable_limitation=limits,
    )
    return atoms.with_parts(claim, atoms.by_rule(claim.text))


def prepare_pack(pack: Pack, title: str, known: Sequence[Claim], embed: Embed) -> Import:
    """Compare a pack's claims with those known. A claim of a known id is a revision, not a double."""
    ids = {c.id for c in known}
    others = compare(pack.claims, known, embed)
    told = [(KNOWN, "", 0.0) if c.id in ids else other for c, other in zip(pack.claims, others, strict=True)]
    rows = [Row(c, Piece("claim", c.text, 0, 0), *t) for c, t in zip(pack.claims, told, strict=True)]
    return Import(Document("claim pack", title, "", ()), tuple(pack.lines), rows, [])


def add(db: Connection, found: Import, merge: Collection[str], now: str) -> Counter[str]:
    """Write an import; rows whose `what` is in `merge` are noted beside the claim they are the same as."""
    for line in found.lines:
        store.claims.add_line(db, line)
    done: Counter[str] = Counter()
    title = found.document.title
    notes = [Note(found.lines[0].id, p.kind, p.text, title, p.place) for p in found.beside]
    for row in found.rows:
        if row.same_as and row.what in merge:
            for line_id in row.claim.lines:
                store.claims.link(db, row.same_as, line_id)
                notes.append(Note(line_id, "sighting", row.claim.text, title, row.piece.place, row.same_as))
            done["merged"] += 1
        else:
            done[store.claims.save(db, row.claim, now)] += 1
    done["notes"] = store.notes.save(db, notes, now)
    return done


def free_id(text: str, taken: Collection[str]) -> str:
    """A readable id from the first words of a text, that nothing has yet."""
    words = re.findall(r"[a-z0-9]+", text.lower())
    base = "-".join(words[:7])[:60].strip("-") or "claim"
    names = (base, *(f"{base}-{n}" for n in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))
