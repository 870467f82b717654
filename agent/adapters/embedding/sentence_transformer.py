"""Any sentence-transformers model as the embedder, loaded when something is first embedded."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.errors import ModelError


class SentenceTransformerEmbedder:
    """Unit vectors from a model on disk or from a hub. Thread-safe."""

    def __init__(self, model: str, batch: int = 16) -> None:
        self.name, self._batch = model, batch
        self._model: Any = None
        self._lock = threading.Lock()

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors [len(texts), width]. Raises ModelError if the model cannot be loaded."""
        with self._lock:
            if self._model is None:
                self._model = _load(self.name)
            vectors = self._model.encode(
                list(texts), batch_size=self._batch, normalize_embeddings=True, show_progress_bar=False
            )
        return np.asarray(vectors, dtype=np.float32)


def _load(name: str) -> Any:
    from sentence_transformers import SentenceTransformer  # ten seconds to import
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]  # transformers has no types here
    try:
        return SentenceTransformer(name)
    except Exception as error:  # the hub, the disk and the format each raise their own errors
        raise ModelError(
            f"cannot load the embedder {name}: {error}", "unset RETEST_EMBEDDER to use the packaged one"
        ) from error
