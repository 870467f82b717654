"""Whole runs: real graph, ledger, Chroma and snapshot; the judge is a scripted server over HTTP."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import openai
import pytest

import store.calls
import store.claims
import store.evidence
import store.runs
import store.verdicts
from agent.adapters.arxiv.snapshot import SnapshotSource
from agent.adapters.judges.llm import LlmJudge
from agent.adapters.llm.client import LlmClient
from agent.adapters.reading.abstract import AbstractReader
from agent.core.budget import Budget, Price
from agent.core.sampling import SAMPLES
from agent.core.screening import Limits
from agent.errors import UsageError
from agent.reports.building import of_run
from agent.run import service
from agent.run.parts import Parts
from agent.run.state import claims_in
from store.home.files import Home
from store.ledger import Ledger
from store.records import Evidence, Paper, Run, Verdict
from store.vectors.index import open_index
from tests.conftest import NOW, StillClock, make_claim, make_paper
from tests.standins.http import Quiet
from tests.standins.llm import Behaviour, LlmServer, fails, judged, llm_server, part, says
from tests.standins.world import WordEmbedder

DAY = NOW.date().isoformat()


def answer_by(stance_of: Callable[[str], str]) -> Behaviour:
    """A judge that quotes each paper's result sentence with the stance we choose for its id."""

    def behaviour(handler: Quiet, body: dict[str, Any]) -> None:
        user = body["messages"][1]["content"]
        paper = user.split("(arXiv:")[1].split(",")[0]
        passage = next(w for line in user.splitlines() if "(abstract)" in line for w in [line.split()[1]])
        quote = next(s for s in user.split(". ") if s.startswith("We find")) + "."
        stance = stance_of(paper)
        more = {"scope": [{"axis": "training", "match": "same"}]}
        judged(part(1, stance, quote, passage, **more))(handler, body)

    return behaviour


def write_snapshot(path: Path, papers: list[Paper]) -> Path:
    path.write_text("".join(json.dumps(p.__dict__) + "\n" for p in papers))
    return path


@contextmanager
def parts_for(home: Home, snapshot: Path, url: str, budget: Budget | None = None) -> Iterator[Parts]:
    """The parts of a run at the scripted judge."""
    ledger = Ledger.open(home.ledger)
    client = openai.OpenAI(api_key="k", base_url=url, max_retries=0, timeout=20)
    embedder = WordEmbedder()
    with open_index(home.index, embedder.name, holder="test") as index:
        yield Parts(
            home=home, ledger=ledger, index=index, source=SnapshotSource(snapshot), reader=AbstractReader(),
            embedder=embedder, judge=LlmJudge(LlmClient(client, "m", sleep=lambda _: None), threshold=0.6),
            clock=StillClock(), limits=Limits(keep=8, floor=0.1), budget=budget or Budget(), report=of_run,
        )  # fmt: skip
    ledger.close()


def retest(home: Home, snapshot: Path, url: str, **more: Any) -> Run:
    with parts_for(home, snapshot, url, **more) as parts:
        return service.start(parts, DAY, [], [], lambda _: None, 2)


def present(home: Home) -> tuple[Verdict | None, list[Evidence]]:
    """The stored verdict and evidence of the claim."""
    ledger = Ledger.open(home.ledger)
    with ledger.read() as db:
        history = store.verdicts.histories(db).get("tuning-hurts", [])
        found = store.evidence.of_claim(db, "tuning-hurts", 1)
    ledger.close()
    return (history[-1] if history else None), found


@pytest.fixture
def server() -> Iterator[LlmServer]:
    with llm_server(answer_by(lambda _: "supports")) as server:
        yield server


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    return write_snapshot(tmp_path / "s.jsonl", [make_paper(n) for n in range(1, 7)])


def test_claims_in_verdicts_with_checked_citations_out(home: Home, snapshot: Path, server: LlmServer) -> None:
    run = retest(home, snapshot, server.url)
    verdict, found = present(home)
    assert run.health == "complete"
    assert verdict
    assert (verdict.name, verdict.basis) == ("still-holds", "reconfirmed")
    assert len(verdict.evidence_ids) == 6
    report = (home.root / run.id / "report.md").read_text()
    assert "first verdict, **still-holds**: `tuning-hurts`" in report
    assert all(f"https://arxiv.org/abs/{e.paper_id}v1" in report for e in found[:3])
    assert len((home.root / run.id / "calls.jsonl").read_text().splitlines()) == 6


