"""Tell sentences that their quote entails from sentences that only sound grounded, by the stance network.

    python -m bench.entailment

`bench/sentences.jsonl` holds, for 200 quotes of the shared abstracts, a sentence that follows from the quote
and one that does not, written by a language model; `why` says in what way it does not. The veto would strike
a sentence whose share of "supports" is below a threshold. The threshold is chosen on set a, so that a tenth
of the true sentences is struck, and measured on set b. To be kept it has to strike at least 0.80 of the false
and at most 0.10 of the true.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any, get_args

import numpy as np

from agent.adapters.judges.stance_model import LABELS, Branch, Shares, StanceModel
from bench.data import DATA, read_jsonl, require

SENTENCES = Path(__file__).with_name("sentences.jsonl")
SUPPORTS, STRUCK_TRUE = LABELS.index("supports"), 0.10


def main() -> None:
    """Print the figures of both branches as one JSON document."""
    rows = list(read_jsonl(SENTENCES))
    quotes = _quotes({r["paper"] for r in rows})
    texts = [quotes[r["paper"]][r["sentence"]] for r in rows]
    print(json.dumps({branch: measured(rows, texts, branch) for branch in get_args(Branch)}, indent=1))


def measured(rows: list[dict[str, Any]], texts: list[str], branch: Branch) -> dict[str, Any]:
    """The shares of true and false sentences that a veto by one branch strikes."""
    model = StanceModel(branch=branch)
    true, false = (
        _support(model.probabilities([(r[kind], text) for r, text in zip(rows, texts, strict=True)]))
        for kind in ("true", "false")
    )
    held_out = np.array([r["set"] == "b" for r in rows])
    threshold = float(np.quantile(true[~held_out], STRUCK_TRUE))
    why = np.array([r["why"] for r in rows])
    return {
        "threshold": round(threshold, 3),
        "struck_true": round(float((true[held_out] < threshold).mean()), 3),
        "struck_false": round(float((false[held_out] < threshold).mean()), 3),
        "struck_false_by_kind": {
            str(kind): round(float((false[held_out & (why == kind)] < threshold).mean()), 2)
            for kind in sorted(set(why))
        },
    }


def _support(shares: Shares) -> Shares:
    return shares[:, SUPPORTS]


def _quotes(papers: set[str]) -> dict[str, list[str]]:
    file = require(DATA / "stance" / "papers.jsonl.gz")
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        return {p["id"]: p["sentences"] for p in map(json.loads, lines) if p["id"] in papers}


if __name__ == "__main__":
    main()
