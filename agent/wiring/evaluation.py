"""Build the parts of an evaluation from settings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from agent.adapters.reading.abstract import AbstractReader
from agent.core.budget import Budget
from agent.errors import UsageError
from agent.evaluation.journal import JournalledJudge
from agent.ports.models import Judge
from agent.prices import price_of
from agent.settings import Settings
from agent.wiring.judges import stance_judge
from agent.wiring.papers import labelled_papers
from agent.wiring.run import limits
from agent.wiring.vectors import embedder_of
from store.home.files import Home


def evaluate(
    settings: Settings, file: Path, *, papers: str, suite: str, progress: Callable[[str, int, int], None]
) -> dict[str, Any]:
    """Measure the verdicts on a file of labelled cases; see `agent.evaluation`."""
    from agent.evaluation import service
    from agent.evaluation.cases import read_cases
    from agent.evaluation.finding import Finder
    from agent.evaluation.suites import read_suite

    def judging(done: int, total: int) -> None:
        progress("judge", done, total)

    if suite != "cases" and papers != "given":
        raise UsageError(f"the suite {suite} comes with its own papers", f"leave out --papers {papers}")
    cases, suite_papers = (read_cases(file), None) if suite == "cases" else read_suite(suite, file)
    judge, reader = stance_judge(settings, given=papers == "given"), AbstractReader()
    if judge.kind == "llm":
        judge = JournalledJudge(judge, Home(settings.home).evaluations)
    workers = settings.concurrency if settings.judge == "llm" else 1
    if papers == "found":
        all_papers = {p.id: p for p in labelled_papers(settings, None)}
        finder = Finder(all_papers, embedder_of(settings), limits(settings))
        return service.on_found(cases, finder, judge, reader, judging, workers) | _paid(settings, judge)
    by_id = suite_papers or {p.id: p for p in labelled_papers(settings, service.needed(cases))}
    found = service.on_given(
        cases, by_id, judge, reader, judging, workers, verdicts=suite == "cases", pools=papers == "pool"
    )
    return found | _paid(settings, judge)


def _paid(settings: Settings, judge: Judge) -> dict[str, Any]:
    """What an evaluation cost, if its judge does."""
    if not isinstance(judge, JournalledJudge):
        return {}
    price = price_of(settings.model, settings.home)
    dollars = round(Budget(price=price).cost(*judge.spent), 4) if price else None
    return {
        "answers_asked": judge.asked, "answers_reused": judge.reused, "tokens_in": judge.spent[0],
        "tokens_out": judge.spent[1], "dollars": dollars, "journal": str(judge.file),
    }  # fmt: skip
