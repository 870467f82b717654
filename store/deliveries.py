"""Deliveries of news: one row per run and channel, with the last attempt."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, insert, select, update

from store.tables.remark_tables import deliveries


class Delivery(NamedTuple):
    """How often a run was sent to a channel, and the last error; empty if there was none."""

    run_id: str
    times: int
    error: str
    at: str


def of_channel(db: Connection, channel: str) -> dict[str, Delivery]:
    """A channel's deliveries by run."""
    rows = db.execute(select(deliveries).where(deliveries.c.channel == channel))
    return {r.run_id: Delivery(r.run_id, r.times, r.error, r.at) for r in rows}


def note(db: Connection, run_id: str, channel: str, error: str, now: str) -> None:
    """Record a delivery attempt."""
    key = (deliveries.c.run_id == run_id) & (deliveries.c.channel == channel)
    values = {"error": error, "at": now}
    if db.execute(update(deliveries).where(key).values(values | {"times": deliveries.c.times + 1})).rowcount:
        return
    db.execute(insert(deliveries).values(values | {"run_id": run_id, "channel": channel, "times": 1}))
