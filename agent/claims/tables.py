"""Claims from a table: CSV with a column `text`, and any of `as_of`, `sources`, `kind`. Pure."""

from __future__ import annotations

import csv
import io

from agent.claims.pieces import CLAIMS, Document, Piece, dated
from agent.errors import UsageError
from agent.text import without_controls

COLUMNS = ("text", "as_of", "sources", "kind")


def read_csv(text: str, title: str) -> Document:
    """Read a table. A month or id that is none is named in the claim's `lacks`.

    Raises UsageError naming the line of a row that does not fit the header.
    """
    rows = csv.DictReader(io.StringIO(text), strict=True)
    try:
        if "text" not in (rows.fieldnames or ()):
            raise UsageError(f"{title} has no column text", f"use the columns {', '.join(COLUMNS)}")
        if unknown := set(rows.fieldnames or ()) - set(COLUMNS):
            raise UsageError(f"{title} has a column {min(unknown)!r}", f"use {', '.join(COLUMNS)}")
        pieces = tuple(_piece(row, rows.line_num, title) for row in rows)
    except csv.Error as error:
        raise UsageError(f"{title}, line {rows.line_num + 1}: {error}", "correct that line") from error
    return Document("table", title, "", pieces)


def _piece(row: dict[str | None, str | None], number: int, title: str) -> Piece:
    if None in row or None in row.values() or not (row["text"] or "").strip():
        raise UsageError(
            f"{title}, line {number}: a row needs a text and as many fields as the header", "correct it"
        )
    kind = (row.get("kind") or "claim").strip()
    if kind not in CLAIMS:
        raise UsageError(f"{title}, line {number}: kind {kind!r}", f"use {', '.join(CLAIMS)}")
    ids = " ".join(
        f"arXiv:{i.removeprefix('arXiv:')}" for i in (row.get("sources") or "").replace(";", " ").split()
    )
    told = dated(kind, f"{(row.get('as_of') or '').strip()} {ids}", number)
    return told._replace(text=" ".join(without_controls(row["text"] or "").split()))
