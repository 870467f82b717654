"""Verdicts: append-only history, at most one row per claim and run."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Subquery, case, func, insert, select

from store.records import Verdict
from store.standing import NONE_YET, STANDINGS
from store.tables.remark_tables import overrides
from store.tables.schema import claim_lines, claims, verdict_evidence, verdicts


class Flips(NamedTuple):
    """Changed standings: those loaded, with the standing before, and how many in all.

    First verdicts are counted apart.
    """

    shown: list[tuple[str, Verdict]]
    changed: int
    first: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.changed + self.first


_COLUMNS = (
    "claim_id", "revision", "run_id", "name", "basis", "condition", "confidence", "contested",
    "rule_version", "reason", "decided_at", "open_leads",
)  # fmt: skip


def save(db: Connection, verdict: Verdict) -> None:
    """Append a verdict, unless the claim already has one from the same run."""
    key = (verdicts.c.claim_id == verdict.claim_id) & (verdicts.c.run_id == verdict.run_id)
    if db.execute(select(verdicts.c.id).where(key)).first():
        return
    row = {name: getattr(verdict, name) for name in _COLUMNS}
    verdict_id = db.execute(insert(verdicts).values(row).returning(verdicts.c.id)).scalar_one()
    links = [{"verdict_id": verdict_id, "evidence_id": e} for e in verdict.evidence_ids]
    if links:
        db.execute(insert(verdict_evidence), links)


def history(db: Connection, claim_id: str) -> list[Verdict]:
    """Every verdict a claim ever had, oldest first."""
    return _load(db, verdicts.c.claim_id == claim_id)


def present(db: Connection, claim_id: str, revision: int) -> Verdict | None:
    """The current verdict of a claim revision, or None."""
    found = [v for v in history(db, claim_id) if v.revision == revision]
    return found[-1] if found else None


def histories(
    db: Connection, only: Collection[str] | None = None, *, newest: bool = False
) -> dict[str, list[Verdict]]:
    """Verdicts by claim id, oldest first; of all claims, or of those in `only`.

    `newest` keeps only the last one of each claim revision.
    """
    chosen = verdicts.c.id == verdicts.c.id if only is None else verdicts.c.claim_id.in_(only)
    if newest:
        last = select(func.max(verdicts.c.id)).group_by(verdicts.c.claim_id, verdicts.c.revision)
        chosen = chosen & verdicts.c.id.in_(last)
    found: dict[str, list[Verdict]] = {}
    for verdict in _load(db, chosen):
        found.setdefault(verdict.claim_id, []).append(verdict)
    return found


def by_id(db: Connection, ids: Collection[int]) -> dict[int, Verdict]:
    """Verdicts by id."""
    return {v.id: v for v in _load(db, verdicts.c.id.in_(ids)) if v.id is not None}


def claims_of_run(db: Connection, run_id: str) -> set[str]:
    """The claims that got a verdict in a run."""
    return set(db.execute(select(verdicts.c.claim_id).where(verdicts.c.run_id == run_id)).scalars())


def last_run(db: Connection) -> str | None:
    """The run that gave the latest verdict, if any."""
    return db.execute(select(verdicts.c.run_id).order_by(verdicts.c.id.desc()).limit(1)).scalar()


def flips(db: Connection, most: int, *, run_id: str | None = None, since: str = "", until: str = "") -> Flips:
    """Up to `most` verdicts that changed the standing of an active claim.

    Restricted to a run, or to verdicts decided from the day or instant `since` on, up to the day `until`.

    A first verdict, from none yet, is counted apart and comes after the changes; among each, verdicts that
    need attention come first.
    """
    earlier = verdicts.alias()

    def last(column: Any) -> Any:
        is_before = (earlier.c.claim_id == verdicts.c.claim_id) & (earlier.c.id < verdicts.c.id)
        return select(column).where(is_before).order_by(earlier.c.id.desc()).limit(1).scalar_subquery()

    before = func.coalesce(last(_standing(earlier)), NONE_YET)
    has_changed = _standing(verdicts).is_distinct_from(before) & (verdicts.c.decided_at >= since)
    has_changed &= verdicts.c.claim_id.in_(select(claims.c.id).where(claims.c.retired.is_(False)))
    if until:
        has_changed &= verdicts.c.decided_at < f"{until}~"
    if run_id is not None:
        has_changed &= verdicts.c.run_id == run_id
    order = case({name: n for n, name in enumerate(STANDINGS)}, value=_standing(verdicts))
    is_first = before == NONE_YET
    query = select(verdicts.c.id, before.label("before"), is_first.label("is_first")).where(has_changed)
    found = query.subquery()
    counts = db.execute(select(found.c.is_first, func.count()).group_by(found.c.is_first)).all()
    rows = db.execute(query.order_by(is_first, order, verdicts.c.id).limit(most)).all()
    loaded = by_id(db, [row.id for row in rows])
    number = {bool(row[0]): int(row[1]) for row in counts}
    return Flips([(row.before, loaded[row.id]) for row in rows], number.get(False, 0), number.get(True, 0))


def tally(db: Connection) -> dict[tuple[str, str], int]:
    """The number of active claims by (line id, standing)."""
    current = shown()
    query = (
        select(claim_lines.c.line_id, current.c.standing, func.count())
        .join(current, current.c.claim_id == claim_lines.c.claim_id)
        .group_by(claim_lines.c.line_id, current.c.standing)
    )
    return {(row[0], row[1]): row[2] for row in db.execute(query)}


def standings(db: Connection) -> dict[str, str]:
    """The standing of every active claim as shown, overrides included."""
    current = shown()
    return {row[0]: row[1] for row in db.execute(select(current.c.claim_id, current.c.standing))}


def shown() -> Subquery:
    """Active claims (`claim_id`) and their `standing`: a person's override, else the rule's verdict."""
    last_verdict = select(func.max(verdicts.c.id)).group_by(verdicts.c.claim_id, verdicts.c.revision)
    last_override = select(func.max(overrides.c.id)).group_by(overrides.c.claim_id, overrides.c.revision)
    by_rule = (verdicts.c.claim_id == claims.c.id) & (verdicts.c.revision == claims.c.revision)
    by_hand = (overrides.c.claim_id == claims.c.id) & (overrides.c.revision == claims.c.revision)
    return (
        select(
            claims.c.id.label("claim_id"),
            func.coalesce(overrides.c.name, _standing(verdicts)).label("standing"),
        )
        .outerjoin(verdicts, by_rule & verdicts.c.id.in_(last_verdict))
        .outerjoin(overrides, by_hand & overrides.c.id.in_(last_override))
        .where(claims.c.retired.is_(False))
        .subquery()
    )


def _standing(table: Any) -> Any:
    """`Verdict.standing` in SQL; rows left empty by an outer join are none yet."""
    return case(
        (table.c.basis == "unchallenged", "no challenge found"),
        (table.c.name.is_not(None), table.c.name),
        (table.c.open_leads > 0, "open"),
        else_=NONE_YET,
    )


def _load(db: Connection, chosen: Any) -> list[Verdict]:
    cited: dict[int, list[str]] = {}
    links = select(verdict_evidence).join(verdicts, verdicts.c.id == verdict_evidence.c.verdict_id)
    for row in db.execute(links.where(chosen).order_by(verdict_evidence.c.evidence_id)):
        cited.setdefault(row.verdict_id, []).append(row.evidence_id)
    rows = db.execute(select(verdicts).where(chosen).order_by(verdicts.c.id))
    return [_verdict(row, tuple(cited.get(row.id, ()))) for row in rows]


def _verdict(row: Row[Any], evidence_ids: tuple[str, ...]) -> Verdict:
    return Verdict(id=row.id, evidence_ids=evidence_ids, **{c: getattr(row, c) for c in _COLUMNS})
