"""Settings, where each came from, and what is wrong."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from agent.settings import shown
from agent.web.render import page
from agent.web.shared import Changes, HouseOf
from agent.web.state import AppState
from agent.wiring.doctor import CHECKS, NETWORK, outcome

router = APIRouter()


@router.get("/settings")
def settings(request: Request, state: HouseOf) -> Response:
    """Every setting, keys masked, and what the doctor finds without asking anybody."""
    return _page(request, state, has_asked=False)


@router.post("/settings/ask", dependencies=[Changes])
def ask(request: Request, state: HouseOf) -> Response:
    """The same, with arXiv and the model asked: for that reaches out, it takes a form of ours."""
    return _page(request, state, has_asked=True)


def _page(request: Request, state: AppState, *, has_asked: bool) -> Response:
    chosen = {name: check for name, check in CHECKS.items() if has_asked or name not in NETWORK}
    checks = {name: outcome(check, state.settings) for name, check in chosen.items()}
    return page(request, "settings.html", rows=shown(state.settings), checks=checks, has_asked=has_asked)
