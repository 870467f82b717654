"""Build a writer from settings, for writing outside a run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from agent.adapters.clock import SystemClock
from agent.settings import Settings
from agent.wiring.budget import budget
from agent.wiring.judges import writer
from agent.writing.journalled_writer import JournalledWriter
from store.home.files import Home
from store.ledger import Ledger


@contextmanager
def open_writer(settings: Settings) -> Iterator[JournalledWriter | None]:
    """A writer with the home's journal; None if no writer is configured."""
    writes = writer(settings)
    if writes is None:
        yield None
        return
    ledger, clock = Ledger.open(Home(settings.home).ledger), SystemClock()
    try:
        yield JournalledWriter(
            ledger, writes, budget(settings), lambda: clock.now().isoformat(timespec="seconds")
        )
    finally:
        ledger.close()
