"""Dependencies shared by the routes."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Form, HTTPException, Request

from agent.web.guards import checks_csrf
from agent.web.state import AppState


def app_state(request: Request) -> AppState:
    """The application state."""
    state: AppState = request.app.state.retest
    return state


def changes(request: Request, csrf: Annotated[str, Form()] = "") -> None:
    """Check that a change carries its session's CSRF token. Raises HTTPException 403 if not."""
    if not checks_csrf(request, csrf):
        raise HTTPException(403, "this page has expired: reload it")


StateOf = Annotated[AppState, Depends(app_state)]
Changes = Depends(changes)
