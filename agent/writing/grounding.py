"""Is a sentence grounded in what it cites? Pure.

A sentence that a model wrote is shown only if it cites something it was given, and if every arXiv id,
quotation, number and name in it occurs in what it cites. No code can check that it sums up its sources
correctly, so it is always shown with the quotes beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from agent.arxiv_ids import ids_in, without_ids
from agent.core.quotes import find_quote
from agent.writing.words import NUMBER_WORDS, OPENERS
from store.remarks import Sentence


class Material(NamedTuple):
    """Something a sentence may cite: its id in the ledger, what it says, and the arXiv ids it may name.

    `own` is the quote or verdict itself, without our own words about it: a number in a sentence has to be
    there. None means that all of `text` is.
    """

    id: str
    text: str
    arxiv_ids: frozenset[str] = frozenset()
    own: str | None = None


class Draft(NamedTuple):
    """A sentence as a model wrote it; `cites` are labels of the material."""

    text: str
    cites: tuple[str, ...]
    role: str = ""


_MARKUP = re.compile(r"https?:|www\.|[<>\[\]{}`|\\]|\bjavascript:|\bdata:", re.I)
_QUOTED = re.compile(r"[“\"]([^“”\"]+)[”\"]")
_LIKE_AN_ID = re.compile(r"\d{4}\.\d{4,5}|[a-z][a-z-]*(?:\.[A-Z]{2})?/\d{7}")
"""What a reader would take for an id, whether or not arXiv has such a month."""
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_WORD = re.compile(r"(?<![\w-])\w[\w’'-]*")


def grounded(drafts: Iterable[Draft], given: Mapping[str, Material]) -> tuple[tuple[Sentence, ...], int]:
    """Return the grounded sentences, citing ledger ids, and how many were not grounded."""
    proposed = list(drafts)
    kept = tuple(
        Sentence(" ".join(d.text.split()), tuple(dict.fromkeys(given[c].id for c in d.cites)), d.role)
        for d in proposed if not why_ungrounded(d, given)
    )  # fmt: skip
    return kept, len(proposed) - len(kept)


def why_ungrounded(draft: Draft, given: Mapping[str, Material]) -> str:
    """Why a sentence may not be shown; empty when it may."""
    if not draft.text.strip():
        return "it is empty"
    if not draft.cites:
        return "it cites nothing"
    if unknown := [c for c in draft.cites if c not in given]:
        return f"it cites {unknown[0]!r}, which was not given"
    if found := _MARKUP.search(draft.text):
        return f"it contains a link or markup ({found[0]!r})"
    return _foreign(draft.text, [given[c] for c in draft.cites])


def _foreign(text: str, cited: Sequence[Material]) -> str:
    """What a text contains that is not in what it cites; empty if nothing."""
    ids = frozenset[str]().union(*(m.arxiv_ids for m in cited))
    if strange := [i for i in (*ids_in(text), *_LIKE_AN_ID.findall(text)) if i not in ids]:
        return f"it names arXiv:{strange[0]}, which it does not cite"
    for quote in _QUOTED.findall(text):
        if not any(find_quote(quote, m.text) for m in cited):
            return f"“{quote[:40]}” is in nothing it cites"
    rest, cited_text = without_ids(text), " ".join(m.text for m in cited)
    own_text = " ".join(m.text if m.own is None else m.own for m in cited)
    numbers = set(_NUMBER.findall(own_text))
    if wrong := [n for n in _NUMBER.findall(rest) if n not in numbers]:
        return f"the number {wrong[0]} is in nothing it cites"
    words = {bare for w in _WORD.findall(cited_text) for bare in (w.casefold(), _bare(w))}
    spelled = [w for w in _WORD.findall(rest) if w.casefold() in NUMBER_WORDS]
    own_words = {w.casefold() for w in _WORD.findall(own_text)}
    if wrong := [w for w in spelled if w.casefold() not in own_words]:
        return f"the number {wrong[0]} is in nothing it cites"
    if names := [n for n in _names(rest) if _bare(n) not in words]:
        return f"the name {names[0]} is in nothing it cites"
    return ""


def _names(text: str) -> Iterable[str]:
    """Words that may be names: every capitalised word that is not a common sentence opener."""
    for found in _WORD.finditer(text):
        word, before = found[0], text[: found.start()].rstrip(" “\"'(")
        first = not before or before[-1] in ".!?:"
        if word[0].isupper() and not (first and _bare(word) in OPENERS) and word not in ("I", "A"):
            yield word


def _bare(word: str) -> str:
    """A word without its possessive and plural endings, for comparison."""
    plain = re.sub(r"(?:'s|’s|'|’)$", "", word.casefold())
    return plain[:-1] if plain.endswith("s") and len(plain) > LEAST_LETTERS else plain


LEAST_LETTERS = 3
