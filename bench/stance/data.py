"""Labelled (claim, text) pairs from the shared data, from our own ranking, and from SciFact.

A text is a whole abstract with its title, or one sentence. All pairs of a claim fall into the same fold,
so that a model measured on a claim has never seen it.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import random
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from agent.adapters.judges.stance_model import LABELS
from agent.adapters.judges.stance_pairs import joined
from agent.core.sentences import split_sentences
from agent.evaluation.suites import held_out
from bench.data import DATA, case_paper_ids, read_jsonl, require

OWN_RANKING = Path(__file__).parent / "own_ranking.jsonl.gz"
"""Labels of papers that our own ranking keeps: claims and papers by id; texts in the shared data."""
NEUTRAL = LABELS.index("neutral")
FOLDS = 5


class LabelledPair(NamedTuple):
    """A claim, a paper's sentences (title first), its label, and which sentences carry it."""

    claim: str
    paper: str
    sentences: tuple[str, ...]
    label: int
    evidence: tuple[int, ...]
    kind: str

    @property
    def text(self) -> str:
        """Title and abstract as the network reads them."""
        return joined(self.sentences[0], " ".join(self.sentences[1:]))


class Example(NamedTuple):
    """What the network is trained on: a claim, a text, a label."""

    claim: str
    text: str
    label: int


def claim_key(claim: str) -> str:
    """A short hash of a claim's text, under which its labels are stored."""
    return hashlib.sha256(claim.encode()).hexdigest()[:12]


def fold_of(claim: str) -> int:
    """The fold of a claim; one in five is used for measuring and never for training."""
    return int(claim_key(claim), 16) % FOLDS


@cache
def shared_pairs() -> tuple[LabelledPair, ...]:
    """All labelled pairs of the shared data, except on papers that development cases rest on."""
    left_out, papers = case_paper_ids(), _papers()
    return tuple(
        LabelledPair(
            r["claim"],
            r["paper"],
            papers[r["paper"]],
            LABELS.index(r["stance"]),
            tuple(r["evidence"]),
            r["kind"],
        )
        for r in read_jsonl(DATA / "stance/labels.jsonl.gz")
        if r["paper"] in papers and r["paper"] not in left_out
    )


@cache
def own_pairs() -> tuple[LabelledPair, ...]:
    """The labelled papers from our own ranking."""
    claims = {claim_key(p.claim): p.claim for p in shared_pairs()}
    with gzip.open(OWN_RANKING, "rt", encoding="utf-8") as lines:
        rows: list[dict[str, Any]] = [json.loads(line) for line in lines]
    papers = _papers()
    papers |= _abstracts({r["paper"] for r in rows} - papers.keys())
    return tuple(
        LabelledPair(
            claims[r["claim"]],
            r["paper"],
            papers[r["paper"]],
            LABELS.index(r["stance"]),
            tuple(r["evidence"]),
            "own",
        )
        for r in rows
    )


def _papers() -> dict[str, tuple[str, ...]]:
    return {r["id"]: tuple(r["sentences"]) for r in read_jsonl(DATA / "stance/papers.jsonl.gz")}


def _abstracts(wanted: set[str]) -> dict[str, tuple[str, ...]]:
    """Sentences of papers that are only in the full set of records."""
    records = read_jsonl(DATA / "arxiv/full-223k.jsonl.xz")
    return {r["id"]: (r["title"], *split_sentences(r["abstract"])) for r in records if r["id"] in wanted}


def abstracts(pairs: Sequence[LabelledPair]) -> list[Example]:
    """Pairs as whole abstracts."""
    return [Example(p.claim, p.text, p.label) for p in pairs]


def sentences(pairs: Sequence[LabelledPair], rng: random.Random, silent: int = 2) -> Iterator[Example]:
    """Sentences that carry a stance, and silent ones from the same papers and from neutral papers.

    The silent sentences are hard ones: those that share the most words with the claim.
    """
    for pair in pairs:
        own = [s for i, s in enumerate(pair.sentences) if i in pair.evidence]
        rest = [s for i, s in enumerate(pair.sentences) if i and i not in pair.evidence]
        hard = sorted(rest, key=lambda s: -len(_words(s) & _words(pair.claim)))
        yield from (Example(pair.claim, s, pair.label) for s in own)
        if len(own) > 1:
            yield Example(pair.claim, " ".join(own), pair.label)
        if own:
            yield from (Example(pair.claim, s, NEUTRAL) for s in hard[:silent])
        elif hard and rng.random() < 1 / 3:
            yield Example(pair.claim, hard[0], NEUTRAL)


def _words(text: str) -> set[str]:
    return {w.strip(".,;:()").lower() for w in text.split() if len(w) > 3}


class ScifactClaim(NamedTuple):
    """A SciFact claim with one cited abstract and its claim-level label."""

    claim: str
    title: str
    sentences: tuple[str, ...]
    rationale: frozenset[int]
    label: int
    held_out: bool


def read_scifact() -> Iterator[ScifactClaim]:
    """Every (claim, cited abstract) of SciFact's training file (Wadden et al. 2020, arXiv:2004.14974)."""
    corpus = {str(d["doc_id"]): d for d in read_jsonl(DATA / "claims/scifact/corpus.jsonl")}
    names = {"SUPPORT": "supports", "CONTRADICT": "contradicts"}
    for row in read_jsonl(require(DATA / "claims/scifact/claims_train.jsonl")):
        docs = [str(d) for d in row["cited_doc_ids"]]
        reserved = any(held_out(d) for d in docs)
        for doc in docs:
            sets = row["evidence"].get(doc, [])
            label = LABELS.index(names[sets[0]["label"]]) if sets else NEUTRAL
            carried = frozenset(i for s in sets for i in s["sentences"])
            paper = corpus[doc]
            yield ScifactClaim(
                row["claim"], paper["title"], tuple(paper["abstract"]), carried, label, reserved
            )


def scifact_examples() -> Iterator[Example]:
    """Abstracts and rationale sentences of the claims that are not held out."""
    for found in read_scifact():
        if found.held_out:
            continue
        yield Example(found.claim, joined(found.title, " ".join(found.sentences)), found.label)
        yield from (Example(found.claim, found.sentences[i], found.label) for i in found.rationale)
