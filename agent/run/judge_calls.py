"""Ask the judge one question, with the cascade, the budget, samples and the journal.

The cascade: the embedded model screens papers before the LLM, and the screen itself is checked. One in
`ONE_IN` of the papers it rejects is judged anyway, chosen by its key, so that a run can report how often the
screen misses something.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection

import store.calls
import store.verdicts
from agent.core import sampling
from agent.core.budget import BudgetReached, ClaimBudgetReached
from agent.core.findings import Answer, Finding
from agent.errors import JudgeNonsense, JudgeRefused, JudgeUnreachable
from agent.run.parts import Parts
from store.records import Call, Claim, Paper, Passage

BUDGET_REACHED, ONE_IN = "budget reached", 20


class Question(NamedTuple):
    """One (claim, paper) to judge, the text it is judged on, and its journal key.

    `passages` are shown to the judge; `every` holds all passages of the text, for the gates.
    """

    claim: Claim
    paper: Paper
    text_id: int
    text: str
    passages: tuple[Passage, ...]
    every: tuple[Passage, ...]
    request: dict[str, Any]
    key: str


def is_worth_asking(parts: Parts, question: Question, run_id: str) -> bool:
    """Whether the cascade passes a paper on to the judge; its answer is journalled."""
    if parts.screener is None:
        return True
    key = screening_key(parts, question.claim, question.paper, question.passages)
    with parts.ledger.read() as db:
        screening = screening_outcome(db, key)
    if screening is None:
        bearing = parts.screener.bearing(question.claim, question.passages)
        screening = screening_response(bearing, parts.cascade, key)
        record = {"claim": question.claim.id, "paper": question.paper.id}
        with parts.ledger.write() as db:
            store.calls.intend(db, Call(key, run_id, "cascade", parts.screener.name, record), parts.now())
            store.calls.respond(db, key, screening, (0, 0), parts.now())
    return bool(screening["asked"])


def ask(parts: Parts, question: Question, run_id: str) -> str | None:
    """Make and journal the calls a question still needs; return the problem if one gave no answer.

    Once the judge is unreachable or the budget is reached, return "": the problem is already reported.
    """
    if parts.judge_down.is_set():
        return ""
    try:
        for n in range(sampling.SAMPLES):
            with parts.ledger.read() as db:
                if n >= _wanted(db, question):
                    break
            _ask_once(parts, question, n, run_id)
    except ClaimBudgetReached:
        cap = parts.budget.claim_cap or 0.0
        return f"{BUDGET_REACHED} for {question.claim.id}: at most ${cap:.4f} per claim"
    except BudgetReached:
        parts.judge_down.set()
        return f"{BUDGET_REACHED}: ${parts.budget.spent:.4f} of ${parts.budget.cap:.2f} spent"
    except (JudgeUnreachable, JudgeRefused) as error:
        parts.judge_down.set()
        return str(error)
    except JudgeNonsense as error:
        return str(error)
    return None


def is_answered(db: Connection, question: Question) -> bool:
    """Whether the journal holds every answer a question needs."""
    answers = _answers(db, question)
    return bool(answers) and len(answers) >= _wanted(db, question)


def findings_of(db: Connection, question: Question) -> list[Finding] | None:
    """The journalled findings, each with the share of samples that agree.

    None while an answer is missing: an incomplete set of samples must not become evidence.
    """
    if not is_answered(db, question):
        return None
    return sampling.agreed(_answers(db, question), _wanted(db, question))


def shortened(db: Connection, question: Question) -> str:
    """A sentence saying that the judge was shown fewer passages than chosen; "" if it was shown all."""
    first = store.calls.answered(db, question.key)
    left_out = first.response.get("passages_left_out", 0) if first and first.response else 0
    if not left_out:
        return ""
    chosen = len(question.passages)
    return (f"arXiv:{question.paper.id} was judged on {chosen - left_out} of {chosen} passages for "
            f"{question.claim.id}: the model's context has no room for more")  # fmt: skip


def _answers(db: Connection, question: Question) -> list[list[Finding]]:
    calls = [store.calls.answered(db, _key(question, n)) for n in range(sampling.SAMPLES)]
    return [[Finding(**f) for f in c.response["findings"]] for c in calls if c and c.response]


def _wanted(db: Connection, question: Question) -> int:
    """How many samples a question needs: one, unless its first answer calls for more."""
    first = store.calls.answered(db, question.key)
    return int(first.response.get("samples_wanted", 1)) if first and first.response else 1


def _key(question: Question, sample: int) -> str:
    return sample_key(question.key, sample)


def sample_key(key: str, sample: int) -> str:
    """The journal key of a question's nth sample; the first sample has the question's own key."""
    return store.calls.key_of(question=key, sample=sample) if sample else key


def _ask_once(parts: Parts, question: Question, sample: int, run_id: str) -> None:
    """Make one call within the budget and journal its intent and response; skip it if already answered."""
    key, judge = _key(question, sample), parts.judge
    with parts.ledger.write() as db:
        if store.calls.answered(db, key):
            return
        reserved = parts.budget.reserve(len(str(question.request)), question.claim.id)
        store.calls.intend(db, call_of(parts, question, key, run_id), parts.now())
    try:
        answer: Answer = judge.judge(question.claim, question.paper, question.passages)
    except (JudgeUnreachable, JudgeRefused, JudgeNonsense) as error:
        parts.budget.forfeit(reserved, question.claim.id, answers=getattr(error, "answers", 0))
        with parts.ledger.write() as db:
            store.calls.fail(db, key, str(error), parts.now())
        raise
    cost = (answer.tokens_in, answer.tokens_out, answer.tokens_cached)
    parts.budget.settle(reserved, *cost, claim=question.claim.id)
    record(parts, question, key, answer)


def call_of(parts: Parts, question: Question, key: str, run_id: str) -> Call:
    """The journal's record of a question that is about to be asked."""
    return Call(key, run_id, parts.judge.kind, parts.judge.name, _record_of(question, parts.judge.kind))


