"""Is a sentence grounded in what it cites? Pure.

A sentence that a model wrote is shown only when it cites something it was given, and when every arXiv id,
quotation, number and name in it stands in what it cites. That it sums up its sources rightly no code can
tell; so the quotes stand beside it, wherever it is shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from agent.claims.pieces import ARXIV_ID
from agent.retest.quotes import find_quote
from store.remarks import Sentence


class Material(NamedTuple):
    """Something a sentence may cite: its id in the ledger, what it says, and the arXiv ids it may name."""

    id: str
    text: str
    arxiv_ids: frozenset[str] = frozenset()


class Draft(NamedTuple):
    """A sentence as a model gave it: `cites` are labels of the material."""

    text: str
    cites: tuple[str, ...]
    role: str = ""


_MARKUP = re.compile(r"https?:|www\.|[<>\[\]{}`|\\]|\bjavascript:|\bdata:", re.I)
_QUOTED = re.compile(r"[“\"]([^“”\"]+)[”\"]")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_NAME = re.compile(r"(?<![\w-])[A-Z][\w’'-]*")
_REPORTS = re.compile(
    r"(?:shows?|showed|finds?|found|argues?|argued|reports?|reported|claims?|claimed|proposes?|proposed|"
    r"demonstrates?|demonstrated|proves?|proved|notes?|noted|and|et|in|\()\b",
    re.I,
)
_PLAIN = (
    "a all although an and any are as at because both but by can could do does each evidence even every for "
    "from given has have how however if in is it its many may might more most much neither new newer no not "
    "of on one only or other others papers research results since so some still studies such than that the "
    "their there these they this those though thus to two under unless until we what when where whereas "
    "whether which while who whose why will with within without work would yet"
)
_OPENERS = frozenset(_PLAIN.split())


def grounded(drafts: Iterable[Draft], given: Mapping[str, Material]) -> tuple[tuple[Sentence, ...], int]:
    """The sentences that are grounded, citing ids of the ledger; and how many were not."""
    every = list(drafts)
    kept = tuple(
        Sentence(" ".join(d.text.split()), tuple(dict.fromkeys(given[c].id for c in d.cites)), d.role)
        for d in every if not why_ungrounded(d, given)
    )  # fmt: skip
    return kept, len(every) - len(kept)


def why_ungrounded(draft: Draft, given: Mapping[str, Material]) -> str:
    """Why a sentence may not be shown; empty when it may."""
    if not draft.text.strip():
        return "it is empty"
    if not draft.cites:
        return "it cites nothing"
    if unknown := [c for c in draft.cites if c not in given]:
        return f"it cites {unknown[0]!r}, which was not given"
    if found := _MARKUP.search(draft.text):
        return f"it holds a link or markup ({found[0]!r})"
    return _foreign(draft.text, [given[c] for c in draft.cites])


def _foreign(text: str, cited: Sequence[Material]) -> str:
    """What stands in a text and not in what it cites; empty when nothing does."""
    ids = frozenset[str]().union(*(m.arxiv_ids for m in cited))
    if strange := [i for i in ARXIV_ID.findall(text) if i not in ids]:
        return f"it names arXiv:{strange[0]}, which it does not cite"
    for quote in _QUOTED.findall(text):
        if not any(find_quote(quote, m.text) for m in cited):
            return f"“{quote[:40]}” is in nothing it cites"
    rest, held = ARXIV_ID.sub(" ", text), " ".join(m.text for m in cited)
    numbers = set(_NUMBER.findall(held))
    if wrong := [n for n in _NUMBER.findall(rest) if n not in numbers]:
        return f"the number {wrong[0]} is in nothing it cites"
    words = {w.casefold() for w in re.findall(r"\w[\w’'-]*", held)}
    if names := [n for n in _names(rest) if n.casefold() not in words]:
        return f"the name {names[0]} is in nothing it cites"
    return ""


def _names(text: str) -> Iterable[str]:
    """Words that may be names: capitalised, but for a sentence's plain first word."""
    for found in _NAME.finditer(text):
        word = found[0]
        before = text[: found.start()].rstrip(" “\"'(")
        first = not before or before[-1] in ".!?:"
        plain = word.casefold() in _OPENERS or word in ("I", "A", "E", "C", "arXiv")
        named = not first or _REPORTS.match(text[found.end() :].lstrip()) or word[1:] != word[1:].lower()
        if named and not plain:
            yield word
