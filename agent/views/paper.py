"""A paper as one document: its findings, what it is evidence of, its text with the quotes marked."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

import store.evidence
import store.papers
from agent.arxiv_ids import parse_id
from agent.core.key_findings import key_findings
from agent.core.quotes import legible
from agent.errors import NotFound
from agent.views.claim import gate_document, paper_fields
from store.records import Evidence, Passage

Document = dict[str, Any]


def paper_page(db: Connection, paper_id: str) -> Document:
    """A paper: its findings, what it is evidence of, and its text with the quotes marked. Raises NotFound."""
    read = parse_id(paper_id)
    paper_id = read.id if read else paper_id
    held = store.papers.get(db, paper_id)
    if held is None:
        raise NotFound(
            f"no paper {paper_id!r} in the ledger", "retest paper show asks where papers come from"
        )
    given = store.evidence.of_paper(db, paper_id)
    texts = sorted({e.text_id for e in given}, reverse=True)
    newest = store.papers.newest_text(db, held)
    text_id = newest[0] if newest else next(iter(texts), None)
    passages = store.papers.passages_of(db, text_id) if text_id is not None else []
    findings = key_findings(passages) if passages else {}
    return paper_fields(held) | {
        "abstract": held.abstract, "authors": list(held.authors), "categories": list(held.categories),
        "withdrawn": held.withdrawn, "comment": held.comment,
        "findings": {name: [f._asdict() for f in held] for name, held in findings.items()},
        "evidence": [_of_paper(e) for e in given],
        "passages": [_marked(p, given) for p in _quoted(passages, given)],
    }  # fmt: skip


def _of_paper(item: Evidence) -> Document:
    return {
        "id": item.id, "claim_id": item.claim_id, "stance": item.stance, "status": item.status,
        "quote": legible(item.quote), "section": item.section, "strength": item.strength,
        "gates": [gate_document(g) for g in item.gates if g.failed],
    }  # fmt: skip


def _quoted(passages: list[Passage], given: list[Evidence]) -> list[Passage]:
    """Passages that hold a quote; of a text read as record, all."""
    held = [p for p in passages if any(_within(e, p) for e in given)]
    return held or passages[:2]


def _within(item: Evidence, passage: Passage) -> bool:
    starts = item.start if item.start is not None else -1
    return item.text_id == passage.text_id and passage.start <= starts < passage.end


def _marked(passage: Passage, given: list[Evidence]) -> Document:
    """A passage in stretches; those that are quotes carry the evidence's id."""
    spans = sorted(
        (max(e.start, passage.start), min(e.end, passage.end), e.id)
        for e in given if _within(e, passage) and e.start is not None and e.end is not None
    )  # fmt: skip
    stretches: list[Document] = []
    at = passage.start
    for start, end, name in spans:
        if start >= at and end > start:
            stretches += [_stretch(passage, at, start, ""), _stretch(passage, start, end, name)]
            at = end
    stretches.append(_stretch(passage, at, passage.end, ""))
    return {
        "section": passage.section,
        "page": passage.page,
        "stretches": [s for s in stretches if s["text"]],
    }


def _stretch(passage: Passage, start: int, end: int, name: str) -> Document:
    return {"text": passage.text[start - passage.start : end - passage.start], "evidence": name}
