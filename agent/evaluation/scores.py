"""Metrics over labelled outcomes, with bootstrap intervals. Pure; randomness comes from a seed.

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
    """One prediction and the correct answers."""

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


def accuracy(predictions: Sequence[Scored]) -> float | None:
    """Share of accepted predictions; None if there are none."""
    return sum(t.correct for t in predictions) / len(predictions) if predictions else None


def macro_f1(predictions: Sequence[Scored], classes: Sequence[str] = VERDICTS) -> float | None:
    """Mean F1 over `classes`, with 0 for one that never occurs; None if there is nothing to score."""
    return (
        sum(f1(predictions, name) or 0.0 for name in classes) / len(classes)
        if predictions and classes
        else None
    )


def f1(predictions: Sequence[Scored], name: str) -> float | None:
    """F1 of one class; None if it is neither gold nor predicted."""
    hits = sum(t.predicted == name and t.gold == name for t in predictions)
    named = sum(t.predicted == name for t in predictions) + sum(t.gold == name for t in predictions)
    return 2 * hits / named if named else None


def majority_macro_f1(predictions: Sequence[Scored], classes: Sequence[str] = VERDICTS) -> float | None:
    """Macro-F1 of always predicting the most common expected verdict."""
    expected = [t.expected for t in predictions if t.expected is not None]
    if not expected:
        return None
    common = max(classes, key=expected.count)
    return macro_f1([t._replace(predicted=common) for t in predictions], classes)


def precision(predictions: Sequence[Scored], name: str) -> float | None:
    """Share of the predictions of one class that are accepted; None when it was never predicted."""
    return accuracy([t for t in predictions if t.predicted == name])


def confusion(predictions: Sequence[Scored], classes: Sequence[str]) -> dict[str, dict[str, int]]:
    """Counts by expected, then predicted class; "none" stands for no verdict."""
    names = [*classes, "none"]
    table = {gold: dict.fromkeys(names, 0) for gold in names}
    for t in predictions:
        table[t.expected or "none"][t.predicted or "none"] += 1
    return table


def interval(
    predictions: Sequence[Scored], score: Callable[[Sequence[Scored]], float | None], seed: int = 0
) -> tuple[float, float] | None:
    """The 95% percentile bootstrap interval over cases (Efron 1979, doi:10.1214/aos/1176344552)."""
    rng, found = np.random.default_rng(seed), []
    for _ in range(RESAMPLES if predictions else 0):
        value = score([predictions[i] for i in rng.integers(len(predictions), size=len(predictions))])
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
    """(mean confidence, share correct, count) of each non-empty bin."""
    sure, right = np.array(confidences), np.array(correct)
    bin_of = np.minimum((sure * bins).astype(int), bins - 1)
    return [
        (float(sure[bin_of == b].mean()), float(right[bin_of == b].mean()), int((bin_of == b).sum()))
        for b in range(bins)
        if (bin_of == b).any()
    ]
