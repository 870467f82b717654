"""An answer without a model: the closest claims, their verdicts, the strongest quotes on each side. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from agent.chat.question import Question
from agent.chat.sources import changes_since
from agent.reports.model import Citation, ClaimStatus
from agent.reports.why import why_not
from agent.retest.window import months_between
from store.remarks import Sentence

MOST_CLAIMS, MOST_A_SIDE, MOST_QUOTES = 3, 2, 5
_SIDES = (("contradicts", "against"), ("relaxes", "narrows"), ("supports", "for"))


def extract(question: Question, found: Sequence[ClaimStatus], today: str) -> list[Sentence]:
    """Sentences on the claims found, best first; every one cites what it says."""
    said: list[Sentence] = []
    if question.wants_changes and question.since:
        said += _changes(question.since, found)
    best = found[:MOST_CLAIMS]
    for status in best:
        said.append(Sentence(_verdict(status, today), (f"claim:{status.claim.id}",), "verdict"))
        if question.wants_why and status is best[0]:
            said += _why(status)
    quotes = [s for status in best for s in _quotes(status, question.since)]
    return said + quotes[:MOST_QUOTES]


def _verdict(status: ClaimStatus, today: str) -> str:
    claim, verdict = status.claim, status.verdict
    age = f"{claim.as_of}, {months_between(claim.as_of, today)} months old" if claim.as_of else "date unknown"
    if verdict is None or status.name == "none yet":
        why = f": {verdict.reason}" if verdict and verdict.reason else ""
        return f"“{claim.text}” ({age}) has no verdict yet{why}."
    unless = f" It holds unless: {verdict.condition.rstrip('.')}." if verdict.condition else ""
    contested = ", contested" if verdict.contested else ""
    word = " by a person's override" if status.override else ""
    return f"“{claim.text}” ({age}): {status.name}{word}, {verdict.basis}{contested}.{unless}"


def _why(status: ClaimStatus) -> list[Sentence]:
    ref = (f"claim:{status.claim.id}",)
    reasons = [Sentence(f"Why: {status.verdict.reason.rstrip('.')}.", ref, "why")] if status.verdict else []
    return reasons + [
        Sentence(f"Why not {name}: {why.rstrip('.')}.", ref, "why not")
        for name, why in why_not(status).items()
    ]


def _changes(since: str, found: Sequence[ClaimStatus]) -> list[Sentence]:
    said = []
    for status in found:
        for verdict in changes_since(status, since):
            earlier = [v for v in status.history if (v.id or 0) < (verdict.id or 0)]
            before = (earlier[-1].name if earlier else None) or "none yet"
            text = f"“{status.claim.text}” went from {before} to {verdict.name} on {verdict.decided_at[:10]}."
            said.append(Sentence(text, (f"verdict:{verdict.id}",), "change"))
    if not said and found:
        refs = tuple(f"claim:{s.claim.id}" for s in found)
        text = f"No verdict of the {len(found)} closest claims has changed since {since}."
        said.append(Sentence(text, refs, "change"))
    return said


def _quotes(status: ClaimStatus, since: str | None) -> list[Sentence]:
    said = []
    for stance, side in _SIDES:
        of_side = [c for c in status.citations if c.evidence.stance == stance and _is_in(c, since)]
        for citation in of_side[:MOST_A_SIDE]:
            said.append(Sentence(f"“{citation.quote}”", (f"evidence:{citation.evidence.id}",), side))
    return said


def _is_in(citation: Citation, since: str | None) -> bool:
    return since is None or citation.evidence.published >= since[: len(citation.evidence.published)]
