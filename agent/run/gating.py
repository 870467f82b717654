"""Pass a judge's findings on a paper through the gates and store them as evidence."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import partial
from typing import Any

from sqlalchemy import Connection

import store.evidence
from agent.core import gates
from agent.core.findings import Finding
from agent.ports.models import Judge
from agent.run.judge_calls import Question, findings_of, screening_key, screening_outcome
from agent.run.parts import Parts
from store.records import Evidence, Stance

_STATUSES = {"counted": "evidence", "lead": "leads", "rejected": "rejected"}
"""What evidence is counted as, by its status."""
GATED = (*_STATUSES.values(), "unjudged")


def gated(parts: Parts, question: Question, run_id: str, as_of: str) -> dict[str, int]:
    """Pass the findings on one paper through the gates and store them as evidence; return the counts."""
    with parts.ledger.read() as db:
        findings = findings_of(db, question)
    second = _second_reading(parts, question, findings or [])
    with parts.ledger.write() as db:
        store.evidence.save(db, _beside(db, parts, question, second, run_id, as_of))
        found = _weighed(db, parts.judge, question, findings or [], run_id, as_of)
        store.evidence.save(db, found)
        screened = _screening(db, parts, question)
    counts = Counter(_STATUSES[item.status] for item in found)
    counts.update(_of_cascade(screened, judged=findings is not None, bears=bool(found)))
    counts["unjudged"] += findings is None and screened.get("asked", True)
    return dict(counts)


def _screening(db: Connection, parts: Parts, question: Question) -> dict[str, Any]:
    """The cascade's outcome for a question; empty if there is none."""
    if parts.screener is None:
        return {}
    key = screening_key(parts, question.claim, question.paper, question.passages)
    return screening_outcome(db, key) or {}


def _of_cascade(screened: dict[str, Any], *, judged: bool, bears: bool) -> list[str]:
    """The counts that one screening adds to: papers rejected, and those of them judged anyway."""
    if not screened.get("rejected"):
        return []
    sampled = ["cascade_sampled"] if judged else []
    return ["cascade_rejected", *sampled, *(["cascade_missed"] if judged and bears else [])]


def _second_reading(parts: Parts, question: Question, findings: list[Finding]) -> list[Finding]:
    """The second judge's findings on a paper on which the first took a side; they decide nothing alone."""
    if parts.second is None or all(f.stance == "neutral" for f in findings):
        return []
    return list(parts.second.judge(question.claim, question.paper, question.passages).findings)


def _beside(
    db: Connection, parts: Parts, question: Question, read: list[Finding], run_id: str, as_of: str
) -> list[Evidence]:
    """Second readings as a separate kind of evidence, so that a later run by that judge reads afresh."""
    if parts.second is None:
        return []
    weighed = _weighed(db, parts.second, question, read, run_id, as_of, prefix="second-")
    return [replace(e, status="second") for e in weighed]


def _weighed(
    db: Connection,
    judge: Judge,
    question: Question,
    findings: list[Finding],
    run_id: str,
    as_of: str,
    prefix: str = "",
) -> list[Evidence]:
    others = _other_stances(db, question, judge.name)
    return [
        gates.as_of_run(gates.weigh(gates.Case(
            claim=question.claim, paper=question.paper, text_id=question.text_id, text=question.text,
            passages=question.every, finding=finding, judge=prefix + judge.name,
            threshold_in=partial(judge.threshold_of, finding.stance), until=as_of,
            other_stances=frozenset(others.get(finding.atom_id, set())),
        )), run_id)
        for finding in findings
        if finding.stance != "neutral"
    ]  # fmt: skip


def _other_stances(db: Connection, question: Question, judge: str) -> dict[str, set[Stance]]:
    """The stances of another judge's confident evidence on the same paper, by atom.

    An earlier revision of the same judge is not a second opinion.
    """
    found: dict[str, set[Stance]] = {}
    for item in store.evidence.of_claim(db, question.claim.id, question.claim.revision):
        sure = not any(g.failed for g in item.gates if g.gate == "threshold")
        if (
            item.paper_id == question.paper.id
            and store.evidence.family(item.judge) != store.evidence.family(judge)
            and sure
        ):
            found.setdefault(item.atom_id, set()).add(item.stance)
    return found
