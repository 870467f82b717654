"""Start a line in the browser: three questions, then a table of claims to look through."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response, UploadFile
from fastapi.responses import RedirectResponse

import store.claims
import store.lines
from agent.arxiv_ids import mentions
from agent.claims import categories as arxiv
from agent.claims import editing, importing, intake, lines
from agent.claims.reading import references
from agent.claims.reading.files import MOST_BYTES, text_of
from agent.claims.reading.pieces import CLAIMS, Document
from agent.errors import RetestError, UsageError
from agent.web.editing.editor import Text
from agent.web.render import page
from agent.web.shared import Changes, StateOf
from agent.web.state import AppState
from agent.wiring.from_papers import document_cited, document_from
from agent.wiring.vectors import embed_texts

router = APIRouter()
Texts = Annotated[list[str] | None, Form()]


@router.get("/start")
def form(request: Request, state: StateOf) -> Response:
    """The three questions."""
    return _form(request, {"categories": state.settings.arxiv_categories})


@router.post("/start", dependencies=[Changes])
async def look(
    request: Request, state: StateOf, title: Text = "", question: Text = "", categories: Text = "",
    text: Annotated[str, Form(max_length=MOST_BYTES)] = "", papers: Text = "", file: UploadFile | None = None,
) -> Response:  # fmt: skip
    """What was understood, as a table whose every row can be changed. Nothing is written."""
    typed = {"title": title, "question": question, "categories": categories, "text": text, "papers": papers}
    try:
        name = "pasted text"
        if file is not None and file.filename:
            text, name = text_of(await file.read(MOST_BYTES + 1), file.filename), file.filename
        rows, beside = _read(state, typed | {"text": text}, name)
    except RetestError as error:
        return _form(request, typed, error)
    return page(request, "start_rows.html", typed=typed, rows=rows, beside=beside, error=None)


@router.post("/start/add", dependencies=[Changes])
def add(
    request: Request, state: StateOf, title: Text = "", question: Text = "", categories: Text = "",
    claim: Texts = None, as_of: Texts = None, sources: Texts = None, keep: Texts = None, run: Text = "",
) -> Response:  # fmt: skip
    """Add the line and the claims that were kept."""
    typed = {"title": title, "question": question, "categories": categories}
    given = [
        {
            "number": n,
            "text": text,
            "as_of": month,
            "sources": ids,
            "keep": str(n) in (keep or ()),
            "note": "",
        }
        for n, (text, month, ids) in enumerate(zip(claim or (), as_of or (), sources or (), strict=False))
    ]
    try:
        with state.write() as db:
            line = lines.added(db, title, question, _own(state, categories))
            ids = [_add_claim(db, row, line.id, state.now) for row in given if row["keep"]]
    except UsageError as error:
        return page(request, "start_rows.html", 400, typed=typed, rows=given, beside=[], error=error)
    if run and ids:
        state.begin_run(ids)
        return RedirectResponse("/runs?begun=1", status_code=303)
    return RedirectResponse(f"/lines/{line.id}", status_code=303)


def _form(request: Request, typed: dict[str, str], error: RetestError | None = None) -> Response:
    blank = dict.fromkeys(("title", "question", "categories", "text", "papers"), "")
    status = 400 if error else 200
    return page(request, "start.html", status, typed=blank | typed, error=error, categories=arxiv.names())


def _own(state: AppState, categories: str) -> str:
    """The line's own categories: none if they are those of the settings."""
    return "" if categories.strip() == state.settings.arxiv_categories else categories


def _read(
    state: AppState, typed: dict[str, str], name: str
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The claims found, and the other parts of the document. Raises UsageError naming what is missing."""
    with state.read() as db:
        line = lines.new_line(db, typed["title"], typed["question"], _own(state, typed["categories"]))
        known, ids = store.claims.active(db), store.claims.every_id(db)
    document, missing = _document(state, typed, name)
    if not document.of(*CLAIMS):
        raise UsageError("no claim was found", "write one a line, or each as a list item")
    prepared = importing.prepare(document, line, known, embed_texts(state.settings), ids, state.now[:7])
    found = intake.document_of(prepared, intake.LOOKED_THROUGH)
    absent = [{"kind": "reference", "place": "not found on arXiv", "text": title} for title in missing]
    return [_row(n, row) for n, row in enumerate(found["claims"])], [*absent, *found["beside"]]


def _document(state: AppState, typed: dict[str, str], name: str) -> tuple[Document, list[str]]:
    """What was typed, pasted or cited, and the references not found."""
    if typed["text"].strip():
        if references.is_list(name):
            return document_cited(state.settings, typed["text"], name)
        return intake.recognised(intake.as_list(typed["text"]), name), []
    if ids := [m.id for m in mentions(typed["papers"]) if m.id]:
        return document_from(state.settings, ids), []
    raise UsageError("there are no claims", "paste them, choose a file, or name papers")


def _row(number: int, claim: dict[str, Any]) -> dict[str, Any]:
    known = [f"{claim['what']}: {claim['same_as']}"] if claim["same_as"] else []
    note = "; ".join([*known, *(w for w in claim["lacks"] if w not in ("arXiv id", "month"))])
    return {
        "number": number, "text": claim["text"], "as_of": claim["as_of"], "note": note,
        "sources": " ".join(claim["sources"]), "keep": not claim["merged"],
    }  # fmt: skip


def _add_claim(db: Any, row: dict[str, Any], line_id: str, now: str) -> str:
    """Add one claim of the table. Raises UsageError naming its row."""
    fields = dict(editing.FIELDS) | {
        "text": " ".join(row["text"].split()), "lines": (line_id,), "as_of": row["as_of"].strip() or None,
        "sources": tuple(row["sources"].split()),
    }  # fmt: skip
    try:
        return editing.added(db, fields, now)
    except UsageError as error:
        raise UsageError(f"claim {row['number'] + 1}: {error.message}", error.way_out) from error
