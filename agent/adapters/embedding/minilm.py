"""The packaged all-MiniLM-L6-v2, run by onnxruntime: the default embedder.

`minilm.onnx` is its graph without weights; the weights are the published ones, checked by their hash. The
vectors equal those of sentence-transformers to 1e-5 (`python -m bench.minilm`), and nothing imports torch.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.adapters.embedding.packaged_minilm import SHA256, model_folder, verify_weights

GRAPH = Path(__file__).parent / "minilm.onnx"
MOST_TOKENS, WIDTH = 256, 384
"""The most tokens of a text that the published model reads, and the length of its vectors."""
BATCH_TOKENS = 4096
"""Tokens embedded at once, padding included."""


class PackagedMiniLM:
    """Unit vectors from the packaged model, loaded when something is first embedded. Thread-safe."""

    name = f"all-MiniLM-L6-v2@{SHA256[:12]}"

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._session: Any = None
        self._tokenizer: Any = None

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors [len(texts), width].

        Raises ModelError if the model is missing or not the published one.
        """
        with self._lock:
            if self._session is None:
                self._session, self._tokenizer = _session(), _tokenizer()
        vectors = np.zeros((len(texts), WIDTH), dtype=np.float32)
        tokens = [encoded.ids for encoded in self._tokenizer.encode_batch(list(texts))]
        for rows in _batches([len(ids) for ids in tokens]):
            ids, mask = _padded([tokens[row] for row in rows])
            (vectors[rows],) = self._session.run(None, {"ids": ids, "mask": mask})
        return vectors


def _batches(lengths: Sequence[int]) -> list[list[int]]:
    """Group rows of similar length, to keep padding small."""
    groups: list[list[int]] = []
    for row in sorted(range(len(lengths)), key=lambda r: lengths[r]):
        if not groups or lengths[row] * (len(groups[-1]) + 1) > BATCH_TOKENS:
            groups.append([])
        groups[-1].append(row)
    return groups


def _padded(tokens: Sequence[Sequence[int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    width = max(len(ids) for ids in tokens)
    ids = np.zeros((len(tokens), width), dtype=np.int64)
    mask = np.zeros_like(ids)
    for row, token_ids in enumerate(tokens):
        ids[row, : len(token_ids)] = token_ids
        mask[row, : len(token_ids)] = 1
    return ids, mask


def _session() -> Any:
    import onnxruntime
    from safetensors.numpy import load_file

    verify_weights()
    weights = load_file(model_folder() / "model.safetensors")
    options = onnxruntime.SessionOptions()
    names = [name for name in weights if not name.startswith("pooler.") and weights[name].dtype == np.float32]
    values = [onnxruntime.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(weights[n])) for n in names]
    options.add_external_initializers([f"encoder.{n}" for n in names], values)
    return onnxruntime.InferenceSession(str(GRAPH), options, providers=["CPUExecutionProvider"])


def _tokenizer() -> Any:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(model_folder() / "tokenizer.json"))
    tokenizer.enable_truncation(MOST_TOKENS)
    tokenizer.no_padding()
    return tokenizer
