"""The papers of one run, held in memory to be ranked for a claim: a BM25 index and unit vectors.

Papers phrase things differently from claims, so each claim is searched with several queries at once.
The weights were chosen on the development cases over 222,586 records by `bench/retrieval.py`, which
also reports what each of them adds.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.retrieval.words import Floats, WordIndex, tokens
from store.records import Claim, Paper

Rows = NDArray[np.intp]

FEEDBACK_PAPERS, FEEDBACK_TERMS, MOST_REPEATS = 10, 40, 3


class Weights(NamedTuple):
    """Weight of each query in the combined score; the claim's own words have weight 1."""

    titles: float = 0.7
    abstracts: float = 0.2
    feedback: float = 0.3


WEIGHTS = Weights()


class Query(NamedTuple):
    """The words to search for a claim with: its own, and those of the papers it was drawn from."""

    claim: str
    titles: str = ""
    abstracts: str = ""


def query_of(claim: Claim, sources: Sequence[Paper] = ()) -> Query:
    """The query for a claim; `sources` are the available records of its own sources."""
    words = " ".join(dict.fromkeys((claim.text, *(a.text for a in claim.atoms))))
    return Query(words, " ".join(p.title for p in sources), " ".join(p.abstract for p in sources))


def lexical_text(paper: Paper) -> str:
    """The text that BM25 indexes. The title counts twice: it says more than a sentence of the abstract."""
    return f"{paper.title} {paper.text}"


class Corpus:
    """Ranks papers for a query: by words, and by meaning if they have vectors.

    `ids` and `texts` are parallel; `hold` adds vectors.
    """

    def __init__(self, ids: Sequence[str], texts: Sequence[str]) -> None:
        self.ids = list(ids)
        self._row = {paper_id: i for i, paper_id in enumerate(ids)}
        self._texts = texts
        self._vectors = np.zeros((0, 0), np.float32)
        self._vector_row = np.full(len(self.ids), -1, dtype=np.intp)
        self._words = WordIndex(texts)
        self._weights: dict[int, list[tuple[str, float]]] = {}

    def rows(self, ids: Sequence[str]) -> Rows:
        """Row numbers of those `ids` that are in the corpus, in the given order."""
        return np.array([self._row[i] for i in ids if i in self._row], dtype=np.intp)

    def hold(self, ids: Sequence[str], vectors: Floats) -> None:
        """Store the unit vectors [ids, width] of some of the papers."""
        self._vectors = vectors
        self._vector_row[self.rows(ids)] = np.arange(len(ids))

    def with_vectors(self, rows: Rows) -> Rows:
        """The rows whose papers have a vector."""
        return rows[self._vector_row[rows] >= 0]

    def dense(self, queries: Floats, rows: Rows) -> Floats:
        """Cosines [queries, rows]; every row must have a vector."""
        scores: Floats = queries @ self._vectors[self._vector_row[rows]].T
        return scores

    def shortlist(self, query: Query, rows: Rows, most: int) -> Rows:
        """The rows that rank best by words alone."""
        return rows[np.argsort(-self.lexical(query, rows), kind="stable")[:most]]

    def lexical(self, query: Query, rows: Rows, weights: Weights = WEIGHTS) -> Floats:
        """Combined BM25 scores [rows]: the parts of the query, and feedback from the best papers."""
        queries = ((query.claim, 1.0), (query.titles, weights.titles), (query.abstracts, weights.abstracts))
        scores = [w * self._words.scores(tokens([text])[0])[rows] for text, w in queries if w and text]
        total: Floats = np.sum(scores, axis=0, dtype=np.float32)
        if not weights.feedback:
            return total
        best = rows[[i for i in np.argsort(-total, kind="stable")[:FEEDBACK_PAPERS] if total[i] > 0]]
        return total + np.float32(weights.feedback) * self._words.scores(self._feedback(best))[rows]

    def _feedback(self, best: Rows) -> list[str]:
        """The most distinctive words of the best papers (pseudo-relevance feedback, Rocchio 1971)."""
        weight: defaultdict[str, float] = defaultdict(float)
        for row in best:
            for word, of_paper in self._distinctive(int(row)):
                weight[word] += of_paper
        ordered = sorted(weight, key=lambda w: (-weight[w], w))
        return ordered[:FEEDBACK_TERMS]

    def _distinctive(self, row: int) -> list[tuple[str, float]]:
        """How much each word of a paper says; kept, since the same papers are near many claims."""
        if row not in self._weights:
            counted = Counter(tokens([self._texts[row]])[0])
            self._weights[row] = [
                (word, min(times, MOST_REPEATS) * self._words.rarity(word)) for word, times in counted.items()
            ]
        return self._weights[row]
