"""Figures over labelled outcomes, with bootstrap intervals. Pure; randomness is a seed.

For F1 with several accepted answers, an accepted prediction counts as its own gold class, any
other against the expected one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

VERDICTS = ("still-holds", "relaxed", "contradicted")
STANCES = ("supports", "relaxes", "contradicts", "neutral")
RESAMPLES = 2000


class Scored(NamedTuple):
    """One prediction and what would have been right."""

    predicted: str | None
    expected: str | None
    accepted: tuple[str | None, ...]

    @property
    def correct(self) -> bool:
        """Whether the prediction is one of the accepted answers."""
        return self.predicted in self.accepted

    @property
    def gold(self) -> str | None:
        """The class this prediction is counted against."""
        return self.predicted if self.correct else self.expected


def accuracy(told: Sequence[Scored]) -> float | None:
    """Share of accepted predictions; None over nothing."""
    return sum(t.correct for t in told) / len(told) if told else None


def macro_f1(told: Sequence[Scored], classes: Sequence[str] = VERDICTS) -> float | None:
    """Mean F1 over all of `classes`, one that never occurs counting 0; None over nothing."""
    return sum(f1(told, name) or 0.0 for name in classes) / len(classes) if told and classes else None


def f1(told: Sequence[Scored], name: str) -> float | None:
    """F1 of one class; None when it neither is gold nor was predicted."""
    hits = sum(t.predicted == name and t.gold == name for t in told)
    named = sum(t.predicted == name for t in told) + sum(t.gold == name for t in told)
    return 2 * hits / named if named else None


def majority_macro_f1(told: Sequence[Scored], classes: Sequence[str] = VERDICTS) -> float | None:
    """Macro-F1 over all classes of always saying the commonest expected verdict."""
    expected = [t.expected for t in told if t.expected is not None]
    if not expected:
        return None
    common = max(classes, key=expected.count)
    return macro_f1([t._replace(predicted=common) for t in told], classes)


def precision(told: Sequence[Scored], name: str) -> float | None:
    """Share of the predictions of one class that are accepted; None when it was never predicted."""
    return accuracy([t for t in told if t.predicted == name])


def confusion(told: Sequence[Scored], classes: Sequence[str]) -> dict[str, dict[str, int]]:
    """Counts by expected, then predicted class; "none" stands for no verdict."""
    names = [*classes, "none"]
    table = {gold: dict.fromkeys(names, 0) for gold in names}
    for t in told:
        table[t.expected or "none"][t.predicted or "none"] += 1
    return table


def interval(
    told: Sequence[Scored], score: Callable[[Sequence[Scored]], float | None], seed: int = 0
) -> tuple[float, float] | None:
    """The 95% percentile bootstrap interval over cases (Efron 1979, doi:10.1214/aos/1176344552)."""
    rng, found = np.random.default_rng(seed), []
    for _ in range(RESAMPLES if told else 0):
        value = score([told[i] for i in rng.integers(len(told), size=len(told))])
        if value is not None:
            found.append(value)
    if not found:
        return None
    low, high = np.percentile(found, [2.5, 97.5])
    return float(low), float(high)


def calibration_error(confidences: Sequence[float], correct: Sequence[bool], bins: int = 10) -> float | None:
    """Expected calibration error over equal-width bins (Guo et al. 2017, arXiv:1706.04599)."""
    if not confidences:
        return None
    rows = reliability(confidences, correct, bins)
    return sum(n * abs(mean - share) for mean, share, n in rows) / len(confidences)


def reliability(
    confidences: Sequence[float], correct: Sequence[bool], bins: int = 10
) -> list[tuple[float, float, int]]:
    """(mean confidence, share correct, count) of each bin that holds anything."""
    sure, right = np.array(confidences), np.array(correct)
    held = np.minimum((sure * bins).astype(int), bins - 1)
    return [
        (float(sure[held == b].mean()), float(right[held == b].mean()), int((held == b).sum()))
        for b in range(bins)
        if (held == b).any()
    ]
