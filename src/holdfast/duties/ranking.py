"""The order in which people are shown their duties: by what is at stake, with the reason of every point.

One function of facts and the pack's named weights. A queue sorts by the same tables in the database, for a page of a
large book must not read all of it; a test holds the two against each other.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from holdfast.policy import Lender, Pack

SIGNALS: Final = ("promise_broken", "thing_missing", "thing_short", "frozen")
_STEPPED: Final = ("exposure", "days_past_due", "time_used", "days_overdue")


@dataclass(frozen=True, slots=True)
class Steps:
    """Points that grow by steps: from `at[i]` on it is `points[i]`; below the first step, none."""

    at: tuple[int, ...]
    points: tuple[int, ...]

    @classmethod
    def of(cls, table: Mapping[str, int]) -> Steps:
        """From a table of the pack, whose names are the figures at which the steps begin."""
        steps = sorted((int(name), points) for name, points in table.items())
        return cls(tuple(at for at, _ in steps), tuple(points for _, points in steps))

    def read(self, figure: int) -> int:
        """The points of a figure."""
        place = bisect_right(self.at, figure)
        return self.points[place - 1] if place else 0


@dataclass(frozen=True, slots=True)
class Weights:
    """The pack's weights: what each step of a figure, and each signal, is worth in points."""

    exposure: Steps
    days_past_due: Steps
    time_used: Steps
    days_overdue: Steps
    signals: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Stake:
    """What is at stake with one duty.

    `exposure`: principal owed, minor units. `days_past_due`: of the loan. `time_used`: percent of the duty's time, at most 100.
    `days_overdue`: since the duty's own deadline. `promise`: the day by which a promise to pay was not kept, if one was not.
    `thing_short`: what is pledged is worth less than the principal owed, by the valuations in force.
    """

    exposure: int
    days_past_due: int
    time_used: int
    days_overdue: int
    promise: date | None = None
    thing_missing: bool = False
    thing_short: bool = False
    frozen: bool = False


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason of a rank: its name in the pack, its points, and the figure or day that it rests on."""

    name: str
    points: int
    figure: int | date | None = None


@dataclass(frozen=True, slots=True)
class Rank:
    """How pressing a duty is. The points are the sum of the reasons' points; the heaviest reason stands first."""

    points: int
    reasons: tuple[Reason, ...]


def weights_of(pack: Pack, lender: Lender, on: date) -> Weights:
    """The weights in force on a day."""
    steps = {name: Steps.of(pack.table(f"queue.{name}", on=on, lender_type=lender.lender_type)) for name in _STEPPED}
    return Weights(**steps, signals=pack.table("queue.signals", on=on, lender_type=lender.lender_type))


def rank(stake: Stake, weights: Weights) -> Rank:
    """The points of a duty and where they come from. What is worth nothing is no reason."""
    signs: tuple[tuple[str, bool, date | None], ...] = (
        ("promise_broken", stake.promise is not None, stake.promise),
        ("thing_missing", stake.thing_missing, None),
        ("thing_short", stake.thing_short, None),
        ("frozen", stake.frozen, None),
    )
    figures = {name: int(getattr(stake, name)) for name in _STEPPED}
    found = [Reason(name, getattr(weights, name).read(figure), figure) for name, figure in figures.items()]
    found += [Reason(name, weights.signals.get(name, 0), figure) for name, stands, figure in signs if stands]
    reasons = sorted((each for each in found if each.points), key=lambda each: -each.points)
    return Rank(sum(each.points for each in reasons), tuple(reasons))
