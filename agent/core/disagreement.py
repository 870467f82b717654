"""Recent papers that disagree on a claim. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import NamedTuple

from agent.core.window import months_between
from store.records import Evidence

MONTHS = 6
MOST_PAIRS = 3
"""How many pairs per claim, strongest first, are shown and reconciled in a run."""


class Tension(NamedTuple):
    """Two pieces of counted evidence that disagree on an atom, and the axes where their scopes differ."""

    claim_id: str
    atom_id: str
    supporting: str
    adverse: str
    axes: tuple[str, ...]


def tensions(evidence: Iterable[Evidence], today: str) -> list[Tension]:
    """Pair recent supporting with recent adverse evidence, one pair per two papers, strongest first."""
    recent = [e for e in evidence if e.status == "counted" and months_between(e.published, today) <= MONTHS]
    support = _best([e for e in recent if e.stance == "supports"])
    adverse = _best([e for e in recent if e.stance in ("contradicts", "relaxes")])
    pairs = [
        (s, a) for s, a in product(support, adverse) if s.atom_id == a.atom_id and s.paper_id != a.paper_id
    ]
    pairs.sort(key=lambda p: (-(p[0].strength * p[1].strength), p[0].id, p[1].id))
    return [Tension(s.claim_id, s.atom_id, s.id, a.id, _axes(s, a)) for s, a in pairs]


def _best(evidence: list[Evidence]) -> list[Evidence]:
    best: dict[tuple[str, str], Evidence] = {}
    for item in sorted(evidence, key=lambda e: (e.strength, e.id)):
        best[item.atom_id, item.paper_id] = item
    return list(best.values())


def _axes(left: Evidence, right: Evidence) -> tuple[str, ...]:
    axes = sorted(set(left.scope_match) | set(right.scope_match))
    return tuple(a for a in axes if left.scope_match.get(a) != right.scope_match.get(a))
