"""When the weekly run is due: a function of the schedule, the clock and past runs. Pure.

The hour is local time. A time that the switch to summer time skips moves to after the gap; one that occurs
twice is taken the first time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from agent.errors import UsageError
from store.records import Run

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEK = timedelta(weeks=1)
TRY_AGAIN, MOST_TRIES = timedelta(hours=6), 4
"""A degraded week is retried after this interval, up to this many runs in all."""
_WEEKLY = re.compile(rf"({'|'.join(DAYS)})[a-z]* (\d{{1,2}}):(\d{{2}})", re.I)


class Weekly(NamedTuple):
    """Once a week: day (Monday is 0), hour and minute of a time zone (its IANA name)."""

    day: int
    hour: int
    minute: int
    tz: str = "UTC"

    def __str__(self) -> str:
        return f"{DAYS[self.day]} {self.hour:02}:{self.minute:02} {self.tz}"


def parse(text: str, tz: str = "UTC") -> Weekly:
    """Read "mon 06:00". Raises UsageError."""
    found = _WEEKLY.fullmatch(text.strip())
    if found is None or int(found[2]) > LAST_HOUR or int(found[3]) > LAST_MINUTE:
        raise UsageError(f"{text!r} is not a valid day and time", "write for example: mon 06:00")
    try:
        ZoneInfo(tz)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(f"{tz!r} is not a valid time zone", "write for example: Europe/Berlin") from error
    return Weekly(DAYS.index(found[1].lower()), int(found[2]), int(found[3]), tz)


LAST_HOUR, LAST_MINUTE = 23, 59


def last_due(schedule: Weekly, now: datetime) -> datetime:
    """The latest instant, not after `now`, at which the run was due; in UTC."""
    local = now.astimezone(ZoneInfo(schedule.tz))
    day = local.date() - timedelta(days=(local.weekday() - schedule.day) % 7)
    found = _instant(schedule, day)
    return found if found <= now else _instant(schedule, day - WEEK)


def next_due(schedule: Weekly, now: datetime) -> datetime:
    """The first instant after `now` at which the run is due; in UTC."""
    local = last_due(schedule, now).astimezone(ZoneInfo(schedule.tz))
    return _instant(schedule, local.date() + WEEK)


def _instant(schedule: Weekly, day: object) -> datetime:
    text = f"{day}T{schedule.hour:02}:{schedule.minute:02}"
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(schedule.tz)).astimezone(UTC)


def is_due(schedule: Weekly, now: datetime, runs: Sequence[Run]) -> bool:
    """Whether the run should start now.

    `runs` are finished runs over all claims. Missed weeks are caught up once: only the latest due
    instant counts. A week whose runs were all degraded is retried a few times.
    """
    due = last_due(schedule, now)
    since = [r for r in runs if _at(r.started_at) >= due]
    if not since:
        return True
    if any(r.health == "complete" for r in since) or len(since) >= MOST_TRIES:
        return False
    return now - max(_at(r.finished_at or r.started_at) for r in since) >= TRY_AGAIN


def _at(instant: str) -> datetime:
    found = datetime.fromisoformat(instant)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
