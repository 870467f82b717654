"""The fan-out nodes: screen papers for claims, then judge those that were kept and gate what was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from langgraph.runtime import Runtime
from sqlalchemy import Connection

import store.calls
import store.papers
import store.runs
from agent.core.passages import FRONT, choose, may_bear
from agent.core.quotes import legible
from agent.core.screening import Floats, query_variants
from agent.retrieval.ranking import rank
from agent.run import judge_calls
from agent.run.candidates import candidates_of, claim_of, embedded_corpus_of, shortlist, sources_of
from agent.run.gating import GATED, gated
from agent.run.judge_calls import Question
from agent.run.parts import Parts
from agent.run.state import BranchState, RunState, claims_in, merged
from store.records import Claim, Passage, Screening


def screen_claims(state: BranchState, runtime: Runtime[Parts]) -> RunState:
    """Rank the papers that claims have yet to be tested on, and record which were kept and dropped."""
    parts, counts, problems = runtime.context, dict[str, Any](), list[str]()
    for claim_id in claims_in(state):
        claim = claim_of(parts, state, claim_id)
        number = len(candidates_of(parts, state).of(claim))
        found, lost = _ranked(parts, claim, state) if number else ([], 0)
        if found:
            with parts.ledger.write() as db:
                store.runs.save_screenings(db, state["run_id"], found)
        runtime.stream_writer({"stage": "screen", "step": 1})
        kept = sum(s.kept for s in found)
        of_claim = {"pairs_screened": number, "pairs_kept": kept, f"screened:{claim.id}": number}
        counts = merged(counts, of_claim)
        problems += [f"{lost} papers have no vector: run retest index check"] if lost else []
    return {"counts": counts, "problems": problems}


def _ranked(parts: Parts, claim: Claim, state: BranchState) -> tuple[list[Screening], int]:
    """A claim's screenings (by words, then the best also by meaning), and how many papers lack a vector."""
    corpus, best = embedded_corpus_of(parts, state), shortlist(parts, state, claim)
    rows = corpus.with_vectors(best)
    if not len(rows):
        return [], len(best)
    found = rank(corpus, parts.embedder, claim, sources_of(parts, claim), rows, parts.limits)
    return found, len(best) - len(rows)


def judge_claims(state: BranchState, runtime: Runtime[Parts]) -> RunState:
    """Judge every kept paper of some claims, and pass what was found through the gates.

    An answer that the journal already has is used again.
    """
    parts, problems, notices = runtime.context, list[str](), list[str]()
    counts: dict[str, Any] = {"judged": 0, "answers_reused": 0, **dict.fromkeys(GATED, 0)}
    for claim_id in claims_in(state):
        for question in questions(parts, state, claim_id):
            how, problem = _judged(parts, question, state["run_id"])
            problems += [problem] if problem else []
            with parts.ledger.read() as db:
                shortened = judge_calls.shortened(db, question)
            notices += [shortened] if shortened else []
            counts = merged(counts, {how: 1} if how else {})
            counts = merged(counts, gated(parts, question, state["run_id"], state["as_of"]))
            runtime.stream_writer({"stage": "judge", "step": 1})
    return {"counts": counts | parts.budget_counts(), "problems": problems, "notices": notices}


def _judged(parts: Parts, question: Question, run_id: str) -> tuple[str, str]:
    """How a question was answered, as a name in the counts, and the problem if it was not."""
    with parts.ledger.read() as db:
        answered = judge_calls.is_answered(db, question)
    if answered:
        return "answers_reused", ""
    if not judge_calls.is_worth_asking(parts, question, run_id):
        return "", ""
    problem = judge_calls.ask(parts, question, run_id)
    return ("judged", "") if problem is None else ("", problem)


def name_unjudged(state: RunState) -> RunState:
    """Name what could not be judged: then finding nothing means nothing."""
    unjudged = state["counts"].get("unjudged", 0)
    return {"problems": [f"{unjudged} papers could not be judged"] if unjudged else []}


def questions(parts: Parts, state: BranchState, claim_id: str) -> list[Question]:
    """The questions to judge for a claim in a run, best paper first."""
    claim = claim_of(parts, state, claim_id)
    with parts.ledger.read() as db:
        kept = store.runs.kept(db, state["run_id"], claim_id)
        queries = parts.embedder.embed(query_variants(claim)) if kept else np.zeros((0, 0), np.float32)
        return [_question(db, parts, claim, queries, i) for i in kept]


def _question(db: Connection, parts: Parts, claim: Claim, queries: Floats, paper_id: str) -> Question:
    paper = store.papers.get_many(db, [paper_id])[paper_id]
    read = store.papers.newest_text(db, paper)
    if read is None:
        raise KeyError(f"{paper_id} was kept but not read")
    all_passages = tuple(store.papers.passages_of(db, read[0]))
    shown = choose(all_passages, _closeness(parts, queries, all_passages), parts.limits.passages)
    passages = tuple(p if p.section in FRONT else replace(p, text=legible(p.text)) for p in shown)
    request = parts.judge.request(claim, paper, passages)
    key = store.calls.key_of(
        judge=parts.judge.name,
        claim=claim.id,
        revision=claim.revision,
        paper=paper.id,
        version=paper.version,
        request=request,
    )
    return Question(claim, paper, *read, passages, all_passages, request, key)


def _closeness(parts: Parts, queries: Floats, passages: Sequence[Passage]) -> dict[str, float]:
    """The largest cosine of each body passage with any of the claim's queries, by passage id."""
    ids = [p.id for p in passages if p.section not in FRONT and may_bear(p)]
    if not ids:
        return {}
    cosines = (parts.index.vectors("passages", ids) @ queries.T).max(axis=1)
    return {i: round(float(c), 4) for i, c in zip(ids, cosines, strict=True)}
