"""What surrounds a paid judge: samples before a flip, the cascade, the throttle, the prices."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.adapters.llm.throttle import Throttle
from agent.core.budget import Budget, Price
from agent.core.findings import Finding
from agent.core.sampling import SAMPLES, agreed, would_flip
from agent.errors import SettingsError
from agent.prices import price_of
from agent.run import judge_calls, service
from agent.run.parts import Parts
from agent.settings import load
from agent.views.claim import claim_page
from agent.wiring.budget import budget
from store.home.files import Home
from store.records import Claim, Paper, Passage, Run
from tests.conftest import make_paper
from tests.standins.judge import WordJudge
from tests.standins.llm import Behaviour, LlmServer, fails, llm_server
from tests.test_run import DAY, answer_by, parts_for, present, write_snapshot


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    return write_snapshot(tmp_path / "s.jsonl", [make_paper(n) for n in range(1, 7)])


@pytest.fixture
def server() -> Iterator[LlmServer]:
    with llm_server(answer_by(lambda _: "supports")) as server:
        yield server


class Screen:
    """A screener that rejects what it is told to."""

    name = "screen-1"

    def __init__(self, rejects: set[str]) -> None:
        self.rejects, self.asked = rejects, 0

    def request(self, claim: Claim, paper: Paper, passages: Sequence[Passage]) -> dict[str, Any]:
        return {"paper": paper.id}

    def bearing(self, claim: Claim, passages: Sequence[Passage]) -> float:
        self.asked += 1
        return 0.05 if passages[0].paper_id in self.rejects else 0.8


@contextmanager
def screened(home: Home, snapshot: Path, url: str, screen: Screen) -> Iterator[Parts]:
    with parts_for(home, snapshot, url) as parts:
        yield replace(parts, screener=screen, cascade=0.1)


def always(stance: str) -> Behaviour:
    return answer_by(lambda _: stance)


def run(parts: Parts) -> Run:
    return service.start(parts, DAY, [], [], lambda _: None, 2)


def test_the_cascade_saves_calls_and_measures_its_misses(
    home: Home, snapshot: Path, server: LlmServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judge_calls, "ONE_IN", 1)  # judge everything it rejects, to see the rate
    screen = Screen({make_paper(n).id for n in (1, 2)})
    with screened(home, snapshot, server.url, screen) as parts:
        counts = run(parts).counts
    assert (counts["cascade_rejected"], counts["cascade_sampled"], counts["cascade_missed"]) == (2, 2, 2)
    assert counts["cascade_miss_rate"] == 1.0


def test_a_paper_rejected_by_the_cascade_causes_no_problem_and_no_call(
    home: Home, snapshot: Path, server: LlmServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judge_calls, "ONE_IN", 10**80)
    screen = Screen({make_paper(n).id for n in (1, 2)})
    with screened(home, snapshot, server.url, screen) as parts:
        first = run(parts)
        again = run(parts)
    assert (first.health, again.health) == ("complete", "complete")
    assert len(server.asked) == 4
    assert first.counts["cascade_rejected"] == 2
    assert first.counts["spent_by_claim"]["tuning-hurts"]["calls"] == 4
    assert "cascade_miss_rate" not in first.counts


def test_a_flip_without_agreement_of_the_samples_is_only_a_lead(
    home: Home, snapshot: Path, server: LlmServer
) -> None:
    told = ("supports",) * 5 + ("contradicts", "neutral", "supports")
    server.script = [always(stance) for stance in told]
    with parts_for(home, snapshot, server.url) as parts:
        run(parts)
    assert len(server.asked) == 5 + SAMPLES
    verdict, evidence = present(home)
    wavering = [e for e in evidence if e.stance == "contradicts"]
    assert [e.status for e in wavering] == ["lead"]
    assert "33% of its samples agree" in next(g.reason for g in wavering[0].gates if g.failed)
    assert verdict
    assert verdict.name == "still-holds"


FINDING = Finding("a", "contradicts", "We find that it does not hold at all.", 0.9)


def test_only_an_answer_away_from_the_present_verdict_is_a_flip() -> None:
    support = replace(FINDING, stance="supports")
    assert would_flip(None, [FINDING])
    assert would_flip("still-holds", [replace(FINDING, stance="relaxes")])
    assert not would_flip("relaxed", [replace(FINDING, stance="relaxes")])
    assert not would_flip("still-holds", [support])
    assert would_flip("contradicted", [support])


@given(st.lists(st.sampled_from(["contradicts", "supports", "neutral"]), max_size=2))
def test_agreement_counts_missing_samples_as_against(others: list[Any]) -> None:
    samples = [[FINDING], *([replace(FINDING, stance=s)] for s in others)]
    (told,) = agreed(samples, SAMPLES)
    assert told.agreement == round((1 + others.count("contradicts")) / SAMPLES, 3)


def test_the_throttle_halves_on_refusal_and_recovers() -> None:
    clock: list[float] = []
    throttle = Throttle(8, now=lambda: sum(clock), sleep=clock.append)
    throttle.refused(7.0)
    assert throttle.limit == 4
    with throttle.slot():
        pass
    assert clock == [7.0]
    for _ in range(40):
        throttle.succeeded()
    assert throttle.limit == 8
    for _ in range(9):
        throttle.refused(0)
    assert throttle.limit == 1


def test_no_more_calls_than_the_limit_are_in_flight() -> None:
    throttle, inside, most, lock = Throttle(2), 0, 0, threading.Lock()
    pair = threading.Barrier(2)

    def work() -> None:
        nonlocal inside, most
        for _ in range(50):
            with throttle.slot():
                with lock:
                    inside += 1
                    most = max(most, inside)
                pair.wait(10)  # two are inside at once, or this fails
                with lock:
                    inside -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert most == 2


def test_a_price_table_in_the_home_overrides_the_bundled_one(tmp_path: Path) -> None:
    assert price_of("gpt-5-mini", tmp_path) == Price(0.25, 0.025, 2.0)
    (tmp_path / "prices.toml").write_text('["gpt-5-mini"]\nin = 1\nout = 4\n["own"]\nin = "x"\nout = 1\n')
    assert price_of("gpt-5-mini", tmp_path) == Price(1, 1, 4)
    assert price_of("nobody-knows", tmp_path) is None
    with pytest.raises(SettingsError, match="prices of 'own'"):
        price_of("own", tmp_path)


def test_a_cap_without_a_price_is_refused(tmp_path: Path) -> None:
    flags = {"home": str(tmp_path), "judge": "llm", "model": "nobody-knows", "budget": 1.0}
    with pytest.raises(SettingsError, match=r"prices\.toml"):
        budget(load(flags, {}))


def test_cached_tokens_cost_what_the_table_says() -> None:
    budgeted = Budget(price=Price(2.0, 0.5, 8.0))
    assert budgeted.cost(1_000_000, 500_000, 400_000) == pytest.approx(1.2 + 0.2 + 4.0)


def test_an_interrupted_flip_check_decides_nothing_and_is_finished_later(
    home: Home, snapshot: Path, server: LlmServer
) -> None:
    server.script = [always(s) for s in ("supports",) * 5 + ("contradicts",)] + [fails(401)]
    server.default = always("contradicts")
    with parts_for(home, snapshot, server.url) as parts:
        first = run(parts)
    assert first.health == "degraded"
    assert not [e for e in present(home)[1] if e.stance == "contradicts"]
    with parts_for(home, snapshot, server.url) as parts:
        run(parts)
    assert len(server.asked) == 5 + SAMPLES + 1
    (late,) = [e for e in present(home)[1] if e.stance == "contradicts"]
    assert late.status == "counted"


@pytest.mark.parametrize(("name", "status"), [("m@judge-99", "counted"), ("other@judge-2", "lead")])
def test_an_earlier_revision_of_a_judge_is_no_second_opinion_but_another_judge_is(
    home: Home, snapshot: Path, server: LlmServer, name: str, status: str
) -> None:
    with parts_for(home, snapshot, server.url) as parts:
        run(parts)
    server.default = always("contradicts")
    with parts_for(home, snapshot, server.url) as parts:
        parts.judge.name = name
        run(parts)
    told = {e.status for e in present(home)[1] if e.stance == "contradicts"}
    assert told == {status}


def test_a_second_judge_reads_where_the_first_takes_a_side_and_both_are_shown(
    home: Home, snapshot: Path, server: LlmServer
) -> None:
    server.default = answer_by(lambda i: "contradicts" if i == make_paper(1).id else "neutral")
    second = WordJudge()  # reads "lowers" as support
    with parts_for(home, snapshot, server.url) as parts:
        run(replace(parts, second=second))
        with parts.ledger.read() as db:
            shown = claim_page(db, DAY, "tuning-hurts")
    found = present(home)[1]
    against = [e for e in found if e.stance == "contradicts"]
    assert {e.status for e in against} == {"lead"}
    read = [e for e in found if e.stance == "supports"]
    assert {(e.judge, e.status) for e in read} == {(f"second-{second.name}", "second")}
    assert {e.paper_id for e in found} == {against[0].paper_id}
    assert {
        lead["other"]["stance"] for lead in shown["strongest_leads"] if lead["stance"] == "contradicts"
    } == {"supports"}
