"""Judge through a batch: send a run's questions at once, and take the answers in when they have come.

Until then the run waits, as an interrupted one does: whoever resumes it looks again.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from langgraph.runtime import Runtime

import store.calls
from agent.core.budget import BudgetReached
from agent.errors import BatchWaiting, JudgeNonsense, JudgeRefused
from agent.ports.models import Asked, BatchJudge
from agent.run import judge_calls
from agent.run.judge_calls import Question
from agent.run.judging import questions
from agent.run.parts import Parts
from agent.run.state import BranchState, RunState
from store.home.files import write_atomically


def batch(state: RunState, runtime: Runtime[Parts]) -> RunState:
    """Send what is to be judged, or take in its answers.

    Raises BatchWaiting while there are none, JudgeRefused if the provider refused the batch. A question
    without a usable answer is left to be asked by itself.
    """
    parts = runtime.context
    if parts.batch is None:
        return {}
    open_questions = {q.key: q for q in _open(parts, state)}
    note = parts.home.run_folder(state["run_id"]) / "batch.json"
    sent = _sent(note) or _begun(parts.batch, note, state["run_id"])
    if sent is None and open_questions:
        sent = _send(parts, parts.batch, note, state["run_id"], open_questions)
        if sent:
            raise BatchWaiting(sent, 0, len(open_questions))
    if not sent or not open_questions:
        return {}
    found = parts.batch.look(sent)
    if found.replies is None:
        raise BatchWaiting(sent, found.done, found.total)
    if found.wrong and not found.replies:
        raise JudgeRefused(f"the provider gave up batch {sent}: {found.wrong}", "run with --no-batch")
    taken = sum(_take(parts, parts.batch, q, found.replies.get(key)) for key, q in open_questions.items())
    missing = len(open_questions) - taken
    what = "1 question" if missing == 1 else f"{missing} questions"
    notices = [
        f"{what} without an answer in the batch, asked by {'itself' if missing == 1 else 'themselves'}"
    ]
    return {"counts": {"batched": taken}, "notices": notices if missing else []}


def _open(parts: Parts, state: RunState) -> list[Question]:
    """The questions that still have to be asked."""
    branch = BranchState(
        run_id=state["run_id"], as_of=state["as_of"], claim_ids=state["claim_ids"],
        revisions=state.get("revisions", {}),
    )  # fmt: skip
    found = [q for claim_id in state["claim_ids"] for q in questions(parts, branch, claim_id)]
    with parts.ledger.read() as db:
        unanswered = [q for q in found if not judge_calls.is_answered(db, q)]
    return [q for q in unanswered if judge_calls.is_worth_asking(parts, q, state["run_id"])]


def _sent(note: Path) -> str | None:
    """The id of the batch already sent for a run; None if none was, or nobody noted it."""
    found = json.loads(note.read_text()) if note.exists() else {}
    return found.get("id")


def _begun(judge: BatchJudge, note: Path, run_id: str) -> str | None:
    """The id of a batch that was sent just before the program was killed, found at the provider."""
    found = judge.find(run_id) if note.exists() else None
    if found:
        write_atomically(note, json.dumps({"id": found}))
    return found


def _send(parts: Parts, judge: BatchJudge, note: Path, run_id: str, asked: dict[str, Question]) -> str | None:
    """Send the questions that the budget allows; return the batch's id, None if it allows none."""
    within = dict[str, Asked]()
    with parts.ledger.write() as db:
        for key, question in asked.items():
            try:
                parts.budget.reserve(len(str(question.request)), question.claim.id, batched=True)
            except BudgetReached:
                break
            store.calls.intend(db, judge_calls.call_of(parts, question, key, run_id), parts.now())
            within[key] = Asked(question.claim, question.paper, question.passages)
    if not within:
        return None
    write_atomically(note, json.dumps({"id": None}))
    sent = judge.send(run_id, within)
    write_atomically(note, json.dumps({"id": sent}))
    return sent


def _take(parts: Parts, judge: BatchJudge, question: Question, reply: str | None) -> bool:
    """Journal a reply; False if there is none that can be used."""
    if reply is None:
        return False
    try:
        answer: Any = judge.read(reply, question.claim, question.paper)
    except JudgeNonsense as error:
        with parts.ledger.write() as db:
            store.calls.fail(db, question.key, str(error), parts.now())
        return False
    cost = (answer.tokens_in, answer.tokens_out, answer.tokens_cached)
    parts.budget.settle(0.0, *cost, claim=question.claim.id, batched=True)
    judge_calls.record(parts, question, question.key, answer, batched=True)
    return True
