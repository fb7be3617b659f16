"""Further payouts: a loan that is being repaid grows, under the limit that its contract names.

Money goes out through payments, by two people. Before they ask and again before they agree, `may_lend_more` says whether the loan
may grow; when the bank has paid, `lend_more` books what went out, whatever has become of the loan meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import psycopg

from holdfast import pledges
from holdfast.duties import in_sight, take
from holdfast.journal import Actor
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, Refusal
from holdfast.kernel.money import Money
from holdfast.life import LoanState
from holdfast.loans import loan_id_of
from holdfast.parties import Staff
from holdfast.policy import lender
from holdfast.servicing import store
from holdfast.servicing.fold import Event, step
from holdfast.servicing.held import Held
from holdfast.servicing.recalculation import standing
from holdfast.servicing.relief import keep_ceiling
from holdfast.servicing.service import Done, do, one, owed

Db = psycopg.Connection[Any]

# A bank may take a few days to pay; by then an instalment must still be to come, for the sum joins those that are.
_LEAST_AHEAD: Final = timedelta(days=7)
_OWES: Final = (LoanState.ACTIVE, LoanState.RELEASING)


@dataclass(frozen=True, slots=True)
class Room:
    """How far a loan may grow: the most that all its payouts may come to, what has gone out, and what is left of it."""

    limit: Money
    paid_out: Money
    left: Money


def room_of(db: Db, loan_id: int) -> Room:
    """What the contract leaves to pay out. Without a limit the principal is all that ever goes out."""
    return _room(store.load(db, [loan_id], lock=False)[0])


def may_lend_more(db: Db, *, clock: Clock, by: Staff, loan: str, amount: Money) -> Room:
    """How far the loan may grow, if by `amount` today; Refusal, saying why, if not. Writes nothing but valuations of what is pledged.

    The contract must leave room, nothing may be late, the contract as it stands now must keep today's ceiling, what is
    pledged must be worth what would then be owed, and the instalments still to come must be able to take it.
    """
    in_sight(db, loan, by.scope)
    held, today = one(db, loan), clock.today()
    room = _grows_by(held, amount)
    if held.loan.state is not LoanState.ACTIVE:
        raise Refusal(f"loan {loan} is {held.loan.state}; only a loan that is being repaid grows", code="loan_not_active", loan=loan)
    if held.account.charges_barred:
        raise Refusal(f"loan {loan} was taken over above a ceiling; it may not grow", code="may_not_grow", loan=loan)
    if late := standing(held.state, today).unpaid_due(today):
        owing = Money(late, amount.currency).decimal()
        raise Refusal(f"{owing} of loan {loan} is due and unpaid; that comes first", code="in_arrears", late=owing)
    keep_ceiling(db, held, [], terms=held.state.now, on=today)
    last = max((row.due_on for row in held.state.instalments), default=today)
    if last < today + _LEAST_AHEAD:
        raise Refusal(
            f"the last instalment of loan {loan} falls due on {last}; nothing more can be spread over it",
            code="too_near_the_end",
            last=last,
        )
    step(held.state.copy(), _event(held, amount, today, today))
    _covered(db, clock, by, loan, amount)
    return room


def lend_more(db: Db, *, clock: Clock, by: Actor, loan: str, amount: Money, paid_on: date) -> Done:
    """A further sum of the same loan has gone out on `paid_on`, whole; it joins the instalments still to fall due.

    The money is out: a loan that was paid off while the bank was at work owes again. Interest runs from `paid_on`, or from the loan's last
    event if that is later. Refusal for more than the contract's limit, and for a loan that owes nothing any more or was written off.
    """
    held = one(db, loan)
    today = clock.today()
    if not held.state.terms.disbursed_on <= paid_on <= today:
        raise BadInput(f"paid_on: name a day from {held.state.terms.disbursed_on} to {today}, not {paid_on}", field="paid_on")
    _grows_by(held, amount)
    if held.loan.state not in _OWES:
        raise Refusal(f"loan {loan} is {held.loan.state}; only a loan that is being repaid grows", code="loan_not_active", loan=loan)
    event = _event(held, amount, max(paid_on, held.account.last_event_on), today)
    return do(db, held, clock, by, lender(db), [event])


def _room(held: Held) -> Room:
    terms, currency, out = held.state.terms, held.loan.currency, held.state.totals.disbursed
    most = terms.limit or terms.principal
    return Room(Money(most, currency), Money(out, currency), Money(max(most - out, 0), currency))


def _grows_by(held: Held, amount: Money) -> Room:
    if amount.minor <= 0 or amount.currency != held.loan.currency:
        raise BadInput(f"amount: pay out more than nothing, in {held.loan.currency}", field="amount")
    room = _room(held)
    if amount.minor > room.left.minor:
        raise Refusal(
            f"the contract of loan {held.loan.public_id} leaves {room.left.decimal()} {room.left.currency} to pay out",
            code="above_limit", field="amount", left=room.left.decimal(),
        )  # fmt: skip
    return room


def _event(held: Held, amount: Money, on: date, entered_on: date) -> Event:
    return Event(held.account.last_event_no + 1, "disbursed", on, entered_on, {"amount": amount.minor})


def _covered(db: Db, clock: Clock, by: Staff, loan: str, amount: Money) -> None:
    """Refusal unless what is pledged, valued today, is good for the debt and the further sum; a loan of no thing needs none."""
    held = store.load(db, [loan_id_of(db, loan)], lock=False)[0]
    if held.collateral == "none":
        return
    cover = pledges.cover_of(db, clock=clock, by=by.actor, case=take(db, loan, by.scope, lock=False), owed=owed)
    needed = cover.owed.minor + amount.minor
    if cover.remaining.minor < needed:
        raise Refusal(
            f"what is pledged is good for {cover.remaining.decimal()} {cover.remaining.currency}; with the further sum "
            f"{Money(needed, amount.currency).decimal()} would be owed",
            code="further_not_covered", field="amount", remaining=cover.remaining.decimal(), owed=Money(needed, amount.currency).decimal(),
        )  # fmt: skip
