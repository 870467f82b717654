"""Export a line as a research prompt: dated claims with their verdicts, anchor papers, tasks. Pure.

Importing the prompt gives the same claims.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from store.records import Claim, Line, Paper, Source, Verdict
from store.remarks import Note
from store.standing import NONE_YET

MOST_ANCHORS = 8
_TASKS = (
    "(1) RE-TEST EACH CONSTRAINT. Which newer methods, models or evaluations have relaxed or overturned it? "
    "Separate the durable question from the perishable limitation.",
    "(2) Surface disagreement. Look for papers of the last six months that stand against each other on a "
    "claim, and say on which axis they differ: model, scale, training, task, scaffold or metric.",
    "(3) Propose two regime-shift questions. Each cites both sides and says what would settle it.",
)


def prompt_of(
    line: Line,
    claims: Sequence[Claim],
    verdicts: Mapping[str, Verdict | None],
    anchors: Sequence[Paper],
    notes: Sequence[Note] = (),
) -> str:
    """Return a line's research prompt as text."""
    return "\n".join(_prompt_lines(line, claims, verdicts, anchors, notes)) + "\n"


def _prompt_lines(
    line: Line, claims: Sequence[Claim], verdicts: Mapping[str, Verdict | None], anchors: Sequence[Paper],
    notes: Sequence[Note],
) -> Iterator[str]:  # fmt: skip
    yield f"You are a research analyst. The question: **{line.question}** Still open."
    yield ""
    yield "What a retested ledger found, and when (dated claims, not current truth):"
    for claim in claims:
        yield f"• {claim.text}{cited(claim)}"
        yield f"  Now: {_now(verdicts.get(claim.id))}"
    yield ""
    yield "Anchor papers (verify; mind their dates):"
    for paper in anchors[:MOST_ANCHORS]:
        yield f"• arXiv:{paper.id} ({paper.published[:7]}): {paper.title}"
    yield ""
    yield "Your task:"
    yield from [n.text for n in notes if n.kind == "task"] or _TASKS
    yield ""
    yield "Cite arXiv IDs; flag anything you cannot ground in a real paper."


def cited(claim: Claim) -> str:
    """Format a claim's months and ids so that importing them restores its sources and as-of month."""
    parts = [_source(s, claim.as_of) for s in claim.sources]
    if claim.as_of and not any(s.month == claim.as_of for s in claim.sources):
        parts.insert(0, claim.as_of)
    return f" ({'; '.join(parts)})." if parts else ""


def _source(source: Source, as_of: str | None) -> str:
    name = f"{'likely ' if source.status == 'likely' else ''}arXiv:{source.arxiv_id}"
    known = source.month and as_of and source.month <= as_of
    return f"{source.month}, {name}" if known else name


def _now(verdict: Verdict | None) -> str:
    if verdict is None or verdict.standing == NONE_YET:
        return "not tested yet."
    unless = f"; holds unless: {' '.join(verdict.condition.split())}" if verdict.condition else ""
    basis = "" if verdict.basis in ("unchallenged", "untested") else f" ({verdict.basis})"
    return f"{verdict.standing}{basis}{unless}"
