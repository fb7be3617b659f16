"""A rail that misbehaves on purpose. It passes the same contract tests as the built-in one, and counts what it truly paid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from holdfast.kernel.errors import Unavailable
from holdfast.payments import Answer, Heard, Order, Outcome, RailCapabilities

Fault = Callable[[], None]


class FaultyBank:
    """Pays a key once and for good, like any bank; what it says of it may be late, lost or nonsense.

    `before` runs when an order arrives and `after` once it is paid: either may raise, as a line that breaks would.
    """

    def __init__(self, before: Fault | None = None, after: Fault | None = None) -> None:
        self.before, self.after = before, after
        self.paid: Counter[str] = Counter()
        self.heard: list[str] = []
        self.says: Outcome | None = None
        self.closed: set[str] = set()
        self.silent = False

    def capabilities(self) -> RailCapabilities:
        return RailCapabilities("faulty bank", frozenset({"CNY"}), False, "itself")

    def send(self, order: Order) -> Answer:
        self.heard.append(order.key)
        if self.before:
            self.before()
        if order.key in self.closed:
            return Answer(Outcome.REJECTED, why="closed")
        if not self.paid[order.key]:
            self.paid[order.key] += 1
        if self.after:
            self.after()
        return Answer(self.says or Outcome.PAID, f"b:{order.key}", paid_on=order.on)

    def collect(self, order: Order) -> Answer:
        return self.send(order)

    def recall(self, key: str) -> Answer:
        if self.silent:
            raise Unavailable("the bank does not answer", code="rail_silent")
        return self.enquire(key)

    def answers(self, after: int) -> Sequence[Heard]:
        return ()

    def enquire(self, key: str) -> Answer:
        if self.silent:
            raise Unavailable("the bank does not answer", code="rail_silent")
        if self.paid[key]:
            return Answer(Outcome.PAID, f"b:{key}")
        self.closed.add(key)
        return Answer(Outcome.REJECTED, why="never heard of it; refused from now on")


def broken_line() -> None:
    raise Unavailable("the line broke", code="rail_timeout")
