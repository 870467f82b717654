"""A home's schedule, and the runs that decide whether it is due."""

from __future__ import annotations

import json
from datetime import datetime

import store.runs
from agent.errors import UsageError
from agent.schedule.due import Weekly, is_due
from store.home.files import Home, write_atomically
from store.ledger import Ledger
from store.records import Run


def save(home: Home, schedule: Weekly) -> None:
    """Write the schedule into the home."""
    write_atomically(home.schedule, json.dumps(schedule._asdict(), indent=1) + "\n")


def read(home: Home) -> Weekly | None:
    """The home's schedule, or None. Raises UsageError if the file is not a valid schedule."""
    if not home.schedule.exists():
        return None
    try:
        return Weekly(**json.loads(home.schedule.read_text()))
    except (ValueError, TypeError) as error:
        raise UsageError(
            f"{home.schedule} is not a valid schedule: {error}", "run retest schedule install"
        ) from error


def outstanding(home: Home, schedule: Weekly, now: datetime) -> tuple[bool, Run | None]:
    """Whether the run is due, and the unfinished run over all claims that can be resumed, if any."""
    ledger = Ledger.open(home.ledger)
    with ledger.read() as db:
        # A run as of a past day was started by a person, not by the schedule.
        full_runs = [
            r for r in store.runs.recent(db)
            if not r.settings.get("only") and r.as_of >= r.started_at[:10]
        ]  # fmt: skip
    ledger.close()
    unfinished = next((r for r in full_runs if r.finished_at is None), None)
    finished = [r for r in full_runs if r.finished_at]
    # A run started before the last finished one was given up; only the newest can be resumed.
    given_up = unfinished and any(r.started_at > unfinished.started_at for r in finished)
    if unfinished and (given_up or not home.checkpoints(unfinished.id).exists()):
        unfinished = None
    return is_due(schedule, now, finished), unfinished
