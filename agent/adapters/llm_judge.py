"""The LLM judge: one call a (claim, paper) to any OpenAI-compatible endpoint, strict JSON schema."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field

import prompts
from agent.adapters.llm_client import LlmClient, Strict
from agent.errors import JudgeNonsense
from agent.ports import Answer, Finding
from store.records import Claim, Paper, Passage, Stance


class Quote(Strict):
    """A quote and the passage it was copied from."""

    passage_id: str
    text: str


class AxisMatch(Strict):
    """How the paper's setting compares on one axis."""

    axis: str
    match: Literal["same", "different", "unknown"]


class PartAnswer(Strict):
    """What the paper says about one part of the claim."""

    part_id: str
    stance: Literal["supports", "relaxes", "contradicts", "neutral"]
    quotes: list[Quote]
    own_result: bool
    scope: list[AxisMatch]
    condition: str
    evidence_type: Literal["experiment", "theory", "survey", "argument"]
    replication: bool
    strength: float = Field(ge=0, le=1)


class JudgeAnswer(Strict):
    """The whole answer: one entry a part."""

    parts: list[PartAnswer]


class LlmJudge:
    """Asks a chat model, blind to verdicts and to other papers."""

    kind = "llm"
    calibration = (1.0, 0.0)

    def __init__(self, llm: LlmClient, *, threshold: float) -> None:
        self._prompt, self._llm = prompts.load("judge"), llm
        self.name = f"{llm.model}@judge-{self._prompt.version}-{self._prompt.digest[:8]}"
        self._threshold = threshold

    def threshold_of(self, stance: Stance, section: str) -> float:  # noqa: ARG002  one for all
        """Least strength of evidence that counts: the same for every stance and section."""
        return self._threshold

    def request(self, claim: Claim, paper: Paper, passages: Sequence[Passage]) -> dict[str, Any]:
        """The very messages sent; the system part is the same in every call."""
        user = self._prompt.render(
            claim=_claim_text(claim),
            atoms="\n".join(f"- {atom.id}: {atom.text}" for atom in claim.parts),
            axes="\n".join(_axes_text(claim)) or "- none",
            paper=_paper_text(paper, passages),
        )
        return {
            "claim": claim.id,
            "paper": paper.id,
            "messages": [
                {"role": "system", "content": self._prompt.system},
                {"role": "user", "content": user},
            ],
        }

    def judge(self, claim: Claim, paper: Paper, passages: Sequence[Passage]) -> Answer:
        """Ask, waiting out rate limits and outages; see `agent.ports.Judge`."""
        messages = self.request(claim, paper, passages)["messages"]
        about = f"the judge's answer on arXiv:{paper.id} for claim {claim.id}"
        answer, spent = self._llm.ask(messages, JudgeAnswer, about)
        _check(answer, claim, about)
        return Answer(tuple(f for part in answer.parts for f in _findings(part)), *spent)


def _check(answer: JudgeAnswer, claim: Claim, about: str) -> None:
    """An answer that leaves out a part, or takes a side without a quote, must not pass for silence."""
    if {atom.id for atom in claim.parts} - {p.part_id for p in answer.parts}:
        raise JudgeNonsense(f"{about} leaves out a part", "try a stronger model")
    if any(p.stance != "neutral" and not p.quotes for p in answer.parts):
        raise JudgeNonsense(f"{about} takes a side without a quote", "try a stronger model")


def _findings(part: PartAnswer) -> list[Finding]:
    scope = {s.axis: s.match for s in part.scope}
    return [
        Finding(
            part.part_id,
            part.stance,
            quote.text,
            part.strength,
            dict(scope),
            part.condition,
            part.own_result,
            part.replication,
            quote.passage_id,
            part.evidence_type,
        )
        for quote in part.quotes
    ]


def _claim_text(claim: Claim) -> str:
    return f"The claim (as of {claim.as_of or 'an unknown month'}): {claim.text}"


def _axes_text(claim: Claim) -> list[str]:
    return [
        f"- {atom.id}, {name}: {axis.value}" + (" (load-bearing)" if axis.load_bearing else "")
        for atom in claim.parts
        for name, axis in claim.scope_of(atom.id).items()
    ]


def _paper_text(paper: Paper, passages: Sequence[Passage]) -> str:
    return "\n".join(prompts.fenced(f"passage {p.id} ({p.section})", p.text) for p in passages) + (
        f"\n(arXiv:{paper.id}, {paper.published})"
    )
