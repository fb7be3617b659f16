"""Accrual: interest earned day by day in the general ledger, at the cost of the products and not of the loans.

Between two events a loan earns the same each day, so what it has accrued is a straight line. Each act
writes by how much it moved the lines of a product's loans; the night adds these moves up and reads the one
line that results on its day. The general ledger holds that line rounded once, by branch, product and currency.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from holdfast.ledger.chart import Account
from holdfast.ledger.rules import Line

# A line is kept in billionths of a minor unit: a year of a million loans is then true to a fifth of a minor unit.
PARTS: Final = 1_000_000_000

Kind = Literal["accrued", "suspended"]
Key = tuple[int, str, str, Kind]  # branch, product, currency, kind


def nearest(parts: int) -> int:
    """Billionths of a minor unit as whole minor units, to the nearest, a half up."""
    return (2 * parts + PARTS) // (2 * PARTS)


@dataclass(frozen=True, slots=True)
class Slope:
    """A line over days: on day number `d` it stands at `constant + daily * d`, in billionths of a minor unit."""

    daily: int = 0
    constant: int = 0

    def at(self, on: date) -> int:
        """Billionths of a minor unit on that day."""
        return self.constant + self.daily * on.toordinal()

    def minor(self, on: date) -> int:
        """Whole minor units on that day, to the nearest, a half up."""
        return nearest(self.at(on))

    def __add__(self, other: Slope) -> Slope:
        return Slope(self.daily + other.daily, self.constant + other.constant)

    def __sub__(self, other: Slope) -> Slope:
        return Slope(self.daily - other.daily, self.constant - other.constant)


FLAT: Final = Slope()


def line_of(interest: int, start: date, end: date, *, less: int = 0) -> Slope:
    """The line of `interest` minor units that are earned evenly from `start` to `end`, `less` what was already taken as earned.

    The day's share is rounded down to a billionth of a minor unit. A period without days has no line: its
    interest is earned when it falls due.
    """
    first = start.toordinal()
    days = end.toordinal() - first
    daily = interest * PARTS // days if days > 0 else 0
    return Slope(daily, -daily * first - less * PARTS)


@dataclass(frozen=True, slots=True)
class Move:
    """By how much an act moved a loan's line. `lost`: minor units that left suspense because they were written off."""

    kind: Kind
    by: Slope
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Level:
    """Where the lines of one key stand together, and what of it the general ledger holds."""

    line: Slope = FLAT
    lost: int = 0
    minor: int = 0


def sum_moves(moves: Iterable[tuple[tuple[int, str, str], Move]]) -> dict[Key, tuple[Slope, int]]:
    """The moves of many loans as one for each branch, product, currency and kind; what cancels out is left out."""
    sums: dict[Key, tuple[Slope, int]] = {}
    for (branch, product, currency), move in moves:
        key = (branch, product, currency, move.kind)
        line, lost = sums.get(key, (FLAT, 0))
        sums[key] = (line + move.by, lost + move.lost)
    return {key: each for key, each in sums.items() if each != (FLAT, 0)}


def entries_of(kind: Kind, was: Level, now: Level, on: date) -> list[tuple[str, Line]]:
    """The entries that take one key from `was` to `now` on the night of `on`, each with its cause.

    `earned` is what the lines grew by themselves, `moved` what acts changed: interest that fell due leaves what
    accrues, a correction joins it. What was suspended and is written off is no loss: it never was income.
    """
    grown = was.line.minor(on) - was.minor
    lost = now.lost - was.lost
    moved = now.minor - was.minor - grown + lost
    pair = _PAIRS[kind]
    lines = [("earned", _line(*pair, grown)), ("moved", _line(*pair, moved))]
    lines.append(("written off", _line(Account.INTEREST_SUSPENSE, Account.WRITE_OFF_LOSS, lost)))
    return [(cause, line) for cause, line in lines if line.amount]


_PAIRS: Final[dict[Kind, tuple[Account, Account]]] = {
    "accrued": (Account.ACCRUED_INTEREST, Account.INTEREST_INCOME),
    "suspended": (Account.INTEREST_INCOME, Account.INTEREST_SUSPENSE),
}


def _line(debit: Account, credit: Account, amount: int) -> Line:
    return Line(debit, credit, amount) if amount >= 0 else Line(credit, debit, -amount)
