"""Where a pasted document becomes claims: recognise its kind, read it, prepare the import.

The command line and the web start here. Plain prose, which needs a model, is read by `prose.py` before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from agent.claims import importing
from agent.claims.reading import documents, tables
from agent.claims.reading.cleaning import is_bullet
from agent.claims.reading.pieces import CLAIMS, Document
from agent.errors import UsageError
from store.records import Claim, Line

MERGES = {
    "same": (importing.SAME,), "known": (importing.SAME, importing.LIKELY),
    "perhaps": (importing.SAME, importing.LIKELY, importing.PERHAPS),
}  # fmt: skip
"""Which matches are merged into known claims, by how cautious the merge is."""
LOOKED_THROUGH = "looked through"
"""How `retest start` merges: like "known", but what is perhaps the same is a person's to drop."""
MERGES[LOOKED_THROUGH] = MERGES["known"]
LEFT_OUT = {"known": (importing.PERHAPS,)}
"""Which matches are not added: they may be known, and a person has to look."""


def recognised(text: str, title: str) -> Document:
    """Read a text as a document, or as a table if its name ends in .csv or .tsv."""
    is_table = title.lower().endswith((".csv", ".tsv"))
    return tables.read_csv(text, title) if is_table else documents.read(text, title)


def as_list(text: str) -> str:
    """Lines that people type without list marks, as a list; a text with marks or a table as it is."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if any(is_bullet(line) or "|" in line or line.startswith("#") for line in lines):
        return text
    return "\n".join(f"- {line}" for line in lines)


def line_for(lines: Sequence[Line], line_id: str | None, question: str, *, preview: bool) -> Line:
    """Return the named line, or that of the document's question. Raises UsageError if there is neither."""
    same = [line for line in lines if line.id == line_id or (not line_id and line.question == question)]
    if same and same[0].archived:
        raise UsageError(f"line {same[0].id!r} is archived", f"retest line restore {same[0].id}")
    if same:
        return same[0]
    if line_id:
        known = ", ".join(line.id for line in lines) or "none yet"
        raise UsageError(f"no line {line_id!r}", f"known lines: {known}; --new-line TITLE makes one")
    if not question and not preview:
        raise UsageError(
            "the document has no question to make a line from", "use --line ID, or --new-line TITLE"
        )
    words = question or "A document without a question"
    return Line(importing.free_id(words, {line.id for line in lines}), words, words)


def taken_in(db: Connection, found: importing.Import, merge: str, now: str) -> dict[str, int]:
    """Write an import; return how many claims were added, merged and left out."""
    merged = MERGES.get(merge, (importing.SAME,))
    return dict(importing.add(db, found, merged, now, LEFT_OUT.get(merge, ())))


def document_of(found: importing.Import, merge: str) -> dict[str, Any]:
    """Return what an import would do, as every interface shows it; `merge` is a key of `MERGES`."""
    merged, left_out = MERGES.get(merge, (importing.SAME,)), LEFT_OUT.get(merge, ())
    return {
        "document": found.document.title,
        "recognised": found.document.kind,
        "lines": [{"id": line.id, "question": line.question} for line in found.lines],
        "claims": [_claim(row, merged) | {"left_out": row.what in left_out} for row in found.rows],
        "beside": [
            {"kind": p.kind, "text": p.text, "place": p.place}
            for p in found.document.pieces if p.kind not in CLAIMS
        ],
    }  # fmt: skip


def _claim(row: importing.Row, merged: Sequence[str]) -> dict[str, Any]:
    claim: Claim = row.claim
    return {
        "id": claim.id, "kind": claim.kind, "text": claim.text, "question": row.piece.title,
        "as_of": claim.as_of or "unknown", "sources": [s.arxiv_id for s in claim.sources],
        "place": row.piece.place, "lacks": list(row.piece.lacks), "what": row.what,
        "same_as": row.same_as or None, "closeness": row.closeness, "merged": row.what in merged,
        "parts": [a.text for a in claim.atoms],
    }  # fmt: skip
