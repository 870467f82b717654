"""Verdicts over past days: each day sees only what existed then; flips, lags, and flips undone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree

from agent.backtest import history, service, steps
from agent.backtest.history import Stand
from agent.errors import UsageError
from agent.ports.clock import Clock
from agent.reports.charts import svg, timeline
from agent.run.parts import Parts
from store.home.files import Home
from store.records import Line, Verdict, VerdictName
from tests.conftest import make_claim, make_paper
from tests.standins.llm import llm_server
from tests.test_rule import item
from tests.test_run import answer_by, parts_for, write_snapshot

pytestmark = pytest.mark.slow


def test_days_are_month_ends_or_a_week_apart() -> None:
    assert steps.days("2024-12", "2025-02", "1m") == ["2024-12-31", "2025-01-31", "2025-02-28"]
    assert steps.days("2024-11", "2025-01", "4w") == ["2024-11-30", "2024-12-28", "2025-01-25"]
    for wrong in (("2025-02", "2025-01", "1m"), ("2025-1", "2025-02", "1m"), ("2025-01", "2025-02", "0w")):
        with pytest.raises(UsageError):
            steps.days(*wrong)


def stand(day: str, name: VerdictName | None, published: str = "2025-01-05") -> Stand:
    adverse = [replace(item(1, "relaxes"), published=published)] if name == "relaxed" else []
    return Stand(day, Verdict(name, "untested"), adverse)


def test_flips_have_a_lag_and_may_be_undone() -> None:
    stands = [stand("2025-01-01", "still-holds"), stand("2025-02-01", "relaxed"),
              stand("2025-03-01", "still-holds"), stand("2025-08-01", "relaxed", "2025-07")]  # fmt: skip
    first, back, late = history.flips({"c": stands})
    assert (first.before, first.after, first.lag_days, first.undone_on) == (
        "still-holds", "relaxed", 27, "2025-03-01",
    )  # fmt: skip
    assert (back.after, back.undone_on) == ("still-holds", None)  # undone, but five months later
    assert (late.lag_days, late.first_adverse) == (31, "2025-07")
    told = history.document({"c": stands}, ["2025-01-01", "2025-08-01"], [first, back, late])
    assert (told["flip_flops"], told["flip_flop_share"]) == (1, 0.333)
    drawn = etree.fromstring(svg(timeline(told)).encode())
    assert (drawn.get("role"), "Verdicts of 1 claims" in drawn.get("aria-label", "")) == ("img", True)


def test_a_first_verdict_is_a_flip_only_when_adverse() -> None:
    assert history.flips({"c": [stand("2025-01-01", None), stand("2025-02-01", "still-holds")]}) == []
    assert len(history.flips({"c": [stand("2025-01-01", None), stand("2025-02-01", "relaxed")]})) == 1


def test_each_day_sees_what_existed_then_and_runs_once(tmp_path: Path) -> None:
    papers = [make_paper(n, published=f"2025-0{n}-10") for n in range(1, 7)]
    snapshot, home = write_snapshot(tmp_path / "s.jsonl", papers), Home(tmp_path / "home")
    late = make_claim("made-later", as_of="2025-05", text="Fine-tuning harms faithfulness, it turns out.")
    service.prepare(home, [Line("faith", "Faith", "Is it?")], [make_claim(), late])
    days = steps.days("2025-01", "2025-04", "1m")
    with llm_server(answer_by(lambda i: "relaxes" if i.endswith("3") else "supports")) as server:

        @contextmanager
        def opened(clock: Clock) -> Iterator[Parts]:
            with parts_for(home, snapshot, server.url) as parts:
                yield replace(parts, clock=clock)

        for _ in range(2):
            service.run(days, opened, lambda *_: None)
            asked = len(server.asked)
        assert asked == 6  # four papers, and the third's adverse answer twice more
    found = service.histories(home)
    assert set(found) == {"tuning-hurts"}  # the other claim did not exist by then
    for stood in found["tuning-hurts"]:
        assert all(e.published <= stood.day for e in stood.evidence)
    (flip,) = history.flips(found)
    assert (flip.day, flip.after, flip.first_adverse, flip.lag_days) == (
        "2025-03-31",
        "relaxed",
        "2025-03-10",
        21,
    )
