"""A promise to pay: its parts, its states, and the rule that says whether it was kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import accumulate

from holdfast.kernel.errors import BadInput
from holdfast.kernel.money import Money


class PromiseState(StrEnum):
    """Where a promise stands. Only a live one can change, and once."""

    LIVE = "live"
    KEPT = "kept"
    BROKEN = "broken"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Part:
    """So much by the end of that day."""

    pay_by: date
    amount: Money


@dataclass(frozen=True, slots=True)
class Limits:
    """What the pack allows: how far ahead, how many parts, days of grace, and after how many broken ones another person takes it."""

    days_ahead: int
    parts: int
    grace_days: int
    broken: int


@dataclass(frozen=True, slots=True)
class Promise:
    """A promise as it stands. Receipts later than the loan's event `after_event` count; `received` is their sum so far, minor units."""

    public_id: str
    promise_no: int
    loan: str
    state: PromiseState
    made_on: date
    made_by: str
    after_event: int
    grace_days: int
    seq: int
    ended_on: date | None
    parts: tuple[Part, ...]
    received: int

    @property
    def total(self) -> Money:
        """What was promised in all."""
        return Money(sum(part.amount.minor for part in self.parts), self.parts[0].amount.currency)


@dataclass(frozen=True, slots=True)
class Receipt:
    """Money that came in, by its value date, in minor units."""

    on: date
    minor: int


def check(parts: Sequence[Part], limits: Limits, *, today: date, owed: Money) -> tuple[Part, ...]:
    """The parts in order of their days. BadInput, naming the mend, for what no promise can be."""
    if not 1 <= len(parts) <= limits.parts:
        raise BadInput(f"parts: a promise has 1 to {limits.parts} parts", field="parts", code="promise_parts", most=limits.parts)
    ordered = tuple(sorted(parts, key=lambda part: part.pay_by))
    last = today + timedelta(days=limits.days_ahead)
    for part in ordered:
        if not today <= part.pay_by <= last:
            raise BadInput(
                f"pay_by: a day from {today} to {last}", field="pay_by", code="promise_to_pay_day", first=today.isoformat(),
                last=last.isoformat(),
            )  # fmt: skip
        if part.amount.currency != owed.currency or part.amount.minor <= 0:
            raise BadInput(f"amount: more than nothing, in {owed.currency}", field="amount", code="promise_amount")
    if len({part.pay_by for part in ordered}) < len(ordered):
        raise BadInput("pay_by: a day of its own for each part", field="pay_by", code="promise_same_day")
    if sum(part.amount.minor for part in ordered) > owed.minor:
        raise BadInput(
            f"amount: at most {owed.decimal()} {owed.currency}, which is all that is owed", field="amount", code="promise_too_much",
            owed=owed.decimal(),
        )  # fmt: skip
    return ordered


def judge(parts: Sequence[Part], receipts: Sequence[Receipt], *, grace_days: int, at_end_of: date) -> PromiseState:
    """What has become of a live promise by the end of a day.

    Kept once all that was promised has come in, each part with what went before it by its day and the grace. Broken on the
    evening of the first day of which that is not so. A day on which grace still runs breaks nothing.
    """
    sums = accumulate(part.amount.minor for part in parts)
    for part, asked in zip(parts, sums, strict=True):
        last = part.pay_by + timedelta(days=grace_days)
        if sum(each.minor for each in receipts if each.on <= min(last, at_end_of)) < asked:
            return PromiseState.BROKEN if at_end_of >= last else PromiseState.LIVE
    return PromiseState.KEPT


def missed(parts: Sequence[Part], receipts: Sequence[Receipt], *, grace_days: int) -> tuple[Part, int] | None:
    """The first part that was not kept, and what had come in by its last day; None if every part was."""
    sums = accumulate(part.amount.minor for part in parts)
    for part, asked in zip(parts, sums, strict=True):
        came = sum(each.minor for each in receipts if each.on <= part.pay_by + timedelta(days=grace_days))
        if came < asked:
            return part, came
    return None
