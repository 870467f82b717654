"""The JSON API: the same documents as the pages. See /api/openapi.json."""

from __future__ import annotations

import threading
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Request

from agent.chat.background import conversed
from agent.reports.pictures import names_of_line
from agent.views.claim import claim_page, claims_page
from agent.views.line import line_page
from agent.views.paper import paper_page
from agent.views.run import overview_page, run_page, runs_page
from agent.web.shared import StateOf

router = APIRouter(tags=["ledger"])
Words = Annotated[str, Query(max_length=200)]


@router.get("/overview")
def overview(state: StateOf) -> dict[str, Any]:
    """Lines with verdict counts, what the last run changed, and its health."""
    with state.read() as db:
        return overview_page(db, state.today)


@router.get("/claims")
def claims(
    state: StateOf, q: Words = "", line: Words = "", verdict: Words = "", tag: Words = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> dict[str, Any]:  # fmt: skip
    """One page of claims."""
    with state.read() as db:
        return claims_page(db, state.today, page=page, words=q, line=line, verdict=verdict, tag=tag)


@router.get("/claims/{claim_id}")
def claim(state: StateOf, claim_id: str) -> dict[str, Any]:
    """A claim with its history, quotes, gates, and why it has no other verdict."""
    with state.read() as db:
        return claim_page(db, state.today, claim_id)


@router.get("/lines/{line_id}")
def line(state: StateOf, line_id: str) -> dict[str, Any]:
    """A line with its claims, disagreements and questions."""
    with state.read() as db:
        return line_page(db, state.today, line_id, pictures_of=names_of_line)


@router.get("/papers/{paper_id:path}")
def paper(state: StateOf, paper_id: str) -> dict[str, Any]:
    """A paper, its findings, and the evidence it provides."""
    with state.read() as db:
        return paper_page(db, paper_id)


@router.get("/runs")
def runs(state: StateOf) -> list[dict[str, Any]]:
    """The runs, newest first."""
    with state.read() as db:
        return runs_page(db)


@router.get("/runs/{run_id}")
def run(state: StateOf, run_id: str) -> dict[str, Any]:
    """A run, its counts and the verdicts it changed."""
    with state.read() as db:
        return run_page(db, state.today, run_id)


@router.post("/ask")
def ask(request: Request, state: StateOf, question: Annotated[str, Body(embed=True, max_length=4000)]) -> Any:
    """Answer a question; actions that need a person's approval are declined."""
    del request  # a form on another site cannot send a JSON body
    return list(conversed(state.chat, question, None, threading.Event(), lambda _: False))[-1]
