"""The overview page and the health check."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from agent.views.run import overview_page, runs_page
from agent.web.render import page
from agent.web.shared import StateOf

router = APIRouter()


@router.get("/")
def overview(request: Request, state: StateOf) -> Response:
    """The lines, what changed, and the health of the last run."""
    with state.read() as db:
        document = overview_page(db, state.today)
    return page(request, "overview.html", found=document)


@router.get("/healthz")
def healthz(state: StateOf) -> dict[str, Any]:
    """Whether the ledger can be read, and how the last run ended."""
    with state.read() as db:
        found = runs_page(db)[:1]
    return {"status": "ok", "last_run": found[0]["id"] if found else None,
            "health": found[0]["health"] if found else None}  # fmt: skip
