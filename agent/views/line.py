"""A line as one document: its claims, disagreements, and what to ask next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection

import store.claims
import store.lines
import store.remarks.notes
from agent.errors import NotFound
from agent.views.claim import citation_document, claims_page, verdict_document
from agent.views.load import load
from agent.views.model import Citation, ClaimStatus, Report, build

Document = dict[str, Any]


def line_page(
    db: Connection,
    today: str,
    line_id: str,
    *,
    page: int = 1,
    pictures_of: Callable[[Report, str], Sequence[str]] = lambda *_: (),
) -> Document:
    """A line: its claims, disagreements, questions and next lines. Raises NotFound if it is unknown.

    `pictures_of` returns the names of the line's pictures in a report.
    """
    found = next((x for x in store.lines.active(db) if x.id == line_id), None)
    if found is None:
        raise NotFound(f"no line {line_id!r}", "the overview lists them")
    listed = claims_page(db, today, page=page, line=line_id)
    report = build(load(db, today, only=[c["id"] for c in listed["claims"]]))
    notes = [asdict(n) for n in store.remarks.notes.of_line(db, line_id) if n.kind != "sighting"]
    return {
        "id": found.id, "title": found.title, "question": found.question, "claims": listed,
        "categories": list(found.categories),
        "disagreements": [_disagreement(report, *t) for t in report.tensions],
        "questions": _written(report, "questions", line_id), "next": _written(report, "next lines", line_id),
        "notes": notes,
        "pictures": list(pictures_of(report, line_id)),
        "histories": {s.claim.id: [verdict_document(v) for v in s.history] for s in report.statuses},
    }  # fmt: skip


def _disagreement(
    report: Report, status: ClaimStatus, supporting: Citation, adverse: Citation, axes: tuple[str, ...]
) -> Document:
    writing = report.reconciliation(supporting, adverse)
    return {
        "claim": status.claim.id, "text": status.claim.text, "axes": list(axes),
        "for": citation_document(supporting), "against": citation_document(adverse),
        "written_by": writing.writer if writing else None,
        "sentences": [
            {"text": s.text, "cites": _cites(report, s.cites)} for s in (writing.sentences if writing else ())
        ],
    }  # fmt: skip


def _written(report: Report, kind: str, line_id: str) -> list[Document]:
    chosen = [s for found, sentences in report.written(kind) if found.id == line_id for s in sentences]
    return [{"text": s.text, "role": s.role, "cites": _cites(report, s.cites)} for s in chosen]


def _cites(report: Report, ids: tuple[str, ...]) -> list[Document]:
    citations = report.cited
    return [
        {"id": i, "arxiv_id": citations[i].paper.id, "url": citation_document(citations[i])["url"]}
        if i in citations else {"id": i, "arxiv_id": None, "url": None}
        for i in ids
    ]  # fmt: skip
