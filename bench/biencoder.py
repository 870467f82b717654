"""A bi-encoder trained on claims and the papers that bear on them, against the packaged one.

    python -m bench.biencoder --work work/biencoder [--pairs 8000]

The packaged all-MiniLM-L6-v2, trained on pairs of a claim and a paper that bears on it, with every other
paper of the batch as a negative (van den Oord et al. 2018, arXiv:1807.03748). No claim or paper of the
development cases is trained on. Compared in the same run with the packaged weights: the share of evidence
among the first 20 and 50, by cosine alone and as a run ranks, over the best 500 of 222,586 records by words;
and SciFact's own evidence among its 5,183 abstracts, which must not get worse.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

from agent.adapters.arxiv.snapshot import SnapshotSource, newest
from agent.adapters.embedding.packaged_minilm import model_folder
from agent.core.screening import Limits
from agent.evaluation.cases import LabelledCase, read_cases
from agent.evaluation.finding import Finder
from bench.data import DATA, read_jsonl, require
from bench.stance.data import NEUTRAL, own_pairs, shared_pairs

SEED, SCALE, BATCH, TOKENS, RATE = 5, 20.0, 48, 192, 4e-5
AT = (20, 50)
Vectors = NDArray[np.float32]


def main() -> None:
    """Train if there are no weights yet, then print the figures as one JSON document."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--pairs", type=int, default=8000)
    parser.add_argument("--shortlist", type=int, default=500)
    args = parser.parse_args()
    torch.manual_seed(SEED)
    report: dict[str, Any] = {}
    if not args.work.exists():
        started = time.monotonic()
        model = SentenceTransformer(str(model_folder()), device="cpu", local_files_only=True)
        train(model, pairs(args.pairs))
        model.save(str(args.work))
        report["training_minutes"] = round((time.monotonic() - started) / 60, 1)
    for name, folder in (("packaged", model_folder()), ("trained", args.work)):
        model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
        report[name] = {"cases": on_cases(Encoder(name, model), args.shortlist), "scifact": on_scifact(model)}
    print(json.dumps(report, indent=1))


def pairs(most: int) -> list[tuple[str, str]]:
    """Claims and the papers that bear on them, in random order."""
    rows = [(p.claim, p.text) for p in (*shared_pairs(), *own_pairs()) if p.label != NEUTRAL]
    return random.Random(SEED).sample(rows, min(most, len(rows)))


def train(model: SentenceTransformer, rows: Sequence[tuple[str, str]]) -> None:
    """One pass with linear decay; a batch never has a claim twice."""
    model.max_seq_length = TOKENS
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.01)
    groups = [dict(rows[n : n + BATCH]) for n in range(0, len(rows), BATCH)]
    model.train()
    for step, group in enumerate(groups):
        for param_group in optimizer.param_groups:
            param_group["lr"] = RATE * min(1, 10 * (step + 1) / len(groups)) * (1 - step / len(groups))
        claims, papers = _encode(model, list(group)), _encode(model, list(group.values()))
        scores = SCALE * claims @ papers.T
        right = torch.arange(len(scores))
        loss = torch.nn.functional.cross_entropy(scores, right)
        loss = loss + torch.nn.functional.cross_entropy(scores.T, right)
        loss.backward()  # type: ignore[no-untyped-call]  # torch has no types here
        optimizer.step()
        optimizer.zero_grad()
        if step % 10 == 0:
            print(f"step {step} of {len(groups)}, loss {float(loss.detach()):.3f}", flush=True)
    model.eval()


def _encode(model: SentenceTransformer, texts: list[str]) -> torch.Tensor:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        embeddings = model(model.tokenize(texts))["sentence_embedding"]
    return torch.nn.functional.normalize(embeddings.float(), dim=1)


class Encoder:
    """The model as an embedder for the finder."""

    def __init__(self, name: str, model: SentenceTransformer) -> None:
        self.name, self._model = name, model

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors [len(texts), width]."""
        return _vectors(self._model, texts)


def _vectors(model: SentenceTransformer, texts: Sequence[str]) -> Vectors:
    vectors = model.encode(list(texts), batch_size=32, normalize_embeddings=True, show_progress_bar=False)
    return np.asarray(vectors, dtype=np.float32)


def on_cases(embedder: Encoder, shortlist: int) -> dict[str, float]:
    """Recall of the development cases' evidence among all records."""
    cases = [c for c in read_cases(require(DATA / "cases/retest-cases.dev.jsonl")) if c.bearing]
    papers = newest(SnapshotSource(require(DATA / "arxiv/full-223k.jsonl.xz")).everything())
    finder = Finder(papers, embedder, Limits(keep=20, floor=0.0, shortlist=shortlist))
    finder.prepare(cases, lambda *_: None)
    alone, fused = [_by_cosine(finder, embedder, c) for c in cases], [finder.find(c)[0] for c in cases]
    bearing = [c.bearing for c in cases]
    return _recalls("cosine", bearing, alone, AT) | _recalls("as_a_run", bearing, fused, AT)


def _recalls(
    name: str, wanted: Sequence[Collection[str]], ranked: Sequence[Sequence[str]], at: Sequence[int]
) -> dict[str, float]:
    """The share of all wanted papers among the first k, for each k."""
    total = sum(map(len, wanted))
    hits = {k: sum(len(set(w) & set(r[:k])) for w, r in zip(wanted, ranked, strict=True)) for k in at}
    return {f"{name}_{k}": round(n / total, 3) for k, n in hits.items()}


def _by_cosine(finder: Finder, embedder: Encoder, case: LabelledCase) -> list[str]:
    rows = finder.corpus.with_vectors(finder.eligible(case.as_claim()))
    scores = finder.corpus.dense(embedder.embed([case.claim]), rows)[0]
    return [finder.corpus.ids[rows[n]] for n in np.argsort(-scores, kind="stable")[: max(AT)]]


def on_scifact(model: SentenceTransformer) -> dict[str, float]:
    """Recall of the evidence for SciFact's claims among its own abstracts, by cosine."""
    corpus = list(read_jsonl(DATA / "claims/scifact/corpus.jsonl"))
    claims = [c for c in read_jsonl(require(DATA / "claims/scifact/claims_train.jsonl")) if c["evidence"]]
    papers = _vectors(model, [f"{d['title']}. {' '.join(d['abstract'])}" for d in corpus])
    ids = [str(d["doc_id"]) for d in corpus]
    best = np.argsort(-(_vectors(model, [c["claim"] for c in claims]) @ papers.T), axis=1)[:, : max(AT)]
    return _recalls(
        "recall", [c["evidence"] for c in claims], [[ids[n] for n in row] for row in best], (5, 20)
    )


if __name__ == "__main__":
    main()
