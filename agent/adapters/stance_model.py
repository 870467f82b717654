"""The shipped stance model: a small cross-encoder over (claim, sentence) pairs. No key, no network.

How it was made and measured: adapters/stance/README.md and bench/stance/.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from agent.errors import ModelError

LABELS = ("supports", "contradicts", "relaxes", "neutral")
SHIPPED = Path(__file__).parent / "stance"
_BATCH = 32


class PairModel(Protocol):
    """Anything that scores (claim, sentence) pairs.

    `digest` changes whenever a score might; `settings` holds its thresholds.
    """

    settings: dict[str, Any]

    @property
    def digest(self) -> str:
        """What identifies the model."""

    def probabilities(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        """Class probabilities [len(pairs), 4] of (claim, sentence) pairs, in the order of LABELS."""


class StanceModel:
    """Scores pairs with an int8 ONNX cross-encoder."""

    def __init__(self, folder: Path = SHIPPED) -> None:
        try:
            self._weights = (folder / "model.onnx").read_bytes()
            self._words = (folder / "tokenizer.json").read_text(encoding="utf-8")
            told = (folder / "stance.json").read_text(encoding="utf-8")
            self.settings: dict[str, Any] = json.loads(told)
            self._all = hashlib.sha256(self._weights + self._words.encode() + told.encode())
        except OSError as error:
            raise ModelError(f"no stance model in {folder}: {error.strerror}", "reinstall retest") from error

    @property
    def digest(self) -> str:
        """SHA-256 of the weights, the tokenizer and the settings, shortened."""
        return self._all.hexdigest()[:12]

    def probabilities(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        """Calibrated class probabilities [len(pairs), 4], in the order of LABELS."""
        order = np.argsort([len(a) + len(b) for a, b in pairs], kind="stable")
        out = np.zeros((len(pairs), len(LABELS)), dtype=np.float32)
        for start in range(0, len(pairs), _BATCH):
            rows = order[start : start + _BATCH]
            out[rows] = self._batch([pairs[i] for i in rows])
        return out

    def _batch(self, pairs: list[tuple[str, str]]) -> NDArray[np.float32]:
        found = self._tokenizer.encode_batch(pairs)
        inputs = {
            "input_ids": np.array([e.ids for e in found], dtype=np.int64),
            "attention_mask": np.array([e.attention_mask for e in found], dtype=np.int64),
            "token_type_ids": np.array([e.type_ids for e in found], dtype=np.int64),
        }
        logits = self._session.run(None, inputs)[0] / self.settings["temperature"]
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares = np.zeros((len(pairs), len(LABELS)), dtype=np.float32)
        shares[:, [LABELS.index(label) for label in self.settings["labels"]]] = powers / powers.sum(
            axis=1, keepdims=True
        )
        return shares

    @cached_property
    def _session(self) -> Any:
        return onnxruntime.InferenceSession(self._weights, providers=["CPUExecutionProvider"])

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        return Tokenizer.from_str(self._words)
