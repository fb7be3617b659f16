"""Lines, and how the many become the few of the general ledger."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from holdfast.ledger.chart import Account

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Line:
    """One posting: `amount` minor units, always positive, from the credited to the debited account."""

    debit: Account
    credit: Account
    amount: int


def aggregate(lines: Iterable[tuple[Key, Line]]) -> dict[tuple[Key, Account, Account], int]:
    """Sums by key and pair of accounts: what one act writes in the general ledger."""
    sums: dict[tuple[Key, Account, Account], int] = defaultdict(int)
    for key, line in lines:
        sums[key, line.debit, line.credit] += line.amount
    return dict(sums)
