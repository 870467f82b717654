"""Pages about runs: what they did, and live progress of the current one."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

import anyio
from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent

import store.runs
from agent.reports import charts
from agent.reports.pictures import of_runs
from agent.views.run import run_page, runs_page
from agent.web.render import page
from agent.web.shared import Changes, StateOf

router = APIRouter()
TICK, PATIENCE = 0.5, 1200.0
LOG_LINES = 200
ENDS, BROKEN = "ends", "the run ended with an error"
"""What the last line of a run's log says."""


@router.get("/runs")
def runs(request: Request, state: StateOf) -> Response:
    """The runs, and a button to start one."""
    with state.read() as db:
        found = runs_page(db)
    return page(request, "runs.html", runs=found, is_running=state.is_running())


@router.post("/runs", dependencies=[Changes])
def begin(state: StateOf, claim: Annotated[list[str] | None, Form()] = None) -> Response:
    """Start a run; its page exists as soon as the run has an id."""
    state.begin_run(claim or [])
    return RedirectResponse("/runs?begun=1", status_code=303)


@router.get("/runs/screened.svg")
def screened(state: StateOf) -> Response:
    """A chart of how many pairs each run screened."""
    with state.read() as db:
        ended = [r for r in store.runs.recent(db) if r.finished_at]
    return Response(charts.svg_of(of_runs(reversed(ended)).described), media_type="image/svg+xml")


@router.get("/runs/{run_id}")
def run(request: Request, state: StateOf, run_id: str) -> Response:
    """A run: live progress, counts, what it changed, and its log."""
    with state.read() as db:
        found = run_page(db, state.today, run_id)
    log = _lines(state.home.run_folder(found["id"]) / "log.jsonl")
    # A killed process writes no last line, so a log silent for longer than any step takes also means the end.
    is_silent = not log or state.seconds_since(log[-1]["at"]) > PATIENCE
    ended = is_silent or log[-1]["what"] in (ENDS, BROKEN)
    return page(request, "run.html", run=found, log=log[-LOG_LINES:], has_ended=ended)


def log_of(state: StateOf, run_id: str) -> Path:
    """The path of a run's log. Raises NotFound before the response starts."""
    with state.read() as db:
        return state.home.run_folder(run_page(db, state.today, run_id)["id"]) / "log.jsonl"


@router.get("/runs/{run_id}/events", response_class=EventSourceResponse)
async def events(path: Annotated[Path, Depends(log_of)]) -> AsyncIterator[ServerSentEvent]:
    """Stream each stage of a run from its log, until the run has ended."""
    sent, waited = 0, 0.0
    while waited < PATIENCE:
        lines = await anyio.to_thread.run_sync(_lines, path)
        for line in lines[sent:]:
            yield ServerSentEvent(event="stage", data=line)
        waited = 0.0 if len(lines) > sent else waited + TICK
        sent = len(lines)
        if lines and lines[-1]["what"] in (ENDS, BROKEN):
            yield ServerSentEvent(event="end", data={"whole": lines[-1]["what"] == ENDS})
            return
        await anyio.sleep(TICK)


def _lines(path: Path) -> list[dict[str, Any]]:
    """The complete lines of a log."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        return []
    found = []
    for line in text.splitlines()[: text.count("\n")]:
        entry = json.loads(line)
        numbers = {k: entry.get(k) for k in ("stage", "done", "total")}
        found.append({"at": entry["at"][:19], "what": entry["what"], **numbers})
    return found
