"""Choose the shipped judge's thresholds and calibrate its confidence, on claims it was not trained on.

    python -m bench.stance.calibrate --work work/stance [--folder agent/adapters/judges/stance] [--write]

Papers found: how abstract and quote together predict whether a side is right is fitted on the pools of the
fold that training left out, predicting each fifth of their claims from the others; each side counts from the
lowest strength that is right four times in five. Papers given: the development cases, each left out once.
`--write` saves the choice in stance.json and draws docs/reliability.svg.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from agent.adapters.judges.embedded import SHARES, logit
from agent.adapters.judges.stance_model import SHIPPED, StanceModel
from agent.core.confidence import Calibration
from agent.evaluation import scores
from agent.evaluation.cases import read_cases
from agent.reports import charts
from bench.data import DATA, require
from bench.stance.data import claim_key
from bench.stance.given import GIVEN_STRENGTH, SIDES, Remembered, best, every_choice, given, share
from bench.stance.readings import Row, rows

GOAL, FOLDS = 0.8, 5
FEWEST = 30
"""With fewer verdicts than this, a confidence map would fit noise."""
READ_FOUND, LEAD, OPEN = 0.25, 0.15, 0.25
PLOT = Path(__file__).parents[2] / "docs/reliability.svg"


class Strength(NamedTuple):
    """How both shares together predict whether a side is right: a logistic regression."""

    whole: float
    quoted: float
    offset: float

    def of(self, row: Row) -> float:
        """The probability that a reading's side is right."""
        weighted = (getattr(self, name) * logit(getattr(row, name)) for name in SHARES)
        return 1 / (1 + math.exp(-(sum(weighted) + self.offset)))


def main() -> None:
    """Print the cross-validated figures; save the choice with --write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, required=True, help="folder of the readings")
    parser.add_argument("--folder", type=Path, default=SHIPPED)
    parser.add_argument("--write", action="store_true", help="save the choice in stance.json, draw the plot")
    args = parser.parse_args()
    read = rows(args.folder, args.work)
    taken = [r for r in read if r.stance]
    strength = fit_strength(taken)
    thresholds = {side: threshold([(strength.of(r), r) for r in taken], side) for side in SIDES}
    model = Remembered(StanceModel(args.folder, "given"))
    model.settings |= {
        "found": thresholds | {"strength": strength._asdict()},
        "body": {side: body(strength, taken, side, least) for side, least in thresholds.items()},
        "read": READ_FOUND, "lead": LEAD, "open": OPEN,
    }  # fmt: skip
    cases = read_cases(require(DATA / "cases/retest-cases.dev.jsonl"))
    tried = every_choice(cases, model)
    left_out = [tried[best(tried, leave=n)][n] for n in range(len(cases))]
    sure = verdicts_found(read, cross_validated(taken), thresholds)
    chosen = dict(zip(SIDES, best(tried), strict=True)) | {"strength": GIVEN_STRENGTH}
    model.settings |= {"given": chosen, "calibration": list(fit(sure))}
    calibrated = [(fit(sure[:n] + sure[n + 1 :]).of(raw), right) for n, (raw, right) in enumerate(sure)]
    print(json.dumps({
        "found": pools(read, taken), "given": given(left_out),
        "confidence": confidence(sure, calibrated), "settings": model.settings,
    }, indent=1))  # fmt: skip
    if args.write:
        (args.folder / "stance.json").write_text(json.dumps(model.settings, indent=1) + "\n")
        bins = scores.reliability(*columns(calibrated), bins=5)
        PLOT.write_text(charts.svg(charts.reliability(bins, "Embedded judge, pools, claims left out")))


def fit_strength(taken: Sequence[Row]) -> Strength:
    """Minimise the log loss with slight shrinkage, by Newton's method."""
    x = np.array([[*(logit(getattr(r, name)) for name in SHARES), 1.0] for r in taken])
    y = np.array([r.right for r in taken], dtype=float)
    weights, shrink = np.zeros(len(SHARES) + 1), np.diag([0.05] * len(SHARES) + [0.0])
    for _ in range(30):
        p = 1 / (1 + np.exp(-x @ weights))
        step = np.linalg.solve((x.T * (p * (1 - p))) @ x + shrink, x.T @ (y - p) - shrink @ weights)
        weights = weights + step
    return Strength(*(round(float(w), 4) for w in weights))


def cross_validated(taken: Sequence[Row]) -> list[tuple[float, Row]]:
    """Each reading's strength, fitted on the claims of the other folds."""
    found: list[tuple[float, Row]] = []
    for fold in range(FOLDS):
        strength = fit_strength([r for r in taken if inner(r) != fold])
        found += [(strength.of(r), r) for r in taken if inner(r) == fold]
    return found


def inner(row: Row) -> int:
    """The claim's fold within the left-out claims."""
    return int(claim_key(row.claim)[:6], 16) // 5 % FOLDS


