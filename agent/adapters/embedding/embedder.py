"""Sentence-transformers embeddings, loaded only when something has to be embedded."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.adapters.embedding.packaged_minilm import SHA256, model_folder, verify_weights
from agent.errors import ModelError

PACKAGED = "packaged-minilm"


class SentenceEmbedder:
    """Unit vectors from the packaged all-MiniLM-L6-v2, or from any model named instead."""

    def __init__(self, model: str = PACKAGED, batch: int = 16) -> None:
        self.name = f"all-MiniLM-L6-v2@{SHA256[:12]}" if model == PACKAGED else model
        self._model_name, self._batch = model, batch
        self._model: Any = None
        self._lock = threading.Lock()

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors [len(texts), width].

        Raises ModelError when the model cannot be loaded or is not the published one.
        """
        with self._lock:
            if self._model is None:
                self._model = self._load()
            vectors = self._model.encode(
                list(texts),
                batch_size=self._batch,
                normalize_embeddings=True,
                show_progress_bar=False,
            )
        return np.asarray(vectors, dtype=np.float32)

    def _load(self) -> Any:
        from sentence_transformers import SentenceTransformer  # ten seconds to import
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()  # type: ignore[no-untyped-call]  # transformers has no types here
        if self._model_name == PACKAGED:
            verify_weights()
            return SentenceTransformer(str(model_folder()), device="cpu", local_files_only=True)
        try:
            return SentenceTransformer(self._model_name)
        except Exception as error:  # the hub, the disk and the format each raise their own
            raise ModelError(
                f"cannot load the embedder {self._model_name}: {error}",
                "unset RETEST_EMBEDDER to use the packaged one",
            ) from error
