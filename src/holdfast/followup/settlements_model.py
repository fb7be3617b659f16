"""A settlement: the borrower pays less than is owed by a day, in parts, and the rest is forgiven. Its nouns, its states, its limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Final

from holdfast.followup.promises_model import Part
from holdfast.kernel import canonical
from holdfast.kernel.errors import BadInput, Refusal
from holdfast.kernel.money import Money
from holdfast.kernel.states import following
from holdfast.servicing.settling import PARTS, Outlook, Rest

# Why less than all is taken, and where the money is to come from. Codes, not free words: what befell a borrower is no business of
# a row that never goes away.
REASONS: Final = ("income_lost", "illness", "disaster", "bereaved", "thing_worth_less", "disputed", "other")
MEANS: Final = ("wages", "family", "sale", "savings", "other_income")


class SettlementState(StrEnum):
    """Where a settlement stands."""

    OFFERED = "offered"  # waits for people of the lender
    APPROVED = "approved"  # waits for the borrower's code
    RUNNING = "running"  # agreed; money is awaited
    KEPT = "kept"  # all came in, the rest is forgiven and the loan has ended
    BROKEN = "broken"  # nothing was forgiven
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"  # nobody agreed in time
    OVERTAKEN = "overtaken"  # the loan ended otherwise


class SettlementEvent(StrEnum):
    """What may happen to a settlement."""

    APPROVE = "approve"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    LAPSE = "lapse"
    AGREE = "agree"  # the borrower, with a code
    KEEP = "keep"
    BREAK = "break"
    UNDO = "undo"  # money that it was kept with was taken back
    OVERTAKE = "overtake"


LIFE: Final = {
    (SettlementState.OFFERED, SettlementEvent.APPROVE): SettlementState.APPROVED,
    (SettlementState.OFFERED, SettlementEvent.REFUSE): SettlementState.REFUSED,
    (SettlementState.OFFERED, SettlementEvent.WITHDRAW): SettlementState.WITHDRAWN,
    (SettlementState.OFFERED, SettlementEvent.LAPSE): SettlementState.LAPSED,
    (SettlementState.OFFERED, SettlementEvent.OVERTAKE): SettlementState.OVERTAKEN,
    (SettlementState.APPROVED, SettlementEvent.AGREE): SettlementState.RUNNING,
    (SettlementState.APPROVED, SettlementEvent.WITHDRAW): SettlementState.WITHDRAWN,
    (SettlementState.APPROVED, SettlementEvent.LAPSE): SettlementState.LAPSED,
    (SettlementState.APPROVED, SettlementEvent.OVERTAKE): SettlementState.OVERTAKEN,
    (SettlementState.RUNNING, SettlementEvent.KEEP): SettlementState.KEPT,
    (SettlementState.RUNNING, SettlementEvent.BREAK): SettlementState.BROKEN,
    (SettlementState.RUNNING, SettlementEvent.OVERTAKE): SettlementState.OVERTAKEN,
    (SettlementState.KEPT, SettlementEvent.UNDO): SettlementState.RUNNING,
}
# What may still change without money being taken back.
OPEN: Final = frozenset({SettlementState.OFFERED, SettlementState.APPROVED, SettlementState.RUNNING})


def after(state: SettlementState, event: SettlementEvent) -> SettlementState:
    """The state that `event` leads to; Refusal if the table has no such line."""
    return following(LIFE, state, event, words=f"the settlement is {state}; nobody can {event} it now", code="settlement_state")


@dataclass(frozen=True, slots=True)
class Limits:
    """What the pack allows: how far ahead, in how many parts, with how many days of grace, and how long it waits to be agreed to."""

    days_ahead: int
    parts: int
    grace_days: int
    days_open: int


@dataclass(frozen=True, slots=True)
class Terms:
    """What is decided on and agreed to: what is paid by when, what is owed today and would be, and what of it is forgiven at most.

    `going_on` is what would be owed on the last day if nothing came in, `forgiven` what is left then once the parts were paid, each on
    the last day of its grace: paid sooner, it is less.
    """

    loan: str
    currency: str
    parts: tuple[Part, ...]
    grace_days: int
    owed: Rest
    going_on: Rest
    forgiven: Rest

    @property
    def total(self) -> Money:
        """What the borrower pays in all."""
        return Money(sum(part.amount.minor for part in self.parts), self.currency)

    @property
    def shown(self) -> str:
        """The digest of the terms: all but what is owed on the day of looking."""
        facts = self.as_json()
        del facts["owed"]
        return canonical.digest(facts)

    def as_json(self) -> dict[str, Any]:
        """The terms as their row keeps them."""
        return {
            "loan": self.loan,
            "currency": self.currency,
            "grace_days": self.grace_days,
            "parts": [{"pay_by": part.pay_by.isoformat(), "amount": part.amount.as_json()} for part in self.parts],
            "owed": self.owed.as_json(),
            "going_on": self.going_on.as_json(),
            "forgiven": self.forgiven.as_json(),
        }

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Terms:
        """Terms as `as_json` wrote them."""
        parts = tuple(Part(date.fromisoformat(each["pay_by"]), Money(**each["amount"])) for each in data["parts"])
        return cls(
            data["loan"], data["currency"], parts, data["grace_days"], Rest(**data["owed"]), Rest(**data["going_on"]),
            Rest(**data["forgiven"]),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settlement:
    """A settlement as it stands. Receipts later than the loan's event `after_event` count; `received` is their sum, minor units."""

    loan_id: int
    settlement_no: int
    public_id: str
    loan: str
    contract_no: str
    borrower: str
    state: SettlementState
    reason: str
    means: str
    terms: Terms
    shown: str
    offered_on: date
    offered_by: str
    agree_by: date
    request: str
    offered_seq: int
    decided_seq: int | None
    agreed_seq: int | None
    agreed_on: date | None
    after_event: int | None
    paper: str | None
    ended_on: date | None
    forgiven_no: int | None
    received: int

    @property
    def left(self) -> Money:
        """What is still to be paid of it."""
        return Money(max(self.terms.total.minor - self.received, 0), self.terms.currency)

    @property
    def grace_days(self) -> int:
        """So many days after its day a part may still come in."""
        return self.terms.grace_days

    @property
    def last_day(self) -> date:
        """The day of its last part, without the grace."""
        return self.terms.parts[-1].pay_by

    @property
    def next_part(self) -> Part | None:
        """The first part that what came in does not cover, with what is missing of it; None once all is there or it does not run."""
        came = self.received
        for part in self.terms.parts:
            if came < part.amount.minor:
                return Part(part.pay_by, Money(part.amount.minor - max(came, 0), self.terms.currency))
            came -= part.amount.minor
        return None


