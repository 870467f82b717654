"""A document's text into what importing it would do, whoever hands it over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agent.claims import documents, importing, tables
from agent.claims.pieces import CLAIMS, Document
from agent.errors import UsageError
from store.records import Claim, Line

MERGES = {
    "same": (importing.SAME,), "likely": (importing.SAME, importing.LIKELY),
    "perhaps": (importing.SAME, importing.LIKELY, importing.PERHAPS),
}  # fmt: skip
"""What is joined to known claims, by how sure one wants to be."""


def recognised(text: str, title: str) -> Document:
    """A text as a document; a table by the end of its name."""
    is_table = title.lower().endswith((".csv", ".tsv"))
    return tables.read_csv(text, title) if is_table else documents.read(text, title)


def line_for(lines: Sequence[Line], line_id: str | None, question: str, *, preview: bool) -> Line:
    """The line named, or that of the document's own question. Raises UsageError where there is none."""
    same = [held for held in lines if held.id == line_id or (not line_id and held.question == question)]
    if same:
        return same[0]
    if line_id:
        raise UsageError(f"no line {line_id!r}", f"known lines: {', '.join(held.id for held in lines)}")
    if not question and not preview:
        raise UsageError("the document asks no question to make a line of", "name a line with --line")
    words = question or "A document without a question"
    return Line(importing.free_id(words, {held.id for held in lines}), words, words)


def told(found: importing.Import, merged: Sequence[str]) -> dict[str, Any]:
    """What an import would do, as every face shows it."""
    return {
        "document": found.document.title,
        "recognised": found.document.kind,
        "lines": [{"id": line.id, "question": line.question} for line in found.lines],
        "claims": [_claim(row, merged) for row in found.rows],
        "beside": [
            {"kind": p.kind, "text": p.text, "place": p.place}
            for p in found.document.pieces if p.kind not in CLAIMS
        ],
    }  # fmt: skip


def _claim(row: importing.Row, merged: Sequence[str]) -> dict[str, Any]:
    held: Claim = row.claim
    return {
        "id": held.id, "kind": held.kind, "text": held.text, "question": row.piece.title,
        "as_of": held.as_of or "unknown", "sources": [s.arxiv_id for s in held.sources],
        "place": row.piece.place, "lacks": list(row.piece.lacks), "what": row.what,
        "same_as": row.same_as or None, "closeness": row.closeness, "merged": row.what in merged,
        "parts": [a.text for a in held.atoms],
    }  # fmt: skip
