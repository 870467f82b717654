"""Edit claims by hand: add, edit, retire, override, import with a preview. No verdict is written here."""

from __future__ import annotations

from typing import Annotated, Any, get_args

from fastapi import APIRouter, Form, Request, Response, UploadFile
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection

import store.claims
import store.lines
from agent.claims import editing, importing, intake, lines
from agent.claims.reading.files import MOST_BYTES, text_of
from agent.claims.reading.pieces import CLAIMS
from agent.errors import UsageError
from agent.views.claim import claim_page
from agent.web.render import page
from agent.web.shared import Changes, StateOf
from agent.web.state import AppState
from agent.wiring.vectors import embed_texts
from store.records import AXES, VerdictName

router = APIRouter()
Text = Annotated[str, Form(max_length=20_000)]


@router.get("/editor")
def editor(request: Request, state: StateOf, edit: str = "") -> Response:
    """Forms to add or edit a claim, and to import many."""
    with state.read() as db:
        claim = claim_page(db, state.today, edit) if edit else None
    return _page(request, state, claim=claim)


def _page(request: Request, state: AppState, status: int = 200, **more: Any) -> Response:
    with state.read() as db:
        every = store.lines.every(db)
    shown = {"claim": None, "found": None, "text": "", "title": "", "merge": "known", "chosen": "",
             "new_line": "", "error": None, "axes": AXES}  # fmt: skip
    active, archived = ([x for x in every if x.archived is is_] for is_ in (False, True))
    return page(request, "editor.html", status, lines=active, archived=archived, **(shown | more))


@router.post("/editor/claim", dependencies=[Changes])
def save(
    request: Request, state: StateOf, text: Text, line: Annotated[list[str] | None, Form()] = None,
    new_line: Text = "", as_of: Text = "", sources: Text = "", question: Text = "", limitation: Text = "",
    claim: Text = "",
) -> Response:  # fmt: skip
    """Add a claim, or save a new revision of one. If something is wrong, what was typed is kept."""
    fields = dict(editing.FIELDS) | {
        "text": " ".join(text.split()), "lines": tuple(line or ()), "as_of": as_of.strip() or None,
        "sources": tuple(sources.split()), "question": question.strip(), "limitation": limitation.strip(),
        "new_line": new_line.strip() or None,
    }  # fmt: skip
    try:
        with state.write() as db:
            claim = _saved(db, claim, fields, state.now)
    except UsageError as error:
        typed = {"id": claim, "text": text, "lines": line or [], "as_of": as_of, "sources": sources.split(),
                 "durable_question": question, "perishable_limitation": limitation}  # fmt: skip
        return _page(request, state, 400, claim=typed, new_line=new_line, error=error)
    return _to(claim)


def _saved(db: Connection, claim_id: str, fields: dict[str, Any], now: str) -> str:
    if not claim_id:
        return editing.added(db, fields, now)
    store.claims.save(db, editing.changed(db, editing.claim_of(db, claim_id), fields, now), now)
    return claim_id


@router.post("/claims/{claim_id}/override", dependencies=[Changes])
def override(
    state: StateOf, claim_id: str, verdict: Text, reason: Text = "", by: Text = "", condition: Text = ""
) -> Response:
    """Override the rule's verdict, or lift the override. It is shown as one, with its author and reason."""
    name: VerdictName | None = next((v for v in get_args(VerdictName) if v == verdict), None)
    if name is None and verdict != "lift":
        raise UsageError(f"{verdict!r} is not a verdict", "choose one of the three, or lift")
    with state.write() as db:
        editing.overridden(db, claim_id, name, condition, reason, by, state.now)
    return _to(claim_id)


@router.post("/claims/{claim_id}/tags", dependencies=[Changes])
def tags(state: StateOf, claim_id: str, words: Text = "") -> Response:
    """Set a claim's tags."""
    wanted = editing.tags_of([w for w in words.split(",") if w.strip()])
    with state.write() as db:
        claim = editing.claim_of(db, claim_id)
        store.claims.tag(db, claim_id, add=wanted, remove=[t for t in claim.tags if t not in wanted])
    return _to(claim_id)


@router.post("/claims/{claim_id}/retire", dependencies=[Changes])
def retire(state: StateOf, claim_id: str) -> Response:
    """Exclude a claim from retesting; nothing is deleted."""
    with state.write() as db:
        store.claims.retire(db, editing.claim_of(db, claim_id).id)
    return RedirectResponse("/claims", status_code=303)


@router.post("/editor/preview", dependencies=[Changes])
async def preview(
    request: Request, state: StateOf, text: Annotated[str, Form(max_length=MOST_BYTES)] = "",
    file: UploadFile | None = None, title: Text = "", line: Text = "", new_line: Text = "",
    merge: Text = "known",
) -> Response:  # fmt: skip
    """Show what importing a document would do; nothing is written."""
    typed: dict[str, Any] = {"merge": merge, "chosen": line, "new_line": new_line}
    try:
        if file is not None and file.filename:
            text, title = text_of(await file.read(MOST_BYTES + 1), file.filename), file.filename
        name = title or "pasted text"
        prepared = _prepared(state, text, name, line, new_line, preview=True)
    except UsageError as error:
        return _page(request, state, 400, text=text, title=title, error=error, **typed)
    found = intake.document_of(prepared, merge)
    return _page(request, state, found=found, text=text, title=name, **typed)


@router.post("/editor/import", dependencies=[Changes])
def take_in(
    state: StateOf, text: Annotated[str, Form(max_length=MOST_BYTES)], title: Text = "", line: Text = "",
    new_line: Text = "", merge: Text = "known",
) -> Response:  # fmt: skip
    """Import the previewed document."""
    prepared = _prepared(state, text, title or "pasted text", line, new_line, preview=False)
    with state.write() as db:
        intake.taken_in(db, prepared, merge, state.now)
    return RedirectResponse(f"/lines/{prepared.lines[0].id}", status_code=303)


def _prepared(
    state: AppState, text: str, title: str, line: str, new_line: str, *, preview: bool
) -> importing.Import:
    if not text.strip():
        raise UsageError("nothing to import", "paste a document or choose a file")
    with state.read() as db:
        active, every, ids = store.claims.active(db), store.lines.every(db), store.claims.every_id(db)
        new = lines.new_line(db, new_line) if new_line.strip() else None
    document = intake.recognised(text, title)
    if not document.of(*CLAIMS):
        raise UsageError(f"no claim was found in {title}", "write each claim as a list item")
    into = new or intake.line_for(every, line or None, document.question, preview=preview)
    return importing.prepare(document, into, active, embed_texts(state.settings), ids, state.now[:7])


def _to(claim_id: str) -> Response:
    return RedirectResponse(f"/claims/{claim_id}", status_code=303)
