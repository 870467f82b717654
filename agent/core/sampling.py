"""Resample answers that would flip a verdict, and measure how far the samples agree. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from agent.core.findings import Finding
from store.records import Stance, VerdictName

SAMPLES = 3
_FLIPS: dict[VerdictName | None, frozenset[Stance]] = {
    None: frozenset({"relaxes", "contradicts"}),
    "still-holds": frozenset({"relaxes", "contradicts"}),
    "relaxed": frozenset({"contradicts"}),
    "contradicted": frozenset({"supports"}),
}


def would_flip(present: VerdictName | None, findings: Iterable[Finding]) -> bool:
    """Whether an answer points away from the present verdict ("none yet" counts as holding)."""
    return any(f.stance in _FLIPS[present] for f in findings)


def agreed(samples: Sequence[Sequence[Finding]], wanted: int) -> list[Finding]:
    """The first sample's findings, each with the share of the `wanted` samples that take its stance."""
    return [replace(f, agreement=_share(f, samples, wanted)) for f in samples[0]]


def _share(finding: Finding, samples: Sequence[Sequence[Finding]], wanted: int) -> float:
    return round(sum(any(_agrees(finding, f) for f in s) for s in samples) / wanted, 3)


def _agrees(one: Finding, other: Finding) -> bool:
    return (one.atom_id, one.stance) == (other.atom_id, other.stance)
