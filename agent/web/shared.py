"""What routes ask for."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Form, HTTPException, Request

from agent.web.guards import checks_csrf
from agent.web.house import House


def house_of(request: Request) -> House:
    """The house behind the pages."""
    house: House = request.app.state.house
    return house


def changes(request: Request, csrf: Annotated[str, Form()] = "") -> None:
    """A change has to carry the token of its session. Raises HTTPException 403."""
    if not checks_csrf(request, csrf):
        raise HTTPException(403, "the page was too old for that: load it again")


HouseOf = Annotated[House, Depends(house_of)]
Changes = Depends(changes)
