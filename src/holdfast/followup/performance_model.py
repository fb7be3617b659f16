"""What somebody who follows up did in a period, in figures that each open the list of what they are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from holdfast.kernel.calendar import add_months
from holdfast.kernel.errors import BadInput
from holdfast.kernel.money import Money


class Figure(StrEnum):
    """A figure that is a count of records."""

    CALLS = "calls"
    REACHED = "reached"
    IN_TIME = "in_time"
    LATE = "late"
    PROMISES = "promises"
    KEPT = "kept"
    BROKEN = "broken"
    COMPLAINTS = "complaints"
    UPHELD = "upheld"


PERIODS: Final = ("day", "week", "month")
# Below as many people, the sum of a team would tell what a colleague did.
FEWEST_OF_A_TEAM: Final = 3


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts; `waited` is the time from when work on each follow-up might begin to its first attempt, all together; money by currency."""

    calls: int = 0
    reached: int = 0
    in_time: int = 0
    late: int = 0
    waited: timedelta = timedelta()
    promises: int = 0
    kept: int = 0
    broken: int = 0
    complaints: int = 0
    upheld: int = 0
    promised: Mapping[str, int] = field(default_factory=dict)
    kept_money: Mapping[str, int] = field(default_factory=dict)
    broken_money: Mapping[str, int] = field(default_factory=dict)
    received: Mapping[str, int] = field(default_factory=dict)

    @property
    def first_attempt(self) -> timedelta | None:
        """How long a follow-up waited for its first attempt, on average; None where none was closed."""
        closed = self.in_time + self.late
        return self.waited / closed if closed else None


@dataclass(frozen=True, slots=True)
class Performer:
    """Somebody and their figures."""

    staff: str
    name: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class Line:
    """One record that a figure counts: of which loan, when, what it was (a code), and its money if it has any."""

    loan: str
    contract_no: str
    borrower: str
    at: datetime | date
    what: str
    record: str
    amount: Money | None = None
    received: Money | None = None


def days_of(period: str, on: date) -> tuple[date, date]:
    """The first and the last day of the day, the week from Monday, or the month that `on` lies in. BadInput for another period."""
    if period == "day":
        return on, on
    if period == "week":
        first = on - timedelta(days=on.weekday())
        return first, first + timedelta(days=6)
    if period == "month":
        first = on.replace(day=1)
        return first, add_months(first, 1) - timedelta(days=1)
    raise BadInput(f"period: write one of {', '.join(PERIODS)}", field="period")


def together(each: Iterable[Figures]) -> Figures:
    """The sum of several people's figures."""
    given = list(each)
    sums: dict[str, object] = {}
    for column in fields(Figures):
        values = [getattr(one, column.name) for one in given]
        if column.name in _MONEY:
            sums[column.name] = {code: sum(one.get(code, 0) for one in values) for code in sorted({code for one in values for code in one})}
        else:
            sums[column.name] = sum(values, timedelta() if column.name == "waited" else 0)
    return Figures(**sums)  # type: ignore[arg-type]


_MONEY: Final = frozenset({"promised", "kept_money", "broken_money", "received"})