def in_order(parts: Sequence[Part], limits: Limits, *, today: date, currency: str) -> tuple[Part, ...]:
    """The parts in order of their days. BadInput, naming the mend, for what no settlement can be."""
    if not 1 <= len(parts) <= limits.parts:
        raise BadInput(f"parts: a settlement has 1 to {limits.parts} parts", field="parts", code="settlement_parts", most=limits.parts)
    ordered = tuple(sorted(parts, key=lambda part: part.pay_by))
    last = today + timedelta(days=limits.days_ahead)
    for part in ordered:
        if not today <= part.pay_by <= last:
            raise BadInput(
                f"pay_by: a day from {today} to {last}", field="pay_by", code="settlement_day", first=today.isoformat(),
                last=last.isoformat(),
            )  # fmt: skip
        if part.amount.currency != currency or part.amount.minor <= 0:
            raise BadInput(f"amount: more than nothing, in {currency}", field="amount", code="settlement_amount")
    if len({part.pay_by for part in ordered}) < len(ordered):
        raise BadInput("pay_by: a day of its own for each part", field="pay_by", code="settlement_same_day")
    return ordered


def paid_at_the_latest(parts: Sequence[Part], grace_days: int) -> list[tuple[date, int]]:
    """The last day of each part's grace, with its minor units."""
    return [(part.pay_by + timedelta(days=grace_days), part.amount.minor) for part in parts]


def terms_of(loan: str, currency: str, parts: tuple[Part, ...], grace_days: int, told: Outlook) -> Terms:
    """The terms, from what the loan would come to. Refusal if it would be paid off by them: then nothing is left to forgive."""
    if not told.left.total:
        owed = Money(told.going_on.total, currency).decimal()
        raise Refusal("these payments pay the whole debt; nothing is left to forgive", code="settlement_pays_all", owed=owed)
    return Terms(loan, currency, parts, grace_days, told.today, told.going_on, told.left)


__all__ = [
    "LIFE", "MEANS", "OPEN", "PARTS", "REASONS", "Limits", "Part", "Settlement", "SettlementEvent", "SettlementState", "Terms", "after",
    "in_order", "paid_at_the_latest", "terms_of",
]  # fmt: skip
