"""Regime-shift questions and next lines: what to ask once newer papers have changed the picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import prompts
from agent.writing.disagreements import Said, material, shown
from agent.writing.grounding import Draft, Material, grounded
from agent.writing.journalled_writer import Answer, JournalledWriter
from store.records import Claim, Evidence, Line, Paper
from store.remarks import Sentence, Writing

MOST_CLAIMS, MOST_A_SIDE, QUESTIONS, NEXT_LINES = 6, 2, 2, 3


class Question(Answer):
    """A question, the labels it cites, and what would settle it."""

    text: str
    cites: list[str]
    observation: Said


class Proposal(Answer):
    """What to ask next."""

    questions: list[Question]
    next_lines: list[Said]


class Picture(NamedTuple):
    """A claim and the evidence its verdict rests on."""

    claim: Claim
    evidence: Sequence[Evidence]

    @property
    def adverse(self) -> list[Evidence]:
        """What speaks against it, strongest first."""
        return _strongest([e for e in self.evidence if e.stance in ("contradicts", "relaxes")])

    @property
    def support(self) -> list[Evidence]:
        """What speaks for it, strongest first."""
        return _strongest([e for e in self.evidence if e.stance == "supports"])


def propose(
    writer: JournalledWriter, line: Line, pictures: Sequence[Picture], papers: Mapping[str, Paper]
) -> list[Writing]:
    """Ask for two questions and some next lines; only what is grounded is kept.

    A question that does not cite both sides, or whose observation is not grounded, is left out.
    Raises JudgeError or BudgetReached.
    """
    challenged = [p for p in pictures if p.adverse][:MOST_CLAIMS]
    given: dict[str, Material] = {
        f"C{n}": Material(p.claim.id, f"{p.claim.text}\n{p.claim.as_of or ''}\n{p.claim.durable_question}",
                          p.claim.source_ids)
        for n, p in enumerate(challenged, 1)
    }  # fmt: skip
    claims = "\n".join(shown(label, "claim", m) for label, m in given.items())
    sides: dict[str, str] = dict.fromkeys(given, "for")
    for picture in challenged:
        for side, found in (("for", picture.support), ("against", picture.adverse)):
            for item in found[:MOST_A_SIDE]:
                label = f"E{sum(name[0] == 'E' for name in given) + 1}"
                given[label], sides[label] = material(item, papers[item.paper_id]), side
    evidence = "\n".join(shown(label, sides[label], given[label]) for label in given if label[0] == "E")
    answer = writer.ask(
        "propose",
        Proposal,
        line.id,
        line=prompts.fenced("line", line.question),
        claims=claims,
        evidence=evidence,
    )
    return [
        _questions(writer, line, answer, given, sides),
        _written(
            writer, line, "next lines",
            *grounded([Draft(s.text, tuple(s.cites)) for s in answer.next_lines[:NEXT_LINES]], given),
        ),
    ]  # fmt: skip


def _questions(
    writer: JournalledWriter,
    line: Line,
    answer: Proposal,
    given: Mapping[str, Material],
    sides: Mapping[str, str],
) -> Writing:
    kept: list[Sentence] = []
    asked = answer.questions[:QUESTIONS]
    for question in asked:
        drafts = [
            Draft(question.text, tuple(question.cites), "question"),
            Draft(question.observation.text, tuple(question.observation.cites), "would settle it"),
        ]
        sentences, _ = grounded(drafts, given)
        both = {sides.get(c) for c in question.cites} >= {"for", "against"}
        kept += sentences if len(sentences) == len(drafts) and both else ()
    return _written(writer, line, "questions", tuple(kept), len(asked) - len(kept) // 2)


def _written(
    writer: JournalledWriter,
    line: Line,
    kind: Literal["questions", "next lines"],
    kept: tuple[Sentence, ...],
    left_out: int,
) -> Writing:
    return Writing(kind, line.id, line.id, kept, left_out, writer.name, writer.run_id)


def _strongest(evidence: Sequence[Evidence]) -> list[Evidence]:
    return sorted(evidence, key=lambda e: (-e.strength, e.id))
