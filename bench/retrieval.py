"""How many evidence papers are found among 222,586 records, for each way of querying.

    python -m bench.retrieval [--dense]

Every row is measured in the same run on the same cases; the first is the reference, one BM25
query with the claim's text. `--dense` embeds the papers that words rank best for each case (about 10,000
records, 6 to 20 minutes on 2 cores) and adds the ranking a run uses.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from agent.adapters.arxiv.snapshot import SnapshotSource, newest
from agent.adapters.embedding.minilm import PackagedMiniLM
from agent.core.screening import Limits
from agent.evaluation.cases import LabelledCase, read_cases
from agent.evaluation.finding import DEEPEST, Finder
from agent.retrieval.corpus import Weights, query_of
from bench.data import DATA, require

AT = (20, 50, 100)
ROWS = {
    "BM25, the claim's text": Weights(0, 0, 0),
    "+ the sources' titles": Weights(0.7, 0, 0),
    "+ the sources' abstracts": Weights(0.7, 0.2, 0),
    "+ feedback terms": Weights(0.7, 0.2, 0.3),
}


def main() -> None:
    """Print the table as one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dense", action="store_true", help="embed the shortlists and add the last row")
    parser.add_argument("--snapshot", type=Path, default=DATA / "arxiv/full-223k.jsonl.xz")
    args = parser.parse_args()
    cases = [c for c in read_cases(require(DATA / "cases/retest-cases.dev.jsonl")) if c.bearing]
    papers = newest(SnapshotSource(require(args.snapshot)).everything())
    started = time.perf_counter()
    finder = Finder(papers, PackagedMiniLM(), Limits(keep=20, floor=0.0))
    figures: dict[str, object] = {
        "records": len(papers),
        "cases": len(cases),
        "index_seconds": _since(started),
    }
    for name, weights in ROWS.items():
        figures[name] = measure(cases, partial(by_words, finder, weights))
    if args.dense:
        started = time.perf_counter()
        finder.prepare(cases, lambda *_: None)
        figures["embedding_seconds"] = _since(started)
        figures["+ cosines, as a run ranks"] = measure(cases, lambda case: finder.find(case)[0])
    print(json.dumps(figures, indent=1))


def by_words(finder: Finder, weights: Weights, case: LabelledCase) -> list[str]:
    """The best ids for a case, by words alone."""
    claim = case.as_claim()
    rows = finder.eligible(claim)
    scores = finder.corpus.lexical(query_of(claim, finder.sources(claim)), rows, weights)
    return [finder.corpus.ids[i] for i in rows[np.argsort(-scores, kind="stable")[:DEEPEST]]]


def measure(cases: Sequence[LabelledCase], find: Callable[[LabelledCase], Sequence[str]]) -> dict[str, float]:
    """Share of all bearing papers among the first k, and the seconds per claim."""
    started = time.perf_counter()
    ranked = [find(case) for case in cases]
    seconds = (time.perf_counter() - started) / len(cases)
    wanted = sum(len(c.bearing) for c in cases)
    hits = {k: sum(len(c.bearing & set(r[:k])) for c, r in zip(cases, ranked, strict=True)) for k in AT}
    shares = {f"recall_{k}": round(n / wanted, 3) for k, n in hits.items()}
    return shares | {"seconds_a_claim": round(seconds, 3)}


def _since(started: float) -> float:
    return round(time.perf_counter() - started, 1)


if __name__ == "__main__":
    main()
