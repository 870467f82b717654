"""Text from outside, made safe to print: a terminal acts on control characters."""

from __future__ import annotations

import re

_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def without_controls(text: str) -> str:
    """The text with control and direction-changing characters replaced by spaces; of the same length."""
    return _CONTROLS.sub(" ", text)
