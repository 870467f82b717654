"""What accompanies an answer: the claims found, leads, papers not yet judged, and follow-up questions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

import store.remarks.notes
from agent.chat.sources import claim_fields, evidence_source, statuses
from agent.chat.state import ChatState
from agent.views.model import ClaimStatus

MOST_LEADS, MOST_NEXT, FEW_QUOTES = 3, 3, 2
ANSWERED_BY = 3


def beside(db: Connection, today: str, state: ChatState) -> dict[str, Any]:
    """Everything in an answer except its sentences and their sources."""
    found = list(statuses(db, today, [claim_id for claim_id, _ in state["hits"]]).values())
    cited = {r.partition(":")[2] for s in state.get("said", []) for r in s["cites"]}
    return {
        "claims": [claim_fields(s, today) for s in found],
        "leads": _leads(found[:ANSWERED_BY]),
        "papers": state["papers"][:10],
        "next_lines": _next_lines(db, found, cited),
        "left_out": state.get("left_out", []),
        "did": state.get("did", []),
        "spent": state.get("spent", [0, 0, 0]),
    }


def _leads(found: Sequence[ClaimStatus]) -> list[dict[str, Any]]:
    """The strongest leads, if there are few counted quotes."""
    if sum(len(s.citations) for s in found) > FEW_QUOTES:
        return []
    leads = [c for s in found for c in s.leads[:MOST_LEADS]]
    best = sorted(leads, key=lambda c: (-c.evidence.strength, c.evidence.id))[:MOST_LEADS]
    return [evidence_source(c).document for c in best]


def _next_lines(db: Connection, found: Sequence[ClaimStatus], cited: set[str]) -> list[dict[str, Any]]:
    """Follow-up questions: those of related claims first, then those proposed in imported documents."""
    lines = dict.fromkeys(line for s in found[:1] for line in s.claim.lines)
    named = [
        {"text": note.text, "from": note.document}
        for line in lines for note in store.remarks.notes.of_line(db, line) if note.kind == "next-line"
    ]  # fmt: skip
    asked = [
        {"text": s.claim.durable_question, "from": s.claim.id}
        for s in found if s.claim.durable_question and s.claim.id not in cited
    ]  # fmt: skip
    first = [{"text": found[0].claim.durable_question, "from": found[0].claim.id}] if found else []
    candidates = [*asked, *named, *(f for f in first if f["text"])]
    return list({n["text"]: n for n in candidates}.values())[:MOST_NEXT]
