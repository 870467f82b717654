"""Measure the shipped stance model: SciFact held-out claims, development cases, speed.

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
from bench.stance.pairs import LABELS, NEUTRAL, read_scifact

Floats = NDArray[np.float64]


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
    """[supports, contradicts, neutral] of the most telling sentence."""
    shares = model.probabilities([(claim, s) for s in sentences]).astype(np.float64)
    side = shares[:, :2].max(axis=0)
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
    gold = np.array([c.label for c in found])
    predicted = np.where(shares[:, :2].max(axis=1) >= 0.5, shares[:, :2].argmax(axis=1), NEUTRAL)
    return {"claims": len(found), **scores(gold, predicted), "curve": curve(shares, gold)}


def cases(model: StanceModel) -> dict[str, object]:
    """Stance of each labelled evidence paper; relaxes counts as adverse. Papers as labelled."""
    papers = {r["id"]: r for r in read_jsonl(DATA / "arxiv/sample-7k.jsonl.gz")}
    rows, gold = [], []
    side = {"supports": 0, "contradicts": 1, "relaxes": 1, "neutral": NEUTRAL}
    for case in read_jsonl(DATA / "cases/retest-cases.dev.jsonl"):
        for item in {e["arxiv_id"]: e for e in case["evidence"]}.values():
            paper = papers[item["arxiv_id"]]
            sentences = [s for s in split_sentences(paper["abstract"]) if len(s.split()) >= 6]
            rows.append(best_sentence(model, case["claim"], [paper["title"], *sentences]))
            gold.append(side[item["stance"]])
    shares, truth = np.array(rows), np.array(gold)
    predicted = np.where(shares[:, :2].max(axis=1) >= 0.5, shares[:, :2].argmax(axis=1), NEUTRAL)
    return {"pairs": len(truth), **scores(truth, predicted), "curve": curve(shares, truth)}


def scores(gold: NDArray[np.int64], predicted: NDArray[np.int64]) -> dict[str, object]:
    """Macro-F1, F1 by class and the confusion matrix (rows gold)."""
    matrix = np.zeros((3, 3), dtype=int)
    np.add.at(matrix, (gold, predicted), 1)
    f1 = 2 * matrix.diagonal() / np.maximum(matrix.sum(0) + matrix.sum(1), 1)
    by_class = {label: round(float(f), 3) for label, f in zip(LABELS, f1, strict=True)}
    return {"macro_f1": round(float(f1.mean()), 3), "f1": by_class, "confusion": matrix.tolist()}


def curve(shares: Floats, gold: NDArray[np.int64]) -> list[dict[str, float]]:
    """Precision and coverage of the two sides over thresholds: what a threshold buys."""
    rows = []
    for threshold in (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.93):
        row = {"threshold": threshold}
        for label in (0, 1):
            told = (shares[:, label] >= threshold) & (shares[:, :2].argmax(axis=1) == label)
            hits = int((gold[told] == label).sum())
            row[f"{LABELS[label]}_precision"] = round(hits / max(int(told.sum()), 1), 3)
            row[f"{LABELS[label]}_told"] = int(told.sum())
        rows.append(row)
    return rows


if __name__ == "__main__":
    main()
