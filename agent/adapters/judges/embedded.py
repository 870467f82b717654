"""The embedded judge: the stance network's reading of a paper; its thresholds are in stance/stance.json."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from agent.adapters.judges.stance_model import LABELS, PairModel, Shares
from agent.adapters.judges.stance_pairs import joined
from agent.core.findings import Answer, Finding
from agent.core.own_result import own_start, why_not_own_result
from agent.core.passages import FRONT
from agent.core.quotes import MIN_WORDS, word_count
from agent.core.scope import match_scope
from agent.core.sentences import sentence_spans
from store.records import Claim, Paper, Passage, Stance

REVISION = 3
READ_GIVEN = 0.02
"""Lowest share at which a paper named by a person is searched for a quote."""
MOST_OF_BODY = 24
"""Sentences of a paper's body that are read for one part, from the passages closest to the claim."""
TWO_ARE_BETTER = 0.05
"""Margin by which two adjacent sentences must beat a single one to be quoted together."""
SHARES = ("whole", "quoted")
"""The shares that strength is computed from."""
_SUPPORTS, _CONTRADICTS, _RELAXES = (LABELS.index(s) for s in ("supports", "contradicts", "relaxes"))
_CONDITION = re.compile(
    r"\b(?:when|unless|only (?:if|when|by|for)|provided that|as long as|if|with the (?:help|aid) of|"
    r"by (?:using|training|combining|introducing|adding)|through|under|after|without)\b[^,;.]{8,120}",
    re.I,
)


class Reading(NamedTuple):
    """The network's reading of a paper on one part, with the shares of the side it takes.

    `whole` is the share for title and abstract, `quoted` for the quote alone.
    """

    atom_id: str
    stance: Stance
    quote: str
    whole: float
    quoted: float
    in_body: bool = False


class EmbeddedJudge:
    """Reads title and abstract against every part, and quotes the sentence that carries the stance.

    The network was trained on the four stances; a threshold only decides whether a reading counts. Most
    papers found by a search are silent on a claim, most papers named by a person are not, so there are two
    sets of thresholds, and `given` selects one.
    """

    kind = "embedded"

    def __init__(self, model: PairModel, *, given: bool = False) -> None:
        self.model, settings = model, model.settings
        self.name = f"embedded@{REVISION}-{model.digest}"
        own = settings["given" if given else "found"]
        self._least: Mapping[str, float] = own
        self._weights: Mapping[str, float] = own["strength"]
        self._least_in_body: Mapping[str, float] = settings["body"]
        self._read = READ_GIVEN if given else float(settings["read"])
        self._lead = min(float(settings["lead"]), float(own["supports"]), float(own["adverse"]))
        self.open_from = float(settings["open"])
        slope, offset = settings.get("calibration", (1.0, 0.0))
        self.calibration = (float(slope), float(offset))

    def threshold_of(self, stance: Stance, section: str) -> float:
        """Lowest strength at which evidence counts, by side, for title and abstract or for the body."""
        least = self._least if not section or section in FRONT else self._least_in_body
        return float(least["supports" if stance == "supports" else "adverse"])

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
        """How likely the paper bears on the likeliest part; see `agent.ports.models.Screener`."""
        text = front_text(passages)
        shares = self.model.probabilities([(atom.text, text) for atom in claim.parts])
        return float(1 - shares[:, LABELS.index("neutral")].min())

    def judge(self, claim: Claim, paper: Paper, passages: Sequence[Passage]) -> Answer:
        """Report every reading that is at least a lead."""
        findings = []
        for reading in self.readings(claim, passages):
            strength = self.strength(reading)
            if strength >= self._lead:
                scope = match_scope(claim, reading.atom_id, paper)
                findings.append(
                    Finding(
                        reading.atom_id, reading.stance, reading.quote, strength, scope, _condition(reading)
                    )
                )
        return Answer(tuple(findings))

    def strength(self, reading: Reading) -> float:
        """How likely the side is right, from both shares; fitted on pools, with claims held out."""
        weighted = (self._weights[name] * logit(getattr(reading, name)) for name in SHARES)
        return round(1 / (1 + math.exp(-(sum(weighted) + self._weights["offset"]))), 4)

    def readings(self, claim: Claim, passages: Sequence[Passage]) -> Iterator[Reading]:
        """Yield what the paper says on each part it may bear on: first its abstract, then its body."""
        text = front_text(passages)
        for atom in claim.parts:
            stance, whole = _side(self.model.probabilities([(atom.text, text)]))
            if whole < self._read:
                continue
            for in_body in (False, True):
                if quote := self.quote(atom.text, stance, passages, in_body=in_body):
                    yield Reading(atom.id, stance, quote[0], whole, quote[1], in_body)

    def quote(
        self, part: str, stance: Stance, passages: Sequence[Passage], *, in_body: bool
    ) -> tuple[str, float] | None:
        """The one or two sentences that best carry a stance, and their share for it."""
        single = [q for q in own_results(passages, in_body=in_body) if not q.is_two][:MOST_OF_BODY]
        if not single:
            return None
        shares = _shares_of(stance, self.model.probabilities([(part, q.text) for q in single]))
        best = max(range(len(single)), key=lambda i: (shares[i], single[i].text))
        two = [q for q in own_results(passages, in_body=in_body) if q.is_two and single[best].text in q.text]
        both = _shares_of(stance, self.model.probabilities([(part, q.text) for q in two])) if two else []
        if two and max(both) > shares[best] + TWO_ARE_BETTER:
            return two[both.index(max(both))].text, max(both)
        return single[best].text, shares[best]


