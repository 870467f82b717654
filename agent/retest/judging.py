"""The fanned-out nodes: screen papers for a claim, judge what was kept; then gate the answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from langgraph.runtime import Runtime
from sqlalchemy import Connection

import store.calls
import store.claims
import store.evidence
import store.papers
import store.runs
from agent.errors import JudgeNonsense, JudgeRefused, JudgeUnreachable
from agent.ports import Answer, Finding
from agent.retest import gates
from agent.retest.budget import BudgetReached
from agent.retest.collecting import all_candidates, candidates, claim_of, texts_of
from agent.retest.parts import Parts
from agent.retest.screen import query_variants, screen
from agent.retest.state import ClaimState, RunState
from store.records import Call, Claim, Evidence, Paper, Passage, Stance

BUDGET_REACHED = "budget reached"


class Question(NamedTuple):
    """One (claim, paper) to judge, with the text it is judged on and its journal key."""

    claim: Claim
    paper: Paper
    text_id: int
    text: str
    passages: tuple[Passage, ...]
    request: dict[str, Any]
    key: str


def screen_claim(state: ClaimState, runtime: Runtime[Parts]) -> RunState:
    """Rank the papers a claim has yet to meet, and write down what was kept and dropped."""
    parts = runtime.context
    with parts.ledger.read() as db:
        claim = claim_of(db, state["claim_id"])
        ids = candidates(db, parts, claim, state["as_of"])
    found = []
    if ids:
        corpus = parts.corpus_of(_everything(parts, state), lambda every: texts_of(parts, every))
        queries, rows = query_variants(claim), corpus.rows(ids)
        dense = corpus.dense(parts.embedder.embed(queries), rows)
        found = screen(claim.id, ids, dense, corpus.lexical(queries, rows), parts.limits)
        with parts.ledger.write() as db:
            store.runs.save_screenings(db, state["run_id"], found)
    runtime.stream_writer({"stage": "screen", "step": 1})
    kept = sum(s.kept for s in found)
    return {"counts": {"pairs_screened": len(ids), "pairs_kept": kept, f"screened:{claim.id}": len(ids)}}


def _everything(parts: Parts, state: ClaimState) -> list[str]:
    with parts.ledger.read() as db:
        every = [c.id for c in store.claims.active(db)]
        whole: RunState = {"claim_ids": every, "as_of": state["as_of"]}
        found = all_candidates(db, parts, whole)
    missing = set(parts.index.missing("papers", found))
    return [i for i in found if i not in missing]


def judge_claim(state: ClaimState, runtime: Runtime[Parts]) -> RunState:
    """Ask the judge of every kept paper of a claim, unless the journal already has its answer."""
    parts, counts, problems = runtime.context, {"judged": 0, "answers_reused": 0}, []
    for question in questions(parts, state["run_id"], state["claim_id"]):
        with parts.ledger.read() as db:
            known = store.calls.answered(db, question.key) is not None
        if known:
            counts["answers_reused"] += 1
        elif problem := _ask(parts, question, state["run_id"]):
            problems.append(problem)
        else:
            counts["judged"] += 1
        runtime.stream_writer({"stage": "judge", "step": 1})
    return {"counts": counts, "problems": problems}


def questions(parts: Parts, run_id: str, claim_id: str) -> Iterator[Question]:
    """What is to be judged for a claim in a run, best paper first."""
    with parts.ledger.read() as db:
        claim = claim_of(db, claim_id)
        for paper_id in store.runs.kept(db, run_id, claim_id):
            yield _question(db, parts, claim, paper_id)


def _question(db: Connection, parts: Parts, claim: Claim, paper_id: str) -> Question:
    paper = store.papers.get_many(db, [paper_id])[paper_id]
    read = store.papers.newest_text(db, paper)
    if read is None:
        raise KeyError(f"{paper_id} was kept but not read")
    passages = tuple(store.papers.passages_of(db, read[0]))
    request = parts.judge.request(claim, paper, passages)
    key = store.calls.key_of(
        judge=parts.judge.name,
        claim=claim.id,
        revision=claim.revision,
        paper=paper.id,
        version=paper.version,
        request=request,
    )
    return Question(claim, paper, *read, passages, request, key)


def _ask(parts: Parts, question: Question, run_id: str) -> str | None:
    """Make one journalled call; return the problem when it gave no answer."""
    if parts.judge_down.is_set():
        return None
    try:
        reserved = parts.budget.reserve(len(str(question.request)))
    except BudgetReached:
        parts.judge_down.set()
        return f"{BUDGET_REACHED}: ${parts.budget.spent:.4f} of ${parts.budget.cap:.2f} spent"
    record = _record_of(question.request, parts.judge.kind)
    call = Call(question.key, run_id, parts.judge.kind, parts.judge.name, record)
    with parts.ledger.write() as db:
        store.calls.intend(db, call, parts.now())
    answer: Answer | None = None
    try:
        answer = parts.judge.judge(question.claim, question.paper, question.passages)
    except (JudgeUnreachable, JudgeRefused) as error:
        parts.judge_down.set()
        return _failed(parts, question.key, error)
    except JudgeNonsense as error:
        return _failed(parts, question.key, error)
    finally:
        spent = (answer.tokens_in, answer.tokens_out) if answer else (0, 0)
        parts.budget.settle(reserved, *spent)
    with parts.ledger.write() as db:
        store.calls.respond(db, question.key, as_json(answer), spent, parts.now())
    return None


def _record_of(request: dict[str, Any], kind: str) -> dict[str, Any]:
    """What the journal keeps of a request: all of a paid one, the ids of a local one."""
    return request if kind == "llm" else {name: request[name] for name in ("claim", "paper")}


def _failed(parts: Parts, key: str, error: Exception) -> str:
    with parts.ledger.write() as db:
        store.calls.fail(db, key, str(error), parts.now())
    return str(error)


def as_json(answer: Answer) -> dict[str, Any]:
    """An answer as the journal keeps it."""
    return {"findings": [f.__dict__ for f in answer.findings]}


def from_json(response: dict[str, Any]) -> list[Finding]:
    """The findings of a journalled answer."""
    return [Finding(**f) for f in response["findings"]]


def gate(state: RunState, runtime: Runtime[Parts]) -> RunState:
    """Pass every new finding through the gates and store it as evidence."""
    parts, counts = runtime.context, {"evidence": 0, "leads": 0, "rejected": 0, "unjudged": 0}
    for claim_id in state["claim_ids"]:
        for question in questions(parts, state["run_id"], claim_id):
            with parts.ledger.write() as db:
                call = store.calls.answered(db, question.key)
                found = _weighed(db, parts, question, call, state) if call else []
                store.evidence.save(db, found)
            counts["unjudged"] += call is None
            for item in found:
                counts[{"counted": "evidence", "lead": "leads", "rejected": "rejected"}[item.status]] += 1
    problems = [f"{counts['unjudged']} papers could not be judged"] if counts["unjudged"] else []
    return {"counts": counts, "problems": problems}


def _weighed(db: Connection, parts: Parts, question: Question, call: Call, state: RunState) -> list[Evidence]:
    others = _other_stances(db, question, parts.judge.name)
    findings = [f for f in from_json(call.response or {"findings": []}) if f.stance != "neutral"]
    return [
        gates.as_of_run(gates.weigh(gates.Case(
            claim=question.claim, paper=question.paper, text_id=question.text_id, text=question.text,
            passages=question.passages, finding=finding, judge=parts.judge.name,
            threshold=parts.judge.threshold, until=state["as_of"],
            other_stances=frozenset(others.get(finding.atom_id, set())),
        )), state["run_id"])
        for finding in findings
    ]  # fmt: skip


def _other_stances(db: Connection, question: Question, judge: str) -> dict[str, set[Stance]]:
    """What another judge's confident evidence says of the same paper, by atom."""
    found: dict[str, set[Stance]] = {}
    for item in store.evidence.of_claim(db, question.claim.id, question.claim.revision):
        sure = all(g.passed for g in item.gates if g.gate == "threshold")
        if item.paper_id == question.paper.id and item.judge != judge and sure:
            found.setdefault(item.atom_id, set()).add(item.stance)
    return found
