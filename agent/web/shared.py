"""What routes ask for."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Form, HTTPException, Request

from agent.web.guards import checks_csrf
from agent.web.state import AppState


def house_of(request: Request) -> AppState:
    """The state behind the pages."""
    state: AppState = request.app.state.retest
    return state


def changes(request: Request, csrf: Annotated[str, Form()] = "") -> None:
    """A change has to carry the token of its session. Raises HTTPException 403."""
    if not checks_csrf(request, csrf):
        raise HTTPException(403, "the page was too old for that: load it again")


HouseOf = Annotated[AppState, Depends(house_of)]
Changes = Depends(changes)
