"""kill -9 at every kind of point in a run; after resuming, the ledger is that of an uninterrupted run.

    python -m bench.crashes [--points 200] [--seed 0]

Points are before and after every ledger commit, every checkpoint, every write to the vector index, every file
put in place and every answer of the LLM. A first run counts them; then one is drawn for each trial.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from langgraph.checkpoint.sqlite import SqliteSaver

import store.ledger
from agent.adapters.llm.client import LlmClient
from bench.broken_runs import answers, in_child, integrity, killed, make_home, rows, start_or_go_on
from store.vectors.index import VectorIndex
from tests.standins.llm import LlmServer, llm_server

IN_FLIGHT = 2
"""A run with one worker has two branches in flight: LangGraph gets one more thread, to wait for events."""
Point = Callable[[str], None]


def main() -> None:
    """Print the figures as one JSON document; exit 1 if any required property fails."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--points", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    figures = campaign(args.points, args.seed)
    print(json.dumps(figures, indent=1))
    raise SystemExit(1 if figures["wrong"] else 0)


def campaign(points: int, seed: int) -> dict[str, Any]:
    """Kill a run at `points` points, drawn by a seed; every point once before any twice."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, llm_server(answers()) as server:
        root = Path(folder)
        names, expected = _unbroken(root / "whole", server)
        calls, chance = len(server.asked), random.Random(seed)
        order = [i for _ in range(points // len(names) + 1) for i in _shuffled(len(names), chance)]
        wrong, again, where = [], 0, Counter[str]()
        for number, at in enumerate(order[:points]):
            problems, asked = broken_off(root / str(number), server, at, expected)
            again = max(again, asked - calls)
            if asked > calls + IN_FLIGHT:
                problems.append(f"{asked - calls} paid calls were made twice")
            where[names[at]] += 1
            wrong += [f"point {at} ({names[at]}): {problem}" for problem in problems]
    return {
        "points": points, "distinct_points": len(set(order[:points])), "points_of_a_run": len(names),
        "by_kind": dict(where), "wrong": wrong, "most_paid_calls_repeated": again,
        "seconds": round(time.monotonic() - started),
    }  # fmt: skip


def _shuffled(count: int, chance: random.Random) -> list[int]:
    order = list(range(count))
    chance.shuffle(order)
    return order


def _unbroken(folder: Path, server: LlmServer) -> tuple[list[str], dict[str, list[str]]]:
    """The names of all points of an uninterrupted run, and the ledger it leaves."""
    home, log = make_home(folder), folder / "points"
    code = in_child(lambda: _run(home, server.url, lambda name: _append(log, name)), folder / "log")
    if code:
        raise SystemExit((folder / "log").read_text())
    return log.read_text().split("\n")[:-1], rows(home)


def _append(log: Path, name: str) -> None:
    with log.open("a") as file:
        file.write(name + "\n")


def broken_off(
    folder: Path, server: LlmServer, at: int, expected: dict[str, list[str]]
) -> tuple[list[str], int]:
    """Kill a run at a point, resume it and compare: what is wrong, and how many paid calls were made."""
    home, server.asked[:] = make_home(folder), []
    left = iter(range(at))

    def point(_: str) -> None:
        if next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    code = in_child(lambda: _run(home, server.url, point), folder / "log")
    if not killed(code):
        return [f"was not killed (exit {code}): {(folder / 'log').read_text()[-300:]}"], 0
    code = in_child(lambda: start_or_go_on(home, server.url), folder / "log")
    if code:
        return [f"was not resumed (exit {code}): {(folder / 'log').read_text()[-600:]}"], 0
    problems = [] if (result := integrity(home)) == "ok" else [result]
    problems += [] if list(home.root.glob("run-*/report.md")) else ["the report is missing"]
    found = rows(home)
    problems += [f"{table} differs: {_difference(expected[table], found[table])}"
                 for table in expected if found[table] != expected[table]]  # fmt: skip
    return problems, len(server.asked)


def _difference(expected: list[str], found: list[str]) -> str:
    lost, more = Counter(expected) - Counter(found), Counter(found) - Counter(expected)
    first = next(iter([*lost, *more]), "")
    return f"{sum(lost.values())} lost, {sum(more.values())} extra, such as {first[:200]}"


def _run(home: Any, url: str, point: Point) -> None:
    with _pointed(point):
        start_or_go_on(home, url)


@contextmanager
def _pointed(point: Point) -> Iterator[None]:
    """Call `point` before and after everything that leaves a trace outside the process."""
    write = store.ledger.Ledger.write

    @contextmanager
    def committing(self: Any) -> Iterator[Any]:
        with write(self) as db:
            yield db
            point("before a commit")
        point("after a commit")

    store.ledger.Ledger.write = committing  # type: ignore[method-assign]  # this child is thrown away
    for owner, name, kind in (
        (SqliteSaver, "put", "a checkpoint"), (SqliteSaver, "put_writes", "a checkpoint"),
        (VectorIndex, "add", "a write of vectors"), (LlmClient, "ask", "an answer"),
        (os, "fsync", "a file is kept"), (Path, "replace", "a file is put in place"),
    ):  # fmt: skip
        _around(owner, name, kind, point)
    yield


def _around(owner: Any, name: str, kind: str, point: Point) -> None:
    original = getattr(owner, name)

    def pointed(*args: Any, **kwargs: Any) -> Any:
        point(f"before {kind}")
        done = original(*args, **kwargs)
        point(f"after {kind}")
        return done

    setattr(owner, name, pointed)


if __name__ == "__main__":
    main()
