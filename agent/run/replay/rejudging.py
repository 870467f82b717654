"""What another judge would have decided in a run: the same claims and all papers kept for them by its end.

Papers are shown by title and abstract. Nothing is written, not even to the journal: a paid judge is
paid each time, within the budget.
"""

from __future__ import annotations

from functools import partial

from sqlalchemy import Connection

import store.calls
import store.claims
import store.papers
import store.runs
import store.verdicts
from agent.core import gates
from agent.core.budget import Budget
from agent.core.confidence import Calibration
from agent.core.passages import FRONT
from agent.core.rule import decide_claim
from agent.errors import JudgeNonsense
from agent.ports.models import Judge
from store.records import Claim, Evidence, Run, Verdict


def judged_anew(
    db: Connection, run: Run, judge: Judge, budget: Budget
) -> list[tuple[str, Verdict | None, Verdict]]:
    """(claim id, its verdict as of that run, this judge's verdict) for every claim that was retested.

    Raises JudgeError, and BudgetReached before a call that could exceed the cap.
    """
    found = []
    for retest in sorted(store.runs.of_run(db, run.id), key=lambda r: r.claim_id):
        claim = store.claims.revision(db, retest.claim_id, retest.revision)
        if claim is None:
            continue
        until = run.finished_at or store.calls.LAST
        kept = sorted(store.runs.relevant_papers(db, claim.id, claim.revision, until))
        evidence, unread = list[Evidence](), 0
        for paper_id in kept:
            try:
                evidence += _weighed(db, run, claim, paper_id, judge, budget)
            except JudgeNonsense:
                unread += 1
        verdict = decide_claim(
            claim, evidence, relevant=len(kept) - unread, healthy=retest.healthy and not unread,
            open_from=judge.open_from, calibration=Calibration(*judge.calibration),
        )  # fmt: skip
        history = [v for v in store.verdicts.history(db, claim.id) if v.decided_at <= (run.finished_at or "")]
        found.append((claim.id, history[-1] if history else None, verdict))
    return found


def _weighed(
    db: Connection, run: Run, claim: Claim, paper_id: str, judge: Judge, budget: Budget
) -> list[Evidence]:
    paper = store.papers.get_many(db, [paper_id])[paper_id]
    read = store.papers.newest_text(db, paper)
    if read is None:
        return []
    all_passages = tuple(store.papers.passages_of(db, read[0]))
    shown = tuple(p for p in all_passages if p.section in FRONT)
    reserved = budget.reserve(len(str(judge.request(claim, paper, shown))), claim.id)
    answer = judge.judge(claim, paper, shown)
    spent = (answer.tokens_in, answer.tokens_out, answer.tokens_cached)
    budget.settle(reserved, *spent, claim=claim.id)
    return [
        gates.weigh(gates.Case(
            claim=claim, paper=paper, text_id=read[0], text=read[1], passages=all_passages, finding=finding,
            judge=judge.name, threshold_in=partial(judge.threshold_of, finding.stance), until=run.as_of,
        ))
        for finding in answer.findings if finding.stance != "neutral"
    ]  # fmt: skip
