"""Runs, the retest of each claim in a run, and its screening."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, and_, func, insert, select, update

from store.records import Retest, Run, Screening
from store.tables.schema import retests, runs, screenings, verdicts


def start(db: Connection, run: Run) -> None:
    """Store a run that is starting."""
    db.execute(insert(runs).values(asdict(run)))


def finish(db: Connection, run: Run) -> None:
    """Store how a run ended."""
    db.execute(update(runs).where(runs.c.id == run.id).values(asdict(run)))


def get(db: Connection, run_id: str) -> Run | None:
    """One run by its id, or None."""
    row = db.execute(select(runs).where(runs.c.id == run_id)).first()
    return _run(row) if row else None


def latest(
    db: Connection, *, finished: bool = True, source: str | None = None, health: str | None = None
) -> Run | None:
    """The run started last, among finished ones by default, and of a source and health if given."""
    query = select(runs).order_by(runs.c.started_at.desc(), runs.c.id.desc()).limit(1)
    query = query.where(runs.c.source == source) if source else query
    query = query.where(runs.c.health == health) if health else query
    row = db.execute(query.where(runs.c.finished_at.is_not(None)) if finished else query).first()
    return _run(row) if row else None


def recent(db: Connection, most: int = 50) -> list[Run]:
    """The most recent runs, newest first."""
    rows = db.execute(select(runs).order_by(runs.c.started_at.desc(), runs.c.id.desc()).limit(most))
    return [_run(row) for row in rows]


def telling(db: Connection, most: int) -> list[Run]:
    """The last finished run and the runs that gave a verdict, newest first."""
    gave = runs.c.id.in_(select(verdicts.c.run_id))
    ended = select(runs.c.id).where(runs.c.finished_at.is_not(None))
    newest = ended.order_by(runs.c.started_at.desc(), runs.c.id.desc()).limit(1)
    query = select(runs).where(gave | (runs.c.id == newest.scalar_subquery()))
    rows = db.execute(query.order_by(runs.c.started_at.desc(), runs.c.id.desc()).limit(most))
    return [_run(row) for row in rows]


def save_screenings(db: Connection, run_id: str, found: Iterable[Screening]) -> None:
    """Store a claim's screening; if there is one already, leave it as it is."""
    rows = [asdict(s) | {"run_id": run_id} for s in found]
    if not rows:
        return
    key = (screenings.c.run_id == run_id) & (screenings.c.claim_id == rows[0]["claim_id"])
    if db.execute(select(screenings.c.paper_id).where(key).limit(1)).first() is None:
        db.execute(insert(screenings), rows)


def kept(db: Connection, run_id: str, claim_id: str) -> list[str]:
    """Ids of the papers kept for a claim in a run, best first."""
    query = select(screenings.c.paper_id).where(
        screenings.c.run_id == run_id, screenings.c.claim_id == claim_id, screenings.c.kept
    )
    return list(db.execute(query.order_by(screenings.c.rank)).scalars())


def save_retest(db: Connection, retest: Retest) -> None:
    """Store a claim's retest; if there is one already, leave it as it is."""
    key = (retests.c.run_id == retest.run_id) & (retests.c.claim_id == retest.claim_id)
    if db.execute(select(retests.c.run_id).where(key)).first() is None:
        db.execute(insert(retests).values(asdict(retest)))


def last_healthy(db: Connection, claim_id: str, revision: int, source: str, judge: str) -> Retest | None:
    """The last healthy retest of a claim revision with the same source and judge."""
    query = select(retests).where(
        retests.c.claim_id == claim_id,
        retests.c.revision == revision,
        retests.c.source == source,
        retests.c.judge == judge,
        retests.c.healthy,
    )
    row = db.execute(query.order_by(retests.c.finished_at.desc()).limit(1)).first()
    return Retest(**row._mapping) if row else None


def last_healthy_of_all(db: Connection, source: str, judge: str) -> dict[tuple[str, int], Retest]:
    """The last healthy retest of every claim revision with a source and judge."""
    chosen = retests.c.healthy & (retests.c.source == source) & (retests.c.judge == judge)
    newest = (
        select(retests.c.claim_id, retests.c.revision, func.max(retests.c.finished_at).label("finished_at"))
        .where(chosen)
        .group_by(retests.c.claim_id, retests.c.revision)
        .subquery()
    )
    same = [retests.c[name] == newest.c[name] for name in ("claim_id", "revision", "finished_at")]
    rows = db.execute(select(retests).join(newest, and_(*same)).where(chosen))
    return {(row.claim_id, row.revision): Retest(**row._mapping) for row in rows}


def of_run(db: Connection, run_id: str) -> list[Retest]:
    """Every claim's retest in one run."""
    rows = db.execute(select(retests).where(retests.c.run_id == run_id))
    return [Retest(**row._mapping) for row in rows]


def latest_retests(db: Connection, only: Collection[str] | None = None) -> dict[str, Retest]:
    """Each claim's latest healthy retest, by claim id; of all claims, or of those in `only`."""
    chosen = retests.c.healthy if only is None else retests.c.healthy & retests.c.claim_id.in_(only)
    newest = (
        select(retests.c.claim_id, func.max(retests.c.finished_at).label("finished_at"))
        .where(chosen)
        .group_by(retests.c.claim_id)
        .subquery()
    )
    same = (retests.c.claim_id == newest.c.claim_id) & (retests.c.finished_at == newest.c.finished_at)
    rows = db.execute(select(retests).join(newest, same).where(chosen).order_by(retests.c.run_id))
    return {row.claim_id: Retest(**row._mapping) for row in rows}


def relevant_papers(db: Connection, claim_id: str, revision: int, until: str = "9999") -> set[str]:
    """Ids of the papers that a claim revision's healthy retests, finished by `until`, screened and kept."""
    query = (
        select(screenings.c.paper_id)
        .join(
            retests,
            (retests.c.run_id == screenings.c.run_id) & (retests.c.claim_id == screenings.c.claim_id),
        )
        .where(
            screenings.c.claim_id == claim_id,
            screenings.c.kept,
            retests.c.healthy,
            retests.c.revision == revision,
            retests.c.finished_at <= until,
        )
    )
    return set(db.execute(query).scalars())


def _run(row: Row[Any]) -> Run:
    values = dict(row._mapping)
    return Run(**values | {"reasons": tuple(values["reasons"])})


def nearest(db: Connection, claim_id: str, most: int) -> list[str]:
    """Ids of the kept papers closest to a claim across all runs, best first."""
    best = func.max(screenings.c.dense)
    query = (
        select(screenings.c.paper_id)
        .where(screenings.c.claim_id == claim_id, screenings.c.kept)
        .group_by(screenings.c.paper_id)
        .order_by(best.desc(), screenings.c.paper_id)
    )
    return list(db.execute(query.limit(most)).scalars())
