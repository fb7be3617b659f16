"""The ports through which money leaves the house and is collected, and what every adapter of them promises.

An order carries a key of ours. A rail pays a key at most once, however often it hears of it, and always
answers the same for it in the end. `send` is called once for a key, by the process that has written down that it
will; whatever happens then, the rail is only ever asked by the key what became of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Protocol

import psycopg

from holdfast.kernel.clock import Clock
from holdfast.kernel.money import Money
from holdfast.parties import Staff


class Outcome(StrEnum):
    """What a rail says of an order: it has it, it has paid it, it will never pay it, the money has gone back, or nothing reliable."""

    ACCEPTED = "accepted"
    PAID = "paid"
    REJECTED = "rejected"
    RETURNED = "returned"
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


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer that a rail gives of its own accord. `number` grows; what was heard twice is heard once."""

    number: int
    key: str
    answer: Answer


class PayoutRail(Protocol):
    """A way to pay money out."""

    def capabilities(self) -> RailCapabilities:
        """What this rail can do."""

    def send(self, order: Order) -> Answer:
        """Pay. Unavailable, like an unknown answer, means that nothing is known; the order is then enquired, never sent again."""

    def answers(self, after: int) -> Sequence[Heard]:
        """What it has to say of its own accord with numbers above `after`, some at a time; nothing for a rail without a feed."""

    def recall(self, key: str) -> Answer:
        """Ask for an order back. `rejected`: it is stopped and will never be paid; `paid`: too late; else it is in the bank's hands."""

    def enquire(self, key: str) -> Answer:
        """What became of an order. A rail may say `rejected` of a key that it never heard of only if it will refuse it from then on."""


class DebitRail(Protocol):
    """A way to collect money under a mandate. A key is collected at most once, and answers alike for ever."""

    def capabilities(self) -> RailCapabilities:
        """What this rail can do."""

    def collect(self, order: Order) -> Answer:
        """Collect. Unavailable, like an unknown answer, means that nothing is known; it is then only enquired, never sent again."""

    def enquire(self, key: str) -> Answer:
        """What became of it, as of a payout."""


class Grows(Protocol):
    """Whether a loan that is being repaid may grow by a sum today. Servicing answers; `wiring` names it."""

    def __call__(self, db: psycopg.Connection[Any], *, clock: Clock, by: Staff, loan: str, amount: Money) -> object:
        """Refusal, saying why, if it may not."""
