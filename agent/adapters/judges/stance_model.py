"""The shipped stance network. No key, no internet.

It reads a claim with a text, a whole abstract or a sentence, and gives the share of each stance. How it was
made and measured: agent/adapters/judges/stance/README.md and bench/stance/.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from agent.adapters.judges.stance_pairs import MPNET, batches, padded, tokenise
from agent.errors import ModelError

LABELS = ("supports", "contradicts", "relaxes", "neutral")
SHIPPED = Path(__file__).parent / "stance"
Branch: TypeAlias = Literal["found", "given"]
"""Papers found by a search, or given by a person: each branch has its own upper layers."""
TextPairs = Sequence[tuple[str, str]]
Shares = NDArray[np.float32]
_BATCH_TOKENS = 3000


class PairModel(Protocol):
    """Anything that scores (claim, text) pairs.

    `digest` changes whenever a score might; `settings` holds its thresholds.
    """

    settings: dict[str, Any]

    @property
    def digest(self) -> str:
        """What identifies the model."""

    def probabilities(self, pairs: TextPairs) -> Shares:
        """Share of each stance [len(pairs), 4], in the order of LABELS."""


class StanceModel:
    """Lower layers `trunk.onnx`, upper layers of one branch, the tokenizer, and the thresholds."""

    def __init__(self, folder: Path = SHIPPED, branch: Branch = "found") -> None:
        try:
            self._weights = [(folder / f"{name}.onnx").read_bytes() for name in ("trunk", branch)]
            self._words = (folder / "tokenizer.json").read_text(encoding="utf-8")
            settings_text = (folder / "stance.json").read_text(encoding="utf-8")
        except OSError as error:
            raise ModelError(f"no stance model in {folder}: {error.strerror}", "reinstall retest") from error
        self.settings: dict[str, Any] = json.loads(settings_text)
        weights = hashlib.sha256(b"".join(self._weights) + self._words.encode())
        self.weights_digest = weights.hexdigest()[:12]
        self._all = hashlib.sha256(weights.digest() + settings_text.encode())

    @property
    def digest(self) -> str:
        """SHA-256 of the weights, the tokenizer and the settings, shortened."""
        return self._all.hexdigest()[:12]

    def probabilities(self, pairs: TextPairs) -> Shares:
        """Share of each stance [len(pairs), 4], in the order of LABELS."""
        found = tokenise(self._tokenizer, MPNET, pairs)
        scores = np.zeros((len(pairs), len(LABELS)), dtype=np.float32)
        for rows in batches(found, _BATCH_TOKENS):
            ids, sides = padded([found[i] for i in rows], MPNET)
            trunk, upper = self._sessions
            inputs = {"ids": ids, "sides": sides}
            (tokens,) = trunk.run(None, {"ids": ids})
            scores[rows] = upper.run(None, inputs | {"tokens": tokens})[0]
        powers = np.exp(scores - scores.max(axis=1, keepdims=True)) if len(pairs) else scores
        shares: Shares = powers / powers.sum(axis=1, keepdims=True)
        return shares

    @cached_property
    def _sessions(self) -> list[Any]:
        on = ["CPUExecutionProvider"]
        return [onnxruntime.InferenceSession(weights, providers=on) for weights in self._weights]

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        tokenizer = Tokenizer.from_str(self._words)
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer
