"""Run a backtest: one run per chosen day in a separate home, each seeing only what existed then."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime

import store.claims
import store.evidence
import store.lines
import store.runs
import store.verdicts
from agent.backtest.history import Stand
from agent.ports.clock import Clock
from agent.run import service
from agent.run.parts import Parts
from store.home.files import Home
from store.ledger import Ledger
from store.records import Claim, Line


@dataclass(frozen=True)
class DayClock:
    """The evening of a past day."""

    day: str

    def now(self) -> datetime:
        """20:00 UTC on that day."""
        return datetime.fromisoformat(f"{self.day}T20:00:00").replace(tzinfo=UTC)


Open = Callable[[Clock], AbstractContextManager[Parts]]


def prepare(home: Home, lines: Sequence[Line], claims: Sequence[Claim]) -> None:
    """Save the claims to the backtest's own home, which is created if needed."""
    home.root.mkdir(parents=True, exist_ok=True)
    ledger = Ledger.open(home.ledger, create=True)
    with ledger.write() as db:
        store.lines.save_all(db, lines)
        for claim in claims:
            store.claims.save(db, claim, "")
    ledger.close()


def run(days: Sequence[str], opened: Open, progress: Callable[[str, int, int], None]) -> None:
    """Run as of each day in turn; finished days are skipped, and an interrupted one is resumed."""
    for number, day in enumerate(days, 1):
        progress(day, number, len(days))
        with opened(DayClock(day)) as parts:
            with parts.ledger.read() as db:
                last = store.runs.latest(db, finished=False)
            if last and last.finished_at is None and last.as_of == day:
                service.resume(parts, last.id, _silent, 2)
            elif last is None or last.as_of < day:
                service.start(parts, day, [], [], _silent, 2)


def histories(home: Home) -> dict[str, list[Stand]]:
    """Every claim's verdicts with their days and evidence, oldest first."""
    ledger = Ledger.open(home.ledger)
    with ledger.read() as db:
        found = store.verdicts.histories(db)
        evidence = {e.id: e for group in store.evidence.by_claim(db).values() for e in group}
        days = {v.run_id: r.as_of for vs in found.values() for v in vs if (r := store.runs.get(db, v.run_id))}
    ledger.close()
    return {
        claim_id: [Stand(days[v.run_id], v, [evidence[i] for i in v.evidence_ids]) for v in verdicts]
        for claim_id, verdicts in found.items()
    }


def _silent(_: object) -> None:
    """A backtest reports days, not steps."""
