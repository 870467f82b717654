"""A paper's key findings in a model's words, each with the quote it rests on."""

from __future__ import annotations

from collections.abc import Sequence

import prompts
from agent.core.key_findings import MOST_OF_EACH, ORDER, Heading, KeyFinding
from agent.core.passages import is_outside
from agent.core.quotes import MIN_WORDS, find_quote, legible, word_count
from agent.writing.grounding import Draft, Material, why_ungrounded
from agent.writing.journalled_writer import Answer, JournalledWriter
from store.records import Passage

MOST_CHARACTERS = 60_000


class FindingOf(Answer):
    """A sentence under a heading, and the quote it rests on."""

    heading: Heading
    text: str
    quote: str


class Findings(Answer):
    """What a paper reports."""

    findings: list[FindingOf]


def written_findings(
    passages: Sequence[Passage], title: str, paper_id: str, writer: JournalledWriter
) -> tuple[dict[str, list[KeyFinding]], int]:
    """Return up to `MOST_OF_EACH` findings per heading, and how many of the model's were left out.

    Each has a quote found in the paper, and no numbers or names beyond those of its quote and the title.
    Raises JudgeError.
    """
    shown = [p for p in passages if not is_outside(p.section)]
    answer = writer.ask(
        "findings", Findings, paper_id,
        paper="\n".join(prompts.fenced(p.section, legible(p.text)) for p in shown)[:MOST_CHARACTERS],
    )  # fmt: skip
    found: dict[str, list[KeyFinding]] = {name: [] for name in ORDER}
    for finding in answer.findings:
        where = next((p for p in shown if find_quote(finding.quote, legible(p.text))), None)
        material = {"Q": Material(paper_id, f"{finding.quote}\n{title}", frozenset({paper_id}))}
        is_long = where and word_count(finding.quote) >= MIN_WORDS
        if where and is_long and not why_ungrounded(Draft(finding.text, ("Q",)), material):
            quote, text = " ".join(finding.quote.split()), " ".join(finding.text.split())
            found[finding.heading].append(KeyFinding(quote, where.section, where.page, text))
    kept = {name: rows[:MOST_OF_EACH] for name, rows in found.items()}
    return kept, len(answer.findings) - sum(map(len, kept.values()))
