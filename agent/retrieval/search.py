"""Find claims and passages for a question, in memory. Independent of disk, ledger and models.

A claim is found by meaning (cosine with its wording, its parts, its durable question), by words (BM25,
Robertson and Zaragoza 2009) and, if a question names a paper, by its sources. A match with a line's own
question adds weight to the line's claims.

Passages and papers are found by an exact matrix product: for 100,000 vectors this is faster than
embedding the question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.retrieval.words import WordIndex, tokens
from store.records import Claim, Line
from store.vectors.in_memory import Vectors

BY_WORDS, MOST_BY_WORDS, BY_LINE, BY_SOURCE, BY_NAME = 0.05, 10.0, 0.15, 1.0, 2.0
RELEVANT = 0.44
"""Claims that score less do not bear on a question: halfway between the best unanswerable and the weakest
answerable question in the tuning half of bench/questions.yaml."""
SAME_QUESTION = 0.66
"""Least cosine for a question to be a line's own: the seed documents' reach 0.72, narrower ones 0.60."""
CLOSE = 0.42
"""Least cosine at which a passage or paper is shown."""
NEAR_BEST = 0.35
"""How far below the best claim another may score and still belong to an answer."""


class Hit(NamedTuple):
    """A search result and its score."""

    id: str
    score: float


@dataclass(frozen=True)
class Unit:
    """An embedded wording of a claim, or of a line (`claim_id` empty)."""

    text: str
    claim_id: str = ""
    line_id: str = ""


def units_of(claims: Sequence[Claim], lines: Sequence[Line]) -> list[Unit]:
    """Everything that is embedded for claim search."""
    wordings = [
        Unit(text, claim.id)
        for claim in claims
        for text in (claim.text, claim.durable_question, *(a.text for a in claim.atoms))
        if text
    ]
    return wordings + [Unit(line.question, line_id=line.id) for line in lines]


class ClaimSearch:
    """Finds claims. `vectors` [len(units), width] are those of `units`, in order."""

    def __init__(self, claims: Sequence[Claim], units: Sequence[Unit], vectors: NDArray[np.float32]) -> None:
        self._ids = [c.id for c in claims]
        self._place = place = {c.id: n for n, c in enumerate(claims)}
        self._sources = {s: [place[c.id] for c in claims if s in c.source_ids]
                         for s in {s for c in claims for s in c.source_ids}}  # fmt: skip
        own = [n for n, u in enumerate(units) if u.claim_id]
        self._vectors, self._of = vectors[own], np.array([place[units[n].claim_id] for n in own], dtype=int)
        lines = [n for n, u in enumerate(units) if u.line_id]
        self._line_vectors, self._lines = vectors[lines], [units[n].line_id for n in lines]
        self._members = [
            [place[c.id] for c in claims if units[n].line_id in c.lines] for n in lines
        ]  # fmt: skip
        self._words = WordIndex([_words_of(c) for c in claims])

    def find(self, vector: NDArray[np.float32], topic: str, ids: Sequence[str], most: int) -> list[Hit]:
        """The best-fitting claims, best first, whether or not they bear on the question."""
        if not len(self._vectors):
            return []
        scores = np.full(len(self._ids), -1.0)
        np.maximum.at(scores, self._of, self._vectors @ vector)
        scores += BY_WORDS * np.minimum(self._words.scores(tokens([topic])[0]), MOST_BY_WORDS)
        for cosine, members in zip(self._line_vectors @ vector, self._members, strict=True):
            scores[members] += BY_LINE * max(float(cosine), 0.0) ** 2
        for name in set(topic.split()) & set(self._place):
            scores[self._place[name]] += BY_NAME
        for source in ids:
            scores[self._sources.get(source, [])] += BY_SOURCE
        best = np.argsort(-scores, kind="stable")[:most]
        return [Hit(self._ids[n], float(scores[n])) for n in best]

    def line_of(self, vector: NDArray[np.float32]) -> str | None:
        """The line whose own question this paraphrases; None if it is a narrower question."""
        if not self._lines:
            return None
        cosines = self._line_vectors @ vector
        best = int(np.argmax(cosines))
        return self._lines[best] if cosines[best] >= SAME_QUESTION else None


def relevant(hits: Sequence[Hit]) -> list[Hit]:
    """The hits that bear on the question; `hits` are sorted, best first."""
    return [h for h in hits if h.score >= max(RELEVANT, hits[0].score - NEAR_BEST)]


def closest(corpus: Vectors, vector: NDArray[np.float32], most: int) -> list[Hit]:
    """The `most` ids whose vectors are closest, best first."""
    if not corpus.ids:
        return []
    scores = corpus.matrix @ vector
    some = np.argpartition(-scores, min(most, len(scores) - 1))[:most]
    best = some[np.argsort(-scores[some], kind="stable")]
    return [Hit(corpus.ids[n], float(scores[n])) for n in best]


def telling_words(topic: str) -> list[str]:
    """The words of a topic without stop words, each once."""
    return list(dict.fromkeys(tokens([topic])[0]))


def _words_of(claim: Claim) -> str:
    terms = (t for axis in claim.scope.values() for t in (axis.value, *axis.terms))
    return " ".join([claim.text, *(a.text for a in claim.atoms), claim.durable_question,
                     claim.perishable_limitation, *terms])  # fmt: skip
