"""Accrual: interest earned day by day in the general ledger, at the cost of the products and not of the loans.

Between two events a loan earns the same each day, so what it has accrued is a straight line. Each act
writes by how much it moved the lines of a product's loans, and enters at once what that is at the end of the last
night; the night adds the moves up and enters what the one line that results has grown to. The general ledger then holds
that line rounded once, by branch, product and currency.
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
    """By how much an act moved a loan's line. `lost`: minor units that left suspense because they were written off.

    `stood`: by how much it moved what stands at the end of the last night, in billionths of a minor unit.
    """

    kind: Kind
    by: Slope
    lost: int = 0
    stood: int = 0


@dataclass(frozen=True, slots=True)
class Sum:
    """The moves of many loans of one key together."""

    by: Slope = FLAT
    lost: int = 0
    stood: int = 0

    @property
    def entered(self) -> int:
        """What the act enters at once: minor units, to the nearest, a half up."""
        return nearest(self.stood)


@dataclass(frozen=True, slots=True)
class Level:
    """Where the lines of one key stand together at the end of a night, and what of it the general ledger holds then."""

    line: Slope = FLAT
    lost: int = 0
    minor: int = 0


def sum_moves(moves: Iterable[tuple[tuple[int, str, str], Move]]) -> dict[Key, Sum]:
    """The moves of many loans as one for each branch, product, currency and kind; what cancels out is left out."""
    sums: dict[Key, Sum] = {}
    for (branch, product, currency), move in moves:
        key = (branch, product, currency, move.kind)
        so_far = sums.get(key, _NONE)
        sums[key] = Sum(so_far.by + move.by, so_far.lost + move.lost, so_far.stood + move.stood)
    return {key: each for key, each in sums.items() if each != _NONE}


def entries_of(kind: Kind, moved: Sum) -> list[Line]:
    """What an act enters at once because it moved the lines of one key.

    Interest that is billed, paid off or given up leaves what had accrued as it joins what is due, so that it is never income
    twice; a correction joins it. What was suspended and is written off is no loss: it never was income.
    """
    lines = [_line(*_PAIRS[kind], moved.entered + moved.lost), _line(Account.INTEREST_SUSPENSE, Account.WRITE_OFF_LOSS, moved.lost)]
    return [line for line in lines if line.amount]


def earned(kind: Kind, held: int, now: Level) -> Line | None:
    """The entry of a night that takes one key from what the ledger holds to the line of its day: what was earned since the last."""
    line = _line(*_PAIRS[kind], now.minor - held)
    return line if line.amount else None


_NONE: Final = Sum()
_PAIRS: Final[dict[Kind, tuple[Account, Account]]] = {
    "accrued": (Account.ACCRUED_INTEREST, Account.INTEREST_INCOME),
    "suspended": (Account.INTEREST_INCOME, Account.INTEREST_SUSPENSE),
}


def _line(debit: Account, credit: Account, amount: int) -> Line:
    return Line(debit, credit, amount) if amount >= 0 else Line(credit, debit, -amount)
