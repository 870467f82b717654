"""Evidence and what each gate said of it. Append-only: the schema refuses changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from store.records import Evidence, GateResult
from store.schema import evidence, gate_results, lapses, papers, passages, texts

LAPSED = "stands"
"""The gate that evidence fails once its paper is withdrawn, or its quote gone from a newer version."""

_OWN_COLUMNS = [c.name for c in evidence.columns]


def save(db: Connection, found: Iterable[Evidence]) -> int:
    """Store evidence not yet known, with its gates; return how many were new."""
    added = 0
    for item in found:
        if db.execute(select(evidence.c.id).where(evidence.c.id == item.id)).first():
            continue
        row = asdict(item)
        db.execute(insert(evidence).values({name: row[name] for name in _OWN_COLUMNS}))
        gates = [
            asdict(gate) | {"evidence_id": item.id, "position": position}
            for position, gate in enumerate(item.gates)
        ]
        db.execute(insert(gate_results), gates)
        added += 1
    return added


def of_claim(db: Connection, claim_id: str, revision: int) -> list[Evidence]:
    """All evidence on one revision of a claim, strongest first."""
    chosen = (evidence.c.claim_id == claim_id) & (evidence.c.revision == revision)
    return _load(db, chosen)


def by_claim(db: Connection) -> dict[tuple[str, int], list[Evidence]]:
    """All evidence in the ledger by (claim id, revision), strongest first."""
    found: dict[tuple[str, int], list[Evidence]] = {}
    for item in _load(db, evidence.c.id == evidence.c.id):
        found.setdefault((item.claim_id, item.revision), []).append(item)
    return found


def lapse(db: Connection, evidence_id: str, run_id: str, reason: str, now: str) -> None:
    """Note that evidence no longer stands; it is loaded as rejected from then on. Twice is harmless."""
    if not db.execute(select(lapses.c.evidence_id).where(lapses.c.evidence_id == evidence_id)).first():
        row = {"evidence_id": evidence_id, "run_id": run_id, "reason": reason, "noted_at": now}
        db.execute(insert(lapses).values(row))


def lapsed(db: Connection, claim_id: str, revision: int) -> dict[str, str]:
    """Evidence of a claim that no longer stands: id -> reason."""
    query = select(lapses.c.evidence_id, lapses.c.reason).join(evidence)
    chosen = (evidence.c.claim_id == claim_id) & (evidence.c.revision == revision)
    return {
        row.evidence_id: row.reason for row in db.execute(query.where(chosen).order_by(lapses.c.evidence_id))
    }


def to_read_again(db: Connection, claim_id: str, revision: int, since: str) -> list[str]:
    """Papers, not withdrawn, whose evidence on a claim lapsed after the instant `since`."""
    query = (
        select(evidence.c.paper_id)
        .join(lapses, lapses.c.evidence_id == evidence.c.id)
        .join(papers, papers.c.id == evidence.c.paper_id)
        .where(evidence.c.claim_id == claim_id, evidence.c.revision == revision)
        .where(lapses.c.noted_at > since, papers.c.withdrawn.is_(False))
    )
    return sorted(set(db.execute(query).scalars()))


def places(db: Connection) -> dict[str, tuple[bool, int | None]]:
    """Where each quote stands: whether in a paper read whole, and on which page, by evidence id."""
    held = (passages.c.start <= evidence.c.start) & (evidence.c.start < passages.c.end)
    query = (
        select(evidence.c.id, texts.c.kind, passages.c.page)
        .join(texts, texts.c.id == evidence.c.text_id)
        .outerjoin(passages, (passages.c.text_id == evidence.c.text_id) & held)
    )
    return {row.id: (row.kind == "full", row.page) for row in db.execute(query)}


def _load(db: Connection, chosen: Any) -> list[Evidence]:
    gates: dict[str, list[GateResult]] = {}
    query = select(gate_results).join(evidence, evidence.c.id == gate_results.c.evidence_id)
    for row in db.execute(query.where(chosen).order_by(gate_results.c.position)):
        result = GateResult(row.gate, row.passed, row.reason, row.settleable)
        gates.setdefault(row.evidence_id, []).append(result)
    rows = db.execute(
        select(evidence, papers.c.authors, lapses.c.reason.label("lapse"))
        .join(papers, papers.c.id == evidence.c.paper_id)
        .outerjoin(lapses, lapses.c.evidence_id == evidence.c.id)
        .where(chosen)
        .order_by(evidence.c.strength.desc(), evidence.c.id)
    )
    return [_evidence(row, tuple(gates.get(row.id, ()))) for row in rows]


def _evidence(row: Row[Any], gates: tuple[GateResult, ...]) -> Evidence:
    own = {name: getattr(row, name) for name in _OWN_COLUMNS}
    if row.lapse:
        own["status"], gates = "rejected", (*gates, GateResult(LAPSED, False, row.lapse))
    return Evidence(**own, gates=gates, authors=tuple(row.authors))
