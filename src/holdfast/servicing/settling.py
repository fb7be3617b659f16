"""A debt that ends for less than is owed: what would be left after the payments agreed on, and how the rest is given up.

What was forgiven rests on the money that came in before it: a receipt that is taken back takes it back too (`service.reverse`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from holdfast.journal import Actor
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import Refusal
from holdfast.kernel.money import Money
from holdfast.life import LoanState
from holdfast.loans import loan_id_of
from holdfast.servicing import store
from holdfast.servicing.fold import Event, State, step
from holdfast.servicing.payoff import payoff_lines
from holdfast.servicing.service import Db, Done, do, one, said

# In the order in which money falls on them.
PARTS: Final = ("penalty", "fee", "interest", "principal")
_PART_OF: Final = {"interest_running": "interest", "paid_ahead": "principal"}


@dataclass(frozen=True, slots=True)
class Rest:
    """What is owed of each part on a day, in minor units."""

    penalty: int
    fee: int
    interest: int
    principal: int

    @property
    def total(self) -> int:
        return self.penalty + self.fee + self.interest + self.principal

    def as_json(self) -> dict[str, int]:
        """The parts by name."""
        return {part: getattr(self, part) for part in PARTS}


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is owed today, what would be owed on the last of the days if nothing came in, and what after the payments on theirs."""

    today: Rest
    going_on: Rest
    left: Rest


def rest_of(state: State, on: date) -> Rest:
    """What is owed on a day by part: of a debt that was written off the claim that stays, its principal first."""
    parts = dict.fromkeys(PARTS, 0)
    if state.written_off_on is not None:
        claim = state.lost
        for part in reversed(PARTS):
            parts[part] = min(claim, getattr(state.totals, f"{part}_written_off"))
            claim -= parts[part]
        parts["principal"] += claim
    else:
        for line in payoff_lines(state, on):
            parts[_PART_OF.get(line.part, line.part)] += line.amount
    return Rest(**parts)


def outlook(state: State, *, today: date, last_event_no: int, payments: Sequence[tuple[date, int]]) -> Outlook:
    """What payments of so many minor units on those days, in order, would leave of the debt; nothing is changed."""
    last = payments[-1][0]
    then = state.copy()
    for number, (on, minor) in enumerate(payments, last_event_no + 1):
        step(then, Event(number, "receipt", on, on, {"amount": minor}))
    return Outlook(rest_of(state, today), rest_of(state, last), rest_of(then, last))


def outlook_of(db: Db, *, loan: str, today: date, payments: Sequence[tuple[date, int]]) -> Outlook:
    """The outlook of a loan as it stands."""
    held = store.load(db, [loan_id_of(db, loan)], lock=False)[0]
    return outlook(held.state, today=max(today, held.account.last_event_on), last_event_no=held.account.last_event_no, payments=payments)


def rest_today(db: Db, *, loan: str, on: date) -> Rest:
    """What is owed of each part on a day, as the loan stands."""
    held = store.load(db, [loan_id_of(db, loan)], lock=False)[0]
    return rest_of(held.state, max(on, held.account.last_event_on))


def forgive_rest(db: Db, *, clock: Clock, by: Actor, loan: str, settlement: str, agreed: Rest, reason: str) -> Done:
    """Give up what is still owed, and so end the loan. The caller has made sure that the settlement was kept.

    Refusal if more principal is left than was `agreed` to be forgiven, or more of a claim written off: it is not the debt that was
    settled. Interest and penalty that ran on meanwhile are given up with the rest.
    """
    held, today = one(db, loan), clock.today()
    if held.loan.state not in (LoanState.ACTIVE, LoanState.WRITTEN_OFF):
        raise Refusal(f"loan {loan} is {held.loan.state}; nothing is left on it to forgive", code="loan_not_active", loan=loan)
    rest = rest_of(held.state, max(today, held.account.last_event_on))
    written_off = held.state.written_off_on
    # A write-off takes interest that was paid ahead as paid, where a pay-off, which was shown, counts it for principal.
    ahead = sum(row.interest_paid for row in held.state.instalments if written_off and row.due_on > written_off)
    given_up, most = (rest.total, agreed.total + ahead) if written_off else (rest.principal, agreed.principal)
    if given_up > most:
        left, limit = Money(given_up, held.loan.currency).decimal(), Money(most, held.loan.currency).decimal()
        raise Refusal(f"{left} is left of the debt, and {limit} was to be forgiven", code="settlement_debt_grew", left=left, most=limit)
    payload = {"settlement": settlement, "reason": said(reason, "reason"), "parts": rest.as_json()}
    return do(db, held, clock, by, held.lender, [Event(held.account.last_event_no + 1, "forgiven", today, today, payload)])


def expect(db: Db, *, loan: str, runs: bool) -> None:
    """From now on each receipt of the loan is told to its settlement, or none is any more."""
    store.expect_settlement(db, loan_id_of(db, loan), runs)
