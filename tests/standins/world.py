"""A small arXiv, and a run of the real graph against it over HTTP, on a clock that sleeping advances."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.adapters.arxiv.api import ArxivApi
from agent.adapters.arxiv.downloads import ArxivFiles
from agent.adapters.arxiv.http import ArxivHttp
from agent.adapters.arxiv.oai import ArxivListing
from agent.adapters.arxiv.rate_limiter import RateLimiter
from agent.adapters.arxiv.source import ArxivSource
from agent.adapters.reading.full_text import WholeReader
from agent.adapters.reading.sandbox import Sandbox
from agent.core.budget import Budget
from agent.core.screening import Limits
from agent.ports.models import Embedder
from agent.reports.building import of_run
from agent.run import service
from agent.run.parts import Parts
from store.home.files import Home
from store.ledger import Ledger
from store.records import Run
from store.vectors.index import open_index
from tests.standins.arxiv import ArxivServer
from tests.standins.judge import WordJudge

START = datetime(2026, 9, 1, 6, tzinfo=UTC)
DAY = "2026-09-01"


class Time:
    """A clock that sleeping advances, and the waits it was asked for."""

    def __init__(self) -> None:
        self.at = START.timestamp()
        self.waits: list[float] = []

    def now(self) -> float:
        """The current time in seconds."""
        return self.at

    def sleep(self, seconds: float) -> None:
        """Advance the clock."""
        self.waits.append(round(seconds, 3))
        self.at += seconds


@dataclass
class TimeClock:
    """The same time, as the agent's clock."""

    time: Time

    def now(self) -> datetime:
        """The current instant."""
        return datetime.fromtimestamp(self.time.at, UTC)


class WordEmbedder:
    """Unit vectors of hashed words: similar texts are close, and no model is loaded."""

    name = "words-64"

    def __init__(self) -> None:
        self.embedded = 0

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors [len(texts), 64]."""
        self.embedded += len(texts)
        vectors = np.full((len(texts), 64), 1e-3, dtype=np.float32)
        for row, text in enumerate(texts):
            for word in text.lower().split():
                vectors[row, sum(word.encode()) % 64] += 1
        unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit


@dataclass
class World:
    """What a run needs besides a home and an arXiv. If `time` is None, it runs in real time."""

    gate: Path
    sandbox: Sandbox
    time: Time | None = field(default_factory=Time)
    judge: Any = field(default_factory=WordJudge)
    embedder: Embedder = field(default_factory=WordEmbedder)
    limits: Limits = field(default_factory=lambda: Limits(keep=8, floor=0.1))
    categories: tuple[str, ...] = ("cs.CL",)

    @contextmanager
    def parts(self, home: Home, server: ArxivServer) -> Iterator[Parts]:
        """The real parts, except for the judge and the embedder."""
        time = self.time
        gate = RateLimiter(self.gate, time.now, time.sleep) if time else RateLimiter(self.gate)
        clock = TimeClock(time or Time())
        way = ArxivHttp(gate, clock, "test", monotonic=time.now if time else monotonic)
        if time:
            server.now, server.tick = time.now, time.sleep
        source = ArxivSource(
            way, ArxivApi(way, server.url), ArxivListing(way, server.oai_url), categories=self.categories,
        )  # fmt: skip
        ledger = Ledger.open(home.ledger)
        try:
            with open_index(home.index, self.embedder.name, holder="test") as index:
                yield Parts(
                    home=home, ledger=ledger, index=index, source=source, reader=WholeReader(self.sandbox),
                    downloads=ArxivFiles(way, home.papers, server.site), embedder=self.embedder,
                    judge=self.judge, clock=clock, limits=self.limits, budget=Budget(), report=of_run,
                )  # fmt: skip
        finally:
            ledger.close()

    def run(self, home: Home, server: ArxivServer, *, claims: Sequence[str] = (), day: str = DAY) -> Run:
        """Run once, from start to finish."""
        with self.parts(home, server) as parts:
            return service.start(parts, day, list(claims), [], lambda _: None, 2)


def paper(number: int, word: str = "", body: str = "", **more: Any) -> dict[str, Any]:
    """A record about fine-tuning and faithfulness; `word` in the abstract or `body` takes a side."""
    said = f"We find that fine-tuning {word} the faithfulness of a chain of thought in {number} of 9 tasks."
    quiet = f"We describe a data set of fine-tuning and faithfulness, number {number}."
    record = {
        "id": f"2506.{number:05d}", "title": f"Fine-tuning and faithfulness, part {number}",
        "abstract": f"We study fine-tuning of model {number}. {said if word else quiet} Code is available.",
        "published": f"2025-06-{10 + number % 15:02d}", "version": 1, "authors": [f"Author {number}"],
        "categories": ["cs.CL"],
    }  # fmt: skip
    if body:
        filler = " ".join(f"Run {n} of the faithfulness experiments uses seed {n}." for n in range(40))
        found = (
            f"We find that fine-tuning {body} the faithfulness of a chain of thought in all {number} runs."
        )
        record["body"] = [
            ("1 Introduction", filler), ("2 Related Work", "Others worked on stars."),
            ("3 Results", found), ("References", "Ann Bee. 2020. A title. In Stars."),
        ]  # fmt: skip
    return record | more
