"""Make external text safe to print: terminals act on control characters, Markdown renderers on markup."""

from __future__ import annotations

import re

_ACTIVE = re.compile(r"([\\`*_{}\[\]<>|~$&#!@^])")
_AUTOLINK = re.compile(r":(?=//)|(?<=www)\.", re.I)
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def without_controls(text: str) -> str:
    """The text with control and direction-changing characters replaced by spaces, at the same length."""
    return _CONTROLS.sub(" ", text)


def escape(text: str) -> str:
    """One line of plain text, escaped so that no Markdown renderer sees markup in it."""
    flat = " ".join(text.split())
    return _AUTOLINK.sub(lambda m: "\\" + m[0], _ACTIVE.sub(r"\\\1", flat))
