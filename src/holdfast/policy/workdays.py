"""Workdays: the state's published holidays for China, weekends only elsewhere.

The state publishes one year at a time. Beyond the last published year only weekends are known;
a date that rests on such a year says so, to be computed again when the year is published.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import chinese_calendar

_DAY: Final = timedelta(days=1)
SATURDAY: Final = 5
PUBLIC_HOLIDAY: Final = "public_holiday"
WEEKEND: Final = "weekend"
REST_KINDS: Final = (PUBLIC_HOLIDAY, WEEKEND)
# No run of days that are no workdays is longer: the state's longest holiday is nine days, and a weekend may touch it.
REST_AT_MOST: Final = 14
# What the library carries: it raises for a year outside.
FIRST_YEAR: Final = min(chinese_calendar.holidays).year
LAST_YEAR: Final = max(chinese_calendar.holidays).year


@dataclass(frozen=True, slots=True)
class Workday:
    """A date counted in workdays. `provisional`: a year it crosses has no published holidays yet."""

    on: date
    provisional: bool


def is_workday(day: date, region: str | None) -> bool:
    """Whether people work on `day` in that region (`CN`, `CN-44`, `US`; None where nobody has said)."""
    return bool(chinese_calendar.is_workday(day)) if _published(day, region) else day.weekday() < SATURDAY


def kind_of_rest(day: date, region: str | None) -> str | None:
    """Why nobody works on `day`: a published holiday, or a weekend; None for a workday."""
    if is_workday(day, region):
        return None
    return PUBLIC_HOLIDAY if _published(day, region) and chinese_calendar.get_holiday_detail(day)[1] is not None else WEEKEND


def next_day_without(kinds: Set[str], day: date, region: str | None, *, step: timedelta) -> date:
    """`day`, or the first one from it by `step` that is no rest of those kinds."""
    while kinds and kind_of_rest(day, region) in kinds:
        day += step
    return day


def add_workdays(day: date, count: int, region: str | None) -> Workday:
    """The `count`-th workday after `day`, which itself never counts; for 0, `day` or the first workday after it."""
    left = count if count else int(not is_workday(day, region))
    provisional = _is_china(region) and not _published(day, region)
    while left:
        day += _DAY
        left -= is_workday(day, region)
        provisional = provisional or (_is_china(region) and not _published(day, region))
    return Workday(day, provisional)


def _published(day: date, region: str | None) -> bool:
    return _is_china(region) and FIRST_YEAR <= day.year <= LAST_YEAR


def _is_china(region: str | None) -> bool:
    return region is not None and (region == "CN" or region.startswith("CN-"))
