"""Cooling-off: for some days after the payout the borrower may withdraw, and owes the principal and nothing else.

No general law asks for it; it is the lender's own promise, and stands in the pack (`cooling_off.days`). When the principal
is back the loan is paid off and the thing goes home. If it does not come back in time, the withdrawal lapses and the
contract stands as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from holdfast.duties import enter, take, take_own
from holdfast.journal import Actor
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import Fault, Refusal
from holdfast.life import LoanState
from holdfast.loans import Happened
from holdfast.payments import store
from holdfast.payments.model import Payout, Withdrawal
from holdfast.payments.states import PayoutState
from holdfast.payments.store import Db


def ask_withdrawal(db: Db, *, clock: Clock, by: Actor, loan: str) -> Withdrawal:
    """The borrower withdraws. From today only the principal is asked for; servicing waives the rest because of what has happened.

    Refusal once the days are over, for a loan that was not paid out here, and a second time.
    """
    case = take_own(db, loan, by)
    case.must_be(LoanState.ACTIVE)
    paid = _paid_out(db, case.loan.loan_id)
    if not paid or paid[0].paid_on is None:
        raise Refusal(f"loan {loan} was not paid out by this book; there is nothing to withdraw from", code="no_cooling_off", loan=loan)
    if store.withdrawal(db, case.loan.loan_id) is not None:
        raise Refusal(f"loan {loan} was withdrawn from before", code="withdrawn_before", loan=loan)
    today, days = clock.today(), case.number("cooling_off.days", case.loan.opened_on)
    last = paid[0].paid_on + timedelta(days=days)
    if not days or today > last:
        raise Refusal(
            f"the cooling-off period of loan {loan} ended on {last}", code="cooling_off_over", loan=loan, ended_on=last.isoformat()
        )
    says = {"paid_on": paid[0].paid_on.isoformat(), "days": days, "principal": paid[0].amount.as_json()}
    enter(db, case, clock=clock, by=by, kind="cooling_off.asked", says=says, opens=("cooling_off",))
    duty = case.open("cooling_off")
    if duty is None:
        raise Fault(f"loan {loan} was withdrawn from without a duty", code="duty_missing")
    store.insert_withdrawal(db, loan_id=case.loan.loan_id, asked_on=today, return_by=duty.due_on)
    return _withdrawal(db, case.loan.loan_id, Happened("cooling_off.asked", loan, {"on": today}))


def last_day_to_withdraw(db: Db, loan: str, *, clock: Clock) -> date | None:
    """Until when the borrower may still withdraw; None if that is over, was done, or never was."""
    case = take(db, loan, None, lock=False)
    paid = _paid_out(db, case.loan.loan_id)
    days = case.number("cooling_off.days", case.loan.opened_on)
    if case.loan.state is not LoanState.ACTIVE or not paid or paid[0].paid_on is None or not days:
        return None
    last = paid[0].paid_on + timedelta(days=days)
    return last if clock.today() <= last and store.withdrawal(db, case.loan.loan_id) is None else None


def complete(db: Db, *, clock: Clock, by: Actor, loan: str) -> Withdrawal:
    """The principal is back: the withdrawal is done. Refusal while principal is owed."""
    case = take(db, loan, None)
    if case.loan.principal_out:
        raise Refusal(f"loan {loan} still owes principal", code="principal_owed", loan=loan)
    enter(db, case, clock=clock, by=by, kind="cooling_off.completed", says={}, closes=("cooling_off",), while_frozen=True)
    store.end_withdrawal(db, case.loan.loan_id, "completed")
    return _withdrawal(db, case.loan.loan_id)


def lapse(db: Db, *, clock: Clock, by: Actor, loan: str) -> Withdrawal:
    """The principal did not come back in time: the contract stands as it was, and servicing asks for interest again."""
    case = take(db, loan, None)
    standing = store.withdrawal(db, case.loan.loan_id)
    if standing is None or standing.state != "asked" or standing.return_by >= clock.today():
        raise Refusal(f"no withdrawal of loan {loan} has run out", code="not_lapsed", loan=loan)
    enter(db, case, clock=clock, by=by, kind="cooling_off.lapsed", says={"return_by": standing.return_by.isoformat()},
          closes=("cooling_off",), while_frozen=True)  # fmt: skip
    store.end_withdrawal(db, case.loan.loan_id, "lapsed")
    return _withdrawal(db, case.loan.loan_id, Happened("cooling_off.lapsed", loan, {"on": clock.today()}))


def withdrawals_to_end(db: Db, *, clock: Clock) -> list[tuple[Callable[..., Withdrawal], str]]:
    """The withdrawals that are over, with the verb that ends each: `complete` where the principal is back, else `lapse`."""
    return [(complete if back else lapse, loan) for loan, back in store.withdrawals_to_end(db, clock.today())]


def withdrawal_of(db: Db, loan_id: int) -> Withdrawal | None:
    """The withdrawal of a loan, if there is one."""
    return store.withdrawal(db, loan_id)


def _paid_out(db: Db, loan_id: int) -> list[Payout]:
    """The payout that the loan began with; a further one begins no days of its own."""
    return [each for each in store.payouts(db, None, loan_id=loan_id, states=[PayoutState.PAID]) if not each.further]


def _withdrawal(db: Db, loan_id: int, *happened: Happened) -> Withdrawal:
    found = store.withdrawal(db, loan_id)
    if found is None:
        raise Fault(f"loan {loan_id} has no withdrawal", code="withdrawal_missing")
    return Withdrawal(found.loan, found.state, found.asked_on, found.return_by, happened)
