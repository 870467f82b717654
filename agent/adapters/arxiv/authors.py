"""The names in an author line, as OAI-PMH and arXiv's public snapshot give it. Pure."""

from __future__ import annotations

import re


def split_authors(text: str) -> tuple[str, ...]:
    """Return the names in an author line, without affiliations in parentheses."""
    bare = re.sub(r"\([^()]*\)", "", re.sub(r"\([^()]*\)", "", " ".join(text.split())))
    names = re.split(r",\s*(?:and\s+)?|\s+and\s+", bare)
    return tuple(name.strip() for name in names if name.strip())
