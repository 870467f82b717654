"""The page of a paper."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from agent.views.paper import paper_page
from agent.web.render import page
from agent.web.shared import HouseOf

router = APIRouter()


@router.get("/papers/{paper_id:path}")
def paper(request: Request, state: HouseOf, paper_id: str) -> Response:
    """A paper: its findings, what it is evidence of, its quotes in their passages."""
    with state.read() as db:
        return page(request, "paper.html", paper=paper_page(db, paper_id))
