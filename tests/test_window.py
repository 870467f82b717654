"""Dates: nothing counts as newer, or as existing, that might not be."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from agent.core.window import after_month, existed_by, is_newer, months_between, window_start

days = st.dates(date(2000, 1, 1), date(2030, 12, 31)).map(date.isoformat)
months = days.map(lambda d: d[:7])


@given(days | months, months)
def test_newer_means_a_later_month(published: str, as_of: str) -> None:
    assert is_newer(published, as_of) == (published[:7] > as_of)
    assert is_newer(published, as_of) == (published > (after_month(as_of) or ""))


@given(days, days)
def test_a_paper_with_a_day_exists_from_that_day_on(published: str, day: str) -> None:
    assert existed_by(published, day) == (published <= day)


def test_a_paper_with_only_a_month_exists_once_the_month_is_over() -> None:
    assert not existed_by("2025-06", "2025-06-29")
    assert existed_by("2025-06", "2025-07-01")


def test_a_window_begins_a_week_before_the_last_healthy_retest_ended() -> None:
    assert window_start("2024-11", None) == "2024-11-32"
    assert window_start("2024-11", "2026-08-21") == "2026-08-14"
    assert window_start("2024-11", "2024-12-03") == "2024-11-32"
    assert window_start(None, None) is None


def test_age_in_months() -> None:
    assert months_between("2024-11", "2026-08-21") == 21
