"""The port through which money leaves the house, and what every adapter of it promises.

An order carries a key of ours. A rail pays a key at most once, however often it hears of it, and always
answers the same for it in the end. `send` is called once for a key, by the process that has written down that it
will; whatever happens then, the rail is only ever asked by the key what became of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Protocol

from holdfast.kernel.money import Money


class Outcome(StrEnum):
    """What a rail says of an order: it has it, it has paid it, it will never pay it, or nothing that can be relied on."""

    ACCEPTED = "accepted"
    PAID = "paid"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Order:
    """One payment. Name and account are in the clear and live only for the moment of sending."""

    key: str
    amount: Money
    payee: str = field(repr=False)
    account: str = field(repr=False)
    remark: str
    on: date


@dataclass(frozen=True, slots=True)
class Answer:
    """What a rail said. `paid_on` is the value date of what is paid, and stands only there."""

    outcome: Outcome
    reference: str = ""
    why: str = ""
    paid_on: date | None = None


@dataclass(frozen=True, slots=True)
class RailCapabilities:
    """What a rail can do, and against which peer that was seen. `real`: money truly moves."""

    name: str
    currencies: frozenset[str]
    real: bool
    run_against: str


class PayoutRail(Protocol):
    """A way to pay money out."""

    def capabilities(self) -> RailCapabilities:
        """What this rail can do."""

    def send(self, order: Order) -> Answer:
        """Pay. Unavailable, like an unknown answer, means that nothing is known; the order is then enquired, never sent again."""

    def enquire(self, key: str) -> Answer:
        """What became of an order. A rail may say `rejected` of a key that it never heard of only if it will refuse it from then on."""