def threshold(scored: Sequence[tuple[float, Row]], side: str) -> float:
    """The lowest strength from which readings of a side that pass the gates are right with share GOAL."""
    ranked = sorted(((s, r.right) for s, r in scored if r.side == side and r.passes), reverse=True)
    right, best = 0, 0.95
    for n, (strength, is_right) in enumerate(ranked, 1):
        right += is_right
        if n >= 8 and right / n >= GOAL:
            best = strength
    return round(best - 5e-4, 3)


def body(strength: Strength, taken: Sequence[Row], side: str, least: float) -> float:
    """The threshold for sentences of the body, which one in twenty papers reaches by others' sentences.

    No whole papers are labelled here; the abstracts of a pool's other papers stand in for a body on the
    same topic, in which no sentence is a right quote.
    """
    wrong = [strength.of(replace(r, quoted=r.elsewhere)) for r in taken if r.side == side]
    return round(max(least, float(np.quantile(wrong, 0.95)) if wrong else 1.0), 3)


def pools(read: Sequence[Row], taken: Sequence[Row]) -> dict[str, Any]:
    """Precision and recall of what counts, with thresholds and strengths chosen on other claims."""
    counted = []
    for fold in range(FOLDS):
        others = [r for r in taken if inner(r) != fold]
        strength = fit_strength(others)
        least = {side: threshold([(strength.of(r), r) for r in others], side) for side in SIDES}
        counted += [r for r in taken if inner(r) == fold and r.passes and strength.of(r) >= least[r.side]]
    kinds = {
        "all": read,
        "words": [r for r in read if r.pool == "words"],
        "own": [r for r in read if r.pool == "own"],
    }
    return {name: pool([r for r in counted if name in ("all", r.pool)], some) for name, some in kinds.items()}


def pool(counted: Sequence[Row], read: Sequence[Row]) -> dict[str, Any]:
    """The figures of `retest eval --papers pool`."""
    right = sum(r.right for r in counted)
    return {
        "papers": len(read), "bearing": sum(r.bears for r in read), "counted": len(counted),
        "right": right,
        "precision": share([r.right for r in counted]),
        "recall": round(right / sum(r.bears for r in read), 3),
        "adverse precision": share([r.right for r in counted if r.side == "adverse"]),
        "support precision": share([r.right for r in counted if r.side == "supports"]),
        "wrong side": share([r.bears and not r.right for r in counted]),
    }  # fmt: skip


def verdicts_found(
    read: Sequence[Row], scored: Sequence[tuple[float, Row]], least: dict[str, float]
) -> list[tuple[float, bool]]:
    """(raw confidence, right?) of each pool's verdict; its papers are one voice, so the strongest decides."""
    by_claim: dict[str, list[tuple[float, Row]]] = {}
    for strength, row in scored:
        if row.passes and strength >= least[row.side]:
            by_claim.setdefault(row.claim, []).append((strength, row))
    labels: dict[str, set[str]] = {}
    for row in read:
        labels.setdefault(row.claim, set()).add(
            "adverse" if row.label in ("relaxes", "contradicts") else row.label
        )
    found = []
    for claim, counted in by_claim.items():
        against = [s for s, r in counted if r.side == "adverse"]
        raw = max(against or [s for s, _ in counted])
        found.append(
            (
                raw,
                "adverse" in labels[claim]
                if against
                else labels[claim] & {"supports", "adverse"} == {"supports"},
            )
        )
    return found


def confidence(sure: list[tuple[float, bool]], calibrated: list[tuple[float, bool]]) -> dict[str, Any]:
    """How well confidence predicts what is right."""
    return {
        "verdicts": len(sure), "right": share([right for _, right in sure]),
        "ece_raw": scores.calibration_error(*columns(sure)),
        "ece": scores.calibration_error(*columns(calibrated)),
        "bins": scores.reliability(*columns(calibrated), bins=5),
    }  # fmt: skip


def fit(sure: Sequence[tuple[float, bool]]) -> Calibration:
    """The calibration of least log loss, by grid search; its slope is never negative (Platt 1999)."""
    raw, right = np.array([r for r, _ in sure]), np.array([r for _, r in sure])

    if len(sure) < FEWEST:  # the strength is a probability already
        return Calibration()

    def loss(calibration: Calibration) -> float:
        shares = np.clip([calibration.of(r) for r in raw], 0.01, 0.99)
        return float(-(np.log(shares[right]).sum() + np.log(1 - shares[~right]).sum()))

    grid = itertools.product(np.linspace(0, 2, 11), np.linspace(-2, 2, 21))
    return min((Calibration(round(float(a), 2), round(float(b), 2)) for a, b in grid), key=loss)


def columns(found: Sequence[tuple[float, bool]]) -> tuple[list[float], list[bool]]:
    """Split a list of pairs into two lists."""
    return [a for a, _ in found], [b for _, b in found]


if __name__ == "__main__":
    main()
