"""What pages show and the API gives: plain documents from the ledger, a few queries each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection

import store.claims
import store.evidence
import store.notes
import store.papers
import store.runs
import store.verdicts
from agent.arxiv_ids import parse_id
from agent.claims.key_findings import key_findings
from agent.errors import UsageError
from agent.reports.documents import citation_document, claim_document, gate_document
from agent.reports.load import load
from agent.reports.model import Citation, ClaimStatus, Report, build
from agent.reports.pictures import OF_LINE, of_line
from agent.reports.why import why_not
from agent.retest.quotes import legible
from agent.retest.window import months_between
from store.records import Evidence, Paper, Passage, Run
from store.standing import STANDINGS

Document = dict[str, Any]
MOST_FLIPS, A_PAGE, MOST_LEADS, MOST_RUNS = 12, 50, 20, 50


class NotThere(UsageError):
    """Something a page or the API was asked for is not in the ledger."""


def overview(db: Connection, today: str) -> Document:
    """Lines with their verdicts counted, what the last run that changed something changed, and health."""
    tally = store.verdicts.tally(db)
    run, last = store.runs.latest(db), store.verdicts.last_run(db)
    telling = store.runs.get(db, last) if last else None
    flips, total = store.verdicts.flips(db, MOST_FLIPS, run_id=telling.id) if telling else ([], 0)
    statuses = _statuses(db, today, [v.claim_id for _, v in flips])
    return {
        "lines": [
            {"id": line.id, "title": line.title, "question": line.question,
             "counts": {name: tally.get((line.id, name), 0) for name in STANDINGS}}
            for line in store.claims.all_lines(db)
        ],
        "claims": store.claims.count(db),
        "run": run_document(run) if run else None,
        "changed_in": telling.id if telling else None,
        "changed_at": telling.as_of if telling else None,
        "changes": [
            _change(before, statuses[v.claim_id]) for before, v in flips if v.claim_id in statuses
        ],
        "changes_in_all": total,
    }  # fmt: skip


def _change(before: str, status: ClaimStatus) -> Document:
    against = [c for c in status.citations if c.evidence.stance != "supports"]
    quote = next(iter(against or status.citations), None)
    return {
        "id": status.claim.id, "text": status.claim.text, "before": before,
        "after": status.rule_standing,
        "condition": status.verdict.condition if status.verdict else "",
        "quote": citation_document(quote) if quote else None,
    }  # fmt: skip


def claims(db: Connection, today: str, *, page: int = 1, **filters: str) -> Document:
    """One page of claims: `words`, `line`, `verdict` and `tag` choose."""
    ids, total = store.claims.search(db, most=A_PAGE, offset=(page - 1) * A_PAGE, **filters)
    held = {s.claim.id: s for s in build(load(db, today, only=ids, cited=True)).statuses} if ids else {}
    return {
        "claims": [row(held[i], today) for i in ids if i in held],
        "total": total, "page": page, "pages": max(1, -(-total // A_PAGE)), "filters": filters,
    }  # fmt: skip


def row(status: ClaimStatus, today: str) -> Document:
    """A claim as a table shows it."""
    as_of = status.claim.as_of
    return claim_document(status) | {
        "shown": status.standing, "age": months_between(as_of, today) if as_of else None,
        "papers": len({c.paper.id for c in status.citations}),
    }  # fmt: skip


def line(db: Connection, today: str, line_id: str, *, page: int = 1) -> Document:
    """A line: its claims, what disagrees, questions and next lines. Raises NotThere."""
    found = next((x for x in store.claims.all_lines(db) if x.id == line_id), None)
    if found is None:
        raise NotThere(f"no line {line_id!r}", "the overview lists them")
    listed = claims(db, today, page=page, line=line_id)
    report = build(load(db, today, only=[c["id"] for c in listed["claims"]]))
    notes = [asdict(n) for n in store.notes.of_line(db, line_id) if n.kind != "sighting"]
    return {
        "id": found.id, "title": found.title, "question": found.question, "claims": listed,
        "disagreements": [_disagreement(report, *t) for t in report.tensions],
        "questions": _written(report, "questions", line_id), "next": _written(report, "next lines", line_id),
        "notes": notes,
        "pictures": [n for n in OF_LINE if of_line(report, line_id, n)],
        "histories": {s.claim.id: [_stand(v) for v in s.history] for s in report.statuses},
    }  # fmt: skip


def _disagreement(
    report: Report, status: ClaimStatus, supporting: Citation, adverse: Citation, axes: tuple[str, ...]
) -> Document:
    told = report.reconciliation(supporting, adverse)
    return {
        "claim": status.claim.id, "text": status.claim.text, "axes": list(axes),
        "for": citation_document(supporting), "against": citation_document(adverse),
        "written_by": told.writer if told else None,
        "sentences": [
            {"text": s.text, "cites": _cites(report, s.cites)} for s in (told.sentences if told else ())
        ],
    }  # fmt: skip


def _written(report: Report, kind: str, line_id: str) -> list[Document]:
    told = [s for found, sentences in report.written(kind) if found.id == line_id for s in sentences]
    return [{"text": s.text, "role": s.role, "cites": _cites(report, s.cites)} for s in told]


def _cites(report: Report, ids: tuple[str, ...]) -> list[Document]:
    known = report.cited
    return [
        {"id": i, "arxiv_id": known[i].paper.id, "url": citation_document(known[i])["url"]}
        if i in known else {"id": i, "arxiv_id": None, "url": None}
        for i in ids
    ]  # fmt: skip


def _stand(verdict: Any) -> Document:
    return {
        "day": verdict.decided_at[:10], "verdict": verdict.name, "standing": verdict.standing,
        "basis": verdict.basis, "run": verdict.run_id,
        "reason": verdict.reason, "condition": verdict.condition, "confidence": verdict.confidence,
        "revision": verdict.revision,
    }  # fmt: skip


def claim(db: Connection, today: str, claim_id: str) -> Document:
    """A claim with everything that is known of it. Raises NotThere."""
    status = _statuses(db, today, [claim_id]).get(claim_id)
    if status is None:
        raise NotThere(f"no claim {claim_id!r}", "search for it among the claims")
    held = status.claim
    return row(status, today) | {
        "kind": held.kind, "durable_question": held.durable_question, "revision": held.revision,
        "perishable_limitation": held.perishable_limitation,
        "scope": [{"axis": n, **asdict(a)} for n, a in held.scope.items()],
        "parts": [asdict(a) for a in held.atoms],
        "provenance": [asdict(p) for p in held.provenance],
        "source_check_reason": status.check.reason if status.check else "",
        "why_not": why_not(status),
        "history": [_stand(v) for v in reversed(status.history)],
        "evidence": [evidence(c, status) for c in status.citations],
        "strongest_leads": [evidence(c, status) for c in status.leads[:MOST_LEADS]],
        "rejected": [evidence(c, status) for c in status.rejected[:MOST_LEADS]],
        "nearest": [paper_fields(p) for p in status.nearest],
    }  # fmt: skip


def evidence(citation: Citation, status: ClaimStatus) -> Document:
    """A quote with its gates, and the number of the part it is on, of a claim that has several."""
    item = citation.evidence
    numbers = {a.id: n for n, a in enumerate(status.claim.atoms, 1)}
    return citation_document(citation) | {
        "id": item.id, "claim_id": item.claim_id, "part": item.atom_id,
        "part_number": numbers.get(item.atom_id), "status": item.status,
        "judge": item.judge, "condition": item.condition, "scope_match": item.scope_match,
        "gates": [gate_document(g) for g in item.gates],
        "other": _other(status.second.get(item.id)),
    }  # fmt: skip


def _other(second: Evidence | None) -> Document | None:
    """What another judge reads of the same paper."""
    if second is None:
        return None
    return {"judge": second.judge, "stance": second.stance, "strength": second.strength,
            "quote": legible(second.quote)}  # fmt: skip


def paper(db: Connection, paper_id: str) -> Document:
    """A paper: its findings, what it is evidence of, and its text with the quotes marked. Raises NotThere."""
    read = parse_id(paper_id)
    paper_id = read.id if read else paper_id
    held = store.papers.get(db, paper_id)
    if held is None:
        raise NotThere(
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
        "findings": {name: [t._asdict() for t in told] for name, told in findings.items()},
        "evidence": [_of_paper(e) for e in given],
        "passages": [_marked(p, given) for p in _quoted(passages, given)],
    }  # fmt: skip


def paper_fields(held: Paper) -> Document:
    """A paper on one line."""
    return {
        "arxiv_id": held.id, "title": held.title, "published": held.published, "version": held.version,
        "url": held.url,
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


def runs(db: Connection) -> list[Document]:
    """The runs, the newest first."""
    return [run_document(r) for r in store.runs.recent(db, MOST_RUNS)]


def run(db: Connection, today: str, run_id: str) -> Document:
    """A run: its counts, and the verdicts that it changed. Raises NotThere."""
    held = store.runs.get(db, run_id)
    if held is None:
        raise NotThere(f"no run {run_id!r}", "the page of runs lists them")
    flips, total = store.verdicts.flips(db, A_PAGE, run_id=run_id)
    statuses = _statuses(db, today, [v.claim_id for _, v in flips])
    changes = [
        {"id": v.claim_id, "text": statuses[v.claim_id].claim.text, "before": before,
         "after": v.standing, "reason": v.reason,
         "is_earlier": v.revision != statuses[v.claim_id].claim.revision}
        for before, v in flips if v.claim_id in statuses
    ]  # fmt: skip
    return run_document(held) | {"settings": held.settings, "changes": changes, "changes_in_all": total}


def run_document(held: Run) -> Document:
    """A run as lists show it."""
    numbers: Mapping[str, Any] = {k: v for k, v in held.counts.items() if not isinstance(v, list | dict)}
    return {
        "id": held.id, "health": held.health, "reasons": list(held.reasons), "as_of": held.as_of,
        "started_at": held.started_at, "finished_at": held.finished_at, "source": held.source,
        "judge": held.judge, "counts": numbers, "notices": list(held.counts.get("notices", [])),
    }  # fmt: skip


def _statuses(db: Connection, today: str, ids: list[str]) -> dict[str, ClaimStatus]:
    return {s.claim.id: s for s in build(load(db, today, only=ids)).statuses} if ids else {}
