"""Verdicts: append-only history, one row a claim and run at most."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, insert, select

from store.records import Verdict
from store.schema import verdict_evidence, verdicts

_COLUMNS = (
    "claim_id", "revision", "run_id", "name", "basis", "condition", "confidence", "contested",
    "rule_version", "reason", "decided_at",
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


def histories(db: Connection) -> dict[str, list[Verdict]]:
    """Every claim's verdicts, oldest first, by claim id."""
    found: dict[str, list[Verdict]] = {}
    for verdict in _load(db, verdicts.c.id == verdicts.c.id):
        found.setdefault(verdict.claim_id, []).append(verdict)
    return found


def _load(db: Connection, chosen: Any) -> list[Verdict]:
    cited: dict[int, list[str]] = {}
    links = select(verdict_evidence).join(verdicts, verdicts.c.id == verdict_evidence.c.verdict_id)
    for row in db.execute(links.where(chosen).order_by(verdict_evidence.c.evidence_id)):
        cited.setdefault(row.verdict_id, []).append(row.evidence_id)
    rows = db.execute(select(verdicts).where(chosen).order_by(verdicts.c.id))
    return [_verdict(row, tuple(cited.get(row.id, ()))) for row in rows]


def _verdict(row: Row[Any], evidence_ids: tuple[str, ...]) -> Verdict:
    return Verdict(id=row.id, evidence_ids=evidence_ids, **{c: getattr(row, c) for c in _COLUMNS})
