"""The embedded payout rail: the built-in stand-in for a bank. No money moves; what would have been paid is written down.

Needs no account. It keeps its own orders and answers each key once and for good: an order is paid at once, and a key
that is asked about before its order came is refused from then on, so that an enquiry and a late order never disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final

import psycopg

from holdfast.kernel import canonical
from holdfast.kernel.money import EXPONENTS
from holdfast.payments import Answer, Heard, Order, Outcome, RailCapabilities, local_order, take_local_order

Edge = Callable[[], AbstractContextManager[psycopg.Connection[Any]]]

NAME: Final = "built-in stand-in for a bank"


class LocalBank:
    """A `PayoutRail` on tables of its own; `edge` opens the transaction in which it keeps an order."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge

    def capabilities(self) -> RailCapabilities:
        return RailCapabilities(name=NAME, currencies=frozenset(EXPONENTS), real=False, run_against="itself")

    def send(self, order: Order) -> Answer:
        digest = canonical.digest(
            {"amount": order.amount.as_json(), "payee": order.payee, "account": order.account, "remark": order.remark}
        )
        with self._edge() as db:
            take_local_order(
                db, key=order.key, digest=digest, outcome=Outcome.PAID, reference=f"local:{order.key}", why="", paid_on=order.on
            )  # fmt: skip
            return _answer(local_order(db, order.key), digest)

    def collect(self, order: Order) -> Answer:
        """Collect as it pays: at once and once. The key tells the two apart."""
        return self.send(order)

    def recall(self, key: str) -> Answer:
        """Too late for what is paid, which is all that it ever has; a key it never heard of is refused from now on."""
        return self.enquire(key)

    def answers(self, after: int) -> Sequence[Heard]:
        return ()

    def enquire(self, key: str) -> Answer:
        with self._edge() as db:
            why = "this key was asked about before an order came, and is refused from now on"
            take_local_order(db, key=key, digest="", outcome=Outcome.REJECTED, reference="", why=why, paid_on=None)
            return _answer(local_order(db, key), None)


def _answer(kept: tuple[str, str, str, str, Any], digest: str | None) -> Answer:
    stands_for, outcome, reference, why, paid_on = kept
    if digest is not None and stands_for and stands_for != digest:
        return Answer(Outcome.UNKNOWN, reference, "this key stands for another order")
    return Answer(Outcome(outcome), reference, why, paid_on)
