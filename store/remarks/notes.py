"""Notes: what documents say besides their claims, by line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from sqlalchemy import Connection, insert, select

from store.remarks import Note
from store.tables.remark_tables import notes


def save(db: Connection, found: Iterable[Note], now: str) -> int:
    """Store notes not stored yet; return how many were new."""
    added = 0
    for note in found:
        if note not in of_line(db, note.line_id):
            db.execute(insert(notes).values(asdict(note) | {"created_at": now}))
            added += 1
    return added


def of_kind(db: Connection, kind: str) -> list[Note]:
    """Every line's notes of one kind, in the order stored."""
    rows = db.execute(select(notes).where(notes.c.kind == kind).order_by(notes.c.id))
    return [Note(r.line_id, r.kind, r.text, r.document, r.place, r.claim_id) for r in rows]


def of_line(db: Connection, line_id: str) -> list[Note]:
    """A line's notes, in the order stored."""
    rows = db.execute(select(notes).where(notes.c.line_id == line_id).order_by(notes.c.id))
    return [Note(r.line_id, r.kind, r.text, r.document, r.place, r.claim_id) for r in rows]
