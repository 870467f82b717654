"""How verdicts changed over time: flips, how late they came, and which were undone. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from agent.core.rule import voices
from store.records import Evidence, Verdict

FLOP_DAYS = 56
"""A flip undone within eight weeks is a flip-flop."""
ADVERSE = ("contradicts", "relaxes")


class Stand(NamedTuple):
    """A verdict, the day as of which it was given, and its evidence."""

    day: str
    verdict: Verdict
    evidence: Sequence[Evidence]


class Flip(NamedTuple):
    """A change of a claim's verdict on a day.

    `first_adverse` is the v1 date of the oldest paper against the claim, and `lag_days` the days from
    then to the flip; None if there is no such paper. `undone_on` is the day it was undone, if soon.
    """

    claim_id: str
    day: str
    before: str | None
    after: str | None
    paper: str | None
    first_adverse: str | None
    lag_days: int | None
    undone_on: str | None = None


def flips(histories: Mapping[str, Sequence[Stand]]) -> list[Flip]:
    """Every change of a verdict's name, by day.

    A claim's first verdict is a flip only if it is adverse: until then, what is published is taken to hold.
    The same applies to a verdict after a period with no challenge found.
    """
    found = [f for claim_id, stands in histories.items() for f in _of_claim(claim_id, stands)]
    return sorted(found, key=lambda f: (f.day, f.claim_id))


def _of_claim(claim_id: str, stands: Sequence[Stand]) -> list[Flip]:
    found: list[Flip] = []
    before: str | None = None
    for stand in stands:
        after = None if stand.verdict.standing == "no challenge found" else stand.verdict.name
        if after != before and not (before is None and after == "still-holds"):
            found.append(_flip(claim_id, stand, before))
        before = after
    return [f._replace(undone_on=_undone(f, found[n + 1 :])) for n, f in enumerate(found)]


def _flip(claim_id: str, stand: Stand, before: str | None) -> Flip:
    adverse = sorted((e for e in stand.evidence if e.stance in ADVERSE), key=lambda e: (e.published, e.id))
    strongest = max(adverse, key=lambda e: (e.strength, e.id), default=None)
    first = adverse[0].published if adverse else None
    lag = (date.fromisoformat(stand.day) - _day(first)).days if first else None
    paper = strongest.paper_id if strongest else None
    return Flip(claim_id, stand.day, before, stand.verdict.name, paper, first, lag)


def _undone(flip: Flip, later: Sequence[Flip]) -> str | None:
    """The day a flip was undone, if within eight weeks."""
    return next((
        f.day for f in later[:1]
        if f.after == flip.before and (_day(f.day) - _day(flip.day)).days <= FLOP_DAYS
    ), None)  # fmt: skip


def _day(published: str) -> date:
    """Parse a v1 date; one known only to the month counts from its first day, for the longest lag."""
    return date.fromisoformat(published if len(published) > len("2025-01") else f"{published}-01")


def document(
    histories: Mapping[str, Sequence[Stand]], days: Sequence[str], found: Sequence[Flip]
) -> dict[str, Any]:
    """The whole backtest as one document."""
    lags = sorted(f.lag_days for f in found if f.lag_days is not None)
    undone = sum(f.undone_on is not None for f in found)
    return {
        "days": list(days),
        "flips": [f._asdict() for f in found],
        "flip_flops": undone,
        "flip_flop_share": round(undone / len(found), 3) if found else 0.0,
        "lag_days_median": lags[len(lags) // 2] if lags else None,
        "histories": {
            claim_id: [
                {
                    "day": s.day, "verdict": s.verdict.name, "standing": s.verdict.standing,
                    "basis": s.verdict.basis,
                    "condition": s.verdict.condition, "confidence": s.verdict.confidence,
                    "voices": voices(s.evidence), "papers": sorted({e.paper_id for e in s.evidence}),
                }
                for s in stands
            ]
            for claim_id, stands in histories.items()
        },
    }  # fmt: skip
