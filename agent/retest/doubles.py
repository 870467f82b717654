"""The same work under two ids: the same authors, and nearly the same abstract. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise

from store.records import Paper

SAME = 0.7
"""Share of word pairs in common, of all in either abstract, from which two abstracts are one."""


def doubles(papers: Iterable[Paper]) -> dict[str, str]:
    """For each later double its earliest other id; a paper whose authors are not known is no double."""
    by_authors: defaultdict[frozenset[str], list[Paper]] = defaultdict(list)
    found: dict[str, str] = {}
    for paper in sorted({p.id: p for p in papers}.values(), key=lambda p: (p.published, p.id)):
        if not paper.authors:
            continue
        known = by_authors[frozenset(map(_name, paper.authors))]
        same = next((p for p in known if overlap(p.abstract, paper.abstract) >= SAME), None)
        if same:
            found[paper.id] = same.id
        else:
            known.append(paper)
    return found


def overlap(one: str, other: str) -> float:
    """Jaccard overlap of two texts' word pairs."""
    a, b = _pairs(one), _pairs(other)
    return len(a & b) / len(a | b) if a | b else 0.0


def _pairs(text: str) -> set[tuple[str, str]]:
    words = re.findall(r"\w+", text.lower())
    return set(pairwise(words))


def _name(author: str) -> str:
    """First initial and last name: records spell first names out or not."""
    first, _, last = author.casefold().replace(".", " ").strip().partition(" ")
    return f"{first[:1]} {last.split()[-1] if last.split() else first}"
