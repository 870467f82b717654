"""Answer without a model: the closest claims, their verdicts and the strongest quotes on each side. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from agent.chat.question import Question
from agent.chat.sources import changes_since, verdict_source
from agent.core.window import months_between
from agent.views.model import Citation, ClaimStatus
from agent.views.why_not import why_not
from agent.views.wording import basis_of
from store.records import Verdict
from store.remarks import Sentence
from store.standing import NONE_YET

MOST_CLAIMS, MOST_A_SIDE = 3, 2
_SIDES = (("contradicts", "against"), ("relaxes", "narrows"), ("supports", "for"))


def extract(
    question: Question, found: Sequence[ClaimStatus], today: str, summary: str = ""
) -> list[Sentence]:
    """Sentences about the claims found, best first; each cites its source.

    `summary` is a summary of all the claims, if the question is broad. A claim's quotes follow its verdict.
    """
    wide = bool(summary)
    best = list(found if wide else found[:MOST_CLAIMS])
    refs = tuple(f"claim:{s.claim.id}" for s in best)
    lead = summary or (_lead(best) if len(best) > 1 and not question.wants_why else "")
    said = [Sentence(lead, refs, "lead")] if lead and refs else []
    if question.wants_changes:
        said += _changes(question.since or "", best)
    for status in best[:1] if question.wants_why else best:
        said.append(Sentence(verdict_sentence(status, today), (f"claim:{status.claim.id}",), "verdict"))
        said += _why(status) if question.wants_why else []
        said += _quotes(status, question.since, 1 if wide else MOST_A_SIDE)
    return said


def _lead(best: Sequence[ClaimStatus]) -> str:
    counts = Counter(s.standing for s in best)
    return f"{len(best)} claims come closest: {', '.join(f'{n} {name}' for name, n in counts.items())}."


def verdict_sentence(status: ClaimStatus, today: str) -> str:
    """A claim and its verdict, in one sentence."""
    claim, verdict, override = status.claim, status.verdict, status.override
    age = f"{claim.as_of}, {months_between(claim.as_of, today)} months old" if claim.as_of else "date unknown"
    whole = f"“{claim.text}” ({age})"
    if override is not None:
        basis = _basis(verdict) if verdict else ""
        unless = f" It holds unless: {_ended(override.condition)}" if override.condition else ""
        word = f"{status.standing} by the word of {override.by}: {_ended(override.reason)}{unless}"
        return f"{whole}: {word} The rule says {status.rule_standing}{basis}."
    if verdict is None or status.standing == NONE_YET:
        why = f": {verdict.reason}" if verdict and verdict.reason else ""
        return f"{whole} has no verdict yet{why}."
    contested = ", contested" if verdict.contested else ""
    decided = f"{whole}: {status.standing}{_basis(verdict)}{contested}"
    if verdict.condition:
        return f"{decided}. It holds unless: {_ended(verdict.condition)}"
    return f"{decided}: {_ended(verdict.reason)}"


def _basis(verdict: Verdict) -> str:
    basis = basis_of(verdict.basis)
    return f", {basis}" if basis else ""


def _ended(text: str) -> str:
    return f"{text.rstrip('.')}."


def _why(status: ClaimStatus) -> list[Sentence]:
    ref, name = (f"claim:{status.claim.id}",), status.rule_standing
    reasons = [Sentence(f"Why {name}: {_ended(status.verdict.reason)}", ref, "why")] if status.verdict else []
    return reasons + [
        Sentence(f"Why not {other}: {_ended(why)}", ref, "why not") for other, why in why_not(status).items()
    ]


def _changes(since: str, found: Sequence[ClaimStatus]) -> list[Sentence]:
    said = []
    for status in found:
        for verdict in changes_since(status, since) if since else changes_since(status, "")[-1:]:
            change = verdict_source(status, verdict).document
            text = (f"“{status.claim.text}” went from {change['before']} to {change['verdict']} on "
                    f"{verdict.decided_at[:10]}.")  # fmt: skip
            said.append(Sentence(text, (f"verdict:{verdict.id}",), "change"))
    if not said and found:
        refs = tuple(f"claim:{s.claim.id}" for s in found)
        when = since or "they were worded so"
        text = f"No verdict of the {len(found)} closest claims has changed since {when}."
        said.append(Sentence(text, refs, "change"))
    return said


def _quotes(status: ClaimStatus, since: str | None, a_side: int) -> list[Sentence]:
    """The strongest quotes, at most `a_side` per stance, and a note if there are more."""
    counted = [c for c in status.citations if _is_in(c, since)]
    chosen = [
        (citation, side)
        for stance, side in _SIDES
        for citation in [c for c in counted if c.evidence.stance == stance][:a_side]
    ]
    said = [Sentence(f"“{c.quote}”", (f"evidence:{c.evidence.id}",), side) for c, side in chosen]
    if len(counted) > len(said):
        text = f"{len(said)} of {len(counted)} counted quotes are shown."
        said.append(Sentence(text, (f"claim:{status.claim.id}",), "more"))
    return said


def _is_in(citation: Citation, since: str | None) -> bool:
    return since is None or citation.evidence.published >= since[: len(citation.evidence.published)]
