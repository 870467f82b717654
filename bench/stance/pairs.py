"""Labelled (claim, sentence) pairs: what a pair is, and the human ones of SciFact.

SciFact (Wadden et al. 2020, arXiv:2004.14974) is the only human stance label used; see `weak` for
the pairs made from arXiv records.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, NamedTuple

from agent.evaluation.suites import held_out
from bench.data import DATA, read_jsonl
from bench.stance.flips import flip

SUPPORTS, CONTRADICTS, RELAXES, NEUTRAL = 0, 1, 2, 3
LABELS = ("supports", "contradicts", "relaxes", "neutral")


class Pair(NamedTuple):
    """One training example: what is claimed, what a paper says, and the label."""

    claim: str
    sentence: str
    label: int


class ScifactClaim(NamedTuple):
    """A SciFact claim with one cited abstract and its claim-level label."""

    claim: str
    sentences: list[str]
    rationale: set[int]
    label: int
    held_out: bool


def read_scifact() -> Iterator[ScifactClaim]:
    """Yield every (claim, cited abstract) of SciFact's training file."""
    corpus = {str(d["doc_id"]): d for d in read_jsonl(DATA / "claims/scifact/corpus.jsonl")}
    for row in read_jsonl(DATA / "claims/scifact/claims_train.jsonl"):
        docs = [str(d) for d in row["cited_doc_ids"]]
        reserved = any(held_out(d) for d in docs)
        for doc in docs:
            yield _scifact_claim(row, doc, corpus[doc], reserved)


def _scifact_claim(row: dict[str, Any], doc: str, paper: dict[str, Any], reserved: bool) -> ScifactClaim:
    sets = row["evidence"].get(doc, [])
    label = {"SUPPORT": SUPPORTS, "CONTRADICT": CONTRADICTS}[sets[0]["label"]] if sets else NEUTRAL
    rationale = {i for s in sets for i in s["sentences"]}
    return ScifactClaim(row["claim"], paper["abstract"], rationale, label, reserved)


def scifact_pairs(rng: random.Random, neutrals: int = 4) -> list[Pair]:
    """Sentence pairs of the training part; at most `neutrals` silent sentences a claim."""
    pairs = []
    for claim in read_scifact():
        if claim.held_out:
            continue
        silent = [i for i in range(len(claim.sentences)) if i not in claim.rationale]
        rng.shuffle(silent)
        pairs += [Pair(claim.claim, claim.sentences[i], claim.label) for i in claim.rationale]
        pairs += [Pair(claim.claim, claim.sentences[i], NEUTRAL) for i in silent[:neutrals]]
        if claim.label == SUPPORTS and (against := flip(claim.claim, rng)):
            pairs += [Pair(against, claim.sentences[i], CONTRADICTS) for i in claim.rationale]
    return pairs