def test_a_second_run_with_nothing_new_does_nothing(home: Home, snapshot: Path, server: LlmServer) -> None:
    retest(home, snapshot, server.url)
    calls = len(server.asked)
    run = retest(home, snapshot, server.url)
    counts = run.counts
    assert len(server.asked) == calls
    assert (counts["papers_embedded"], counts["judged"], counts["verdicts_appended"]) == (0, 0, 0)
    assert "No verdict changed." in (home.root / run.id / "report.md").read_text()


def test_only_what_is_new_is_judged_and_a_flip_cites_it(
    home: Home, snapshot: Path, server: LlmServer
) -> None:
    retest(home, snapshot, server.url)
    calls = len(server.asked)
    papers = [make_paper(n) for n in range(1, 7)]
    write_snapshot(snapshot, [*papers, make_paper(50), make_paper(51)])
    server.default = answer_by(lambda paper: "contradicts" if paper > "2506.00049" else "supports")
    run = retest(home, snapshot, server.url)
    verdict, found = present(home)
    assert len(server.asked) == calls + 2 * SAMPLES  # both would flip the verdict
    assert verdict
    assert (verdict.name, verdict.contested) == ("relaxed", True)
    new = {e.id for e in found if e.run_id == run.id}
    assert new
    assert new <= set(verdict.evidence_ids)
    assert "still-holds → relaxed" in (home.root / run.id / "report.md").read_text()


def test_independent_contradictions_refute(home: Home, snapshot: Path, server: LlmServer) -> None:
    server.default = answer_by(lambda _: "contradicts")
    retest(home, snapshot, server.url)
    verdict, _ = present(home)
    assert verdict
    assert verdict.name == "contradicted"


def test_an_older_paper_and_the_claims_own_source_are_never_asked_about(
    home: Home, tmp_path: Path, server: LlmServer
) -> None:
    old = [
        make_paper(1, published="2024-11-20"),
        make_paper(2, id="2411.15382"),
        make_paper(3, published="2026-10-01"),
    ]
    run = retest(home, write_snapshot(tmp_path / "old.jsonl", old), server.url)
    assert not server.asked
    assert run.counts["pairs_screened"] == 0
    assert (present(home)[0] or Verdict(None, "untested")).basis == "untested"


def test_invented_quotes_and_passages_are_kept_as_rejected_and_never_count(
    home: Home, snapshot: Path, server: LlmServer
) -> None:
    invented = "We find that the claim is entirely wrong in every way."
    server.default = judged(
        part(1, "contradicts", invented, "1.1"),
        part(1, "contradicts", invented, "77.7"),
    )  # fmt: skip
    retest(home, snapshot, server.url)
    verdict, found = present(home)
    assert {e.status for e in found} == {"rejected"}
    assert verdict
    assert verdict.name == "still-holds"
    assert verdict.basis == "unchallenged"


@pytest.mark.parametrize("behaviour", [says("nonsense"), says(None, refusal="no"), fails(500), fails(401)])
def test_a_judge_that_fails_degrades_the_run_and_confirms_nothing(
    home: Home, snapshot: Path, server: LlmServer, behaviour: Behaviour
) -> None:
    good, server.default = server.default, behaviour
    run = retest(home, snapshot, server.url)
    verdict, found = present(home)
    assert run.health == "degraded"
    assert run.reasons
    assert not found
    assert verdict is None or verdict.name is None
    server.default = good
    assert retest(home, snapshot, server.url).health == "complete"
    verdict, _ = present(home)
    assert verdict
    assert verdict.name == "still-holds"


def test_a_bad_snapshot_line_degrades_the_run(home: Home, snapshot: Path, server: LlmServer) -> None:
    snapshot.write_text(snapshot.read_text() + "{torn")
    run = retest(home, snapshot, server.url)
    assert run.health == "degraded"
    assert "line 7" in run.reasons[0]


def test_the_budget_is_reserved_before_each_call(home: Home, snapshot: Path, server: LlmServer) -> None:
    budget = Budget(cap=2.05, price=Price(tokens_out=1000.0))  # an answer may cost $2.00 but costs $0.02
    run = retest(home, snapshot, server.url, budget=budget)
    assert len(server.asked) == 3
    assert budget.spent <= 2.05
    assert run.health == "degraded"
    assert run.reasons[0].startswith("budget reached: $0.06")
    assert run.counts["evidence"] == 3
    assert retest(home, snapshot, server.url).health == "complete"
    assert len(server.asked) == 6


def test_the_past_is_not_judged_by_its_future(home: Home, snapshot: Path, server: LlmServer) -> None:
    retest(home, snapshot, server.url)
    with parts_for(home, snapshot, server.url) as parts, pytest.raises(UsageError, match="RETEST_HOME"):
        service.start(parts, "2025-01-01", [], [], lambda _: None, 2)


