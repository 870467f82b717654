"""Choose the shipped judge's thresholds and calibrate its confidence, by cross-validation only.

    python -m bench.stance.calibrate [--folder agent/adapters/stance] [--write]

Every case is left out once: the thresholds are chosen on the others (best macro-F1 among those whose
contradictions are right four times in five) and tried on it. The figures printed are over the left-out
cases. `--write` keeps the thresholds chosen on all cases and the confidence map in stance.json, and
draws docs/reliability.svg.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.adapters.abstract_reader import AbstractReader
from agent.adapters.embedded_judge import EmbeddedJudge
from agent.adapters.snapshot import paper_of
from agent.adapters.stance_model import SHIPPED, PairModel, StanceModel
from agent.evaluation import scores
from agent.evaluation.cases import LabelledCase, read_cases
from agent.evaluation.scores import Told
from agent.evaluation.trial import Outcome, try_case
from agent.reports import charts
from agent.retest.confidence import Calibration
from bench.data import DATA, read_jsonl, require
from store.records import Paper

LEAST_PRECISION = 0.8
SUPPORTS = (0.3, 0.4, 0.5, 0.6)
ADVERSE = (0.3, 0.4, 0.5, 0.6, 0.7)
REFUTES = (0.8, 0.95)
PLOT = Path(__file__).parents[2] / "docs/reliability.svg"


class Choice(NamedTuple):
    """One setting of the judge, papers given: from which strength each side counts, or contradicts."""

    supports: float
    adverse: float
    refute: float


class Remembered:
    """A stance model whose scores are computed once, under settings we change."""

    def __init__(self, model: PairModel) -> None:
        self._model, self._known = model, dict[tuple[str, str], NDArray[np.float32]]()
        self.settings: dict[str, Any] = dict(model.settings) | {"calibration": (1.0, 0.0)}

    @property
    def digest(self) -> str:
        """The model's own."""
        return self._model.digest

    def probabilities(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        """As the model's."""
        new = [p for p in dict.fromkeys(pairs) if p not in self._known]
        if new:
            self._known.update(zip(new, self._model.probabilities(new), strict=True))
        return np.array([self._known[p] for p in pairs], dtype=np.float32).reshape(len(pairs), -1)


def main() -> None:
    """Print the cross-validated figures; keep the choice with --write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=SHIPPED)
    parser.add_argument("--write", action="store_true", help="keep the choice in stance.json, draw the plot")
    args = parser.parse_args()
    cases = read_cases(require(DATA / "cases/retest-cases.dev.jsonl"))
    tried = every_choice(cases, Remembered(StanceModel(args.folder)))
    left_out = [tried[best(tried, leave=n)][n] for n in range(len(cases))]
    chosen = best(tried)
    sure = [(o.verdict.confidence, told(o).correct) for o in left_out if o.verdict.confidence is not None]
    calibrated = [(fit(sure[:n] + sure[n + 1 :]).of(raw), right) for n, (raw, right) in enumerate(sure)]
    print(json.dumps(figures(left_out, chosen, sure, calibrated), indent=1))
    if args.write:
        keep(args.folder / "stance.json", chosen, fit(sure))
        rows = scores.reliability(*columns(calibrated), bins=5)
        PLOT.write_text(charts.svg(charts.reliability(rows, "Embedded judge, each case left out once")))


def every_choice(cases: list[LabelledCase], model: Remembered) -> dict[Choice, list[Outcome]]:
    """The outcomes of all cases under every choice."""
    wanted = {i for case in cases for i in case.labels}
    records = read_jsonl(DATA / "arxiv/sample-7k.jsonl.gz")
    papers: dict[str, Paper] = {r["id"]: paper_of(r) for r in records if r["id"] in wanted}
    tried = {}
    for choice in itertools.starmap(Choice, itertools.product(SUPPORTS, ADVERSE, REFUTES)):
        model.settings |= {"given": choice._asdict()}
        judge = EmbeddedJudge(model, given=True)
        tried[choice] = [
            try_case(case, [papers[i] for i in case.labels], judge, AbstractReader()) for case in cases
        ]
    return tried


def best(tried: dict[Choice, list[Outcome]], leave: int = -1) -> Choice:
    """The choice of best macro-F1 with trustworthy contradictions, on all cases but one."""

    def worth(choice: Choice) -> tuple[bool, float, float]:
        others = [told(o) for n, o in enumerate(tried[choice]) if n != leave]
        right = scores.precision(others, "contradicted")
        return right is None or right >= LEAST_PRECISION, scores.macro_f1(others) or 0.0, choice.adverse

    return max(tried, key=worth)


def told(outcome: Outcome) -> Told:
    """What a case's verdict is scored as."""
    return Told(outcome.verdict.name, outcome.case.expected_verdict, outcome.case.accepted)


def fit(sure: list[tuple[float, bool]]) -> Calibration:
    """The map of least log loss, by grid; its slope is never negative (Platt 1999)."""

    def loss(calibration: Calibration) -> float:
        shares = np.clip([calibration.of(raw) for raw, _ in sure], 0.01, 0.99)
        right = np.array([r for _, r in sure])
        return float(-(np.log(shares[right]).sum() + np.log(1 - shares[~right]).sum()))

    grid = itertools.product(np.linspace(0, 2, 21), np.linspace(-2, 2, 41))
    return min((Calibration(round(float(a), 2), round(float(b), 2)) for a, b in grid), key=loss)


def figures(
    left_out: list[Outcome],
    chosen: Choice,
    sure: list[tuple[float, bool]],
    calibrated: list[tuple[float, bool]],
) -> dict[str, Any]:
    """The cross-validated figures as one document."""
    every = [told(o) for o in left_out]
    return {
        "chosen": chosen._asdict(),
        "macro_f1": scores.macro_f1(every),
        "macro_f1_ci": scores.interval(every, scores.macro_f1),
        "majority_macro_f1": scores.majority_macro_f1(every),
        "accuracy": scores.accuracy(every),
        "contradicted_precision": scores.precision(every, "contradicted"),
        "contradicted_told": sum(t.predicted == "contradicted" for t in every),
        "coverage": float(np.mean([t.predicted is not None for t in every if t.expected])),
        "untested_accuracy": scores.accuracy([t for t in every if t.expected is None]),
        "ece_raw": scores.calibration_error(*columns(sure)),
        "ece": scores.calibration_error(*columns(calibrated)),
        "confusion": scores.confusion(every, scores.VERDICTS),
    }


def columns(rows: list[tuple[float, bool]]) -> tuple[list[float], list[bool]]:
    """Two lists of a list of pairs."""
    return [a for a, _ in rows], [b for _, b in rows]


def keep(path: Path, chosen: Choice, calibration: Calibration) -> None:
    """Write the choice into the model's settings."""
    settings = json.loads(path.read_text())
    settings |= {"given": chosen._asdict(), "calibration": list(calibration)}
    path.write_text(json.dumps(settings, indent=1) + "\n")


if __name__ == "__main__":
    main()
