"""A judge that goes by single words: "raises", "lowers" or "narrows" decides a paper's stance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agent.core.findings import Answer, Finding
from agent.core.sentences import split_sentences
from store.records import Claim, Paper, Passage, Stance

SAYS: dict[str, Stance] = {"raises": "contradicts", "lowers": "supports", "narrows": "relaxes"}


class WordJudge:
    """Reports every "We find" sentence with one of the words as a strong finding."""

    name, kind, calibration, open_from = "words@1", "embedded", (1.0, 0.0), 0.3

    def __init__(self) -> None:
        self.shown: list[str] = []

    def threshold_of(self, stance: Stance, section: str) -> float:
        """Below the strength of every finding, so all of them count."""
        return 0.5

    def request(self, claim: Claim, paper: Paper, passages: Sequence[Passage]) -> dict[str, Any]:
        """What the answer depends on."""
        return {"claim": claim.id, "paper": paper.id, "texts": [p.text for p in passages]}

    def judge(self, claim: Claim, paper: Paper, passages: Sequence[Passage]) -> Answer:
        """The findings, with every load-bearing axis the same."""
        self.shown += [p.text for p in passages]
        told = [(s, p.id) for p in passages for s in split_sentences(p.text) if s.startswith("We find")]
        return Answer(tuple(
            Finding(atom.id, stance, sentence, 0.9, dict.fromkeys(claim.load_bearing(atom.id), "same"),
                    passage_id=passage, condition="another setting" if stance == "relaxes" else "")
            for atom in claim.parts for sentence, passage in told
            for word, stance in SAYS.items() if word in sentence
        ))  # fmt: skip
