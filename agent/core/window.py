"""Dates: what is newer than a claim, what existed on a given day, where a window begins. Pure.

A v1 date is known to the day ("2025-02-12") or only to the month ("2025-02"). A month is taken at
its least favourable end, so that nothing uncertain counts as newer or as existing.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

OVERLAP_DAYS = 7
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_MONTH_END = "-32"


def is_month(text: str) -> bool:
    """Whether `text` is a month, "YYYY-MM"."""
    return bool(_MONTH.fullmatch(text))


def is_newer(published: str, as_of: str) -> bool:
    """Whether a v1 date is later than an as-of month."""
    return published[:7] > as_of


def existed_by(published: str, day: str) -> bool:
    """Whether a paper certainly existed by the end of `day`."""
    last = published + _MONTH_END if is_month(published) else published
    return last <= day or published[:7] < day[:7]


def after_month(as_of: str | None) -> str | None:
    """A bound after which exactly the dates newer than `as_of` sort; None if `as_of` is unknown."""
    return as_of + _MONTH_END if as_of else None


def first_day_after(bound: str) -> str:
    """The first day later than a bound, which is a day or the end of a month."""
    if bound.endswith(_MONTH_END):
        return (date.fromisoformat(f"{bound[:7]}-28") + timedelta(days=4)).replace(day=1).isoformat()
    return bound


def shown_bound(bound: str) -> str:
    """A bound as people write it: the month alone if it is the end of one."""
    return bound.removesuffix(_MONTH_END)


def certain_day(published: str) -> str:
    """The last day by which a date is certain to have come: of a month, its 28th."""
    return f"{published}-28" if is_month(published) else published


def window_start(as_of: str | None, last_window_to: str | None) -> str | None:
    """Where collecting begins: the last healthy retest minus the overlap, or the as-of month if later."""
    floor = after_month(as_of)
    if last_window_to is None:
        return floor
    back = days_before(last_window_to)
    return max(back, floor) if floor else back


def days_before(day: str) -> str:
    """The day OVERLAP_DAYS before `day`."""
    return (date.fromisoformat(day) - timedelta(days=OVERLAP_DAYS)).isoformat()


def months_between(earlier: str, later: str) -> int:
    """Whole months from one date to another; both "YYYY-MM..."."""
    return (int(later[:4]) - int(earlier[:4])) * 12 + int(later[5:7]) - int(earlier[5:7])
