"""The embedded judge: what a stance model's sentence scores mean for a claim."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agent.adapters.stance_model import PairModel
from agent.ports import Answer, Finding
from agent.retest.passages import FRONT
from agent.retest.quotes import MIN_WORDS, word_count
from agent.retest.reported import own_start, why_not_own_result
from agent.retest.scope import match_scope
from agent.retest.sentences import sentence_spans
from store.records import Claim, Paper, Passage, ScopeMatch, Stance

REVISION = 2
NEVER = 2.0
"""A threshold that no strength reaches."""
_CONDITION = re.compile(
    r"\b(?:when|unless|only (?:if|when|by|for)|provided that|as long as|if|with the (?:help|aid) of|"
    r"by (?:using|training|combining|introducing|adding)|through|under|after|without)\b[^,;.]{8,120}",
    re.I,
)


@dataclass(frozen=True)
class Scored:
    """One sentence and the probability of each stance."""

    sentence: str
    supports: float
    contradicts: float
    relaxes: float = 0.0

    @property
    def adverse(self) -> float:
        """The probability that it speaks against the claim, wholly or in part."""
        return self.contradicts + self.relaxes


class EmbeddedJudge:
    """Judges each atom by the most telling sentence of a paper.

    Most papers that a search finds are silent on a claim; most that a person names are not. So what
    counts has two sets of thresholds, and `given` tells which applies.
    """

    kind = "embedded"

    def __init__(self, model: PairModel, *, given: bool = False) -> None:
        self.model = model
        self.name = f"embedded@{REVISION}-{model.digest}"
        told = model.settings["given" if given else "found"]
        self._supports, self._adverse = float(told["supports"]), float(told["adverse"])
        self._refute = float(told["refute"])
        self._lead = min(float(model.settings["lead"]), self._supports, self._adverse)
        slope, offset = model.settings.get("calibration", (1.0, 0.0))
        self.calibration = (float(slope), float(offset))

    def threshold_of(self, stance: Stance, section: str) -> float:
        """Least strength of evidence that counts; in the body of a paper none does, only leads are made."""
        if section and section not in FRONT:
            return NEVER
        return self._supports if stance == "supports" else self._adverse

    def request(self, claim: Claim, paper: Paper, passages: Sequence[Passage]) -> dict[str, Any]:
        """What the answer depends on: the parts, the scope and the passages."""
        texts = "\n".join(p.text for p in passages)
        return {
            "claim": claim.id,
            "paper": paper.id,
            "atoms": {atom.text: _terms(claim, atom.id) for atom in claim.parts},
            "passages": hashlib.sha256(texts.encode()).hexdigest(),
        }

    def bearing(self, claim: Claim, passages: Sequence[Passage]) -> float:
        """The largest probability that a sentence says anything about a part; see `agent.ports.Screener`."""
        sentences = own_results(passages)
        shares = self.model.probabilities([(atom.text, s) for atom in claim.parts for s in sentences])
        return float(1 - shares[:, -1].min()) if len(shares) else 0.0

    def judge(self, claim: Claim, paper: Paper, passages: Sequence[Passage]) -> Answer:
        """Score own results against every atom; report the stronger side where it reaches a lead.

        The thresholds were set on titles and abstracts. A sentence of the body is reported beside them,
        and only where it is as telling as one that would count there.
        """
        front = [p for p in passages if p.section in FRONT]
        body = [p for p in passages if p.section not in FRONT]
        told = self._findings(claim, paper, front, self._lead)
        sure = min(self._supports, self._adverse)
        return Answer((*told, *(self._findings(claim, paper, body, sure) if body else ())))

    def _findings(
        self, claim: Claim, paper: Paper, passages: Sequence[Passage], least: float
    ) -> tuple[Finding, ...]:
        sentences = own_results(passages)
        shares = self.model.probabilities([(atom.text, s) for atom in claim.parts for s in sentences])
        findings: list[Finding] = []
        for n, atom in enumerate(claim.parts):
            rows = shares[n * len(sentences) : (n + 1) * len(sentences)]
            scored = [Scored(s, *map(float, row[:3])) for s, row in zip(sentences, rows, strict=True)]
            if side := stronger(scored, least):
                findings.append(self._finding(atom.id, *side, match_scope(claim, atom.id, paper)))
        return tuple(findings)

    def _finding(self, atom: str, stance: Stance, scored: Scored, scope: dict[str, ScopeMatch]) -> Finding:
        if stance == "contradicts" and scored.contradicts < self._refute:
            stance = "relaxes"
        condition = _CONDITION.search(scored.sentence) if stance == "relaxes" else None
        return Finding(
            atom_id=atom,
            stance=stance,
            quote=scored.sentence,
            strength=round(scored.supports if stance == "supports" else scored.adverse, 4),
            scope_match=scope,
            condition=f"“{condition[0].strip()}”" if condition else "",
        )


def stronger(scored: Sequence[Scored], lead: float) -> tuple[Stance, Scored] | None:
    """The side of the most telling sentence, and that sentence; None where it does not reach `lead`."""
    if not scored:
        return None
    support = max(scored, key=lambda s: (s.supports, s.sentence))
    adverse = max(scored, key=lambda s: (s.adverse, s.sentence))
    if max(support.supports, adverse.adverse) < lead:
        return None
    return ("supports", support) if support.supports > adverse.adverse else ("contradicts", adverse)


def own_results(passages: Sequence[Passage]) -> list[str]:
    """The sentences, each once, that can be the authors' own result and are long enough to quote.

    All of them where none can: a paper that never says "we" is still read, and the gates decide.
    """
    first = own_start(passages)
    told = [s for p in passages for s in _sentences(p, first)]
    return list(dict.fromkeys([s for s, own in told if own] or [s for s, _ in told]))


def _sentences(passage: Passage, first: int) -> list[tuple[str, bool]]:
    """A passage's sentences that are long enough to quote, and whether each can be an own result."""
    told = [(span, passage.text[span.start : span.end]) for span in sentence_spans(passage.text)]
    background = first if passage.section == "abstract" else 0
    return [
        (s, passage.start + span.end > background and not why_not_own_result(s, passage.section))
        for span, s in told
        if word_count(s) >= MIN_WORDS
    ]


def _terms(claim: Claim, atom_id: str) -> dict[str, tuple[str, ...]]:
    return {name: axis.terms for name, axis in claim.scope_of(atom_id).items()}
