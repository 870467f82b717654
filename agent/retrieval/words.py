"""Search by words: BM25 (Robertson and Zaragoza 2009, The Probabilistic Relevance Framework)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class WordIndex:
    """A BM25 index over texts, held in memory."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._length, self._index = len(texts), _indexed(texts)

    def scores(self, words: Sequence[str]) -> Floats:
        """BM25 scores [texts] of a query; words that no text contains add nothing."""
        indexed = [w for w in words if self._index is not None and w in self._index.vocab_dict]
        if not indexed:
            return np.zeros(self._length, np.float32)
        return np.asarray(self._index.get_scores(indexed), dtype=np.float32)

    def rarity(self, word: str) -> float:
        """Inverse document frequency of a word, from the index's column pointers."""
        column = self._index.vocab_dict.get(word) if self._index is not None else None
        documents = 0
        if column is not None:
            starts = self._index.scores["indptr"]
            documents = starts[column + 1] - starts[column]
        return float(np.log((self._length + 1) / (documents + 0.5)))


def tokens(texts: Sequence[str]) -> list[list[str]]:
    """The words of each text, lower case, without English stop words."""
    import bm25s

    found: list[list[str]] = bm25s.tokenize(
        list(texts), stopwords="en", return_ids=False, show_progress=False
    )
    return found


def _indexed(texts: Sequence[str]) -> Any:
    import bm25s

    words = tokens(texts)
    if not any(words):
        return None
    index = bm25s.BM25()
    index.index(words, show_progress=False)
    return index