def record(parts: Parts, question: Question, key: str, answer: Answer, *, batched: bool = False) -> None:
    """Journal an answer, and how many samples it calls for."""
    with parts.ledger.read() as db:
        present = store.verdicts.present(db, question.claim.id, question.claim.revision)
    is_paid = parts.judge.kind == "llm"
    flips = is_paid and sampling.would_flip(present.name if present else None, answer.findings)
    response = {
        "findings": [f.__dict__ for f in answer.findings],
        "samples_wanted": sampling.SAMPLES if flips else 1,
        "tokens_cached": answer.tokens_cached,
        **({"batched": True} if batched else {}),
        **({"passages_left_out": answer.left_out} if answer.left_out else {}),
    }
    with parts.ledger.write() as db:
        store.calls.respond(db, key, response, (answer.tokens_in, answer.tokens_out), parts.now())


def _record_of(question: Question, kind: str) -> dict[str, Any]:
    """What the journal keeps of a request: all of a paid one, only ids of a local one, plus the text id."""
    request = question.request
    kept = request if kind == "llm" else {name: request[name] for name in ("claim", "paper")}
    return kept | {"text_id": question.text_id, "revision": question.claim.revision}


def screening_key(parts: Parts, claim: Claim, paper: Paper, passages: Iterable[Passage]) -> str:
    """The journal key of one screening. Raises ValueError if there is no screener."""
    screener = parts.screener
    if screener is None:
        raise ValueError("no screener")
    return store.calls.key_of(
        cascade=screener.name, least=parts.cascade, claim=claim.id, revision=claim.revision, paper=paper.id,
        version=paper.version, request=screener.request(claim, paper, tuple(passages)),
    )  # fmt: skip


def screening_response(bearing: float, least: float, key: str) -> dict[str, Any]:
    """The journal entry: how likely the paper bears on the claim, and whether the LLM is asked."""
    rejected = bearing < least
    sampled = rejected and int(key, 16) % ONE_IN == 0
    return {"bearing": round(bearing, 4), "rejected": rejected, "asked": sampled or not rejected}


def screening_outcome(db: Connection, key: str) -> dict[str, Any] | None:
    """The journalled outcome of one screening; None if there is none."""
    call: Call | None = store.calls.answered(db, key)
    return call.response if call else None


def miss_rate(counts: dict[str, Any]) -> float | None:
    """Of the rejected papers that were judged anyway, the share that did bear on their claim."""
    sampled = counts.get("cascade_sampled", 0)
    return round(counts.get("cascade_missed", 0) / sampled, 4) if sampled else None
