"""Drive one run of the graph, from its first node or from where it was interrupted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from langgraph.checkpoint.sqlite import SqliteSaver

import store.calls
import store.claims
import store.lines
import store.runs
from agent.errors import UsageError
from agent.logs import run_log, tell
from agent.run.graph import build
from agent.run.parts import Parts
from agent.run.state import RunState
from agent.tracing import span
from store.records import Run

Listener = Callable[[dict[str, Any]], None]


def new_run_id(now: datetime, parts: Parts) -> str:
    """An unused run id for this home; ids sort by time."""
    base = now.strftime("run-%Y%m%d-%H%M%S")
    taken = (base, *(f"{base}-{n}" for n in range(2, 100)))
    return next(i for i in taken if not parts.home.run_folder(i).exists())


def start(
    parts: Parts, as_of: str, claims: list[str], lines: list[str], listen: Listener, workers: int
) -> Run:
    """Run the whole graph. Raises UsageError for unknown claims or lines, or a day before the last run."""
    _check_names(parts, claims, lines)
    _check_day(parts, as_of)
    run_id = new_run_id(parts.clock.now(), parts)
    begin = RunState(run_id=run_id, as_of=as_of, only_claims=claims, only_lines=lines)
    return _drive(parts, run_id, begin, listen, workers)


def resume(parts: Parts, run_id: str, listen: Listener, workers: int) -> Run:
    """Resume an interrupted run. A finished one is returned as it is.

    If another judge is configured now, a new run takes its place: a verdict rests on the answers of one
    judge, and the papers to look at depend on what that judge has already read.
    """
    with parts.ledger.read() as db:
        run = store.runs.get(db, run_id)
    if run is None:
        raise UsageError(f"no run {run_id} in {parts.home.root}", "retest status --json names the last run")
    if run.finished_at:
        return run
    if run.judge != parts.judge.name:
        return _begin_anew(parts, run, listen, workers)
    _count_spent(parts, run_id)
    try:
        return _drive(parts, run_id, None, listen, workers)
    except (KeyError, TypeError, ValueError) as error:  # what an earlier version left may not fit this one
        raise UsageError(
            f"run {run_id} cannot be resumed ({type(error).__name__}: {error})", "start a new run"
        ) from error


def _begin_anew(parts: Parts, run: Run, listen: Listener, workers: int) -> Run:
    """Give up a run, and start one over the same claims with the judge that is configured now."""
    with SqliteSaver.from_conn_string(str(parts.home.checkpoints(run.id))) as saver:
        asked = build(saver).get_state({"configurable": {"thread_id": run.id}}).values
    reason = f"given up: {parts.judge.name} judges now, where {run.judge} did"
    with parts.ledger.write() as db:
        store.runs.finish(db, replace(run, health="degraded", reasons=(reason,), finished_at=parts.now()))
    claims, lines = list(asked.get("only_claims", [])), list(asked.get("only_lines", []))
    return start(parts, run.as_of, claims, lines, listen, workers)


def _count_spent(parts: Parts, run_id: str) -> None:
    """Count what a run spent before it was interrupted towards its cap."""
    with parts.ledger.read() as db:
        spent = store.calls.spent(db, run_id)
    for claim, row in spent.items():
        parts.budget.before(claim, parts.budget.cost_of(row))


def _drive(parts: Parts, run_id: str, begin: RunState | None, listen: Listener, workers: int) -> Run:
    folder = parts.home.run_folder(run_id)
    folder.mkdir(parents=True, exist_ok=True)
    # Streaming occupies one of LangGraph's threads: with only one thread it would wait forever.
    config = {"configurable": {"thread_id": run_id}, "max_concurrency": workers + 1}
    with SqliteSaver.from_conn_string(str(parts.home.checkpoints(run_id))) as saver:
        graph = build(saver)
        listen({"stage": "run", "run_id": run_id})
        with run_log(folder / "log.jsonl", parts.secrets), span("retest.run", run=run_id):
            tell("begins" if begin else "resumes", run=run_id, settings=parts.settings)
            for event in graph.stream(begin, config, context=parts, stream_mode="custom", durability="sync"):
                listen(event)
                if "total" in event:
                    tell("stage", **event)
            _log_end(parts, run_id)
    with parts.ledger.read() as db:
        run = store.runs.get(db, run_id)
    if run is None or run.finished_at is None:
        raise UsageError(f"run {run_id} cannot be resumed: its checkpoints are lost", "start a new run")
    return run


def _log_end(parts: Parts, run_id: str) -> None:
    with parts.ledger.read() as db:
        run = store.runs.get(db, run_id)
    if run:
        tell("ends", run=run_id, health=run.health, reasons=run.reasons, counts=run.counts)


def _check_names(parts: Parts, claims: list[str], lines: list[str]) -> None:
    with parts.ledger.read() as db:
        known = {c.id for c in store.claims.active(db)}
        known_lines = {line.id for line in store.lines.active(db)}
    for name in claims:
        if name not in known:
            raise UsageError(f"no claim {name!r}", "retest status lists them")
    for name in lines:
        if name not in known_lines:
            raise UsageError(f"no line {name!r}", f"known lines: {', '.join(sorted(known_lines)) or 'none'}")
    if not known:
        raise UsageError(
            f"no claims in {parts.home.root}", "run: retest start, or retest init for the built-in claims"
        )


def _check_day(parts: Parts, as_of: str) -> None:
    """History only grows: a run as of an earlier day would judge the past with later evidence."""
    with parts.ledger.read() as db:
        last = store.runs.latest(db)
    if last and as_of < last.as_of:
        raise UsageError(
            f"this home was retested as of {last.as_of}, which is after {as_of}",
            "use a separate home for past dates: set RETEST_HOME to a new folder",
        )
