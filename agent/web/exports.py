"""The report, in all its formats."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

import store.claims
import store.lines
from agent.errors import NotFound
from agent.reports.building import make
from agent.reports.forms import FORMS
from agent.web.render import page
from agent.web.shared import StateOf

router = APIRouter()
Words = Annotated[str, Query(max_length=200)]


@router.get("/report")
def report(request: Request, state: StateOf, line: Words = "", since: Words = "") -> Response:
    """Choose what a report covers and its format."""
    with state.read() as db:
        lines = store.lines.active(db)
    return page(request, "report.html", lines=lines, line=line, since=since, forms=FORMS)


@router.get("/report/export")
def export(state: StateOf, form: Words, line: Words = "", claim: Words = "", since: Words = "") -> Response:
    """A report as a file."""
    if form not in FORMS:
        raise NotFound(f"no format {form!r}", f"choose one of {', '.join(FORMS)}")
    with state.read() as db:
        made = make(
            db, state.today, lines=[line] if line else (), claims=[claim] if claim else (), since=since
        )
    chosen = FORMS[form]
    name = f"claim-status-{state.today}.{chosen.suffix}"
    return Response(chosen.render(made), media_type=chosen.media,
                    headers={"Content-Disposition": f'attachment; filename="{name}"'})  # fmt: skip
