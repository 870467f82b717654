"""The papers of one run, held in memory to be ranked: their unit vectors and a BM25 index."""

from __future__ import annotations

from collections.abc import Sequence

import bm25s
import numpy as np
from numpy.typing import NDArray


class Corpus:
    """Rank a run's papers for a query, densely (exact product) and lexically (BM25)."""

    def __init__(self, ids: Sequence[str], texts: Sequence[str], vectors: NDArray[np.float32]) -> None:
        self.ids = list(ids)
        self._row = {paper_id: i for i, paper_id in enumerate(ids)}
        self._vectors = vectors
        self._bm25 = bm25s.BM25()
        if ids:
            self._bm25.index(_tokens(texts), show_progress=False)

    def rows(self, ids: Sequence[str]) -> NDArray[np.intp]:
        """Row numbers of papers."""
        return np.array([self._row[i] for i in ids], dtype=np.intp)

    def dense(self, queries: NDArray[np.float32], rows: NDArray[np.intp]) -> NDArray[np.float32]:
        """Cosines [queries, rows]."""
        scores: NDArray[np.float32] = queries @ self._vectors[rows].T
        return scores

    def lexical(self, queries: Sequence[str], rows: NDArray[np.intp]) -> NDArray[np.float32]:
        """BM25 scores [queries, rows]."""
        return np.array([self._scores(words)[rows] for words in _tokens(queries)], dtype=np.float32)

    def _scores(self, words: list[str]) -> NDArray[np.float32]:
        known = [w for w in words if w in self._bm25.vocab_dict]
        scores: NDArray[np.float32] = (
            self._bm25.get_scores(known) if known else np.zeros(len(self.ids), dtype=np.float32)
        )
        return scores


def _tokens(texts: Sequence[str]) -> list[list[str]]:
    found: list[list[str]] = bm25s.tokenize(
        list(texts), stopwords="en", return_ids=False, show_progress=False
    )
    return found
