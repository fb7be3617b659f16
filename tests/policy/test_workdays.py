"""Workdays: published holidays for China, weekends elsewhere, and a mark on what is not published yet."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.policy import add_workdays, is_workday
from holdfast.policy.workdays import LAST_YEAR


def test_the_national_holiday_does_not_count_and_the_make_up_saturday_does() -> None:
    # 2026: 1 to 7 October are off; Saturday 10 October is worked.
    assert add_workdays(date(2026, 9, 30), 1, "CN").on == date(2026, 10, 8)
    assert is_workday(date(2026, 10, 10), "CN")
    assert add_workdays(date(2026, 10, 9), 1, "CN-44").on == date(2026, 10, 10)


def test_elsewhere_only_weekends_rest() -> None:
    assert add_workdays(date(2026, 9, 30), 1, "US").on == date(2026, 10, 1)
    assert not is_workday(date(2026, 10, 10), "US")
    assert not add_workdays(date(2040, 1, 6), 1, "US").provisional


def test_a_year_that_is_not_published_counts_weekends_and_says_so() -> None:
    due = add_workdays(date(LAST_YEAR, 12, 31), 3, "CN")
    assert due.provisional
    assert add_workdays(date(LAST_YEAR, 1, 4), 3, "CN").provisional is False


def test_no_workdays_after_a_sunday_is_the_monday() -> None:
    assert add_workdays(date(2026, 11, 22), 0, "CN").on == date(2026, 11, 23)
    assert add_workdays(date(2026, 11, 23), 0, "CN").on == date(2026, 11, 23)


@given(st.dates(date(2004, 1, 1), date(2040, 1, 1)), st.integers(1, 40), st.sampled_from(["CN", "US", None]))
def test_between_a_day_and_its_nth_workday_lie_exactly_n_workdays(day: date, count: int, region: str | None) -> None:
    end = add_workdays(day, count, region).on
    between = [day + timedelta(days=offset) for offset in range(1, (end - day).days + 1)]
    assert sum(is_workday(each, region) for each in between) == count
    assert is_workday(end, region)


@pytest.mark.parametrize("region", ["CN", "CN-44"])
def test_a_province_keeps_the_national_calendar(region: str) -> None:
    assert not is_workday(date(2026, 10, 1), region)
