"""Source checks: append-only; the newest one of a claim revision is shown."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import Connection, insert, select

from store.remarks import SourceCheck
from store.tables.remark_tables import source_checks


def save(db: Connection, check: SourceCheck, now: str) -> None:
    """Append a check."""
    db.execute(insert(source_checks).values(asdict(check) | {"checked_at": now}))


def newest(db: Connection) -> dict[tuple[str, int], SourceCheck]:
    """The newest check of every claim revision that has one."""
    rows = db.execute(select(source_checks).order_by(source_checks.c.id))
    return {
        (r.claim_id, r.revision): SourceCheck(
            r.claim_id,
            r.revision,
            r.state,
            r.reason,
            tuple((a, b, c) for a, b, c in r.quotes),
            r.judge,
            r.checked_at,
        )
        for r in rows
    }