class Quotable(NamedTuple):
    """One sentence that may be quoted, or two adjacent ones."""

    text: str
    is_two: bool = False


def front_text(passages: Sequence[Passage]) -> str:
    """Title and abstract as the network reads them."""
    texts = {name: " ".join(p.text for p in passages if p.section == name) for name in FRONT}
    return joined(texts["title"], texts["abstract"])


def own_results(passages: Sequence[Passage], *, in_body: bool = False) -> list[Quotable]:
    """What may be quoted: own results that are long enough, one sentence or two adjacent ones.

    If an abstract has none, all its sentences may be: a paper that never says "we" is still read, and the
    gates decide. A bare title is not a quote.
    """
    chosen = [p for p in passages if (p.section not in FRONT if in_body else p.section == "abstract")]
    first = own_start(passages)
    rows = [[(s, own) for s, own in _sentences(p, first)] for p in chosen]
    if in_body or any(own for found in rows for _, own in found):
        rows = [[(s, own) for s, own in found if own] for found in rows]
    return [q for found, passage in zip(rows, chosen, strict=True) for q in _quotable(found, passage.text)]


def _quotable(found: Sequence[tuple[str, bool]], text: str) -> Iterator[Quotable]:
    for sentence, _ in found:
        yield Quotable(sentence)
    for (one, _), (other, _) in pairwise(found):
        start = text.find(one)
        end = text.find(other, start + len(one))
        if start >= 0 and not text[start + len(one) : end].strip():
            yield Quotable(text[start : end + len(other)], is_two=True)


def _sentences(passage: Passage, first: int) -> list[tuple[str, bool]]:
    """A passage's sentences that are long enough to quote, and whether each can be an own result."""
    spans = [(span, passage.text[span.start : span.end]) for span in sentence_spans(passage.text)]
    background = first if passage.section == "abstract" else 0
    return [
        (s, passage.start + span.end > background and not why_not_own_result(s, passage.section))
        for span, s in spans
        if word_count(s) >= MIN_WORDS
    ]


def _side(shares: Shares) -> tuple[Stance, float]:
    """The likelier stance on the likelier side of one pair, and that side's share."""
    row = shares[0]
    adverse = float(row[_CONTRADICTS] + row[_RELAXES])
    if row[_SUPPORTS] > adverse:
        return "supports", float(row[_SUPPORTS])
    return ("contradicts" if row[_CONTRADICTS] > row[_RELAXES] else "relaxes"), adverse


def _shares_of(stance: Stance, shares: Shares) -> list[float]:
    """The share of a stance's side, per pair."""
    columns = [_SUPPORTS] if stance == "supports" else [_CONTRADICTS, _RELAXES]
    return [float(s) for s in shares[:, columns].sum(axis=1)]


def _condition(reading: Reading) -> str:
    found = _CONDITION.search(reading.quote) if reading.stance == "relaxes" else None
    return f"“{found[0].strip()}”" if found else ""


def logit(share: float) -> float:
    """Log odds of a share, clipped away from 0 and 1."""
    bounded = min(max(share, 1e-4), 1 - 1e-4)
    return math.log(bounded / (1 - bounded))


def _terms(claim: Claim, atom_id: str) -> dict[str, tuple[str, ...]]:
    return {name: axis.terms for name, axis in claim.scope_of(atom_id).items()}
