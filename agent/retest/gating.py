"""The gate node: every answer's findings through the gates, into the ledger as evidence."""

from __future__ import annotations

from functools import partial
from typing import Any

from langgraph.runtime import Runtime
from sqlalchemy import Connection

import store.evidence
from agent.ports import Finding
from agent.retest import cascade, gates
from agent.retest.asking import Question, findings_of
from agent.retest.judging import questions
from agent.retest.parts import Parts
from agent.retest.state import RunState
from store.records import Evidence, Stance


def gate(state: RunState, runtime: Runtime[Parts]) -> RunState:
    """Pass every new finding through the gates and store it as evidence."""
    parts, counts = runtime.context, {"evidence": 0, "leads": 0, "rejected": 0, "unjudged": 0}
    for claim_id in state["claim_ids"]:
        for question in questions(parts, state["run_id"], claim_id):
            with parts.ledger.write() as db:
                told = findings_of(db, question)
                found = _weighed(db, parts, question, told or [], state)
                store.evidence.save(db, found)
                screened = _screening(db, parts, question)
            counts["unjudged"] += told is None and screened.get("asked", True)
            for name in _of_cascade(screened, judged=told is not None, bears=bool(found)):
                counts[name] = counts.get(name, 0) + 1
            for item in found:
                counts[{"counted": "evidence", "lead": "leads", "rejected": "rejected"}[item.status]] += 1
    problems = [f"{counts['unjudged']} papers could not be judged"] if counts["unjudged"] else []
    return {"counts": counts, "problems": problems}


def _screening(db: Connection, parts: Parts, question: Question) -> dict[str, Any]:
    """What the cascade said of a question; empty when there is none."""
    if parts.screener is None:
        return {}
    key = cascade.key_of(parts, question.claim, question.paper, question.passages)
    return cascade.outcome(db, key) or {}


def _of_cascade(screened: dict[str, Any], *, judged: bool, bears: bool) -> list[str]:
    """The counts that one screening adds to: what was rejected, and what of it was judged all the same."""
    if not screened.get("rejected"):
        return []
    sampled = ["cascade_sampled"] if judged else []
    return ["cascade_rejected", *sampled, *(["cascade_missed"] if judged and bears else [])]


def _weighed(
    db: Connection, parts: Parts, question: Question, told: list[Finding], state: RunState
) -> list[Evidence]:
    others = _other_stances(db, question, parts.judge.name)
    return [
        gates.as_of_run(gates.weigh(gates.Case(
            claim=question.claim, paper=question.paper, text_id=question.text_id, text=question.text,
            passages=question.every, finding=finding, judge=parts.judge.name,
            threshold_in=partial(parts.judge.threshold_of, finding.stance), until=state["as_of"],
            other_stances=frozenset(others.get(finding.atom_id, set())),
        )), state["run_id"])
        for finding in told
        if finding.stance != "neutral"
    ]  # fmt: skip


def _other_stances(db: Connection, question: Question, judge: str) -> dict[str, set[Stance]]:
    """What another judge's confident evidence says of the same paper, by atom.

    An earlier revision of the same judge is no second opinion.
    """
    found: dict[str, set[Stance]] = {}
    for item in store.evidence.of_claim(db, question.claim.id, question.claim.revision):
        sure = all(g.passed for g in item.gates if g.gate == "threshold")
        if item.paper_id == question.paper.id and family(item.judge) != family(judge) and sure:
            found.setdefault(item.atom_id, set()).add(item.stance)
    return found


def family(judge: str) -> str:
    """What a judge is, without its revision: the part of its name before "@"."""
    return judge.partition("@")[0]
