"""Any sentence-transformers cross-encoder as the stance model: an NLI model, on disk or from a hub.

The text is the premise and the claim the hypothesis. Its labels are matched by their names, or
by a map: `entailment=supports,contradiction=contradicts,neutral=neutral`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.adapters.judges.stance_model import LABELS
from agent.errors import ModelError

_BAR = {
    "supports": 0.9, "adverse": 0.9, "strength": {"whole": 0.5, "quoted": 0.5, "offset": 0.0},
}  # fmt: skip
DEFAULTS: dict[str, Any] = {
    "found": _BAR, "given": _BAR, "body": {"supports": 0.95, "adverse": 0.95}, "lead": 0.6,
    "open": 0.8, "read": 0.5,
}  # fmt: skip
"""Uncalibrated thresholds for an unknown model."""
_BEGINNINGS = {
    "entail": "supports", "support": "supports", "contradict": "contradicts", "refute": "contradicts",
    "relax": "relaxes", "neutral": "neutral", "not": "neutral",
}  # fmt: skip


class CrossEncoderModel:
    """Scores (claim, text) pairs with a cross-encoder of three or more classes."""

    def __init__(self, name: str, label_map: str = "") -> None:
        self._name = name
        try:
            from sentence_transformers import CrossEncoder

            self._model: Any = CrossEncoder(name)
            config = self._model.model.config
        except Exception as error:  # hubs, files and configurations fail in many ways
            raise ModelError(
                f"cannot load the stance model {name!r}: {str(error).splitlines()[0][:200]}",
                "set RETEST_STANCE_MODEL to a sentence-transformers cross-encoder, or unset it",
            ) from error
        self._columns = columns({int(k): str(v) for k, v in config.id2label.items()}, label_map)
        self.settings: dict[str, Any] = dict(DEFAULTS)

    @property
    def digest(self) -> str:
        """Hash of the model's name and label columns; a different model must not reuse its answers."""
        return hashlib.sha256(json.dumps([self._name, self._columns]).encode()).hexdigest()[:12]

    def probabilities(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        """Class probabilities [len(pairs), 4], in the order of LABELS."""
        out = np.zeros((len(pairs), len(LABELS)), dtype=np.float32)
        if not pairs:
            return out
        logits = self._model.predict(
            [(sentence, claim) for claim, sentence in pairs], show_progress_bar=False
        )
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares = powers / powers.sum(axis=1, keepdims=True)
        for column, label in self._columns.items():
            out[:, LABELS.index(label)] += shares[:, column]
        return out


def columns(names: dict[int, str], label_map: str) -> dict[int, str]:
    """Map each output column of a model to one of our labels.

    Raises ModelError unless supports, contradicts and neutral are all present.
    """
    overrides = dict(pair.split("=", 1) for pair in label_map.replace(" ", "").split(",") if "=" in pair)
    found = {column: overrides.get(name) or _by_name(name) for column, name in names.items()}
    mapped = {column: label for column, label in found.items() if label in LABELS}
    if not {"supports", "contradicts", "neutral"} <= set(mapped.values()):
        raise ModelError(
            f"the stance model's labels are {', '.join(names.values())}",
            "set RETEST_STANCE_LABELS, e.g. LABEL_0=contradicts,LABEL_1=supports,LABEL_2=neutral",
        )
    return mapped


def _by_name(name: str) -> str | None:
    return next((label for start, label in _BEGINNINGS.items() if name.lower().startswith(start)), None)
