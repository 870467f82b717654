"""The JSON API: the same documents that the pages show. Described in /api/openapi.json."""

from __future__ import annotations

import threading
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Request

from agent.chat.background import conversed
from agent.web import documents
from agent.web.shared import HouseOf

router = APIRouter(tags=["ledger"])
Words = Annotated[str, Query(max_length=200)]


@router.get("/overview")
def overview(house: HouseOf) -> dict[str, Any]:
    """Lines with their verdicts counted, what the last run changed, its health."""
    with house.read() as db:
        return documents.overview(db, house.today)


@router.get("/claims")
def claims(
    house: HouseOf, q: Words = "", line: Words = "", verdict: Words = "", tag: Words = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> dict[str, Any]:  # fmt: skip
    """One page of claims."""
    with house.read() as db:
        return documents.claims(db, house.today, page=page, words=q, line=line, verdict=verdict, tag=tag)


@router.get("/claims/{claim_id}")
def claim(house: HouseOf, claim_id: str) -> dict[str, Any]:
    """A claim with its history, quotes, gates and why it has no other verdict."""
    with house.read() as db:
        return documents.claim(db, house.today, claim_id)


@router.get("/lines/{line_id}")
def line(house: HouseOf, line_id: str) -> dict[str, Any]:
    """A line with its claims, disagreements and questions."""
    with house.read() as db:
        return documents.line(db, house.today, line_id)


@router.get("/papers/{paper_id:path}")
def paper(house: HouseOf, paper_id: str) -> dict[str, Any]:
    """A paper, its findings and what it is evidence of."""
    with house.read() as db:
        return documents.paper(db, paper_id)


@router.get("/runs")
def runs(house: HouseOf) -> list[dict[str, Any]]:
    """The runs, the newest first."""
    with house.read() as db:
        return documents.runs(db)


@router.get("/runs/{run_id}")
def run(house: HouseOf, run_id: str) -> dict[str, Any]:
    """A run, its counts and the verdicts it changed."""
    with house.read() as db:
        return documents.run(db, house.today, run_id)


@router.post("/ask")
def ask(request: Request, house: HouseOf, question: Annotated[str, Body(embed=True, max_length=4000)]) -> Any:
    """Answer a question; what would need a person's yes is not done."""
    del request  # JSON bodies cannot come from a form of another site
    return list(conversed(house.chat, question, None, threading.Event(), lambda _: False))[-1]