CHILD = """
import sys
from pathlib import Path
from store.home.files import Home
from tests.test_run import DAY, parts_for
from agent.run import service
with parts_for(Home(Path(sys.argv[1])), Path(sys.argv[2]), sys.argv[3]) as parts:
    service.start(parts, DAY, [], [], lambda _: None, 1)
"""


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.slow
def test_a_killed_run_is_resumed_and_no_answered_call_is_repeated(
    home: Home, snapshot: Path, server: LlmServer
) -> None:
    good = server.default
    released: list[bool] = []

    def hang_at_the_third(handler: Quiet, body: dict[str, Any]) -> None:
        if len(server.asked) >= 3 and not released:
            wait_for(lambda: bool(released))
            return
        good(handler, body)

    server.default = hang_at_the_third
    command = [sys.executable, "-c", CHILD, str(home.root), str(snapshot), server.url]
    with subprocess.Popen(command, cwd=Path(__file__).parents[1]) as child:
        try:
            wait_for(lambda: len(server.asked) >= 3)
        finally:
            child.send_signal(signal.SIGKILL)
    released.append(True)
    answered = {json.dumps(a["messages"]) for a in server.asked[:2]}
    before = len(server.asked)
    with parts_for(home, snapshot, server.url) as parts:
        with parts.ledger.read() as db:
            begun = store.runs.latest(db, finished=False)
        assert begun
        assert begun.finished_at is None
        run = service.resume(parts, begun.id, lambda _: None, 1)
    verdict, found = present(home)
    assert run.health == "complete"
    assert not answered & {json.dumps(a["messages"]) for a in server.asked[before:]}
    assert len(server.asked) == 7
    assert verdict
    assert (verdict.name, len(found)) == ("still-holds", 6)


def interrupted(parts: Parts, stage: str) -> str:
    """Begin a run that stops when it reports a stage; return its id."""

    def listen(event: dict[str, Any]) -> None:
        if event.get("stage") == stage:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        service.start(parts, DAY, [], [], listen, 1)
    with parts.ledger.read() as db:
        begun = store.runs.latest(db, finished=False)
    assert begun
    return begun.id


def test_a_claim_edited_before_a_resume_is_retested_as_planned_and_anew_by_the_next_run(
    home: Home, snapshot: Path, server: LlmServer
) -> None:
    with parts_for(home, snapshot, server.url) as parts:
        begun = interrupted(parts, "judge")
        with parts.ledger.write() as db:
            store.claims.save(db, make_claim(text="Tuning always hurts."), "t")
    with parts_for(home, snapshot, server.url) as parts:
        first = service.resume(parts, begun, lambda _: None, 1)
        with parts.ledger.read() as db:
            (retested,) = store.runs.of_run(db, begun)
    assert (first.health, retested.revision) == ("complete", 1)
    assert retest(home, snapshot, server.url).counts["pairs_screened"] == first.counts["pairs_screened"]


def test_a_claim_retired_before_a_resume_is_searched_for_once_it_is_back(
    home: Home, snapshot: Path, server: LlmServer
) -> None:
    with parts_for(home, snapshot, server.url) as parts:
        begun = interrupted(parts, "screen")
        with parts.ledger.write() as db:
            store.claims.retire(db, "tuning-hurts")
    with parts_for(home, snapshot, server.url) as parts:
        service.resume(parts, begun, lambda _: None, 1)
        with parts.ledger.write() as db:
            store.claims.retire(db, "tuning-hurts", retired=False)
    assert retest(home, snapshot, server.url).counts["pairs_screened"] == 6


def test_another_snapshot_is_read_whatever_its_dates(home: Home, tmp_path: Path, server: LlmServer) -> None:
    new = write_snapshot(tmp_path / "new.jsonl", [make_paper(1, published="2026-08-01")])
    old = write_snapshot(tmp_path / "old.jsonl", [make_paper(2, published="2025-01-01")])
    assert retest(home, new, server.url).counts["pairs_screened"] == 1
    assert retest(home, old, server.url).counts["pairs_screened"] == 1


def test_a_budget_reached_before_a_resume_still_counts(home: Home, snapshot: Path, server: LlmServer) -> None:
    price = Price(tokens_out=1000.0)
    broken = iter([True, False])

    def report(*_: object) -> str:
        if next(broken):
            raise OSError("no disk")
        return ""

    with parts_for(home, snapshot, server.url, Budget(cap=2.05, price=price)) as parts:
        with pytest.raises(OSError, match="no disk"):
            service.start(replace(parts, report=report), DAY, [], [], lambda _: None, 2)
        with parts.ledger.read() as db:
            begun = store.runs.latest(db, finished=False)
    assert begun
    with parts_for(home, snapshot, server.url, Budget(cap=2.05, price=price)) as parts:
        assert service.resume(replace(parts, report=report), begun.id, lambda _: None, 2).counts[
            "budget_reached"
        ]


