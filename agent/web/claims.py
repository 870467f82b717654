"""Pages of claims and lines."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, get_args

from fastapi import APIRouter, Query, Request, Response

from agent.errors import NotFound
from agent.reports import charts, pictures
from agent.reports.building import make
from agent.views.claim import claim_page, claims_page
from agent.views.line import line_page
from agent.views.run import overview_page
from agent.web.render import page
from agent.web.shared import StateOf
from store.records import VerdictName
from store.standing import STANDINGS

router = APIRouter()
Words = Annotated[str, Query(max_length=200)]
Page = Annotated[int, Query(ge=1, le=100_000)]


@router.get("/claims")
def claims(
    request: Request, state: StateOf, q: Words = "", line: Words = "", verdict: Words = "", tag: Words = "",
    page_number: Annotated[int, Query(alias="page", ge=1, le=100_000)] = 1,
) -> Response:  # fmt: skip
    """Search claims; every filter is in the URL."""
    with state.read() as db:
        found = claims_page(db, state.today, page=page_number, words=q, line=line, verdict=verdict, tag=tag)
        lines = overview_page(db, state.today)["lines"]
    chosen = {"q": q, "line": line, "verdict": verdict, "tag": tag}
    return page(request, "claims.html", found=found, lines=lines, chosen=chosen, verdicts=STANDINGS)


@router.get("/claims/{claim_id}")
def claim(request: Request, state: StateOf, claim_id: str) -> Response:
    """A claim: verdict, history, quotes on each side, why it has no other verdict, and scope."""
    with state.read() as db:
        return page(request, "claim.html", claim=claim_page(db, state.today, claim_id),
                    verdicts=get_args(VerdictName))  # fmt: skip


@router.get("/lines/{line_id}")
def line(
    request: Request, state: StateOf, line_id: str,
    page_number: Annotated[int, Query(alias="page", ge=1, le=100_000)] = 1,
) -> Response:  # fmt: skip
    """A line: its claims, how their verdicts changed, what disagrees, and why."""
    with state.read() as db:
        return page(
            request,
            "line.html",
            line=line_page(db, state.today, line_id, page=page_number, pictures_of=pictures.names_of_line),
        )


@router.get("/lines/{line_id}/{name}.svg")
def chart(state: StateOf, line_id: str, name: str) -> Response:
    """A picture of a line."""
    with state.read() as db:
        drawn = pictures.of_line(make(db, state.today, lines=[line_id]).report, line_id, name)
    if drawn is None:
        raise NotFound(f"no picture {name!r}", f"choose one of {', '.join(pictures.OF_LINE)}")
    return Response(_svg(drawn.described), media_type="image/svg+xml")


@lru_cache(maxsize=64)
def _svg(description: str) -> str:
    """A picture as SVG, cached by its description."""
    return charts.svg_of(description)
