"""Measure the shipped network, or one in another folder: size, speed, the cost of rounding, SciFact.

    python -m bench.stance.measure [--folder agent/adapters/judges/stance] [--weights work/stance/weights.pt]

Thresholds, pools and verdicts are measured by `bench.stance.calibrate`.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from agent.adapters.judges.embedded import EmbeddedJudge
from agent.adapters.judges.stance_model import SHIPPED, StanceModel
from agent.adapters.judges.stance_pairs import MPNET, joined, tokenise
from agent.adapters.reading.abstract import AbstractReader
from agent.evaluation.service import on_given
from agent.evaluation.suites import read_suite
from bench.data import DATA, require
from bench.stance.data import Example, abstracts, fold_of, own_pairs, read_scifact
from bench.stance.export import judging
from bench.stance.network import collate, load_tokenizer

SAMPLE = 160


def main() -> None:
    """Print every figure as one JSON document."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=SHIPPED)
    parser.add_argument("--weights", type=Path, help="weights before rounding; default: the checkpoint")
    args = parser.parse_args()
    model = StanceModel(args.folder)
    figures: dict[str, Any] = {
        "megabytes": round(sum(p.stat().st_size for p in args.folder.glob("*.onnx")) / 1e6, 1),
        "abstracts_per_second": speed(model),
        "peak_megabytes": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3),
        "scifact_stance_macro_f1": scifact(args.folder),
    }
    figures["rounded_against_whole"] = rounding(model, args.weights)
    print(json.dumps(figures, indent=1))


def speed(model: StanceModel) -> float:
    """Whole abstracts per second."""
    found = [c for _, c in zip(range(60), read_scifact(), strict=False)]
    pairs = [(c.claim, joined(c.title, " ".join(c.sentences))) for c in found]
    model.probabilities(pairs[:2])
    started = time.perf_counter()
    model.probabilities(pairs)
    return round(len(pairs) / (time.perf_counter() - started), 1)


def scifact(folder: Path) -> float | None:
    """Stance macro-F1 of the whole judge on the fifth of SciFact's documents never trained on."""
    cases, papers = read_suite("scifact", require(DATA / "claims/scifact/claims_train.jsonl"))
    judge = EmbeddedJudge(StanceModel(folder, "given"), given=True)
    found = on_given(cases, papers, judge, AbstractReader(), lambda *_: None, verdicts=False)
    score: float | None = found["stance_macro_f1"]
    return score


@torch.no_grad()
def rounding(model: StanceModel, weights: Path | None) -> dict[str, float]:
    """How far the rounded network's shares are from the original's, on abstracts it was not trained on."""
    examples: list[Example] = [e for e in abstracts(own_pairs()) if fold_of(e.claim) == 0][:SAMPLE]
    pairs = [(e.claim, e.text) for e in examples]
    net = judging(weights).eval()
    items = tokenise(load_tokenizer(), MPNET, pairs)
    whole = np.concatenate([net(*collate([i])).softmax(dim=1).numpy() for i in items])
    rounded = model.probabilities(pairs)
    return {
        "same likeliest stance": round(float((whole.argmax(1) == rounded.argmax(1)).mean()), 3),
        "mean change of a share": round(float(np.abs(whole - rounded).mean()), 4),
    }


if __name__ == "__main__":
    main()
