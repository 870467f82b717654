"""The standing shown for a verdict: finding nothing against a claim is not the same as support."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

Standing: TypeAlias = Literal[
    "contradicted", "relaxed", "open", "still-holds", "no challenge found", "none yet"
]
STANDINGS: tuple[Standing, ...] = get_args(Standing)
"""In display order: those that need attention come first."""
NONE_YET: Standing = "none yet"
