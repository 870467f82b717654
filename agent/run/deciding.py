"""Decide by the rule, and record the run at its end."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

from langgraph.runtime import Runtime
from sqlalchemy import Connection

import store.calls
import store.claims
import store.evidence
import store.papers
import store.runs
import store.verdicts
from agent.core import rule
from agent.core.confidence import Calibration
from agent.core.window import certain_day, existed_by, window_start
from agent.run import judge_calls
from agent.run.candidates import claim_of, claims_of
from agent.run.collecting import looked_until
from agent.run.parts import Parts
from agent.run.state import RunState
from store.home.files import write_atomically
from store.records import Claim, Evidence, Retest, Run, Verdict


def decide(state: RunState, runtime: Runtime[Parts]) -> RunState:
    """Give every due claim its verdict, appended only if it says something new.

    A claim that is not due is decided again if evidence behind its verdict lapsed.
    """
    parts, changed, flipped, due = runtime.context, 0, 0, set(state["claim_ids"])
    for claim_id in [*state["claim_ids"], *state.get("also", [])]:
        with parts.ledger.write() as db:
            claim = claim_of(parts, state, claim_id)
            previous = store.verdicts.present(db, claim.id, claim.revision)
            # A claim retired since the search was not among those that papers were ranked for.
            if claim_id in due and claim_id in claims_of(parts, state):
                store.runs.save_retest(db, _retest(db, parts, claim, state))
            verdict = _settled(db, parts, claim, previous, state, is_due=claim_id in due)
            if verdict:
                store.verdicts.save(db, verdict)
        changed += verdict is not None
        flipped += bool(verdict and previous and verdict.name != previous.name)
    return {"counts": {"verdicts_appended": changed, "verdicts_flipped": flipped}}


def is_healthy(state: RunState) -> bool:
    """Whether the search was healthy, so that finding nothing means something."""
    return not state.get("problems")


def _retest(db: Connection, parts: Parts, claim: Claim, state: RunState) -> Retest:
    last = store.runs.last_healthy(db, claim.id, claim.revision, parts.source.name, parts.judge.name)
    kept = len(store.runs.kept(db, state["run_id"], claim.id))
    return Retest(
        run_id=state["run_id"],
        claim_id=claim.id,
        revision=claim.revision,
        source=parts.source.name,
        judge=parts.judge.name,
        window_from=window_start(claim.as_of, looked_until(parts.source.name, last)),
        window_to=_window_to(db, parts, state["as_of"]),
        seen_through=store.papers.last_seq(db),
        screened=state["counts"].get(f"screened:{claim.id}", 0),
        relevant=kept,
        judged=kept,
        healthy=is_healthy(state),
        finished_at=parts.now(),
    )


def _window_to(db: Connection, parts: Parts, as_of: str) -> str:
    """How far the source could see: a snapshot ends with its newest paper."""
    newest = store.papers.newest_date(db, "snapshot") if parts.source.name == "snapshot" else as_of
    return min(as_of, certain_day(newest)) if newest else as_of


def _settled(
    db: Connection, parts: Parts, claim: Claim, previous: Verdict | None, state: RunState, *, is_due: bool
) -> Verdict | None:
    """The claim's new verdict, if there is one. For a claim that is not due this run searched nothing."""
    all_evidence = store.evidence.of_claim(db, claim.id, claim.revision)
    lapsed = store.evidence.lapsed(db, claim.id, claim.revision)
    judge = parts.judge.name if is_due else _judge_of(previous, all_evidence, parts.judge.name)
    usable = [e for e in all_evidence if e.judge == judge and existed_by(e.published, state["as_of"])]
    unasked = store.calls.unasked(db, claim.id) if parts.screener else set()
    relevant = len(store.runs.relevant_papers(db, claim.id, claim.revision) - unasked)
    calibration = Calibration(*parts.judge.calibration)
    proposed = rule.decide_claim(
        claim, usable, relevant=relevant, healthy=is_healthy(state) and is_due,
        open_from=parts.judge.open_from if judge == parts.judge.name else rule.NEVER_OPEN,
        calibration=calibration,
    )  # fmt: skip
    seen = frozenset(e.id for e in all_evidence if e.run_id != state["run_id"])
    verdict = rule.settle(previous, proposed, seen, lapsed)
    if verdict is None:
        return None
    return replace(
        verdict,
        claim_id=claim.id,
        revision=claim.revision,
        run_id=state["run_id"],
        decided_at=parts.now(),
    )


def _judge_of(previous: Verdict | None, evidence: list[Evidence], otherwise: str) -> str:
    """The judge whose evidence a verdict cites, or `otherwise`."""
    cited = set(previous.evidence_ids) if previous else set()
    return next((e.judge for e in evidence if e.id in cited), otherwise)


def report(state: RunState, runtime: Runtime[Parts]) -> RunState:
    """Close the run in the ledger and write its files."""
    parts = runtime.context
    problems = tuple(state.get("problems", []))
    with parts.ledger.read() as db:
        run = store.runs.get(db, state["run_id"])
        if run is None:
            raise KeyError(state["run_id"])
        health = "degraded" if problems else "complete"
        counts = {k: v for k, v in state["counts"].items() if not k.startswith("screened:")}
        counts |= _costs(db, parts, run.id, counts)
        counts |= {"notices": state.get("notices", [])}
        counts |= {k: max(v, counts.get(k, 0)) for k, v in parts.source.counts.items()}
        ended = replace(run, health=health, reasons=problems, counts=counts, finished_at=parts.now())
    # Files first: a run interrupted before it is marked as finished can still be resumed.
    write_files(parts, ended)
    with parts.ledger.write() as db:
        store.runs.finish(db, ended)
    return {}


def _costs(db: Connection, parts: Parts, run_id: str, counts: dict[str, Any]) -> dict[str, Any]:
    """Dollars, calls and tokens of a run and of each claim, and how often the cascade misses."""
    by_claim = {
        claim: {
            **spent,
            "usd": round(parts.budget.cost_of(spent), 6),
        }
        for claim, spent in store.calls.spent(db, run_id).items()
    }
    costs: dict[str, Any] = {"spent_usd": round(parts.budget.spent, 6), "spent_by_claim": by_claim}
    missed = judge_calls.miss_rate(counts)
    return costs if missed is None else costs | {"cascade_miss_rate": missed}


def write_files(parts: Parts, run: Run) -> None:
    """Write run.json, calls.jsonl and report.md into the run's folder."""
    folder = parts.home.run_folder(run.id)
    with parts.ledger.read() as db:
        calls = store.calls.of_run(db, run.id)
        text = parts.report(db, run)
    write_atomically(folder / "run.json", json.dumps(asdict(run), indent=1) + "\n")
    write_atomically(folder / "calls.jsonl", "".join(json.dumps(asdict(c)) + "\n" for c in calls))
    write_atomically(folder / "report.md", text)
