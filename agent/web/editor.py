"""Edit claims by hand: add, edit, retire, override, import with a preview. No verdict is written here."""

from __future__ import annotations

from typing import Annotated, get_args

from fastapi import APIRouter, Form, Request, Response, UploadFile
from fastapi.responses import RedirectResponse

import store.claims
import store.lines
from agent.claims import editing, importing, intake
from agent.errors import UsageError
from agent.views.claim import claim_page
from agent.web.render import page
from agent.web.shared import Changes, StateOf
from agent.web.state import AppState
from agent.wiring.vectors import embed_texts
from store.records import AXES, VerdictName

router = APIRouter()
MOST_BYTES = 1_000_000
Text = Annotated[str, Form(max_length=20_000)]


@router.get("/editor")
def editor(request: Request, state: StateOf, edit: str = "") -> Response:
    """Forms to add or edit a claim, and to import many."""
    with state.read() as db:
        lines = store.lines.active(db)
        claim = claim_page(db, state.today, edit) if edit else None
    return page(request, "editor.html", lines=lines, claim=claim, axes=AXES, found=None, text="", title="",
                merge="known", chosen="")  # fmt: skip


@router.post("/editor/claim", dependencies=[Changes])
def save(
    state: StateOf, text: Text, line: Annotated[list[str] | None, Form()] = None, as_of: Text = "",
    sources: Text = "", question: Text = "", limitation: Text = "", claim: Text = "",
) -> Response:  # fmt: skip
    """Add a claim, or save a new revision of one."""
    fields = dict(editing.FIELDS) | {
        "text": " ".join(text.split()), "lines": tuple(line or ()), "as_of": as_of.strip() or None,
        "sources": tuple(sources.split()), "question": question.strip(), "limitation": limitation.strip(),
    }  # fmt: skip
    with state.write() as db:
        if claim:
            store.claims.save(
                db, editing.changed(db, editing.claim_of(db, claim), fields, state.now), state.now
            )
        else:
            claim = editing.added(db, fields, state.now)
    return _to(claim)


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
    file: UploadFile | None = None, title: Text = "", line: Text = "", merge: Text = "known",
) -> Response:  # fmt: skip
    """Show what importing a document would do; nothing is written."""
    if file is not None and file.filename:
        text, title = _decoded(await file.read(MOST_BYTES + 1), file.filename), file.filename
    name = title or "pasted text"
    prepared = _prepared(state, text, name, line, preview=True)
    found = intake.document_of(prepared, merge)
    with state.read() as db:
        lines = store.lines.active(db)
    return page(request, "editor.html", lines=lines, claim=None, axes=AXES, found=found, text=text,
                title=name, merge=merge, chosen=line)  # fmt: skip


@router.post("/editor/import", dependencies=[Changes])
def take_in(
    state: StateOf, text: Annotated[str, Form(max_length=MOST_BYTES)], title: Text = "", line: Text = "",
    merge: Text = "known",
) -> Response:  # fmt: skip
    """Import the previewed document."""
    prepared = _prepared(state, text, title or "pasted text", line, preview=False)
    with state.write() as db:
        intake.taken_in(db, prepared, merge, state.now)
    return RedirectResponse(f"/lines/{prepared.lines[0].id}", status_code=303)


def _prepared(state: AppState, text: str, title: str, line: str, *, preview: bool) -> importing.Import:
    if not text.strip():
        raise UsageError("nothing to import", "paste a document or choose a file")
    with state.read() as db:
        active, lines, ids = store.claims.active(db), store.lines.active(db), store.claims.every_id(db)
    document = intake.recognised(text, title)
    into = intake.line_for(lines, line or None, document.question, preview=preview)
    return importing.prepare(document, into, active, embed_texts(state.settings), ids)


def _decoded(body: bytes, name: str) -> str:
    if len(body) > MOST_BYTES:
        raise UsageError(f"{name} has more than {MOST_BYTES // 10**6} MB", "import it in parts")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = body[: error.start].count(b"\n") + 1
        raise UsageError(f"{name}, line {number}: not UTF-8 text", "save it as UTF-8") from error


def _to(claim_id: str) -> Response:
    return RedirectResponse(f"/claims/{claim_id}", status_code=303)
