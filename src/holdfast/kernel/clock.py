"""The only place that asks what time it is.

A business day is a date in the lender's zone. What happened is an aware UTC instant. A book may
live some whole days away from the machine (a demonstration, or a book taken over as of an
earlier day); then the business date and every recorded instant move together.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo


class Clock(Protocol):
    """Tells the lender's business date and the present instant (aware, UTC)."""

    def today(self) -> date: ...

    def now(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class ShiftedClock:
    """The machine's clock moved by `offset_days`, read in the lender's zone."""

    offset_days: int = 0
    zone: str = "Asia/Shanghai"

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(days=self.offset_days)

    def today(self) -> date:
        return self.now().astimezone(ZoneInfo(self.zone)).date()


@dataclass(frozen=True, slots=True)
class FixedClock:
    """A clock that stands still: for tests, dry runs and catching up on past days."""

    instant: datetime
    zone: str = "Asia/Shanghai"

    def now(self) -> datetime:
        return self.instant

    def today(self) -> date:
        return self.instant.astimezone(ZoneInfo(self.zone)).date()


# A night asks for few moments, each of them for thousands of loans.
@lru_cache(maxsize=4_096)
def instant_on(day: date, at: time, zone: str) -> datetime:
    """The UTC instant of a wall-clock time on a business day."""
    return datetime.combine(day, at, ZoneInfo(zone)).astimezone(UTC)


@lru_cache(maxsize=256)
def iso_instant(moment: datetime) -> str:
    """`2026-11-22T04:30:00.123456Z`: how an instant is written in the journal and the API."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
