"""What an answer may cite: claims, counted evidence and past verdicts, each reloaded from the ledger.

A reference is "claim:ID", "evidence:ID" or "verdict:NUMBER". Leads and papers not yet judged are not
sources: they are shown next to an answer but never cited by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

import store.evidence
import store.verdicts
from agent.core.window import months_between
from agent.views.claim import citation_document
from agent.views.load import load
from agent.views.model import Citation, ClaimStatus, build
from agent.views.why_not import why_not
from agent.views.wording import basis_of
from agent.writing.grounding import Material
from store.records import Verdict
from store.standing import NONE_YET

Document = dict[str, Any]


@dataclass(frozen=True)
class Source:
    """Something that can be cited: the text a citing sentence is checked against, and how it is shown.

    `verdicts`, `earlier` (verdicts) and `stances` are the outcomes that a sentence citing it may name.
    """

    ref: str
    material: Material
    document: Document
    verdicts: frozenset[str] = frozenset()
    earlier: frozenset[str] = frozenset()
    stances: frozenset[str] = frozenset()


def statuses(db: Connection, today: str, ids: Iterable[str]) -> dict[str, ClaimStatus]:
    """The current status of some claims, in the order given; retired and unknown ones are omitted."""
    wanted = list(dict.fromkeys(ids))
    found = {s.claim.id: s for s in build(load(db, today, only=wanted)).statuses} if wanted else {}
    return {i: found[i] for i in wanted if i in found}


def sources_of(db: Connection, today: str, refs: Sequence[str]) -> dict[str, Source]:
    """The source of each reference that is currently in the ledger."""
    by_kind: dict[str, list[str]] = {"claim": [], "evidence": [], "verdict": []}
    for ref in refs:
        kind, _, name = ref.partition(":")
        by_kind.get(kind, []).append(name)
    verdicts = store.verdicts.by_id(db, [int(n) for n in by_kind["verdict"] if n.isdigit()])
    quoted = store.evidence.by_id(db, by_kind["evidence"])
    claims = [*by_kind["claim"], *(v.claim_id for v in verdicts.values()),
              *(e.claim_id for e in quoted.values())]  # fmt: skip
    by_claim = statuses(db, today, claims)
    found = {f"claim:{i}": claim_source(by_claim[i], today) for i in by_kind["claim"] if i in by_claim}
    for evidence_id, evidence in quoted.items():
        citation = _citation(by_claim.get(evidence.claim_id), evidence_id)
        if citation is not None:
            found[f"evidence:{evidence_id}"] = evidence_source(citation)
    for number, verdict in verdicts.items():
        status = by_claim.get(verdict.claim_id)
        if status and verdict.revision == status.claim.revision:
            found[f"verdict:{number}"] = verdict_source(status, verdict)
    return {ref: found[ref] for ref in refs if ref in found}


def claim_source(status: ClaimStatus, today: str) -> Source:
    """A claim with its current verdict."""
    claim, verdict = status.claim, status.verdict
    document = claim_fields(status, today)
    reasons = why_not(status)
    decided = (
        [basis_of(verdict.basis), verdict.condition, verdict.reason, verdict.decided_at[:10]]
        if verdict
        else []
    )
    own = [claim.text, claim.as_of or "as-of month unknown", status.standing, *decided, document["age"],
           status.override.reason if status.override else "", status.tested_at or "never tested"]  # fmt: skip
    text = "\n".join(t for t in (*own, claim.durable_question, *reasons.values()) if t)
    return Source(
        f"claim:{claim.id}",
        Material(f"claim:{claim.id}", text, claim.source_ids, "\n".join(own)),
        document | {"kind": "claim", "why_not": reasons},
        verdicts=frozenset({status.standing, status.rule_standing}),
    )


def claim_fields(status: ClaimStatus, today: str) -> Document:
    """A claim and its verdict as shown everywhere."""
    claim, verdict = status.claim, status.verdict
    months = months_between(claim.as_of, today) if claim.as_of else None
    return {
        "id": claim.id, "text": claim.text, "verdict": status.standing,
        "basis": basis_of(verdict.basis) if verdict else "",
        "condition": verdict.condition if verdict else "", "reason": verdict.reason if verdict else "",
        "confidence": verdict.confidence if verdict else None,
        "contested": bool(verdict and verdict.contested), "override": status.override is not None,
        "as_of": claim.as_of, "age": "age unknown" if months is None else f"{months} months old",
        "tested_at": status.tested_at, "papers": sorted(claim.source_ids), "lines": list(claim.lines),
    }  # fmt: skip


def evidence_source(citation: Citation) -> Source:
    """A counted quote."""
    item, paper = citation.evidence, citation.paper
    own = "\n".join(t for t in (citation.quote, item.published, item.condition) if t)
    document = citation_document(citation) | {
        "kind": "evidence", "id": item.id, "claim_id": item.claim_id, "condition": item.condition,
        "status": item.status, "judge": item.judge,
    }  # fmt: skip
    ref = f"evidence:{item.id}"
    material = Material(ref, f"{own}\n{paper.title}", frozenset({paper.id}), own)
    return Source(ref, material, document, stances=frozenset({item.stance}))


def verdict_source(status: ClaimStatus, verdict: Verdict) -> Source:
    """A verdict from a claim's history, and the one before it."""
    earlier = [v for v in _of_this_wording(status) if (v.id or 0) < (verdict.id or 0)]
    before = earlier[-1].standing if earlier else NONE_YET
    name, day = verdict.standing, verdict.decided_at[:10]
    ref = f"verdict:{verdict.id}"
    parts = (status.claim.text, before, name, basis_of(verdict.basis), day, verdict.condition, verdict.reason)
    text = "\n".join(t for t in parts if t)
    document = {
        "kind": "verdict", "id": verdict.id, "claim_id": status.claim.id, "text": status.claim.text,
        "before": before, "verdict": name, "basis": basis_of(verdict.basis), "condition": verdict.condition,
        "reason": verdict.reason, "decided_at": verdict.decided_at,
    }  # fmt: skip
    return Source(ref, Material(ref, text, status.claim.source_ids), document,
                  verdicts=frozenset({name}), earlier=frozenset({before}))  # fmt: skip


def quotes_of(status: ClaimStatus, a_side: int) -> list[str]:
    """References to the strongest counted quotes, at most `a_side` per stance, adverse ones first."""
    sides = [
        [c for c in status.citations if c.evidence.stance == stance][:a_side]
        for stance in ("contradicts", "relaxes", "supports")
    ]
    return [f"evidence:{c.evidence.id}" for side in sides for c in side]


def changes_since(status: ClaimStatus, since: str, until: str = "9999") -> list[Verdict]:
    """Verdicts of a claim that differ from the previous one and were decided between two days, inclusive."""
    found, before = list[Verdict](), None
    for verdict in _of_this_wording(status):
        if verdict.standing != before and since <= verdict.decided_at[:10] <= until:
            found.append(verdict)
        before = verdict.standing
    return found


def _of_this_wording(status: ClaimStatus) -> list[Verdict]:
    """Verdicts on the current wording; those on earlier wordings say nothing about it."""
    return [v for v in status.history if v.revision == status.claim.revision]


def _citation(status: ClaimStatus | None, evidence_id: str) -> Citation | None:
    """The citation for counted evidence, or None if the current verdict does not rest on it."""
    if status is None:
        return None
    return next((c for c in status.citations if c.evidence.id == evidence_id), None)
