"""The fan-out nodes: screen papers for a claim, and judge those that were kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from langgraph.runtime import Runtime
from sqlalchemy import Connection

import store.calls
import store.papers
import store.runs
from agent.core.passages import FRONT, choose, may_bear
from agent.core.quotes import legible
from agent.core.screening import Floats, query_variants
from agent.retrieval.corpus import query_of
from agent.retrieval.ranking import rank
from agent.run import judge_calls
from agent.run.collecting import candidates, claim_of, corpus_of
from agent.run.judge_calls import Question
from agent.run.parts import Parts
from agent.run.state import ClaimState, RunState
from store.records import Claim, Paper, Passage, Screening


def screen_claim(state: ClaimState, runtime: Runtime[Parts]) -> RunState:
    """Rank the papers a claim has yet to be tested on, and record which were kept and dropped."""
    parts = runtime.context
    with parts.ledger.read() as db:
        claim = claim_of(db, state["claim_id"])
        ids = candidates(db, parts, claim, state["as_of"])
        sources = list(store.papers.get_many(db, sorted(claim.source_ids)).values())
    found, lost = _ranked(parts, claim, sources, ids, state) if ids else ([], 0)
    if found:
        with parts.ledger.write() as db:
            store.runs.save_screenings(db, state["run_id"], found)
    runtime.stream_writer({"stage": "screen", "step": 1})
    kept = sum(s.kept for s in found)
    counts = {"pairs_screened": len(ids), "pairs_kept": kept, f"screened:{claim.id}": len(ids)}
    problem = f"{lost} papers have no vector: run retest index check"
    return {"counts": counts, "problems": [problem] if lost else []}


def _ranked(
    parts: Parts, claim: Claim, sources: list[Paper], ids: list[str], state: ClaimState
) -> tuple[list[Screening], int]:
    """A claim's screenings (by words, then the best also by meaning), and how many papers lack a vector."""
    corpus = parts.corpus(lambda: corpus_of(parts, state["as_of"], with_vectors=True))
    best = corpus.shortlist(query_of(claim, sources), corpus.rows(ids), parts.limits.shortlist)
    rows = corpus.with_vectors(best)
    return rank(corpus, parts.embedder, claim, sources, rows, parts.limits), len(best) - len(rows)


def judge_claim(state: ClaimState, runtime: Runtime[Parts]) -> RunState:
    """Ask the judge about every kept paper of a claim, unless the journal already has its answer."""
    parts, counts, problems = runtime.context, {"judged": 0, "answers_reused": 0}, []
    for question in questions(parts, state["run_id"], state["claim_id"]):
        with parts.ledger.read() as db:
            answered = judge_calls.is_answered(db, question)
        if answered:
            counts["answers_reused"] += 1
        elif judge_calls.is_worth_asking(parts, question, state["run_id"]):
            problem = judge_calls.ask(parts, question, state["run_id"])
            counts["judged"] += problem is None
            problems += [problem] if problem else []
        runtime.stream_writer({"stage": "judge", "step": 1})
    return {"counts": counts, "problems": problems}


def questions(parts: Parts, run_id: str, claim_id: str) -> list[Question]:
    """The questions to judge for a claim in a run, best paper first."""
    with parts.ledger.read() as db:
        claim = claim_of(db, claim_id)
        kept = store.runs.kept(db, run_id, claim_id)
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
