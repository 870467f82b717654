"""Reword, archive and restore lines."""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from agent.claims import lines
from agent.web.editing.editor import Text
from agent.web.shared import Changes, StateOf

router = APIRouter()


@router.post("/lines/{line_id}/edit", dependencies=[Changes])
def edit(
    state: StateOf, line_id: str, title: Text = "", question: Text = "", categories: Text = ""
) -> Response:
    """Reword a line, or change where it is searched for."""
    with state.write() as db:
        lines.changed(db, line_id, title, question or None, categories)
    return RedirectResponse(f"/lines/{line_id}", status_code=303)


@router.post("/lines/{line_id}/archive", dependencies=[Changes])
def archive(state: StateOf, line_id: str) -> Response:
    """Stop retesting a line's claims."""
    with state.write() as db:
        lines.archived(db, line_id)
    return RedirectResponse("/editor#archived", status_code=303)


@router.post("/lines/{line_id}/restore", dependencies=[Changes])
def restore(state: StateOf, line_id: str) -> Response:
    """Retest them again."""
    with state.write() as db:
        lines.restored(db, line_id)
    return RedirectResponse(f"/lines/{line_id}", status_code=303)
