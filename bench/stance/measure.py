"""Measure a stance model: SciFact held-out claims, development cases, risk and coverage, speed.

python -m bench.stance.measure [--folder agent/adapters/stance]
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent.adapters.stance_model import SHIPPED, StanceModel
from agent.retest.sentences import split_sentences
from bench.data import DATA, read_jsonl
from bench.stance.pairs import CONTRADICTS, LABELS, RELAXES, SUPPORTS, read_scifact

Floats = NDArray[np.float64]
SIDES = ("supports", "adverse", "neutral")
"""Relaxes and contradicts are one side here: SciFact knows no other."""
SIDE_OF = {"supports": 0, "contradicts": 1, "relaxes": 1, "neutral": 2}
COVERAGES = (0.1, 0.2, 0.3, 0.5, 0.7, 1.0)


def main() -> None:
    """Print every figure as one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=SHIPPED)
    folder = parser.parse_args().folder
    model = StanceModel(folder)
    figures = {
        "megabytes": round((folder / "model.onnx").stat().st_size / 1e6, 1),
        "pairs_per_second": speed(model),
        "scifact_held_out": scifact(model),
        "development_cases": cases(model),
    }
    print(json.dumps(figures, indent=1))


def best_sentence(model: StanceModel, claim: str, sentences: list[str]) -> Floats:
    """[supports, adverse, neutral] of the most telling sentence."""
    shares = model.probabilities([(claim, s) for s in sentences]).astype(np.float64)
    adverse = shares[:, CONTRADICTS] + shares[:, RELAXES]
    side = np.array([shares[:, SUPPORTS].max(), adverse.max()])
    return np.array([*side, 1 - side.max()])


def speed(model: StanceModel) -> float:
    """Pairs a second over real abstracts."""
    found = [c for _, c in zip(range(60), read_scifact(), strict=False)]
    pairs = [(c.claim, s) for c in found for s in c.sentences]
    model.probabilities(pairs[:32])
    started = time.perf_counter()
    model.probabilities(pairs)
    return round(len(pairs) / (time.perf_counter() - started), 1)


def scifact(model: StanceModel) -> dict[str, object]:
    """Claim-level figures on the fifth of SciFact's documents never trained on."""
    found = [c for c in read_scifact() if c.held_out]
    shares = np.array([best_sentence(model, c.claim, c.sentences) for c in found])
    return scores(np.array([SIDE_OF[LABELS[c.label]] for c in found]), shares)


def cases(model: StanceModel) -> dict[str, object]:
    """Stance of each labelled evidence paper, papers as labelled."""
    papers = {r["id"]: r for r in read_jsonl(DATA / "arxiv/sample-7k.jsonl.gz")}
    rows, gold = [], []
    for case in read_jsonl(DATA / "cases/retest-cases.dev.jsonl"):
        for item in {e["arxiv_id"]: e for e in case["evidence"]}.values():
            paper = papers[item["arxiv_id"]]
            sentences = [s for s in split_sentences(paper["abstract"]) if len(s.split()) >= 6]
            rows.append(best_sentence(model, case["claim"], [paper["title"], *sentences]))
            gold.append(SIDE_OF[item["stance"]])
    return scores(np.array(gold), np.array(rows))


def scores(gold: NDArray[np.int64], shares: Floats) -> dict[str, object]:
    """Macro-F1, F1 by side, the confusion matrix (rows gold), and risk over coverage."""
    predicted = np.where(shares[:, :2].max(axis=1) >= 0.5, shares[:, :2].argmax(axis=1), 2)
    matrix = np.zeros((3, 3), dtype=int)
    np.add.at(matrix, (gold, predicted), 1)
    f1 = 2 * matrix.diagonal() / np.maximum(matrix.sum(0) + matrix.sum(1), 1)
    return {
        "pairs": len(gold),
        "macro_f1": round(float(f1.mean()), 3),
        "f1": {side: round(float(f), 3) for side, f in zip(SIDES, f1, strict=True)},
        "confusion": matrix.tolist(),
        "risk_coverage": risk_coverage(gold, shares),
    }


def risk_coverage(gold: NDArray[np.int64], shares: Floats) -> list[dict[str, float]]:
    """The share of wrong sides among the surest pairs, by how many of them are answered."""
    surest = np.argsort(-shares[:, :2].max(axis=1), kind="stable")
    wrong = shares[:, :2].argmax(axis=1) != gold
    rows = []
    for coverage in COVERAGES:
        told = surest[: max(1, round(coverage * len(gold)))]
        least = float(shares[told, :2].max(axis=1).min())
        rows.append(
            {"coverage": coverage, "threshold": round(least, 3), "risk": round(float(wrong[told].mean()), 3)}
        )
    return rows


if __name__ == "__main__":
    main()
