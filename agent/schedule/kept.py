"""The schedule of a home, and the runs that it is measured by."""

from __future__ import annotations

import json
from datetime import datetime

import store.runs
from agent.errors import UsageError
from agent.schedule.when import Weekly, is_due
from store.home.files import Home, write_atomically
from store.ledger import Ledger
from store.records import Run


def save(home: Home, schedule: Weekly) -> None:
    """Write the schedule into the home."""
    write_atomically(home.schedule, json.dumps(schedule._asdict(), indent=1) + "\n")


def read(home: Home) -> Weekly | None:
    """The home's schedule, or None. Raises UsageError for a file that is none."""
    if not home.schedule.exists():
        return None
    try:
        return Weekly(**json.loads(home.schedule.read_text()))
    except (ValueError, TypeError) as error:
        raise UsageError(f"{home.schedule} is no schedule: {error}", "retest schedule install") from error


def outstanding(home: Home, schedule: Weekly, now: datetime) -> tuple[bool, Run | None]:
    """Whether the run is due, and a run that was begun over all claims and never finished."""
    ledger = Ledger.open(home.ledger)
    with ledger.read() as db:
        # A run as of a past day is a person's, not the schedule's.
        whole = [
            r for r in store.runs.recent(db)
            if not r.settings.get("only") and r.as_of >= r.started_at[:10]
        ]  # fmt: skip
    ledger.close()
    begun = next((r for r in whole if r.finished_at is None), None)
    finished = [r for r in whole if r.finished_at]
    # A run begun before the last finished one was given up; only the newest can be gone on with.
    given_up = begun and any(r.started_at > begun.started_at for r in finished)
    if begun and (given_up or not home.checkpoints(begun.id).exists()):
        begun = None
    return is_due(schedule, now, finished), begun
