"""Settings, their origins, and health checks."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from agent.settings import shown
from agent.web.render import page
from agent.web.shared import Changes, StateOf
from agent.web.state import AppState
from agent.wiring.doctor import CHECKS, NETWORK, outcome
from agent.wiring.model_check import last_check

router = APIRouter()


@router.get("/settings")
def settings(request: Request, state: StateOf) -> Response:
    """Every setting, with keys masked, and the health checks that need no network."""
    return _page(request, state, has_asked=False)


@router.post("/settings/ask", dependencies=[Changes])
def ask(request: Request, state: StateOf) -> Response:
    """The same, including the network checks; as they send requests, this needs a POST from our own form."""
    return _page(request, state, has_asked=True)


@router.post("/settings/model", dependencies=[Changes])
def check_model(state: StateOf) -> Response:
    """Check the LLM in the background; the page shows the result."""
    state.begin_model_check()
    return RedirectResponse("/settings#model", status_code=303)


def _page(request: Request, state: AppState, *, has_asked: bool) -> Response:
    chosen = {name: check for name, check in CHECKS.items() if has_asked or name not in NETWORK}
    checks = {name: outcome(check, state.settings) for name, check in chosen.items()}
    return page(
        request, "settings.html", rows=shown(state.settings), checks=checks, has_asked=has_asked,
        model=state.settings.model, has_llm=bool(state.settings.api_key or state.settings.base_url),
        check=last_check(state.settings), is_checking=state.is_checking_model(),
    )  # fmt: skip
