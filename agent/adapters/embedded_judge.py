"""The embedded judge: what a stance model's sentence scores mean for a claim."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agent.adapters.stance_model import PairModel
from agent.ports import Answer, Finding
from agent.retest.quotes import MIN_WORDS, word_count
from agent.retest.reported import own_start, why_not_own_result
from agent.retest.scope import match_scope
from agent.retest.sentences import sentence_spans
from store.records import Claim, Paper, Passage, ScopeMatch, Stance

REVISION = 2
_CONDITION = re.compile(
    r"\b(?:when|unless|only (?:if|when|by|for)|provided that|as long as|if|with the (?:help|aid) of|"
    r"by (?:using|training|combining|introducing|adding)|through|under|after|without)\b[^,;.]{8,120}",
    re.I,
)


@dataclass(frozen=True)
class Scored:
    """One sentence, the probability of each stance, and whether it can be an own result."""

    sentence: str
    supports: float
    contradicts: float
    relaxes: float = 0.0
    own: bool = True

    @property
    def adverse(self) -> float:
        """The probability that it speaks against the claim, wholly or in part."""
        return self.contradicts + self.relaxes


class EmbeddedJudge:
    """Judges each atom by the most telling sentences of a paper."""

    kind = "embedded"

    def __init__(self, model: PairModel) -> None:
        self.model = model
        self.name = f"embedded-{REVISION}@{model.digest}"
        self.threshold = float(model.settings["threshold"])
        slope, offset = model.settings.get("calibration", (1.0, 0.0))
        self.calibration = (float(slope), float(offset))
        self._refute = float(model.settings["refute"])
        self._lead = float(model.settings["lead"])

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
        sentences = [s for p in passages for s, _ in _sentences(p, 0)]
        shares = self.model.probabilities([(atom.text, s) for atom in claim.parts for s in sentences])
        return float(1 - shares[:, -1].min()) if len(shares) else 0.0

    def judge(self, claim: Claim, paper: Paper, passages: Sequence[Passage]) -> Answer:
        """Score every sentence against every atom; report the strongest of each side."""
        first = own_start(passages)
        told = [s for p in passages for s in _sentences(p, first)]
        sentences = [s for s, _ in told]
        pairs = [(atom.text, s) for atom in claim.parts for s in sentences]
        shares = self.model.probabilities(pairs)
        findings: list[Finding] = []
        for n, atom in enumerate(claim.parts):
            rows = shares[n * len(sentences) : (n + 1) * len(sentences)]
            scored = [
                Scored(s, float(r[0]), float(r[1]), float(r[2]), own)
                for (s, own), r in zip(told, rows, strict=True)
            ]
            scope = match_scope(claim, atom.id, paper)
            findings += [self._finding(atom.id, *side, scope) for side in strongest(scored, self._lead)]
        return Answer(tuple(findings))

    def _finding(self, atom: str, stance: Stance, scored: Scored, scope: dict[str, ScopeMatch]) -> Finding:
        if stance == "contradicts" and scored.contradicts - scored.relaxes < self._refute:
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


def strongest(scored: Sequence[Scored], lead: float) -> list[tuple[Stance, Scored]]:
    """The best sentence of each side whose probability reaches `lead`, own results first."""
    found: list[tuple[Stance, Scored]] = []
    sides: tuple[tuple[Stance, Any], ...] = (
        ("supports", lambda s: s.supports),
        ("contradicts", lambda s: s.adverse),
    )
    for stance, share in sides:
        telling = [s for s in scored if share(s) >= lead]
        if telling:
            found.append((stance, max(telling, key=lambda s: _rank(s, share(s)))))
    return found


def _rank(scored: Scored, share: float) -> tuple[bool, float, str]:
    return (scored.own, share, scored.sentence)


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
