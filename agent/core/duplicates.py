"""Detect the same work under two ids: mostly the same authors, nearly the same abstract. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise

from store.records import Paper

MOST_AUTHORS = 0.6
"""Least share of common authors among all authors of both papers: a later version may add one."""
SAME = 0.7
"""Least share of common word pairs, of all in either abstract, for two abstracts to count as the same."""


def doubles(papers: Iterable[Paper]) -> dict[str, str]:
    """Map each later duplicate to its earlier id; a paper that lists no authors is never a duplicate."""
    by_author: defaultdict[str, list[Paper]] = defaultdict(list)
    found: dict[str, str] = {}
    for paper in sorted({p.id: p for p in papers}.values(), key=lambda p: (p.published, p.id)):
        if not paper.authors:
            continue
        names = set(map(_name, paper.authors))
        candidates = {p.id: p for name in sorted(names) for p in by_author[name]}.values()
        same = next((p for p in candidates if _is_same(p, paper, names)), None)
        if same:
            found[paper.id] = same.id
            continue
        for name in names:
            by_author[name].append(paper)
    return found


def _is_same(one: Paper, other: Paper, names: set[str]) -> bool:
    earlier_names = set(map(_name, one.authors))
    shared = len(earlier_names & names) / len(earlier_names | names)
    return shared >= MOST_AUTHORS and overlap(one.abstract, other.abstract) >= SAME


def overlap(one: str, other: str) -> float:
    """Jaccard overlap of two texts' word pairs."""
    a, b = _pairs(one), _pairs(other)
    return len(a & b) / len(a | b) if a | b else 0.0


def _pairs(text: str) -> set[tuple[str, str]]:
    words = re.findall(r"\w+", text.lower())
    return set(pairwise(words))


def _name(author: str) -> str:
    """First initial and last name: records may abbreviate first names, or put the last name first."""
    decomposed = unicodedata.normalize("NFKD", author.casefold())
    plain = "".join(c for c in decomposed if not unicodedata.combining(c)).replace(".", " ")
    last, comma, first = plain.partition(",")
    words = (f"{first} {last}" if comma else plain).split()
    named = [w for w in words if w not in _SUFFIXES]
    return f"{named[0][:1]} {named[-1]}" if named else ""


_SUFFIXES = ("jr", "sr", "ii", "iii", "iv")
