"""Everything the nodes of the graph work with, handed to them as runtime context."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from agent.core.budget import Budget
from agent.core.screening import Limits
from agent.ports.clock import Clock
from agent.ports.models import Embedder, Judge, Screener, Writer
from agent.ports.sources import Downloads, PaperSource, Reader
from agent.retrieval.corpus import Corpus
from store.home.files import Home
from store.ledger import Ledger
from store.records import Run
from store.vectors.index import VectorIndex


@dataclass
class Parts:
    """The real parts of one run. `corpus` is what this run ranks, made once and shared.

    `screener` stands before a paid judge; papers under `cascade` are not sent on. `second` reads once more
    where the judge takes a side, and is its second opinion. Without `downloads`
    papers are read by their records alone; without `writer` nothing is written but by extraction. `report`
    gives the report of a run as Markdown.
    """

    home: Home
    ledger: Ledger
    index: VectorIndex
    source: PaperSource
    reader: Reader
    embedder: Embedder
    judge: Judge
    clock: Clock
    limits: Limits
    budget: Budget
    report: Callable[[Connection, Run], str]
    downloads: Downloads | None = None
    screener: Screener | None = None
    second: Judge | None = None
    writer: Writer | None = None
    cascade: float = 0.0
    settings: dict[str, Any] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    judge_down: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _corpus: Corpus | None = None

    def now(self) -> str:
        """The present instant, to the second, in UTC."""
        return self.clock.now().isoformat(timespec="seconds")

    def corpus(self, make: Callable[[], Corpus]) -> Corpus:
        """The run's corpus, made by the first branch that asks."""
        with self._lock:
            if self._corpus is None:
                self._corpus = make()
            return self._corpus
