"""What models wrote: append-only; only the newest writing on each subject is shown."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import Connection, insert, select

from store.remarks import Sentence, Writing
from store.tables.remark_tables import writings


def save(db: Connection, writing: Writing, now: str) -> None:
    """Append a writing."""
    db.execute(insert(writings).values(asdict(writing) | {"written_at": now}))


def newest(db: Connection) -> list[Writing]:
    """The newest writing of each kind on each subject, ordered by when the subject first came up."""
    found: dict[tuple[str, str, str], Writing] = {}
    for row in db.execute(select(writings).order_by(writings.c.id)):
        values = {name: value for name, value in row._mapping.items() if name != "id"}
        sentences = tuple(Sentence(s["text"], tuple(s["cites"]), s["role"]) for s in row.sentences)
        found[row.kind, row.line_id, row.about] = Writing(**values | {"sentences": sentences})
    return list(found.values())
