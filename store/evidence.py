"""Evidence and its gate results. Append-only: the schema refuses changes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from store.records import Evidence, GateOutcome, GateResult
from store.tables.schema import (  # fmt: skip
    claims,
    evidence,
    gate_results,
    lapses,
    papers,
    passages,
    texts,
    verdict_evidence,
    verdicts,
)

LAPSED = "stands"
"""The gate that evidence fails once its paper is withdrawn, or a newer version lacks its quote."""

_CHUNK, LAST = 500, "9999"
"""`LAST` sorts after every instant."""
_OWN_COLUMNS = [c.name for c in evidence.columns]


def save(db: Connection, found: Iterable[Evidence]) -> int:
    """Store evidence not yet known, with its gates; return how many were new."""
    added = 0
    for item in found:
        if db.execute(select(evidence.c.id).where(evidence.c.id == item.id)).first():
            continue
        row = asdict(item)
        db.execute(insert(evidence).values({name: row[name] for name in _OWN_COLUMNS}))
        gates = [_gate_row(gate, item.id, position) for position, gate in enumerate(item.gates)]
        db.execute(insert(gate_results), gates)
        added += 1
    return added


def family(judge: str) -> str:
    """A judge's name without its revision: the part before "@"."""
    return judge.partition("@")[0]


def _gate_row(gate: GateResult, evidence_id: str, position: int) -> dict[str, Any]:
    return {
        "evidence_id": evidence_id, "gate": gate.gate, "position": position, "reason": gate.reason,
        "passed": gate.outcome == "passed", "ran": gate.outcome != "not run", "settleable": gate.settleable,
    }  # fmt: skip


def of_claim(db: Connection, claim_id: str, revision: int, until: str = LAST) -> list[Evidence]:
    """All evidence on one claim revision, strongest first; what lapsed after `until` still stands."""
    chosen = (evidence.c.claim_id == claim_id) & (evidence.c.revision == revision)
    return _load(db, chosen, until=until)


def by_claim(
    db: Connection, only: Collection[str] | None = None, *, cited: bool = False, gates: bool = True
) -> dict[tuple[str, int], list[Evidence]]:
    """Evidence by (claim id, revision), strongest first; of all claims, or of those in `only`.

    `cited` keeps only what the newest verdicts rest on, without gates; `gates=False` also omits the gates.
    """
    chosen = evidence.c.claim_id.in_(only) if only is not None else evidence.c.id == evidence.c.id
    if cited:
        newest = select(func.max(verdicts.c.id)).group_by(verdicts.c.claim_id, verdicts.c.revision)
        resting = select(verdict_evidence.c.evidence_id).where(verdict_evidence.c.verdict_id.in_(newest))
        chosen = chosen & evidence.c.id.in_(resting)
    found: dict[tuple[str, int], list[Evidence]] = {}
    for item in _load(db, chosen, gates=gates and not cited):
        found.setdefault((item.claim_id, item.revision), []).append(item)
    return found


def by_id(db: Connection, ids: Collection[str]) -> dict[str, Evidence]:
    """Evidence by id, with its gates."""
    return {e.id: e for e in _load(db, evidence.c.id.in_(ids))}


def of_paper(db: Connection, paper_id: str) -> list[Evidence]:
    """All evidence from a paper, on any claim, strongest first."""
    return _load(db, evidence.c.paper_id == paper_id)


def standing(db: Connection) -> list[Evidence]:
    """Evidence that counts for an active claim: what verdicts rest on, now or at the next decision."""
    return _load(db, evidence.c.id.in_(_standing(evidence.c.id)))


def standing_papers(db: Connection) -> list[str]:
    """The papers that this evidence comes from, sorted by id."""
    return sorted(set(db.execute(_standing(evidence.c.paper_id)).scalars()))


def lead_counts(db: Connection) -> dict[tuple[str, int], int]:
    """The number of leads on each claim revision."""
    lead = (evidence.c.status == "lead") & lapses.c.reason.is_(None)
    query = (
        select(evidence.c.claim_id, evidence.c.revision, func.count())
        .outerjoin(lapses, lapses.c.evidence_id == evidence.c.id)
        .where(lead)
        .group_by(evidence.c.claim_id, evidence.c.revision)
    )
    return {(row[0], row[1]): row[2] for row in db.execute(query)}


