"""Clean lines of text: strip list marks, emphasis, links and chat residue. Pure."""

from __future__ import annotations

import html
import re

from agent.arxiv_ids import without_ids
from agent.text import without_controls

_BULLET = re.compile(
    r"^\s*(?:[•●▪◦‣⁃▸►➢❖✓✔·*+\-–—]\s+|o\s{2,}|\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{2,4})\)\s+|(?:\d{1,3}|[a-h])\.\s+"
    r"|\d\ufe0f?\u20e3\s*)"
)
_BOX = re.compile(r"^\s*\[[ xX]\]\s+")
_RESIDUE = re.compile(
    r"[\ue200-\ue2ff]?(?:file)?cite[\ue200-\ue2ff]?(?:turn\d+[a-z]+\d+[\ue200-\ue2ff]?)+"
    r"|:contentReference\[oaicite:\d+\](?:\{index=\d+\})?|【[^【】]{0,80}】|\[\^[^\]\s]{1,40}\]|[\ue200-\ue2ff]"
)
_LINK = re.compile(r"!?\[(?P<said>[^\[\]]*)\]\((?P<to><[^<>]*>|[^()\s]*)(?:\s+\"[^\"]*\")?\)")
_EMPHASIS = re.compile(r"(?<!\w)(\*{1,3}|_{1,3})(?=\S)([^\n]{1,400}?)(?<=\S)\1(?!\w)")
_STRUCK = re.compile(r"~~(?=\S)(.{1,400}?)(?<=\S)~~|<(del|s|strike)>(.{1,400}?)</\2>", re.I)
_MONTH = re.compile(r"\b\d{4}-\d{2}\b")
_DASHES = str.maketrans("\u2010\u2011", "--")


def is_bullet(line: str) -> bool:
    """Whether a line begins with a bullet, a number or a letter of a list."""
    return bool(_BULLET.match(line))


def without_mark(line: str) -> str:
    """Strip a line's list mark and check box."""
    return _BOX.sub("", _BULLET.sub("", line, count=1), count=1)


def plain(line: str) -> str:
    """Return a line without list mark, emphasis, link targets and residue, with single spaces."""
    text = _LINK.sub(lambda m: m["said"], _RESIDUE.sub("", without_mark(without_controls(line))))
    return " ".join(html.unescape(unmarked(text)).translate(_DASHES).split())


def unmarked(text: str) -> str:
    """Strip a text's emphasis marks."""
    return _EMPHASIS.sub(r"\2", text)


def struck(line: str) -> str:
    """Return a line without what is struck out."""
    return _STRUCK.sub(" ", line)


def is_struck_whole(line: str) -> bool:
    """Whether everything in a list item except its source is struck out."""
    left = _MONTH.sub("", without_ids(plain(struck(line))))
    return _STRUCK.search(line) is not None and not any(c.isalnum() for c in left)
