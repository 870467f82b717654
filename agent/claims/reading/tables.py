"""Read claims from a table: CSV, tab-separated values or Markdown. Pure.

A table has a column of claims, and may have columns of months, sources and kinds. Others are reported.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping

from agent.arxiv_ids import BadId, ids_in, mentions, read_id
from agent.claims.reading.cleaning import plain, struck
from agent.claims.reading.pieces import CLAIMS, Document, Piece, dated, month_in
from agent.errors import UsageError
from agent.text import without_controls

COLUMNS = ("text", "as_of", "sources", "kind")
_ALSO = {
    **dict.fromkeys(("claim", "claims", "statement", "finding", "hypothesis"), "text"),
    **dict.fromkeys(("as of", "as-of", "date", "month"), "as_of"),
    **dict.fromkeys(
        ("source", "arxiv", "arxiv id", "arxiv_id", "paper", "papers", "reference", "references", "evidence",
         "link", "links", "url", "doi"), "sources",
    ),
    "type": "kind",
}  # fmt: skip
"""Other names that people use for these columns."""
_RULE = re.compile(r"[\s|:-]+")


def read_csv(text: str, title: str) -> Document:
    """Read a table. A claim's `lacks` names a malformed month or id; an unread column is its own piece.

    Raises UsageError naming the line of a row that does not fit the header.
    """
    text = re.sub(r"^sep=.\r?\n", "", text.removeprefix("\ufeff"))
    first = text.partition("\n")[0]
    mark = "\t" if title.lower().endswith(".tsv") else max(",;\t", key=first.count)
    rows = csv.DictReader(io.StringIO(text), strict=True, delimiter=mark)
    try:
        names = {name: column_of(name) for name in rows.fieldnames or ()}
        if "text" not in names.values():
            raise UsageError(f"{title} has no column named text", f"use the columns {', '.join(COLUMNS)}")
        columns = [column_of(name) for name in rows.fieldnames or ()]
        if twice := [c for c in COLUMNS if columns.count(c) > 1]:
            raise UsageError(f"{title} has two columns for {twice[0]}", "rename one")
        pieces = [_piece(row, names, rows.line_num, title) for row in rows if any(row.values())]
    except csv.Error as error:
        raise UsageError(f"{title}, line {rows.line_num + 1}: {error}", "correct that line") from error
    unread = [Piece("unread column", name, 1, 1) for name, column in names.items() if not column]
    return Document("table", title, "", (*unread, *pieces))


def column_of(name: str) -> str:
    """Return the column that a header names, ignoring case; empty if it names none."""
    plain = " ".join(name.split()).casefold().strip("*_ ")
    return plain if plain in COLUMNS else _ALSO.get(plain, "")


def _piece(row: Mapping[str | None, str | None], names: Mapping[str, str], number: int, title: str) -> Piece:
    cells = {names[k]: (v or "").strip() for k, v in row.items() if k is not None and names.get(k)}
    if None in row or None in row.values() or not cells["text"]:
        raise UsageError(
            f"{title}, line {number}: a row needs a text and as many fields as the header", "correct it"
        )
    kind = (cells.get("kind") or "claim").casefold()
    if kind not in CLAIMS:
        raise UsageError(f"{title}, line {number}: unknown kind {kind!r}", f"use {', '.join(CLAIMS)}")
    return claim_of(cells, kind, number)


def claim_of(held: Mapping[str, str], kind: str, number: int) -> Piece:
    """Return the claim of one row: its text, and its month and sources if it has them."""
    cited, as_of = held.get("sources", ""), month_in(held.get("as_of", "")).strip()
    found, left = ids_in(cited), [word for word in re.split(r"[\s;,|]+", cited) if _NEARLY.fullmatch(word)]
    piece = dated(kind, f"({as_of} {' '.join(f'arXiv:{i}' for i in found)})", number)
    wrong = [m.wrong for m in mentions(cited) if m.wrong]
    wrong += [str(error) for word in left if (error := _why_not(word))]
    if cited and not found and not wrong:
        wrong.append(f"no arXiv id in {cited[:40]!r}")
    if as_of and not re.search(r"\b(?:19|20)\d{2}-\d{2}\b", as_of):
        wrong.append(f"{as_of[:20]!r} is no month")
    text = " ".join(without_controls(held["text"]).split())
    return piece._replace(text=text, lacks=(*piece.lacks, *dict.fromkeys(wrong)))


_NEARLY = re.compile(r"\d+\.\d+(?:v\d+)?|[a-z-]+(?:\.[A-Za-z-]+)?/\d+", re.I)
"""Words that look like arXiv ids, and so must be valid ones."""


def _why_not(word: str) -> str:
    try:
        read_id(word)
    except BadId as error:
        return str(error)
    return ""


class MarkdownTable:
    """Reads a Markdown table: its header first, then one claim per row."""

    def __init__(self) -> None:
        self._columns: list[str] = []
        self._inside = False

    def takes(self, line: str) -> bool:
        """Whether a line is a row of a table; any other line ends the table."""
        was, self._inside = self._inside, line.startswith("|") and line.endswith("|") and len(line) > 1
        if self._inside and not was:
            self._columns = []
        return self._inside

    def piece(self, line: str, number: int) -> Piece:
        """Return the row as a claim if the header names a column of claims, else as "unplaced"."""
        cells = [c.strip().replace("\\|", "|") for c in re.split(r"(?<!\\)\|", line)[1:-1]]
        if not self._columns:
            self._columns = [column_of(plain(c)) for c in cells]
            return Piece("heading" if "text" in self._columns else "unplaced", line, number, number)
        if _RULE.fullmatch(line):
            return Piece("furniture", line, number, number)
        row: dict[str, str] = {}
        for column, cell in zip(self._columns, cells, strict=False):
            row[column] = f"{row[column]} {cell}" if column in row else cell
        text = plain(struck(row.get("text", "")))
        if not text:
            return Piece("unplaced", line, number, number)
        return claim_of(row | {"text": text}, "claim", number)
