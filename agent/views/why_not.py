"""Why a claim does not have each of the other verdicts, in one sentence each. Pure."""

from __future__ import annotations

from collections import Counter

from agent.core.rule import ENOUGH_PAPERS, ENOUGH_VOICES, voices
from agent.views.model import Citation, ClaimStatus
from agent.views.wording import adverse_leads


def why_not(status: ClaimStatus) -> dict[str, str]:
    """Why the rule does not give the claim each of the other verdicts, by verdict."""
    reasons = {
        "still-holds": _not_holding(status),
        "relaxed": _not_relaxed(status),
        "contradicted": _not_contradicted(status),
    }
    return {name: reason for name, reason in reasons.items() if name != status.rule_standing}


def _not_holding(status: ClaimStatus) -> str:
    adverse = [c for c in status.citations if c.evidence.stance != "supports"]
    if adverse:
        return f"{len(adverse)} counted quote{'s are' if len(adverse) != 1 else ' is'} adverse"
    if status.rule_standing == "no challenge found":
        return "no newer paper was found to support it"
    if status.verdict and status.verdict.open_leads:
        return f"{adverse_leads(status.verdict.open_leads)}: until then, silence confirms nothing"
    if status.claim.as_of is None:
        return "the as-of month is unknown, so no paper can be shown to be newer"
    return f"too little was found: it needs support, or {ENOUGH_PAPERS} relevant papers in a healthy search"


def _not_relaxed(status: ClaimStatus) -> str:
    if status.rule_name == "contradicted":
        return "no comparable newer support was found that the claim still holds in its original setting"
    return "no counted quote narrows or opposes it" + _held_back(status.leads, ("relaxes", "contradicts"))


def _not_contradicted(status: ClaimStatus) -> str:
    against = [c.evidence for c in status.citations if c.evidence.stance == "contradicts"]
    support = any(c.evidence.stance == "supports" for c in status.citations)
    if against and support:
        return "there is also newer in-scope support"
    heard = voices(against)
    said = f"{heard} independent voice{'s' if heard != 1 else ''} in scope; {ENOUGH_VOICES} are needed"
    return said + _held_back(status.leads, ("contradicts", "relaxes"))


def _held_back(leads: list[Citation], stances: tuple[str, ...]) -> str:
    """Which gates kept leads of these stances from counting."""
    relevant = [c.evidence for c in leads if c.evidence.stance in stances]
    failed = Counter(g.gate for e in relevant for g in e.gates if g.failed)
    if not failed:
        return ""
    gates = ", ".join(f"{gate} ({n})" for gate, n in failed.most_common())
    leads_were = "adverse lead was" if len(relevant) == 1 else "adverse leads were"
    return f"; {len(relevant)} {leads_were} held back by: {gates}"
