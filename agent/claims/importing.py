"""Import documents into the ledger: compare their claims with the known ones, then add what is new.

A known claim is not added again: the document that repeats it is noted, and the claim joins that document's
line. Its wording, and so its verdict, does not change. The rest of a document is kept as notes on the line.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

import store.claims
import store.lines
import store.remarks.notes
from agent.claims import atoms
from agent.claims.pack import Pack
from agent.claims.reading.pieces import CLAIMS, Document, Piece
from store.records import Claim, Line, Provenance
from store.remarks import Note

NEW, SAME, LIKELY, PERHAPS = "new", "the same words", "likely the same", "perhaps the same"
KNOWN, REWORDED = "known by its id", "known by its id, REWORDED"
LIKELY_FROM, PERHAPS_FROM, MARGIN = 0.75, 0.6, 0.1
"""Minimum cosines, and for "likely" the minimum lead over the next known claim."""
KIN_FROM, KIN_LIKELY_FROM, MUCH = 0.5, 0.65, 0.6
"""Minimum cosines with a claim that has a source in common; and the overlap of one claim turned round."""
_NEGATION = re.compile(
    r"\b(?:not?|never|neither|nor|none|cannot|without|hardly|fails? to"
    r"|(?:is|does?|are|wo|ca|was|did)n['’]?t)\b"
)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_TELLING = (_NEGATION, _NUMBER)
_AUXILIARY = frozenset(["do", "does", "did", "is", "are", "was", "were", "be"])
_FURNITURE = ("heading", "furniture", "question", "role")
Embed = Callable[[Sequence[str]], NDArray[np.float32]]


class Row(NamedTuple):
    """One claim of a document, and the known claim it may be the same as."""

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
    document: Document, line: Line, known: Sequence[Claim], embed: Embed, retired: Collection[str] = (),
    this_month: str = "9999-12",
) -> Import:  # fmt: skip
    """Compare a document's claims with the known ones; nothing is written. Ids in `retired` are taken.

    A month after `this_month` cannot be a claim's.
    """
    pieces = [_not_ahead(piece, this_month) for piece in document.of(*CLAIMS)]
    taken, drafts = {c.id for c in known} | set(retired), list[Claim]()
    for piece in pieces:
        drafts.append(draft(document, piece, line, taken))
        taken.add(drafts[-1].id)
    rows = [
        Row(claim, piece, *match)
        for claim, piece, match in zip(drafts, pieces, compare(drafts, known, embed), strict=True)
    ]
    beside = [p for p in document.pieces if p.kind not in (*CLAIMS, *_FURNITURE)]
    return Import(document, (line,), rows, beside)


def _not_ahead(piece: Piece, this_month: str) -> Piece:
    if piece.as_of is None or piece.as_of <= this_month:
        return piece
    return piece._replace(as_of=None, lacks=(*piece.lacks, "month", f"{piece.as_of} is in the future"))


def compare(drafts: Sequence[Claim], known: Sequence[Claim], embed: Embed) -> list[tuple[str, str, float]]:
    """Return, for each draft, its status, the known claim it may be the same as, and their cosine."""
    words = {_words(c.text): c.id for c in known}
    if not drafts or not known:
        return [(NEW, "", 0.0) for _ in drafts]
    cosines = embed([c.text for c in drafts]) @ embed([c.text for c in known]).T
    return [
        (SAME, same, 1.0) if (same := words.get(_words(claim.text))) else _closest(claim, known, row)
        for claim, row in zip(drafts, cosines, strict=True)
    ]


def _closest(claim: Claim, known: Sequence[Claim], row: NDArray[np.float32]) -> tuple[str, str, float]:
    """The known claim that a draft may be the same as: rather one with a source in common.

    Embedders hardly see a negation or another number. A draft that differs from a claim in little else is
    another claim; one that is worded otherwise and differs in them too is at most "perhaps" the same.
    """
    kin = [n for n, k in enumerate(known) if k.source_ids & claim.source_ids and row[n] >= KIN_FROM]
    best = max(kin, key=lambda n: row[n]) if kin else int(np.argmax(row))
    close, rest = float(row[best]), float(np.partition(row, -2)[-2]) if len(row) > 1 else 0.0
    if close < (KIN_FROM if kin else PERHAPS_FROM):
        return NEW, "", round(close, 2)
    other = known[best].text
    turned = told_apart(claim.text, other)
    if turned and overlap(claim.text, other) >= MUCH:
        return NEW, "", round(close, 2)
    likely = (close >= LIKELY_FROM and close - rest >= MARGIN) or (bool(kin) and close >= KIN_LIKELY_FROM)
    return (LIKELY if likely and not turned else PERHAPS), known[best].id, round(close, 2)


def told_apart(one: str, other: str) -> bool:
    """Whether two texts differ in what they deny, or in a number."""
    texts = one.lower(), other.lower()
    return any(sorted(w.findall(texts[0])) != sorted(w.findall(texts[1])) for w in _TELLING)


def overlap(one: str, other: str) -> float:
    """The share of words that two texts have in common, but for negations, numbers and endings in s."""
    left, right = (_content(t) for t in (one, other))
    return len(left & right) / max(len(left | right), 1)


def _content(text: str) -> set[str]:
    words = _words(_NEGATION.sub(" ", text.lower())).split()
    return {w.rstrip("s") for w in words if not w.isdigit() and w not in _AUXILIARY}


def draft(document: Document, piece: Piece, line: Line, taken: Collection[str]) -> Claim:
    """Return the claim that a piece makes; its provenance notes what it lacks."""
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


def prepare_pack(pack: Pack, known: Sequence[Claim], embed: Embed) -> Import:
    """Compare a pack's claims with the known ones. A claim with a known id is a revision."""
    texts = {c.id: c.text for c in known}
    others = compare(pack.claims, known, embed)
    found = [_by_id(c, texts) or other for c, other in zip(pack.claims, others, strict=True)]
    rows = [Row(c, Piece("claim", c.text, 0, 0), *t) for c, t in zip(pack.claims, found, strict=True)]
    return Import(Document("claim pack", pack.title, "", ()), tuple(pack.lines), rows, [])


def _by_id(claim: Claim, texts: Mapping[str, str]) -> tuple[str, str, float] | None:
    if claim.id not in texts:
        return None
    return KNOWN if texts[claim.id] == claim.text else REWORDED, "", 0.0


def add(
    db: Connection, found: Import, merge: Collection[str], now: str, leave_out: Collection[str] = ()
) -> Counter[str]:
    """Write an import; rows whose `what` is in `merge` are noted as sightings of the claim they match.

    Those whose `what` is in `leave_out` are left out.
    """
    for line in found.lines:
        store.lines.add(db, line)
    done: Counter[str] = Counter()
    title = found.document.title
    notes = [Note(found.lines[0].id, p.kind, p.text, title, p.place) for p in found.beside]
    for row in found.rows:
        if row.same_as and row.what in merge:
            for line_id in row.claim.lines:
                store.claims.link(db, row.same_as, line_id)
                notes.append(Note(line_id, "sighting", row.claim.text, title, row.piece.place, row.same_as))
            done["merged"] += 1
        elif row.what in leave_out:
            done["left out"] += 1
        else:
            done[store.claims.save(db, row.claim, now)] += 1
    done["notes"] = store.remarks.notes.save(db, notes, now)
    return done


def free_id(text: str, taken: Collection[str]) -> str:
    """Return an unused, readable id made from the first words of a text."""
    words = re.findall(r"[a-z0-9]+", text.lower())
    base = "-".join(words[:7])[:60].strip("-") or "claim"
    names = (base, *(f"{base}-{n}" for n in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))
