"""arXiv identifiers: recognise, split off the version, recognise a withdrawal. Pure.

Forms: 2411.15382 and 2411.15382v2 (since 2007-04), astro-ph/0601001 and math.GT/0309136 before
(https://info.arxiv.org/help/arxiv_identifier.html).
"""

from __future__ import annotations

import re

_ID = re.compile(r"(?P<id>\d{4}\.\d{4,5}|[a-z][a-z-]*(?:\.[A-Z]{2})?/\d{7})(?:v(?P<version>[1-9]\d?))?")
_WORK = r"(?:paper|article|submission|manuscript|preprint|work|version|note|report)"
_WITHDRAWN = re.compile(
    rf"\b{_WORK}\b(?:(?!arxiv:|replac|supersed|which|that|updat)[^.;]){{0,40}}\bwithdrawn\b"
    rf"|\b(?:withdraw|withdrew|withdrawn|withdrawing)\b (?:this|the|our) (?:\w+ )?{_WORK}\b"
    r"|^\W*withdrawn\b",
    re.I,
)


def parse_id(text: str) -> tuple[str, int | None] | None:
    """Split an identifier into id and version; None when `text` is none."""
    found = _ID.fullmatch(text.strip())
    if not found:
        return None
    return found["id"], int(found["version"]) if found["version"] else None


def is_withdrawal(comment: str | None) -> bool:
    """Whether a version's comment says that the paper is withdrawn."""
    return bool(comment and _WITHDRAWN.search(comment))