def _standing(column: Any) -> Any:
    newest = (claims.c.id == evidence.c.claim_id) & (claims.c.revision == evidence.c.revision)
    return (
        select(column)
        .join(claims, newest & claims.c.retired.is_(False))
        .outerjoin(lapses, lapses.c.evidence_id == evidence.c.id)
        .where(evidence.c.status == "counted", lapses.c.reason.is_(None))
    )


def lapse(db: Connection, evidence_id: str, run_id: str, reason: str, now: str) -> None:
    """Record that evidence no longer stands; it then loads as rejected. Repeating this is harmless."""
    if not db.execute(select(lapses.c.evidence_id).where(lapses.c.evidence_id == evidence_id)).first():
        row = {"evidence_id": evidence_id, "run_id": run_id, "reason": reason, "noted_at": now}
        db.execute(insert(lapses).values(row))


def lapsed(db: Connection, claim_id: str, revision: int, until: str = LAST) -> dict[str, str]:
    """Evidence on a claim revision that had lapsed by the instant `until`: id -> reason."""
    query = select(lapses.c.evidence_id, lapses.c.reason).join(evidence)
    chosen = (evidence.c.claim_id == claim_id) & (evidence.c.revision == revision)
    chosen = chosen & (lapses.c.noted_at <= until)
    return {
        row.evidence_id: row.reason for row in db.execute(query.where(chosen).order_by(lapses.c.evidence_id))
    }


def lapsed_papers(db: Connection) -> list[tuple[str, int, str, str]]:
    """(claim, revision, paper, instant) of every lapse of evidence on a paper that is not withdrawn."""
    query = (
        select(evidence.c.claim_id, evidence.c.revision, evidence.c.paper_id, lapses.c.noted_at)
        .join(lapses, lapses.c.evidence_id == evidence.c.id)
        .join(papers, papers.c.id == evidence.c.paper_id)
        .where(papers.c.withdrawn.is_(False))
    )
    return [(row[0], row[1], row[2], row[3]) for row in db.execute(query)]


def places(db: Connection, ids: Sequence[str]) -> dict[str, tuple[bool, int | None]]:
    """Where quotes are, by evidence id: whether in a paper read in full, and on which page."""
    contains = (passages.c.start <= evidence.c.start) & (evidence.c.start < passages.c.end)
    query = (
        select(evidence.c.id, texts.c.kind, passages.c.page)
        .join(texts, texts.c.id == evidence.c.text_id)
        .outerjoin(passages, (passages.c.text_id == evidence.c.text_id) & contains)
    )
    found: dict[str, tuple[bool, int | None]] = {}
    for start in range(0, len(ids), _CHUNK):
        rows = db.execute(query.where(evidence.c.id.in_(ids[start : start + _CHUNK])))
        found |= {row.id: (row.kind == "full", row.page) for row in rows}
    return found


def _load(db: Connection, chosen: Any, *, gates: bool = True, until: str = LAST) -> list[Evidence]:
    results = _gates(db, chosen) if gates else {}
    rows = db.execute(
        select(evidence, papers.c.authors, lapses.c.reason.label("lapse"))
        .join(papers, papers.c.id == evidence.c.paper_id)
        .outerjoin(lapses, (lapses.c.evidence_id == evidence.c.id) & (lapses.c.noted_at <= until))
        .where(chosen)
        .order_by(evidence.c.strength.desc(), evidence.c.id)
    )
    return [_evidence(row, tuple(results.get(row.id, ()))) for row in rows]


def _gates(db: Connection, chosen: Any) -> dict[str, list[GateResult]]:
    found: dict[str, list[GateResult]] = {}
    query = select(gate_results).join(evidence, evidence.c.id == gate_results.c.evidence_id)
    for row in db.execute(query.where(chosen).order_by(gate_results.c.position)):
        outcome: GateOutcome = "not run" if not row.ran else "passed" if row.passed else "failed"
        result = GateResult(row.gate, outcome, row.reason, row.settleable)
        found.setdefault(row.evidence_id, []).append(result)
    return found


def _evidence(row: Row[Any], gates: tuple[GateResult, ...]) -> Evidence:
    own = {name: getattr(row, name) for name in _OWN_COLUMNS}
    if row.lapse:
        own["status"], gates = "rejected", (*gates, GateResult(LAPSED, "failed", row.lapse))
    return Evidence(**own, gates=gates, authors=tuple(row.authors))