def test_more_claims_than_branches_are_dealt_out(
    home: Home, snapshot: Path, server: LlmServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.run.graph.MOST_BRANCHES", 2)
    with parts_for(home, snapshot, server.url) as parts:
        with parts.ledger.write() as db:
            for name in ("second", "third"):
                store.claims.save(db, make_claim(name), "t")
        run = service.start(parts, DAY, [], [], lambda _: None, 2)
        with parts.ledger.read() as db:
            retested = {r.claim_id: r.screened for r in store.runs.of_run(db, run.id)}
    assert retested == {"tuning-hurts": 6, "second": 6, "third": 6}


def test_a_branch_of_an_earlier_version_is_understood() -> None:
    old: Any = {"run_id": "r", "as_of": DAY, "claim_id": "c"}
    assert claims_in(old) == ["c"]


def test_the_served_graph_needs_only_primitives(home: Home, shared_data: Path, tmp_path: Path) -> None:

    wanted = json.loads((Path(__file__).parents[1] / "langgraph.json").read_text())["graphs"]
    assert list(wanted.values()) == ["./agent/serving.py:served_graph"]
    empty = write_snapshot(tmp_path / "one.jsonl", [make_paper(1, published="2020-01-01")])
    context = {"retest_home": str(home.root), "papers_from": "snapshot", "snapshot_path": str(empty)}
    begin = {"run_id": "run-served", "as_of": DAY, "only_claims": [], "only_lines": []}
    from agent import serving

    serving.served_graph().invoke(begin, context=context)
    assert (home.root / "run-served" / "report.md").exists()


def test_a_claim_of_another_line_is_left_alone(home: Home, snapshot: Path, server: LlmServer) -> None:
    with parts_for(home, snapshot, server.url) as parts, pytest.raises(UsageError, match="no line"):
        service.start(parts, DAY, [], ["nope"], lambda _: None, 2)
    assert make_claim().lines == ("faith",)


def test_only_the_best_papers_by_words_are_embedded(home: Home, tmp_path: Path, server: LlmServer) -> None:
    bread = {"title": "Sourdough", "abstract": "We find that rye rises faster than wheat."}
    papers = [make_paper(n) for n in range(1, 4)] + [make_paper(n, **bread) for n in range(10, 30)]
    snapshot = write_snapshot(tmp_path / "many.jsonl", papers)
    with parts_for(home, snapshot, server.url) as parts:
        limits = parts.limits._replace(shortlist=3)
        run = service.start(replace(parts, limits=limits), DAY, [], [], lambda _: None, 2)
    assert run.counts["papers_embedded"] == 3
    assert run.counts["papers_ranked_by_words_only"] == 20
    assert {e.paper_id for e in present(home)[1]} == {p.id for p in papers[:3]}


def test_lost_vectors_degrade_the_run(
    home: Home, snapshot: Path, server: LlmServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with parts_for(home, snapshot, server.url) as parts:
        add = parts.index.add
        monkeypatch.setattr(parts.index, "add", lambda name, ids, vectors: add(name, ids[1:], vectors[1:]))
        run = service.start(parts, DAY, [], [], lambda _: None, 2)
    assert run.health == "degraded"
    assert "1 papers have no vector" in run.reasons[0]
    verdict, _ = present(home)
    assert verdict
    assert verdict.name is None


def test_a_run_resumed_with_another_model_begins_anew_and_mixes_no_answers(
    home: Home, snapshot: Path, server: LlmServer
) -> None:
    good = server.default
    server.script = [good, good, *([fails(401)] * 6)]
    with parts_for(home, snapshot, server.url) as parts:
        begun = interrupted(parts, "judge")
        client = openai.OpenAI(api_key="k", base_url=server.url, max_retries=0, timeout=20)
        other = LlmJudge(LlmClient(client, "another", sleep=lambda _: None), threshold=0.6)
        server.script.clear()
        run = service.resume(replace(parts, judge=other), begun, lambda _: None, 1)
        with parts.ledger.read() as db:
            given_up = store.runs.get(db, begun)
    assert run.id != begun
    assert (run.health, run.judge) == ("complete", other.name)
    assert given_up
    assert "given up" in given_up.reasons[0]
    verdict, found = present(home)
    assert verdict
    assert verdict.name == "still-holds"
    cited = {e.judge for e in found if e.id in verdict.evidence_ids}
    assert cited == {other.name}
