"""A judge that reads plain words: what a paper "raises", "lowers" or "narrows" is its stance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agent.core.findings import Answer, Finding
from agent.core.sentences import split_sentences
from store.records import Claim, Paper, Passage, Stance

SAYS: dict[str, Stance] = {"raises": "contradicts", "lowers": "supports", "narrows": "relaxes"}


class WordJudge:
    """Every sentence of ours with one of the words, as a finding of full strength."""

    name, kind, calibration, open_from = "words@1", "embedded", (1.0, 0.0), 0.3

    def __init__(self) -> None:
        self.shown: list[str] = []

    def threshold_of(self, stance: Stance, section: str) -> float:
        """Everything counts."""
        return 0.5

    def request(self, claim: Claim, paper: Paper, passages: Sequence[Passage]) -> dict[str, Any]:
        """What the answer depends on."""
        return {"claim": claim.id, "paper": paper.id, "texts": [p.text for p in passages]}

    def judge(self, claim: Claim, paper: Paper, passages: Sequence[Passage]) -> Answer:
        """The findings, every load-bearing axis the same."""
        self.shown += [p.text for p in passages]
        told = [(s, p.id) for p in passages for s in split_sentences(p.text) if s.startswith("We find")]
        return Answer(tuple(
            Finding(atom.id, stance, sentence, 0.9, dict.fromkeys(claim.load_bearing(atom.id), "same"),
                    passage_id=passage, condition="another setting" if stance == "relaxes" else "")
            for atom in claim.parts for sentence, passage in told
            for word, stance in SAYS.items() if word in sentence
        ))  # fmt: skip
