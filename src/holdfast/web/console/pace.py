"""Pace: how long it takes from the application to the money, and how many minutes of staff work a loan takes.

Both are read from the journal and from nothing else. The rule for staff work stands in `minutes_of` and on the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Final

# The newest loans that were applied for and paid out; older ones say little of how the house works now.
NEWEST: Final = 50
# A pause longer than this was no work on the loan.
MOST_AT_ONCE: Final = timedelta(minutes=15)
# Below so many loans a 95th percentile is the slowest one by another name.
ENOUGH_FOR_P95: Final = 20
NOT_STAFF: Final = frozenset({"borrower", "system", "integrator"})


@dataclass(frozen=True, slots=True)
class Told:
    """A record of a loan's chain: who wrote it, in which role, when."""

    loan_id: int
    seq: int
    kind: str
    at: datetime
    by: str
    role: str


@dataclass(frozen=True, slots=True)
class Pace:
    """The figures over `loans` loans. `p95` is None while there are too few; then `slowest` is all there is to say."""

    loans: int
    median: timedelta
    p95: timedelta | None
    slowest: timedelta
    staff_minutes: int


def pace(records: Sequence[Told]) -> Pace | None:
    """The figures of the loans whose chains are told from the application to the money; None if there is none."""
    waits: list[timedelta] = []
    minutes: list[timedelta] = []
    worked = minutes_of(records)
    for _, chain in groupby(sorted(records, key=attrgetter("loan_id", "seq")), key=attrgetter("loan_id")):
        told = list(chain)
        began = next((each for each in told if each.kind == "application.submitted"), None)
        paid = next((each for each in told if each.kind == "loan.disbursed"), None)
        if began is not None and paid is not None:
            waits.append(paid.at - began.at)
            minutes.append(sum((worked[each.loan_id, each.seq] for each in told if each.seq <= paid.seq), timedelta()))
    if not waits:
        return None
    p95 = rank(waits, 95) if len(waits) >= ENOUGH_FOR_P95 else None
    return Pace(len(waits), rank(waits, 50), p95, max(waits), round(rank(minutes, 50) / timedelta(minutes=1)))


def minutes_of(records: Sequence[Told]) -> dict[tuple[int, int], timedelta]:
    """What each record took: the time since the same person's record before it, at most fifteen minutes.

    The first record of a person took fifteen minutes, for nobody knows when they began; what no staff wrote took none.
    """
    worked: dict[tuple[int, int], timedelta] = {}
    last: dict[str, datetime] = {}
    for each in sorted(records, key=attrgetter("at", "loan_id", "seq")):
        if each.role in NOT_STAFF:
            worked[each.loan_id, each.seq] = timedelta()
            continue
        since = each.at - last[each.by] if each.by in last else MOST_AT_ONCE
        worked[each.loan_id, each.seq] = min(since, MOST_AT_ONCE)
        last[each.by] = each.at
    return worked


def rank(values: Sequence[timedelta], percent: int) -> timedelta:
    """The nearest-rank percentile: the smallest value that at least `percent` of them do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]
