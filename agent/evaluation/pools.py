"""How well a judge picks the papers that bear on a claim out of all search results. Pure.

A pool is a claim with labelled papers, most of them neutral. A paper that the gates let count is right if
its side is that of its label; relaxes and contradicts are one side, adverse.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from agent.evaluation.trial import Outcome

_SIDES = {"supports": "support", "relaxes": "adverse", "contradicts": "adverse", "neutral": "neutral"}


class Counted(NamedTuple):
    """The side on which a paper counted, and the side of its label."""

    side: str
    label: str

    @property
    def right(self) -> bool:
        """Whether they agree."""
        return self.side == self.label


def pool_figures(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Counts and shares over all pools; a share is null where nothing was counted.

    `pool_wrong_side` is the share of what counted whose label is the opposite side.
    """
    counted = [c for o in outcomes for c in _counted(o)]
    bearing = sum(len(o.case.bearing) for o in outcomes)
    right = sum(c.right for c in counted)
    return {
        "pool_counted": len(counted),
        "pool_counted_right": right,
        "pool_precision": _share([c.right for c in counted]),
        "pool_recall": right / bearing if bearing else None,
        "pool_adverse_precision": _share([c.right for c in counted if c.side == "adverse"]),
        "pool_support_precision": _share([c.right for c in counted if c.side == "support"]),
        "pool_wrong_side": _share([not c.right and c.label != "neutral" for c in counted]),
    }


def _counted(outcome: Outcome) -> list[Counted]:
    found = ((outcome.strongest(paper_id), label) for paper_id, label in outcome.case.labels.items())
    return [Counted(_SIDES[e.stance], _SIDES[label]) for e, label in found if e and e.status == "counted"]


def _share(flags: Sequence[bool]) -> float | None:
    return sum(flags) / len(flags) if flags else None
