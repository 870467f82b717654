"""Compare papers that disagree, and propose what to ask next. Changes no verdict and no run's health."""

from __future__ import annotations

from collections.abc import Callable

from langgraph.runtime import Runtime
from sqlalchemy import Connection

import store.claims
import store.evidence
import store.lines
import store.papers
import store.remarks.writings
import store.verdicts
from agent.core.budget import BudgetReached, ClaimBudgetReached
from agent.core.disagreement import MOST_PAIRS, Tension, tensions
from agent.errors import JudgeError
from agent.run.candidates import claim_of
from agent.run.judge_calls import BUDGET_REACHED
from agent.run.parts import Parts
from agent.run.state import RunState
from agent.writing import disagreements, proposals
from agent.writing.journalled_writer import JournalledWriter
from agent.writing.proposals import Picture
from store.records import Claim, Line, Paper
from store.remarks import Writing

Work = Callable[[JournalledWriter], list[Writing]]


def compare(state: RunState, runtime: Runtime[Parts]) -> RunState:
    """Find papers of the last six months that disagree on a claim; explain why if there is a writer."""
    parts = runtime.context
    with parts.ledger.read() as db:
        claims = [claim_of(parts, state, claim_id) for claim_id in state["claim_ids"]]
        found = [tension for claim in claims for tension in _tensions(db, claim, state["as_of"])]
        known = {w.about for w in store.remarks.writings.newest(db) if w.kind == "reconciliation"}
    new = [t for t in _strongest(found) if _about(t) not in known]
    notices = _each(parts, state, [_reconciler(parts, claim_of(parts, state, t.claim_id), t) for t in new])
    counts = {"tensions": [t._asdict() for t in found]} | parts.budget_counts()
    return {"counts": counts, "notices": notices}


def propose(state: RunState, runtime: Runtime[Parts]) -> RunState:
    """Propose two questions, and next lines, for every line whose picture this run changed."""
    parts = runtime.context
    if parts.writer is None:
        return {}
    with parts.ledger.read() as db:
        pictures = _changed(db, state["run_id"])
        lines = [x for x in store.lines.active(db) if any(x.id in p.claim.lines for p in pictures)]
        papers = store.papers.get_many(db, sorted({e.paper_id for p in pictures for e in p.evidence}))
    notices = _each(parts, state, [_proposer(line, pictures, papers) for line in lines])
    return {"notices": notices, "counts": parts.budget_counts()}


def _proposer(line: Line, pictures: list[Picture], papers: dict[str, Paper]) -> Work:
    changed = [p for p in pictures if line.id in p.claim.lines]
    return lambda writer: proposals.propose(writer, line, changed, papers)


def _each(parts: Parts, state: RunState, works: list[Work]) -> list[str]:
    """Do each piece of writing and store it; a failure only leads to a notice."""
    if parts.writer is None:
        return []
    writer = JournalledWriter(parts.ledger, parts.writer, parts.budget, parts.now, state["run_id"])
    notices: list[str] = []
    for work in works:
        try:
            written = work(writer)
        except JudgeError as error:
            return [*notices, f"not everything could be written: {error}"]
        except ClaimBudgetReached:
            notices.append(f"{BUDGET_REACHED} for a claim or line: not all of it was written")
            continue
        except BudgetReached:
            return [*notices, f"{BUDGET_REACHED}: not everything was written"]
        with parts.ledger.write() as db:
            stored = {(w.kind, w.about, w.sentences, w.run_id) for w in store.remarks.writings.newest(db)}
            for writing in written:
                if (writing.kind, writing.about, writing.sentences, writing.run_id) not in stored:
                    store.remarks.writings.save(db, writing, parts.now())
    return notices


def _tensions(db: Connection, claim: Claim, as_of: str) -> list[Tension]:
    return tensions(store.evidence.of_claim(db, claim.id, claim.revision), as_of)


def _strongest(found: list[Tension]) -> list[Tension]:
    by_claim: dict[str, list[Tension]] = {}
    for tension in found:
        by_claim.setdefault(tension.claim_id, []).append(tension)
    return [t for pairs in by_claim.values() for t in pairs[:MOST_PAIRS]]


def _about(tension: Tension) -> str:
    return f"{tension.supporting} {tension.adverse}"


def _reconciler(parts: Parts, claim: Claim, tension: Tension) -> Work:
    def work(writer: JournalledWriter) -> list[Writing]:
        with parts.ledger.read() as db:
            by_id = {e.id: e for e in store.evidence.of_claim(db, claim.id, claim.revision)}
            pair = by_id[tension.supporting], by_id[tension.adverse]
            papers = store.papers.get_many(db, [e.paper_id for e in pair])
        return [disagreements.reconcile(writer, claim.lines[0], claim, pair, papers, tension.axes)]

    return work


def _changed(db: Connection, run_id: str) -> list[Picture]:
    """The claims whose verdict this run changed for the worse, with the evidence cited."""
    found = []
    for claim in store.claims.active(db):
        verdict = store.verdicts.present(db, claim.id, claim.revision)
        if verdict and verdict.run_id == run_id and verdict.name in ("relaxed", "contradicted"):
            cited = set(verdict.evidence_ids)
            evidence = store.evidence.of_claim(db, claim.id, claim.revision)
            found.append(Picture(claim, [e for e in evidence if e.id in cited]))
    return found
