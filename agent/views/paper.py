"""A paper as one document: its findings, the evidence it provides, and its text with the quotes marked."""

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
    """A paper: its findings, evidence and marked passages. Raises NotFound if it is not in the ledger."""
    read = parse_id(paper_id)
    paper_id = read.id if read else paper_id
    paper = store.papers.get(db, paper_id)
    if paper is None:
        raise NotFound(
            f"no paper {paper_id!r} in the ledger", "retest paper show looks it up in the paper source"
        )
    evidence = store.evidence.of_paper(db, paper_id)
    texts = sorted({e.text_id for e in evidence}, reverse=True)
    newest = store.papers.newest_text(db, paper)
    text_id = newest[0] if newest else next(iter(texts), None)
    passages = store.papers.passages_of(db, text_id) if text_id is not None else []
    findings = key_findings(passages) if passages else {}
    return paper_fields(paper) | {
        "abstract": paper.abstract, "authors": list(paper.authors), "categories": list(paper.categories),
        "withdrawn": paper.withdrawn, "comment": paper.comment,
        "findings": {name: [f._asdict() for f in items] for name, items in findings.items()},
        "evidence": [_of_paper(e) for e in evidence],
        "passages": [_marked(p, evidence) for p in _quoted(passages, evidence)],
    }  # fmt: skip


def _of_paper(item: Evidence) -> Document:
    return {
        "id": item.id, "claim_id": item.claim_id, "stance": item.stance, "status": item.status,
        "quote": legible(item.quote), "section": item.section, "strength": item.strength,
        "gates": [gate_document(g) for g in item.gates if g.failed],
    }  # fmt: skip


def _quoted(passages: list[Passage], evidence: list[Evidence]) -> list[Passage]:
    """Passages that contain a quote or, if none does, the first two."""
    quoted = [p for p in passages if any(_within(e, p) for e in evidence)]
    return quoted or passages[:2]


def _within(item: Evidence, passage: Passage) -> bool:
    starts = item.start if item.start is not None else -1
    return item.text_id == passage.text_id and passage.start <= starts < passage.end


def _marked(passage: Passage, evidence: list[Evidence]) -> Document:
    """A passage split into stretches; those that are quotes carry the evidence's id."""
    spans = sorted(
        (max(e.start, passage.start), min(e.end, passage.end), e.id)
        for e in evidence if _within(e, passage) and e.start is not None and e.end is not None
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
