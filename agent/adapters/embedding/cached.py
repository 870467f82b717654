"""An embedder that remembers: a claim's queries are embedded for screening and again for judging."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agent.ports.models import Embedder

MOST = 20_000
"""Vectors that are kept, 30 MB at a width of 384."""


class CachedEmbedder:
    """Embeds each text once while it is among the last `most` ones. Thread-safe."""

    def __init__(self, inner: Embedder, most: int = MOST) -> None:
        self.name, self._inner, self._most = inner.name, inner, most
        self._kept: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._lock = threading.Lock()

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors [len(texts), width], as the inner embedder does."""
        with self._lock:
            found = {text: self._kept[text] for text in texts if text in self._kept}
        new = [text for text in dict.fromkeys(texts) if text not in found]
        if new:
            found |= zip(new, self._inner.embed(new), strict=True)
        with self._lock:
            for text in found:
                self._kept[text] = found[text]
                self._kept.move_to_end(text)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return np.array([found[text] for text in texts], dtype=np.float32)
