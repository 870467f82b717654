"""What a paper says of itself, under seven headings: in its own sentences, or in a model's with quotes.

Without a model sentences are picked by the section they stand in and by how such sentences are put, so
they are word for word in the paper; what a person would have put under a heading may be missed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

import prompts
from agent.retest.passages import is_outside
from agent.retest.quotes import MIN_WORDS, find_quote, legible, word_count
from agent.retest.reported import own_start, why_not_own_result
from agent.retest.sentences import split_sentences
from agent.writing.desk import Answer, Desk
from agent.writing.grounding import Draft, Material, why_ungrounded
from store.records import Passage

MOST, MOST_CHARACTERS = 3, 60_000
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
"""Headings and how their sentences are put; a sentence goes under the first that fits."""
ORDER = ("methodology", "key results", "significance", "technical contribution", "novelty", "limitations",
         "future work")  # fmt: skip
_CUES = tuple((name, re.compile(cue, re.I)) for name, cue in HEADINGS)
_SECTIONS = {"limitations": "limitations", "methods": "methodology"}


Heading = Literal["methodology", "key results", "significance", "technical contribution", "novelty",
                  "limitations", "future work"]  # fmt: skip


class Told(NamedTuple):
    """A sentence of a paper, and where it stands; `says` is how a model puts it."""

    quote: str
    section: str
    page: int | None
    says: str = ""


class FindingOf(Answer):
    """A sentence under a heading, and the quote it rests on."""

    heading: Heading
    text: str
    quote: str


class Findings(Answer):
    """What a paper reports."""

    findings: list[FindingOf]


def key_findings(passages: Sequence[Passage]) -> dict[str, list[Told]]:
    """Up to `MOST` sentences under each heading.

    Of a section of that name before the abstract, of the abstract before the rest.
    """
    found: dict[str, list[tuple[int, Told]]] = {name: [] for name in ORDER}
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
            found[name].append((rank, Told(sentence, passage.section, passage.page)))
    return {name: _best(told) for name, told in found.items()}


def written_findings(
    passages: Sequence[Passage], title: str, paper_id: str, desk: Desk
) -> tuple[dict[str, list[Told]], int]:
    """The same by a model, and how many of its sentences were left out.

    Each has a quote that is in the paper and says no more numbers and names than its quote and the title.
    Raises JudgeError.
    """
    shown = [p for p in passages if not is_outside(p.section)]
    answer = desk.ask(
        "findings", Findings, paper_id,
        paper="\n".join(prompts.fenced(p.section, legible(p.text)) for p in shown)[:MOST_CHARACTERS],
    )  # fmt: skip
    found: dict[str, list[Told]] = {name: [] for name in ORDER}
    for said in answer.findings:
        where = next((p for p in shown if find_quote(said.quote, legible(p.text))), None)
        given = {"Q": Material(paper_id, f"{said.quote}\n{title}", frozenset({paper_id}))}
        told = where and word_count(said.quote) >= MIN_WORDS
        if where and told and not why_ungrounded(Draft(said.text, ("Q",)), given):
            found[said.heading].append(
                Told(" ".join(said.quote.split()), where.section, where.page, " ".join(said.text.split()))
            )
    kept = {name: told[:MOST] for name, told in found.items()}
    return kept, len(answer.findings) - sum(map(len, kept.values()))


def _best(told: list[tuple[int, Told]]) -> list[Told]:
    distinct = {t.quote: (rank, n, t) for n, (rank, t) in reversed(list(enumerate(told)))}
    return [t for _, _, t in sorted(distinct.values(), key=lambda item: item[:2])[:MOST]]


def heading_of(sentence: str, section: str) -> str:
    """The heading a sentence belongs under; empty when under none."""
    by_section = _SECTIONS.get(section, "")
    name = by_section or next((name for name, cue in _CUES if cue.search(sentence)), "")
    return "" if name == "key results" and why_not_own_result(sentence, section) else name
