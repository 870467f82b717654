"""Everything the nodes of the graph work with, handed to them as runtime context."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from agent.ports import Clock, Downloads, Embedder, Judge, PaperSource, Reader, Screener, Writer
from agent.retest.budget import Budget
from agent.retest.corpus import Corpus
from agent.retest.screen import Limits
from store.files import Home
from store.index import VectorIndex
from store.ledger import Ledger


@dataclass
class Parts:
    """The real parts of one run. `corpus` is what this run ranks, made once and shared.

    `screener` stands before a paid judge; papers under `cascade` are not sent on. `second` reads once more
    where the judge takes a side, and is its second opinion. Without `downloads`
    papers are read by their records alone; without `writer` nothing is written but by extraction.
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
