"""What people read of a verdict: nothing found against a claim is not the same as support for it."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

Standing: TypeAlias = Literal[
    "contradicted", "relaxed", "open", "still-holds", "no challenge found", "none yet"
]
STANDINGS: tuple[Standing, ...] = get_args(Standing)
"""In the order in which people look at them."""
NONE_YET: Standing = "none yet"
