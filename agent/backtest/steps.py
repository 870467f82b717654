"""The days as of which a backtest runs. Pure."""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta

from agent.core.window import is_month
from agent.errors import UsageError

_EVERY = re.compile(r"([1-9]\d?)(w|m)")


def days(first: str, last: str, every: str) -> list[str]:
    """Days from the end of month `first` to the end of month `last`, at intervals of weeks or months.

    `every` is "1w", "4w", "1m" ... Months end on their own last day. Raises UsageError.
    """
    step = _EVERY.fullmatch(every)
    if not is_month(first) or not is_month(last) or first > last:
        raise UsageError(
            f"--from {first!r} --to {last!r} is not a valid period", "write YYYY-MM, the earlier first"
        )
    if step is None:
        raise UsageError(f"--every {every!r} is not a valid interval", "write weeks or months: 1w, 4w, 1m")
    return _months(first, last, int(step[1])) if step[2] == "m" else _weeks(first, last, int(step[1]))


def _weeks(first: str, last: str, weeks: int) -> list[str]:
    day, end, found = _end_of(first), _end_of(last), []
    while day <= end:
        found.append(day.isoformat())
        day += timedelta(weeks=weeks)
    return found


def _months(first: str, last: str, step: int) -> list[str]:
    count = (int(last[:4]) - int(first[:4])) * 12 + int(last[5:]) - int(first[5:])
    start = int(first[:4]) * 12 + int(first[5:]) - 1
    months = [start + n for n in range(0, count + 1, step)]
    return [_end_of(f"{m // 12:04}-{m % 12 + 1:02}").isoformat() for m in months]


def _end_of(month: str) -> date:
    year, number = int(month[:4]), int(month[5:])
    return date(year, number, calendar.monthrange(year, number)[1])
