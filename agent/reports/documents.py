"""The report model as JSON documents: what `--json` prints. Pure."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from agent.reports.model import Citation, ClaimStatus, Report
from store.records import GateResult

SMALL_JUDGE = "Stances were read by the network that ships with Retest: check the quotes."


def is_small(judge: str) -> bool:
    """Whether a judge is the shipped model."""
    return judge.startswith("embedded@")


def status_document(report: Report) -> dict[str, Any]:
    """`retest status --json`: the contract of the design, section 7."""
    run = report.run
    return {
        "claims": [claim_document(s) for s in report.statuses],
        "run": {"id": run.id, "health": run.health, "reasons": list(run.reasons)} if run else None,
    }


def claim_document(status: ClaimStatus) -> dict[str, Any]:
    """One claim of the status document."""
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


def _override_document(status: ClaimStatus) -> dict[str, Any] | None:
    """A person's word, and what the rule says beside it."""
    held = status.override
    if held is None:
        return None
    own = {"by": held.by, "reason": held.reason, "decided_at": held.decided_at, "condition": held.condition}
    rule = None if status.rule_name == "none yet" else status.rule_name
    return own | {
        "rule_verdict": rule,
        "rule_standing": status.rule_standing,
        "rule_decided_since": status.is_decided_since,
    }


def citation_document(citation: Citation) -> dict[str, Any]:
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


def gate_document(gate: GateResult) -> dict[str, Any]:
    """What one gate said; `passed` is false where it failed, and true where it had nothing to look at."""
    return asdict(gate) | {"passed": not gate.failed}


def url_of(citation: Citation) -> str:
    """The page of the very version the quote was read in."""
    version = f"v{citation.evidence.version}" if citation.evidence.version else ""
    return f"https://arxiv.org/abs/{citation.paper.id}{version}"
