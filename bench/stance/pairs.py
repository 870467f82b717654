"""Labelled (claim, sentence) pairs: human ones from SciFact, weak ones from arXiv records.

SciFact (Wadden et al. 2020, arXiv:2004.14974) is the only human stance label used. The weak pairs
take a declarative title as the claim and a result sentence of the same abstract as its support.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from agent.retest.sentences import split_sentences
from bench.data import DATA, case_paper_ids, read_jsonl
from bench.stance.flips import flip

SUPPORTS, CONTRADICTS, NEUTRAL = 0, 1, 2
LABELS = ("supports", "contradicts", "neutral")

_DECLARATIVE = re.compile(
    r"\b(is|are|can|cannot|does|do|not|improves?|outperforms?|increases?|reduces?|helps?|hurts?|"
    r"enables?|leads|makes?|requires?|matters?|fails?|enhances?|emerges?|generalizes?|works|"
    r"degrades?|causes?|predicts?|need|learn|know|struggle|underperforms?)\b",
    re.I,
)
_RESULT = re.compile(
    r"\b(we (show|find|demonstrate|observe|prove|report)|results?|experiments?|outperform\w*|"
    r"improv\w+|reveal\w*|achiev\w+|suggest\w*|findings?|evidence|surpass\w*)\b",
    re.I,
)
_STOP = frozenset(
    [
        "the",
        "a",
        "an",
        "of",
        "for",
        "in",
        "on",
        "and",
        "to",
        "with",
        "by",
        "is",
        "are",
        "be",
        "can",
        "do",
        "does",
        "not",
        "as",
        "at",
        "from",
        "via",
        "or",
        "we",
        "that",
        "this",
        "large",
        "language",
        "models",
        "model",
        "llms",
        "llm",
        "using",
        "learning",
    ]
)


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


def held_out(doc_id: str | int, folds: int = 5) -> bool:
    """Whether a document belongs to the fixed fifth that no training ever sees."""
    return int(hashlib.sha256(str(doc_id).encode()).hexdigest(), 16) % folds == 0


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


def arxiv_pairs(rng: random.Random, limit: int) -> list[Pair]:
    """Weak pairs from declarative titles: agree, oppose by one edit, and hard neutrals."""
    banned = case_paper_ids()
    records = read_jsonl(DATA / "arxiv/full-223k.jsonl.xz")
    found = [hit for r in records if r["id"] not in banned and (hit := _title_and_result(r))]
    rng.shuffle(found)
    found = found[:limit]
    strangers = _similar_strangers(found, rng)
    return [pair for row in zip(found, strangers, strict=True) for pair in _variants(*row, rng)]


def _title_and_result(record: dict[str, Any]) -> tuple[str, str] | None:
    title = " ".join(record["title"].split())
    if "?" in title or title.startswith("Towards") or not _DECLARATIVE.search(title):
        return None
    claim = next((p for p in reversed(title.split(": ")) if _DECLARATIVE.search(p)), title)
    scored = [(_overlap(claim, s), s) for s in split_sentences(record["abstract"]) if _RESULT.search(s)]
    if len(claim.split()) < 5 or not scored or max(scored)[0] < 0.4:
        return None
    return claim, max(scored)[1]


def _overlap(claim: str, sentence: str) -> float:
    mine, theirs = _stems(claim), _stems(sentence)
    return len(mine & theirs) / max(len(mine), 1)


def _stems(text: str) -> set[str]:
    return {w[:6] for w in re.findall(r"[a-z]+", text.lower()) if w not in _STOP}


def _similar_strangers(found: list[tuple[str, str]], rng: random.Random) -> list[str]:
    """For each title, a result sentence of another paper that shares its rarest words."""
    by_stem: dict[str, list[int]] = defaultdict(list)
    for i, (title, _) in enumerate(found):
        for stem in _stems(title):
            by_stem[stem].append(i)
    return [found[_neighbour(i, t, by_stem, len(found), rng)][1] for i, (t, _) in enumerate(found)]


def _neighbour(i: int, title: str, by_stem: dict[str, list[int]], n: int, rng: random.Random) -> int:
    rarest = sorted(_stems(title), key=lambda s: len(by_stem[s]))
    for stem in rarest:
        others = [j for j in by_stem[stem] if j != i]
        if others:
            return rng.choice(others)
    return rng.randrange(n)


def _variants(own: tuple[str, str], stranger: str, rng: random.Random) -> Iterable[Pair]:
    title, sentence = own
    against, opposite = flip(title, rng), flip(sentence, rng)
    yield Pair(title, sentence, SUPPORTS)
    yield Pair(title, stranger, NEUTRAL)
    if against:
        yield Pair(against, sentence, CONTRADICTS)
        yield Pair(against, stranger, NEUTRAL)
    if opposite and not against:
        yield Pair(title, opposite, CONTRADICTS)
    if against and opposite and rng.random() < 0.3:
        yield Pair(against, opposite, SUPPORTS)
