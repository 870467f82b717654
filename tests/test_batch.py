"""Judging through a batch: sent once, waited for, picked up at the next wake, at the batch's price."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import store.calls
import store.runs
from agent.adapters.judges.llm import LlmJudge
from agent.adapters.judges.llm_batch import LlmBatch
from agent.core.budget import Budget, Price
from agent.errors import BatchWaiting, JudgeRefused
from agent.run import service
from agent.run.parts import Parts
from store.home.files import Home
from tests.conftest import make_paper
from tests.standins.batch import BatchServer, batch_server
from tests.standins.llm import part
from tests.test_run import DAY, parts_for, present, write_snapshot

PRICE = Price(tokens_in=1000.0, tokens_out=1000.0)


def supports(body: dict[str, Any]) -> dict[str, Any]:
    """A completion that quotes the finding in the paper shown."""
    user = body["messages"][1]["content"]
    quote = user[user.index("We find that") :].split(". ")[0].split(".\n")[0] + "."
    found = json.dumps(
        {"parts": [part(1, "supports", quote, "1.0", scope=[{"axis": "training", "match": "same"}])]}
    )
    return {
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": found}, "finish_reason": "stop"}
        ],
        "usage": {"prompt_tokens": 100, "completion_tokens": 20},
    }


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    return write_snapshot(tmp_path / "s.jsonl", [make_paper(n) for n in range(1, 7)])


@pytest.fixture
def server() -> Iterator[BatchServer]:
    with batch_server(supports) as server:
        yield server


@contextmanager
def batching(home: Home, snapshot: Path, server: BatchServer, cap: float | None = None) -> Iterator[Parts]:
    with parts_for(home, snapshot, server.url, Budget(cap=cap, price=PRICE)) as parts:
        assert isinstance(parts.judge, LlmJudge)
        yield replace(parts, batch=LlmBatch(parts.judge))


def begin(home: Home, snapshot: Path, server: BatchServer, cap: float | None = None) -> str:
    """Begin a run that waits for its batch; return its id."""
    with batching(home, snapshot, server, cap) as parts:
        with pytest.raises(BatchWaiting, match="batch_0"):
            service.start(parts, DAY, [], [], lambda _: None, 2)
        with parts.ledger.read() as db:
            begun = store.runs.latest(db, finished=False)
    assert begun
    assert begun.finished_at is None
    return begun.id


def test_a_batch_is_sent_once_and_its_answers_are_picked_up(
    home: Home, snapshot: Path, server: BatchServer
) -> None:
    run_id = begin(home, snapshot, server)
    with batching(home, snapshot, server) as parts, pytest.raises(BatchWaiting, match="0 of 6"):
        service.resume(parts, run_id, lambda _: None, 2)
    server.status = "completed"
    with batching(home, snapshot, server) as parts:
        run = service.resume(parts, run_id, lambda _: None, 2)
    assert len(server.batches) == 1
    assert (run.health, run.counts["batched"], run.counts["answers_reused"]) == ("complete", 6, 6)
    assert run.counts["spent_usd"] == pytest.approx(6 * 0.12 / 2)
    verdict, found = present(home)
    assert verdict
    assert (verdict.name, len(found)) == ("still-holds", 6)
    with batching(home, snapshot, server) as parts:
        service.start(parts, "2026-09-02", [], [], lambda _: None, 2)
    assert len(server.batches) == 1, "what the journal has is not sent again"


def test_a_question_without_an_answer_is_asked_by_itself(
    home: Home, snapshot: Path, server: BatchServer
) -> None:
    run_id = begin(home, snapshot, server)
    server.status, asked = "completed", list[int]()

    def fails_once(body: dict[str, Any]) -> dict[str, Any] | None:
        asked.append(1)
        return None if len(asked) == 1 else supports(body)

    server.reply = fails_once
    with batching(home, snapshot, server) as parts:
        run = service.resume(parts, run_id, lambda _: None, 2)
    assert (run.health, run.counts["batched"], run.counts["judged"]) == ("complete", 5, 1)
    assert run.counts["notices"] == ["1 question without an answer in the batch, asked by itself"]
    assert run.counts["spent_usd"] == pytest.approx(5 * 0.06 + 0.12)


def test_a_batch_sent_by_a_killed_program_is_found_again(
    home: Home, snapshot: Path, server: BatchServer
) -> None:
    run_id = begin(home, snapshot, server)
    (home.run_folder(run_id) / "batch.json").write_text('{"id": null}')
    server.status = "completed"
    with batching(home, snapshot, server) as parts:
        assert service.resume(parts, run_id, lambda _: None, 2).counts["batched"] == 6
    assert len(server.batches) == 1


def test_a_budget_bounds_a_batch(home: Home, snapshot: Path, server: BatchServer) -> None:
    # At half price, each request of some 3,500 characters and 2,000 tokens of answer may cost $2.8.
    begin(home, snapshot, server, cap=7.0)
    assert server.files["in-0"].count("\n") == 2


def test_a_batch_that_fails_says_why_and_the_run_can_do_without(
    home: Home, snapshot: Path, server: BatchServer
) -> None:
    run_id = begin(home, snapshot, server)
    server.status = "failed"
    with batching(home, snapshot, server) as parts:
        with pytest.raises(JudgeRefused, match="no batches for this model"):
            service.resume(parts, run_id, lambda _: None, 2)
        run = service.resume(replace(parts, batch=None), run_id, lambda _: None, 2)
    assert (run.health, run.counts["judged"]) == ("complete", 6)
    server.refuses = 401
    with (
        batching(home, snapshot, server) as parts,
        pytest.raises(JudgeRefused, match=r"batch API .*HTTP 401"),
    ):
        LlmBatch(parts.judge).look("batch_0")  # type: ignore[arg-type]
