"""Lines of inquiry in the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from store.records import Line
from store.tables.schema import claim_lines, claims, lines


def save_all(db: Connection, found: Iterable[Line]) -> None:
    """Add or reword lines; they are shown in the given order.

    An archived line stays archived, and a line given without categories keeps those it has.
    """
    known = {line.id: line for line in every(db)}
    for position, line in enumerate(found):
        if line.id in known:
            change(db, line if line.categories else replace(line, categories=known[line.id].categories))
            db.execute(update(lines).where(lines.c.id == line.id).values(position=position))
        else:
            db.execute(insert(lines).values(_row(line) | {"position": position}))


def every(db: Connection) -> list[Line]:
    """Every line, in order, archived ones too."""
    return [_line(row) for row in db.execute(select(lines).order_by(lines.c.position, lines.c.id))]


def active(db: Connection) -> list[Line]:
    """The lines that are not archived, in order."""
    return [line for line in every(db) if not line.archived]


def add(db: Connection, line: Line) -> None:
    """Add a line after the others; a known line is left unchanged."""
    if line.id not in {existing.id for existing in every(db)}:
        last = db.execute(select(func.max(lines.c.position))).scalar()
        db.execute(insert(lines).values(_row(line) | {"position": 0 if last is None else last + 1}))


def change(db: Connection, line: Line) -> None:
    """Reword a line, and replace its categories."""
    db.execute(update(lines).where(lines.c.id == line.id).values(_row(line)))


def archive(db: Connection, line_id: str) -> int:
    """Archive a line, and retire the claims that are in no other active line; return how many."""
    db.execute(update(lines).where(lines.c.id == line_id).values(archived=True))
    elsewhere = select(claim_lines.c.claim_id).join(lines, lines.c.id == claim_lines.c.line_id)
    here = select(claim_lines.c.claim_id).where(claim_lines.c.line_id == line_id)
    alone = claims.c.id.in_(here) & claims.c.id.not_in(elsewhere.where(lines.c.archived.is_(False)))
    values = {"retired": True, "archived_with": line_id}
    return db.execute(update(claims).where(alone, claims.c.retired.is_(False)).values(values)).rowcount


def restore(db: Connection, line_id: str) -> int:
    """Restore an archived line and the claims that were retired with it; return how many."""
    db.execute(update(lines).where(lines.c.id == line_id).values(archived=False))
    values = {"retired": False, "archived_with": None}
    return db.execute(update(claims).where(claims.c.archived_with == line_id).values(values)).rowcount


def categories(db: Connection) -> dict[str, tuple[str, ...]]:
    """The categories of each line that has its own."""
    return {line.id: line.categories for line in every(db) if line.categories}


def _row(line: Line) -> dict[str, Any]:
    return {
        "id": line.id, "title": line.title, "question": line.question, "categories": " ".join(line.categories)
    }  # fmt: skip


def _line(row: Row[Any]) -> Line:
    return Line(row.id, row.title, row.question, tuple(row.categories.split()), row.archived)
