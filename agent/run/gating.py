"""The gate node: passes every answer's findings through the gates and stores them as evidence."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from langgraph.runtime import Runtime
from sqlalchemy import Connection

import store.evidence
from agent.core import gates
from agent.core.findings import Finding
from agent.ports.models import Judge
from agent.run import cascade
from agent.run.judge_calls import Question, findings_of
from agent.run.judging import questions
from agent.run.parts import Parts
from agent.run.state import RunState
from store.records import Evidence, Stance


def gate(state: RunState, runtime: Runtime[Parts]) -> RunState:
    """Pass every new finding through the gates and store it as evidence."""
    parts, counts = runtime.context, {"evidence": 0, "leads": 0, "rejected": 0, "unjudged": 0}
    for claim_id in state["claim_ids"]:
        for question in questions(parts, state["run_id"], claim_id):
            with parts.ledger.read() as db:
                findings = findings_of(db, question)
            second = _second_reading(parts, question, findings or [])
            with parts.ledger.write() as db:
                store.evidence.save(db, _beside(db, parts, question, second, state))
                found = _weighed(db, parts.judge, question, findings or [], state)
                store.evidence.save(db, found)
                screened = _screening(db, parts, question)
            counts["unjudged"] += findings is None and screened.get("asked", True)
            for name in _of_cascade(screened, judged=findings is not None, bears=bool(found)):
                counts[name] = counts.get(name, 0) + 1
            for item in found:
                counts[{"counted": "evidence", "lead": "leads", "rejected": "rejected"}[item.status]] += 1
    problems = [f"{counts['unjudged']} papers could not be judged"] if counts["unjudged"] else []
    return {"counts": counts, "problems": problems}


def _screening(db: Connection, parts: Parts, question: Question) -> dict[str, Any]:
    """The cascade's outcome for a question; empty if there is none."""
    if parts.screener is None:
        return {}
    key = cascade.key_of(parts, question.claim, question.paper, question.passages)
    return cascade.outcome(db, key) or {}


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
    db: Connection, parts: Parts, question: Question, read: list[Finding], state: RunState
) -> list[Evidence]:
    """Second readings as a separate kind of evidence, so that a later run by that judge reads afresh."""
    if parts.second is None:
        return []
    weighed = _weighed(db, parts.second, question, read, state, prefix="second-")
    return [replace(e, status="second") for e in weighed]


def _weighed(
    db: Connection,
    judge: Judge,
    question: Question,
    findings: list[Finding],
    state: RunState,
    prefix: str = "",
) -> list[Evidence]:
    others = _other_stances(db, question, judge.name)
    return [
        gates.as_of_run(gates.weigh(gates.Case(
            claim=question.claim, paper=question.paper, text_id=question.text_id, text=question.text,
            passages=question.every, finding=finding, judge=prefix + judge.name,
            threshold_in=partial(judge.threshold_of, finding.stance), until=state["as_of"],
            other_stances=frozenset(others.get(finding.atom_id, set())),
        )), state["run_id"])
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
