"""Dates: stepping by days, weeks and months, and the fraction of a year between two of them.

The month-end rule is named `clamp`: a step into a shorter month falls on that month's last
day, and every due date is counted from the first one, so the 31st returns after February.
"""

from __future__ import annotations

import calendar as stdlib_calendar
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache

from holdfast.kernel.errors import BadInput


class Unit(StrEnum):
    """What the spacing of instalments is counted in."""

    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"


class DayCount(StrEnum):
    """How the contract turns two dates into a part of a year.

    `THIRTY_360` counts a whole month as exactly 1/12 and a part of a month by that month's own
    days; `ACTUAL_ACTUAL` gives each day to the year of the date on which it ends.
    """

    THIRTY_360 = "30/360"
    ACTUAL_360 = "actual/360"
    ACTUAL_365 = "actual/365"
    ACTUAL_ACTUAL = "actual/actual"


# A book steps over the same dates again and again.
@lru_cache(maxsize=65_536)
def add_months(start: date, months: int) -> date:
    """`start` moved by whole months, clamped to the last day of a shorter month."""
    index = start.year * 12 + start.month - 1 + months
    year, month = divmod(index, 12)
    last = stdlib_calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(start.day, last))


def step(start: date, unit: Unit, count: int) -> date:
    """`start` moved by `count` units."""
    if unit is Unit.MONTHS:
        return add_months(start, count)
    return start + timedelta(days=count * (7 if unit is Unit.WEEKS else 1))


def year_fraction(start: date, end: date, day_count: DayCount) -> Fraction:
    """The part of a year from `start` (counted) to `end` (not counted) under `day_count`."""
    days = (end - start).days
    if day_count is DayCount.ACTUAL_360:
        return Fraction(days, 360)
    if day_count is DayCount.ACTUAL_365:
        return Fraction(days, 365)
    if day_count is DayCount.ACTUAL_ACTUAL:
        return _actual_actual(start, end)
    return _thirty_360(start, end)


def _actual_actual(start: date, end: date) -> Fraction:
    total = Fraction(0)
    for year in range(start.year, end.year + 1):
        # A day belongs to the year of the date on which it ends, so 1 January ends a day of its own year.
        first = max(start, date(year, 1, 1) - timedelta(days=1))
        last = min(end, date(year, 12, 31))
        if last > first:
            total += Fraction((last - first).days, 366 if stdlib_calendar.isleap(year) else 365)
    return total


def _thirty_360(start: date, end: date) -> Fraction:
    months = (end.year - start.year) * 12 + end.month - start.month
    if months > 0 and add_months(start, months) > end:
        months -= 1
    anchor = add_months(start, months)
    length = (add_months(start, months + 1) - anchor).days
    return Fraction(months, 12) + Fraction((end - anchor).days, length * 12)


def parse_date(text: object, field: str = "date") -> date:
    """A date written `2026-11-22`; BadInput names the field otherwise."""
    if isinstance(text, str) and len(text) == 10:
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise BadInput(f"{field}: write the date as YYYY-MM-DD, not {text!r}", field=field)
