"""The LLM judge: one call per (claim, paper) to any OpenAI-compatible endpoint, strict JSON schema."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field

import prompts
from agent.adapters.llm.client import LlmClient, Strict
from agent.core.findings import Answer, Finding
from agent.errors import JudgeNonsense, JudgeTooLong
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

    part: int
    stance: Literal["supports", "relaxes", "contradicts", "neutral"]
    quotes: list[Quote]
    own_result: bool
    scope: list[AxisMatch]
    condition: str
    evidence_type: Literal["experiment", "theory", "survey", "argument"]
    replication: bool
    strength: float = Field(ge=0, le=1)


class JudgeAnswer(Strict):
    """The whole answer: one entry a part.

    Parts go by number: the id of a claim may tell what its author expects.
    """

    parts: list[PartAnswer]


class LlmJudge:
    """Asks a chat model, which sees neither verdicts nor other papers."""

    kind = "llm"
    calibration = (1.0, 0.0)

    def __init__(self, llm: LlmClient, *, threshold: float) -> None:
        self._prompt, self.llm = prompts.load("judge"), llm
        self.name = f"{llm.model}@judge-{self._prompt.version}-{self._prompt.digest[:8]}"
        self._threshold = threshold
        self.open_from = threshold / 2

    def threshold_of(self, stance: Stance, section: str) -> float:  # noqa: ARG002  one for all
        """Lowest strength at which evidence counts: the same for every stance and section."""
        return self._threshold

    def request(self, claim: Claim, paper: Paper, passages: Sequence[Passage]) -> dict[str, Any]:
        """The exact messages sent; the system message is the same in every call."""
        user = self._prompt.render(
            claim=_claim_text(claim),
            atoms="\n".join(f"- part {n}: {atom.text}" for n, atom in enumerate(claim.parts, 1)),
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
        """Ask, waiting out rate limits and outages; see `agent.ports.models.Judge`.

        If the model has no room for all passages, ask with the first half of them, and so on.
        """
        about, shown = f"the judge's answer on arXiv:{paper.id} for claim {claim.id}", list(passages)
        while True:
            messages = self.request(claim, paper, shown)["messages"]
            try:
                answer, spent = self.llm.ask(messages, JudgeAnswer, about)
                break
            except JudgeTooLong:
                if len(shown) == 1:
                    raise
                shown = shown[: len(shown) // 2]
        _check(answer, claim, about)
        found = tuple(f for part in answer.parts for f in _findings(claim, part))
        return Answer(found, *spent, left_out=len(passages) - len(shown))

    def body(self, claim: Claim, paper: Paper, passages: Sequence[Passage]) -> dict[str, Any]:
        """The whole body of a request, for a batch."""
        return self.llm.body(self.request(claim, paper, passages)["messages"], JudgeAnswer)

    def read(self, reply: str, claim: Claim, paper: Paper) -> Answer:
        """The answer in the body of a reply. Raises JudgeNonsense."""
        about = f"the batch's answer on arXiv:{paper.id} for claim {claim.id}"
        answer, spent = self.llm.read(reply, JudgeAnswer, about)
        _check(answer, claim, about)
        return Answer(tuple(f for part in answer.parts for f in _findings(claim, part)), *spent)


def _check(answer: JudgeAnswer, claim: Claim, about: str) -> None:
    """An answer that leaves out a part, or takes a side without a quote, must not count as silence."""
    if set(range(1, len(claim.parts) + 1)) - {p.part for p in answer.parts}:
        raise JudgeNonsense(f"{about} leaves out a part", "try a stronger model")
    if any(p.stance != "neutral" and not p.quotes for p in answer.parts):
        raise JudgeNonsense(f"{about} takes a side without a quote", "try a stronger model")


def _findings(claim: Claim, part: PartAnswer) -> list[Finding]:
    """Findings on a part that does not exist keep its number: the gates reject them."""
    scope, parts = {s.axis: s.match for s in part.scope}, {n: a.id for n, a in enumerate(claim.parts, 1)}
    return [
        Finding(
            parts.get(part.part, f"part {part.part}"),
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
        f"- part {n}, {name}: {axis.value}" + (" (load-bearing)" if axis.load_bearing else "")
        for n, atom in enumerate(claim.parts, 1)
        for name, axis in claim.scope_of(atom.id).items()
    ]


def _paper_text(paper: Paper, passages: Sequence[Passage]) -> str:
    return "\n".join(prompts.fenced(f"passage {p.id} ({p.section})", p.text) for p in passages) + (
        f"\n(arXiv:{paper.id}, {paper.published})"
    )
