"""The login page, where people on other machines enter the token once."""

from __future__ import annotations

import hmac
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from agent.web.guards import TOKEN, Access, cookie
from agent.web.render import page
from agent.web.shared import Changes

router = APIRouter()


@router.get("/login")
def login(request: Request) -> Response:
    """Ask for the token."""
    return page(request, "login.html", wrong=False)


@router.post("/login", dependencies=[Changes])
def enter(request: Request, token: Annotated[str, Form(max_length=200)] = "") -> Response:
    """Log in with the token."""
    access: Access = request.app.state.access
    if not access.token or not hmac.compare_digest(token.encode(), access.token.encode()):
        return page(request, "login.html", 403, wrong=True)
    answer = RedirectResponse("/", status_code=303)
    answer.headers.append("Set-Cookie", cookie(TOKEN, access.pass_of(), access))
    return answer
