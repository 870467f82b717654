"""Run one case through the real judge, gates and rule, without a ledger."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from agent.core import gates, passages
from agent.core.confidence import Calibration
from agent.core.rule import decide_claim
from agent.errors import JudgeNonsense
from agent.evaluation.cases import LabelledCase
from agent.ports.models import Judge
from agent.ports.sources import Reader
from store.records import Claim, Evidence, Paper, Verdict

_FOREVER = "9999-12-31"


@dataclass(frozen=True)
class Outcome:
    """The result of one case.

    `ranked` is what retrieval found, best first; None if the papers were given. `judged` leaves out the
    papers for which the judge gave no usable answer.
    """

    case: LabelledCase
    verdict: Verdict
    evidence: tuple[Evidence, ...]
    judged: tuple[str, ...]
    shown: int
    ranked: tuple[str, ...] | None = None
    seconds: float = 0.0

    def strongest(self, paper_id: str) -> Evidence | None:
        """The evidence a paper's stance is read from: counted before leads, then by strength."""
        found = [e for e in self.evidence if e.paper_id == paper_id]
        return max(found, key=lambda e: (e.status == "counted", e.strength, e.id), default=None)


def try_case(
    case: LabelledCase,
    papers: Sequence[Paper],
    judge: Judge,
    reader: Reader,
    ranked: tuple[str, ...] | None = None,
) -> Outcome:
    """Judge each paper, pass every finding through the gates, decide by the rule.

    A paper without a usable answer is left out, and then nothing is confirmed.
    """
    started, claim = time.perf_counter(), case.as_claim()
    evidence, judged = [], []
    for paper in papers:
        with suppress(JudgeNonsense):
            evidence += _weighed(claim, paper, judge, reader)
            judged.append(paper.id)
    verdict = decide_claim(
        claim,
        evidence,
        relevant=len(judged),
        healthy=len(judged) == len(papers),
        open_from=judge.open_from,
        calibration=Calibration(*judge.calibration),
    )
    return Outcome(
        case, verdict, tuple(evidence), tuple(judged), len(papers), ranked, time.perf_counter() - started
    )


def _weighed(claim: Claim, paper: Paper, judge: Judge, reader: Reader) -> list[Evidence]:
    reading = reader.read(paper)
    cuts = tuple(passages.cut(reading, 1, paper.id))
    findings = [f for f in judge.judge(claim, paper, cuts).findings if f.stance != "neutral"]
    return [
        gates.weigh(gates.Case(
            claim=claim, paper=paper, text_id=1, text=reading.text, passages=cuts, finding=finding,
            judge=judge.name, threshold_in=partial(judge.threshold_of, finding.stance), until=_FOREVER,
        ))
        for finding in findings
    ]  # fmt: skip
