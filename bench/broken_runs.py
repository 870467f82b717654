"""Runs that are killed or whose disk fails, in a process of their own, and the ledger they leave behind.

Everything is real except the server of judge and writer, which is scripted, and the embedder.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from typing import Any

import openai
from sqlalchemy import select, text

import store.claims
import store.lines
import store.runs
from agent.adapters.arxiv.snapshot import SnapshotSource
from agent.adapters.judges.llm import LlmJudge
from agent.adapters.llm.client import LlmClient
from agent.adapters.llm.writer import LlmWriter
from agent.adapters.reading.abstract import AbstractReader
from agent.core.budget import Budget
from agent.core.screening import Limits
from agent.reports.building import of_run
from agent.run import service
from agent.run.parts import Parts
from store.home.files import Home
from store.home.lock import exclusive
from store.ledger import Ledger
from store.records import Line
from store.tables.schema import metadata
from store.vectors.index import open_index
from tests.conftest import StillClock, make_claim, make_paper
from tests.standins.http import Quiet
from tests.standins.llm import Behaviour, by_schema, judged, part
from tests.standins.world import WordEmbedder

DAY = "2026-09-01"
MOST_SECONDS = 60
"""A child that takes longer hangs, and is killed by the alarm."""
CLAIMS = [
    make_claim(),
    make_claim(
        "tuning-harms", text="Fine-tuning harms the faithfulness of stated reasoning.", lines=("faith", "two")
    ),
]
PAPERS = [make_paper(n, published=f"2026-06-{10 + n}") for n in range(1, 9)]
LEFT_OUT = {
    "run_id", "first_run", "id", "text_id", "seq", "asked_at", "answered_at", "created_at", "finished_at",
    "started_at", "decided_at", "written_at", "seen_through", "verdict_id", "counts",
}  # fmt: skip
"""Columns for the order and time of rows, or what one process counted; they may differ between runs."""


def make_home(folder: Path, claims: int = 2, papers: int = 8) -> Home:
    """A home with two lines and up to two claims, and a snapshot of up to eight papers beside it."""
    home = Home(folder / "home")
    home.root.mkdir(parents=True)
    ledger = Ledger.open(home.ledger, create=True)
    with ledger.write() as db:
        store.lines.save_all(db, [Line("faith", "Faith", "Is it?"), Line("two", "Two", "Is it two?")])
        for claim in CLAIMS[:claims]:
            store.claims.save(db, claim, "t")
    ledger.close()
    (folder / "s.jsonl").write_text("".join(json.dumps(p.__dict__) + "\n" for p in PAPERS[:papers]))
    return home


def answers() -> Behaviour:
    """A judge whose stance depends on the paper's number, and a writer that writes one grounded sentence."""
    sentence = {"text": "The loss is seen in some tasks and not in others.", "cites": ["E1", "E2"]}
    write = by_schema(
        Reconciliation=lambda _: {"sentences": [sentence], "axis": "task"},
        Proposal=lambda _: {"questions": [sentence | {"observation": sentence}], "next_lines": [sentence]},
    )

    def behaviour(handler: Quiet, body: dict[str, Any]) -> None:
        if body["response_format"]["json_schema"]["name"] != "JudgeAnswer":
            return write(handler, body)
        user = body["messages"][1]["content"]
        number = int(user.split("(arXiv:")[1].split(",")[0].split(".")[1])
        passage = next(line.split()[1] for line in user.splitlines() if "(abstract)" in line)
        quote = next(s for s in user.split(". ") if s.startswith("We find")) + "."
        stance = ("supports", "relaxes", "neutral")[number % 3]
        more = {"scope": [{"axis": "training", "match": "same"}]}
        return judged(part(1, stance, quote, passage, **more))(handler, body)

    return behaviour


@contextmanager
def opened(home: Home, url: str) -> Iterator[Parts]:
    """The parts of a run."""
    ledger, embedder = Ledger.open(home.ledger), WordEmbedder()
    client = openai.OpenAI(api_key="k", base_url=url, max_retries=0, timeout=20)
    llm = LlmClient(client, "m", sleep=lambda _: None)
    try:
        with (
            exclusive(home.run_lock, "bench"),
            open_index(home.index, embedder.name, holder="bench") as index,
        ):
            yield Parts(
                home=home, ledger=ledger, index=index, source=SnapshotSource(home.root.parent / "s.jsonl"),
                reader=AbstractReader(), embedder=embedder, judge=LlmJudge(llm, threshold=0.6),
                writer=LlmWriter(llm), clock=StillClock(), limits=Limits(keep=8, floor=0.1), budget=Budget(),
                report=of_run,
            )  # fmt: skip
    finally:
        ledger.close()


def start_or_go_on(home: Home, url: str) -> str:
    """Start a run, or resume the interrupted one as the next scheduled start would; return its health."""
    with opened(home, url) as parts:
        with parts.ledger.read() as db:
            last = store.runs.latest(db, finished=False)
        if last and last.finished_at:
            return last.health
        if last and home.checkpoints(last.id).exists():
            return service.resume(parts, last.id, lambda _: None, 1).health
        return service.start(parts, DAY, [], [], lambda _: None, 1).health


def in_child(work: Callable[[], object], log: Path) -> int:
    """Do `work` in a forked process; return its exit code, or minus the signal that killed it."""
    child = os.fork()
    if child == 0:
        code = 1
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(MOST_SECONDS)
        try:
            with log.open("a") as file, redirect_stderr(file):
                try:
                    work()
                    code = 0
                except BaseException:
                    traceback.print_exc()
                    file.flush()
        finally:
            sys.stdout.flush()
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def killed(code: int) -> bool:
    """Whether a child was ended by SIGKILL."""
    return code == -signal.SIGKILL


def rows(home: Home) -> dict[str, list[str]]:
    """Every row of the ledger as text, by table, without ids and times; unfinished runs are left out."""
    ledger = Ledger.open(home.ledger)
    found = {}
    with ledger.read() as db:
        for table in metadata.sorted_tables:
            kept = [c for c in table.columns if c.name not in LEFT_OUT]
            query = select(*kept)
            if table.name == "runs":
                query = query.where(table.c.finished_at.is_not(None))
            found[table.name] = sorted(
                json.dumps(list(r), sort_keys=True, default=str) for r in db.execute(query)
            )
    ledger.close()
    return found


def integrity(home: Home) -> str:
    """SQLite's integrity check of the ledger file: "ok", or what is wrong."""
    ledger = Ledger.open(home.ledger)
    with ledger.read() as db:
        result = db.execute(text("PRAGMA integrity_check")).scalar()
        violations = db.execute(text("PRAGMA foreign_key_check")).all()
    ledger.close()
    return str(result) if not violations else f"{len(violations)} rows violate a foreign key"
