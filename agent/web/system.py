"""Settings, where each came from, and what is wrong."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from agent.settings import shown
from agent.web.render import page
from agent.web.shared import HouseOf
from agent.wiring.doctor import CHECKS, NETWORK, outcome

router = APIRouter()


@router.get("/settings")
def settings(request: Request, house: HouseOf, ask: Annotated[bool, Query()] = False) -> Response:
    """Every setting, keys masked, and what the doctor finds; arXiv and the LLM are asked only on request."""
    checks = {
        name: outcome(check, house.settings) for name, check in CHECKS.items() if ask or name not in NETWORK
    }
    return page(request, "settings.html", rows=shown(house.settings), checks=checks, has_asked=ask)
