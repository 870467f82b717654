"""An embedder that remembers queries: those of a claim are embedded for screening and again for judging."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agent.ports.models import Embedder

MOST, FEW = 20_000, 32
"""Vectors that are kept, some 30 MB and their texts; and how many texts at once are queries, not papers."""


class CachedEmbedder:
    """Embeds each query once while it is among the last `most` ones. Thread-safe.

    Queries are embedded one by one, so that their vectors do not depend on what they were asked for with.
    Longer lists, which are papers and passages on their way to the index, pass through.
    """

    def __init__(self, inner: Embedder, most: int = MOST) -> None:
        self.name, self._inner, self._most = inner.name, inner, most
        self._kept: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._lock = threading.Lock()

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors [len(texts), width], as the inner embedder does."""
        if not 0 < len(texts) <= FEW:
            return self._inner.embed(texts)
        return np.array([self._vector(text) for text in texts], dtype=np.float32)

    def _vector(self, text: str) -> NDArray[np.float32]:
        with self._lock:
            if text in self._kept:
                self._kept.move_to_end(text)
                return self._kept[text]
        vector: NDArray[np.float32] = self._inner.embed([text])[0].copy()
        with self._lock:
            self._kept[text] = vector
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return vector
