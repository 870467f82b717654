"""The page of a paper."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from agent.views.paper import paper_page
from agent.web.render import page
from agent.web.shared import StateOf

router = APIRouter()


@router.get("/papers/{paper_id:path}")
def paper(request: Request, state: StateOf, paper_id: str) -> Response:
    """A paper: its findings, the evidence it provides, and its quotes in context."""
    with state.read() as db:
        return page(request, "paper.html", paper=paper_page(db, paper_id))
