"""A claim as a document: in lists, on its page, in `--json`. Pages and the API show the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection

import store.claims
from agent.core.quotes import legible
from agent.core.window import months_between
from agent.errors import NotFound
from agent.views.load import load
from agent.views.model import Citation, ClaimStatus, build
from agent.views.why_not import why_not
from store.records import Evidence, GateResult, Paper, Verdict

Document = dict[str, Any]
A_PAGE, MOST_LEADS = 50, 20
SMALL_JUDGE = "Stances were read by the small model that ships with Retest: check the quotes."


def is_small(judge: str) -> bool:
    """Whether a judge is the shipped model."""
    return judge.startswith("embedded@")


def claim_document(status: ClaimStatus) -> Document:
    """One claim in the status document."""
    verdict, claim = status.verdict, status.claim
    return {
        "id": claim.id,
        "line": claim.lines[0] if claim.lines else None,
        "lines": list(claim.lines),
        "text": claim.text,
        "as_of": claim.as_of or "unknown",
        "sources": [s.arxiv_id for s in claim.sources],
        "verdict": None if status.name == "none yet" else status.name,
        "standing": status.standing,
        "basis": verdict.basis if verdict else "untested",
        "confidence": verdict.confidence if verdict else None,
        "contested": verdict.contested if verdict else False,
        "condition": verdict.condition if verdict else "",
        "reason": verdict.reason if verdict else "never retested",
        "rule_version": verdict.rule_version if verdict else None,
        "tested_at": status.tested_at,
        "tested_through": status.retest.window_to if status.retest else None,
        "citations": [citation_document(c) for c in status.citations],
        "leads": status.lead_count,
        "open_leads": verdict.open_leads if verdict else 0,
        "source_check": status.check.state if status.check else None,
        "tags": list(claim.tags),
        "override": _override_document(status),
    }


def _override_document(status: ClaimStatus) -> Document | None:
    """A person's override, together with the rule's verdict."""
    override = status.override
    if override is None:
        return None
    own = {
        "by": override.by, "reason": override.reason,
        "decided_at": override.decided_at, "condition": override.condition,
    }  # fmt: skip
    rule = None if status.rule_name == "none yet" else status.rule_name
    return own | {
        "rule_verdict": rule,
        "rule_standing": status.rule_standing,
        "rule_decided_since": status.is_decided_since,
    }


def citation_document(citation: Citation) -> Document:
    """One citation."""
    return {
        "arxiv_id": citation.paper.id,
        "version": citation.evidence.version,
        "title": citation.paper.title,
        "published": citation.paper.published,
        "quote": citation.quote,
        "place": citation.place,
        "stance": citation.evidence.stance,
        "strength": citation.evidence.strength,
        "url": url_of(citation),
    }


def gate_document(gate: GateResult) -> Document:
    """One gate's result; `passed` is false only if the gate failed, so it is true if it was not run."""
    return asdict(gate) | {"passed": not gate.failed}


def url_of(citation: Citation) -> str:
    """The arXiv URL of the exact version that the quote was read in."""
    version = f"v{citation.evidence.version}" if citation.evidence.version else ""
    return f"https://arxiv.org/abs/{citation.paper.id}{version}"


def claims_page(db: Connection, today: str, *, page: int = 1, **filters: str) -> Document:
    """One page of claims, filtered by `words`, `line`, `verdict` and `tag`."""
    ids, total = store.claims.search(db, most=A_PAGE, offset=(page - 1) * A_PAGE, **filters)
    by_id = {s.claim.id: s for s in build(load(db, today, only=ids, cited=True)).statuses} if ids else {}
    return {
        "claims": [claim_row(by_id[i], today) for i in ids if i in by_id],
        "total": total, "page": page, "pages": max(1, -(-total // A_PAGE)), "filters": filters,
    }  # fmt: skip


def claim_row(status: ClaimStatus, today: str) -> Document:
    """A claim as a table row."""
    as_of = status.claim.as_of
    return claim_document(status) | {
        "shown": status.standing, "age": months_between(as_of, today) if as_of else None,
        "papers": len({c.paper.id for c in status.citations}),
    }  # fmt: skip


def claim_page(db: Connection, today: str, claim_id: str) -> Document:
    """A claim with everything known about it. Raises NotFound if there is no such claim."""
    status = statuses(db, today, [claim_id]).get(claim_id)
    if status is None:
        raise NotFound(f"no claim {claim_id!r}", "search for it among the claims")
    claim = status.claim
    return claim_row(status, today) | {
        "kind": claim.kind, "durable_question": claim.durable_question, "revision": claim.revision,
        "perishable_limitation": claim.perishable_limitation,
        "scope": [{"axis": n, **asdict(a)} for n, a in claim.scope.items()],
        "parts": [asdict(a) for a in claim.atoms],
        "provenance": [asdict(p) for p in claim.provenance],
        "source_check_reason": status.check.reason if status.check else "",
        "why_not": why_not(status),
        "history": [verdict_document(v) for v in reversed(status.history)],
        "evidence": [evidence_document(c, status) for c in status.citations],
        "strongest_leads": [evidence_document(c, status) for c in status.leads[:MOST_LEADS]],
        "rejected": [evidence_document(c, status) for c in status.rejected[:MOST_LEADS]],
        "nearest": [paper_fields(p) for p in status.nearest],
    }  # fmt: skip


def verdict_document(verdict: Verdict) -> Document:
    """One verdict in a claim's history."""
    return {
        "day": verdict.decided_at[:10], "verdict": verdict.name, "standing": verdict.standing,
        "basis": verdict.basis, "run": verdict.run_id,
        "reason": verdict.reason, "condition": verdict.condition, "confidence": verdict.confidence,
        "revision": verdict.revision,
    }  # fmt: skip


def paper_fields(held: Paper) -> Document:
    """A paper's main fields."""
    return {
        "arxiv_id": held.id, "title": held.title, "published": held.published, "version": held.version,
        "url": held.url,
    }  # fmt: skip


def evidence_document(citation: Citation, status: ClaimStatus) -> Document:
    """A quote with its gates and, if the claim has several parts, the number of the part it is about."""
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
    """Another judge's reading of the same paper."""
    if second is None:
        return None
    return {"judge": second.judge, "stance": second.stance, "strength": second.strength,
            "quote": legible(second.quote)}  # fmt: skip


def statuses(db: Connection, today: str, ids: Sequence[str]) -> dict[str, ClaimStatus]:
    """The current status of some claims, by id."""
    return {s.claim.id: s for s in build(load(db, today, only=ids)).statuses} if ids else {}
