"""Everything the graph's nodes work with, passed to them as runtime context."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Connection

from agent.core.budget import Budget
from agent.core.screening import Limits
from agent.ports.clock import Clock
from agent.ports.models import BatchJudge, Embedder, Judge, Screener, Writer
from agent.ports.sources import Downloads, PaperSource, Reader
from store.home.files import Home
from store.ledger import Ledger
from store.records import Run
from store.vectors.index import VectorIndex

Made = TypeVar("Made")


@dataclass
class Parts:
    """The real parts of one run.

    `screener` runs before a paid judge; papers scored below `cascade` are not passed on. `second` reads a
    paper again if the judge takes a side, as a second opinion. Without `downloads`, papers are read from
    their records alone; without `writer`, all text is extracted. With `batch`, the
    judge's questions go through a provider's batch API. `report` returns the report of a run as
    Markdown. `notices` are remarks on the parts themselves, for the report.
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
    batch: BatchJudge | None = None
    writer: Writer | None = None
    cascade: float = 0.0
    settings: dict[str, Any] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    judge_down: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _locks: dict[str, threading.Lock] = field(default_factory=dict)
    _made: dict[str, Any] = field(default_factory=dict)

    def now(self) -> str:
        """The current time in UTC, to the second."""
        return self.clock.now().isoformat(timespec="seconds")

    def budget_counts(self) -> dict[str, Any]:
        """What a node adds to the run's counts once a cap has refused a call."""
        return {"budget_reached": 1} if self.budget.was_reached else {}

    def once(self, name: str, make: Callable[[], Made]) -> Made:
        """What the branches of a run share, made by the first that needs it."""
        with self._lock:
            own = self._locks.setdefault(name, threading.Lock())
        with own:
            if name not in self._made:
                self._made[name] = make()
            found: Made = self._made[name]
            return found
