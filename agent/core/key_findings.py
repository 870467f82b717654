"""What a paper says about itself, in its own sentences, under seven headings. Pure.

Sentences are picked by their section and wording, so they appear word for word in the paper; some that a
person would have put under a heading may be missed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from agent.core.own_result import own_start, why_not_own_result
from agent.core.passages import is_outside
from agent.core.quotes import MIN_WORDS, legible, word_count
from agent.core.sentences import split_sentences
from store.records import Passage

MOST_OF_EACH = 3
_WE = r"\b(?:we|our (?:method|approach|framework|study|work)|this (?:paper|work|study))\b"
HEADINGS = (
    ("limitations", r"\blimit(?:ation|ed to|s? (?:the )?generali)|\bcaveat"),
    ("future work", r"\bfuture (?:work|research|directions?)\b|\bwe leave\b|\bremains? (?:open|to be)\b"),
    ("novelty", r"\bfirst (?:to|large|systematic|comprehensive|study|method|time)\b|\bnovel\b"
                r"|\bunlike (?:prior|previous|existing)\b|\bpreviously (?:un|not)"),
    ("key results", r"\b(?:find|found|shows?|demonstrates?|reveals?|observe)\b|\d\s?%"
                    r"|\b(?:outperform|surpass|improve|reduce|achieve|increase)(?:s|d|ed)?\b"),
    ("technical contribution", rf"{_WE}[^.]{{0,20}}\b(?:introduce|propose|present|develop|design|release|"
                               r"formalize|derive)s?\b|\bcontributions?\b"),
    ("methodology", rf"{_WE}[^.]{{0,20}}\b(?:use|train|evaluate|compare|conduct|analy[sz]e|test|measure|"
                    r"study|investigate|examine|rely)s?\b"),
    ("significance", r"\b(?:implications?|suggest(?:s|ing)?|highlight(?:s|ing)?|underscor\w+|insights?|"
                     r"important(?:ly)?|paves?)\b"),
)  # fmt: skip
"""Headings and the wording of their sentences; a sentence goes under the first heading that fits."""
ORDER = ("methodology", "key results", "significance", "technical contribution", "novelty", "limitations",
         "future work")  # fmt: skip
_CUES = tuple((name, re.compile(cue, re.I)) for name, cue in HEADINGS)
_SECTIONS = {"limitations": "limitations", "methods": "methodology"}


Heading = Literal["methodology", "key results", "significance", "technical contribution", "novelty",
                  "limitations", "future work"]  # fmt: skip


class KeyFinding(NamedTuple):
    """A sentence of a paper and where it is; `says` is a model's paraphrase of it."""

    quote: str
    section: str
    page: int | None
    says: str = ""


def key_findings(passages: Sequence[Passage]) -> dict[str, list[KeyFinding]]:
    """Up to `MOST_OF_EACH` sentences under each heading.

    Sentences from a section of that name come first, then those from the abstract, then the rest.
    """
    found: dict[str, list[tuple[int, KeyFinding]]] = {name: [] for name in ORDER}
    background = own_start(passages)
    for passage in sorted(passages, key=lambda p: p.start):
        if is_outside(passage.section) or passage.section == "title":
            continue
        for sentence in split_sentences(legible(passage.text)):
            name = heading_of(sentence, passage.section) if word_count(sentence) >= MIN_WORDS else ""
            if not name or (
                passage.section == "abstract" and passage.text.find(sentence) < background - passage.start
            ):
                continue
            own = _SECTIONS.get(passage.section) == name
            rank = 0 if own else 1 if passage.section == "abstract" else 2
            found[name].append((rank, KeyFinding(sentence, passage.section, passage.page)))
    return {name: _best(ranked) for name, ranked in found.items()}


def _best(ranked: list[tuple[int, KeyFinding]]) -> list[KeyFinding]:
    distinct = {t.quote: (rank, n, t) for n, (rank, t) in reversed(list(enumerate(ranked)))}
    return [t for _, _, t in sorted(distinct.values(), key=lambda item: item[:2])[:MOST_OF_EACH]]


def heading_of(sentence: str, section: str) -> str:
    """The heading a sentence belongs under; empty if none."""
    by_section = _SECTIONS.get(section, "")
    name = by_section or next((name for name, cue in _CUES if cue.search(sentence)), "")
    return "" if name == "key results" and why_not_own_result(sentence, section) else name
