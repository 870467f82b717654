"""Run an evaluation: papers from a snapshot or a suite, every case through the real components."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from agent.errors import UsageError
from agent.evaluation.cases import LabelledCase
from agent.evaluation.finding import Finder
from agent.evaluation.summary import summarise
from agent.evaluation.trial import Outcome, try_case
from agent.ports.models import Judge
from agent.ports.sources import Reader
from store.records import Paper

Progress = Callable[[int, int], None]


def on_given(
    cases: Sequence[LabelledCase],
    papers: dict[str, Paper],
    judge: Judge,
    reader: Reader,
    progress: Progress,
    workers: int = 1,
    *,
    verdicts: bool = True,
    pools: bool = False,
) -> dict[str, Any]:
    """Judge each case on its own evidence papers; `verdicts` is false for a set that labels none.

    With `pools` those papers are search results, and how well the judge picks among them is reported too.

    Raises UsageError if a paper that a case rests on is missing.
    """
    missing = sorted({i for case in cases for i in case.labels} - papers.keys())
    if missing:
        shown = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        raise UsageError(f"papers not found: {shown}", "pass the snapshot that contains them with --snapshot")
    started = time.perf_counter()

    def one(case: LabelledCase) -> Outcome:
        return try_case(case, [papers[i] for i in case.labels], judge, reader)

    outcomes = _each(one, cases, workers, progress)
    return summarise(outcomes, seconds=time.perf_counter() - started, verdicts=verdicts, pools=pools)


def on_found(
    cases: Sequence[LabelledCase],
    finder: Finder,
    judge: Judge,
    reader: Reader,
    progress: Progress,
    workers: int = 1,
) -> dict[str, Any]:
    """Judge each case on the papers that the agent finds for it."""
    started = time.perf_counter()
    finder.prepare(cases, progress)

    def one(case: LabelledCase) -> Outcome:
        ranked, papers = finder.find(case)
        return try_case(case, papers, judge, reader, ranked)

    return summarise(_each(one, cases, workers, progress), seconds=time.perf_counter() - started)


def needed(cases: Iterable[LabelledCase]) -> set[str]:
    """Ids of every paper that cases rest on: evidence and sources."""
    return {i for case in cases for i in (*case.labels, *case.source_arxiv_ids)}


def _each(
    one: Callable[[LabelledCase], Outcome], cases: Sequence[LabelledCase], workers: int, progress: Progress
) -> list[Outcome]:
    """Outcomes in the order of the cases, whatever the number of workers; the first failure ends it."""
    outcomes = []
    with ThreadPoolExecutor(workers) as pool:
        try:
            for done, outcome in enumerate(pool.map(one, cases), 1):
                outcomes.append(outcome)
                progress(done, len(cases))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return outcomes
