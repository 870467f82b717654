"""Overrides: a person's decision over a verdict. Append-only; the newest one of a claim revision stands."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import Connection, insert, select

from store.remarks import Override
from store.tables.remark_tables import overrides


def save(db: Connection, override: Override, now: str) -> None:
    """Append an override."""
    db.execute(insert(overrides).values(asdict(override) | {"decided_at": now}))


def standing(db: Connection) -> dict[tuple[str, int], Override]:
    """The override of every claim revision that has one, unless it was lifted."""
    newest: dict[tuple[str, int], Override] = {}
    for row in db.execute(select(overrides).order_by(overrides.c.id)):
        values = {name: value for name, value in row._mapping.items() if name != "id"}
        newest[row.claim_id, row.revision] = Override(**values)
    return {key: override for key, override in newest.items() if override.name}
