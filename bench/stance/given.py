"""Thresholds for papers that a person names: the development cases, each left out once."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.adapters.arxiv.snapshot_records import paper_of
from agent.adapters.judges.embedded import EmbeddedJudge
from agent.adapters.judges.stance_model import PairModel, Shares, TextPairs
from agent.adapters.reading.abstract import AbstractReader
from agent.evaluation import scores
from agent.evaluation.cases import LabelledCase
from agent.evaluation.scores import Scored
from agent.evaluation.trial import Outcome, try_case
from bench.data import DATA, read_jsonl

SIDES = ("supports", "adverse")
LEAST_PRECISION = 0.8
GIVEN = (0.02, 0.04, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
GIVEN_STRENGTH = {"whole": 1.0, "quoted": 0.2, "offset": -1.0}
"""Not fitted, since too few papers named by people are labelled: the abstract decides, the quote helps."""


class Remembered:
    """A stance model that caches its scores while we change its settings."""

    def __init__(self, model: PairModel) -> None:
        self._model, self._known = model, dict[tuple[str, str], NDArray[np.float32]]()
        self.settings: dict[str, Any] = dict(model.settings) | {"calibration": (1.0, 0.0)}

    @property
    def digest(self) -> str:
        """The model's digest."""
        return self._model.digest

    def probabilities(self, pairs: TextPairs) -> Shares:
        """The model's probabilities, computed once per pair."""
        new = [p for p in dict.fromkeys(pairs) if p not in self._known]
        if new:
            self._known.update(zip(new, self._model.probabilities(new), strict=True))
        return np.array([self._known[p] for p in pairs], dtype=np.float32).reshape(len(pairs), -1)


def every_choice(cases: list[LabelledCase], model: Remembered) -> dict[tuple[float, float], list[Outcome]]:
    """The outcomes of all cases, papers given, for every pair of thresholds."""
    wanted = {i for case in cases for i in case.labels}
    records = read_jsonl(DATA / "arxiv/sample-7k.jsonl.gz")
    papers = {r["id"]: paper_of(r) for r in records if r["id"] in wanted}
    tried = {}
    for choice in itertools.product(GIVEN, GIVEN):
        model.settings |= {"given": dict(zip(SIDES, choice, strict=True)) | {"strength": GIVEN_STRENGTH}}
        judge = EmbeddedJudge(model, given=True)
        tried[choice] = [
            try_case(case, [papers[i] for i in case.labels], judge, AbstractReader()) for case in cases
        ]
    return tried


def best(tried: dict[tuple[float, float], list[Outcome]], leave: int = -1) -> tuple[float, float]:
    """The choice with the best macro-F1 and trustworthy contradictions, on all cases but one."""

    def worth(choice: tuple[float, float]) -> tuple[bool, float, float]:
        others = [scored(o) for n, o in enumerate(tried[choice]) if n != leave]
        right = scores.precision(others, "contradicted")
        return right is None or right >= LEAST_PRECISION, scores.macro_f1(others) or 0.0, sum(choice)

    return max(tried, key=worth)


def scored(outcome: Outcome) -> Scored:
    """A case's verdict in the form in which it is scored."""
    return Scored(outcome.verdict.name, outcome.case.expected_verdict, outcome.case.accepted)


def given(left_out: list[Outcome]) -> dict[str, Any]:
    """The development cases, papers given, each left out when its thresholds were chosen."""
    results = [scored(o) for o in left_out]
    return {
        "macro_f1": scores.macro_f1(results), "macro_f1_ci": scores.interval(results, scores.macro_f1),
        "majority_macro_f1": scores.majority_macro_f1(results), "accuracy": scores.accuracy(results),
        "contradicted_precision": scores.precision(results, "contradicted"),
        "contradicted_told": sum(t.predicted == "contradicted" for t in results),
        "coverage": share([t.predicted is not None for t in results if t.expected]),
        "untested_accuracy": scores.accuracy([t for t in results if t.expected is None]),
        "confusion": scores.confusion(results, scores.VERDICTS),
    }  # fmt: skip


def share(flags: Sequence[bool]) -> float | None:
    """The share of true flags, or None if there are no flags."""
    return round(sum(flags) / len(flags), 3) if flags else None
