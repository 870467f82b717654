"""Verdicts: append-only history, one row a claim and run at most."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Row, Subquery, case, func, insert, select

from store.records import Verdict
from store.standing import NONE_YET, STANDINGS
from store.tables.remarks import overrides
from store.tables.schema import claim_lines, claims, verdict_evidence, verdicts

_COLUMNS = (
    "claim_id", "revision", "run_id", "name", "basis", "condition", "confidence", "contested",
    "rule_version", "reason", "decided_at", "open_leads",
)  # fmt: skip


def save(db: Connection, verdict: Verdict) -> None:
    """Append a verdict. Saving the verdict of a claim and run twice is harmless."""
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
    """The verdict a claim revision has now, or None."""
    found = [v for v in history(db, claim_id) if v.revision == revision]
    return found[-1] if found else None


def histories(
    db: Connection, only: Collection[str] | None = None, *, newest: bool = False
) -> dict[str, list[Verdict]]:
    """Claims' verdicts, oldest first, by claim id; of all claims, or of a few.

    `newest` gives only the last one of each claim revision.
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
    """The claims that a run gave a verdict."""
    return set(db.execute(select(verdicts.c.claim_id).where(verdicts.c.run_id == run_id)).scalars())


def last_run(db: Connection) -> str | None:
    """The run that last gave a verdict."""
    return db.execute(select(verdicts.c.run_id).order_by(verdicts.c.id.desc()).limit(1)).scalar()


def flips(
    db: Connection, most: int, *, run_id: str | None = None, since: str = ""
) -> tuple[list[tuple[str, Verdict]], int]:
    """Verdicts whose standing differs from the claim's one before, with that one's; and how many in all.

    Those of a run, or those decided from the day or instant `since` on.

    A first verdict is a flip from none yet. Those to be looked at come first.
    """
    earlier = verdicts.alias()

    def last(column: Any) -> Any:
        is_before = (earlier.c.claim_id == verdicts.c.claim_id) & (earlier.c.id < verdicts.c.id)
        return select(column).where(is_before).order_by(earlier.c.id.desc()).limit(1).scalar_subquery()

    before = func.coalesce(last(_standing(earlier)), NONE_YET)
    has_changed = _standing(verdicts).is_distinct_from(before) & (verdicts.c.decided_at >= since)
    if run_id is not None:
        has_changed &= verdicts.c.run_id == run_id
    order = case({name: n for n, name in enumerate(STANDINGS)}, value=_standing(verdicts))
    query = select(verdicts.c.id, before.label("before")).where(has_changed).order_by(order, verdicts.c.id)
    total = db.execute(select(func.count()).select_from(query.order_by(None).subquery())).scalar_one()
    rows = db.execute(query.limit(most)).all()
    known = by_id(db, [row.id for row in rows])
    return [(row.before, known[row.id]) for row in rows], int(total)


def tally(db: Connection) -> dict[tuple[str, str], int]:
    """How many active claims of each line have which standing, by (line id, standing)."""
    held = shown()
    query = (
        select(claim_lines.c.line_id, held.c.standing, func.count())
        .join(held, held.c.claim_id == claim_lines.c.claim_id)
        .group_by(claim_lines.c.line_id, held.c.standing)
    )
    return {(row[0], row[1]): row[2] for row in db.execute(query)}


def shown() -> Subquery:
    """Active claims (`claim_id`) and their `standing`: a person's word, else the rule's."""
    last = select(func.max(verdicts.c.id)).group_by(verdicts.c.claim_id, verdicts.c.revision)
    said = select(func.max(overrides.c.id)).group_by(overrides.c.claim_id, overrides.c.revision)
    by_rule = (verdicts.c.claim_id == claims.c.id) & (verdicts.c.revision == claims.c.revision)
    by_hand = (overrides.c.claim_id == claims.c.id) & (overrides.c.revision == claims.c.revision)
    return (
        select(
            claims.c.id.label("claim_id"),
            func.coalesce(overrides.c.name, _standing(verdicts)).label("standing"),
        )
        .outerjoin(verdicts, by_rule & verdicts.c.id.in_(last))
        .outerjoin(overrides, by_hand & overrides.c.id.in_(said))
        .where(claims.c.retired.is_(False))
        .subquery()
    )


def _standing(held: Any) -> Any:
    """`Verdict.standing` in SQL; rows that an outer join left empty are none yet."""
    return case(
        (held.c.basis == "unchallenged", "no challenge found"),
        (held.c.name.is_not(None), held.c.name),
        (held.c.open_leads > 0, "open"),
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
