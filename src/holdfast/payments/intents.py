"""Payment intents: the borrower says on the phone page what he pays, and his transfer carries the code.

That he says so is shown as money on its way, apart from what is here: it pays nothing and releases nothing. It clears
when a line of the bank's statement comes in for it, and expires if none does.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from holdfast.duties import Case, enter, take_by_id, take_own
from holdfast.journal import SYSTEM, Actor
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, NotFound, Refusal
from holdfast.kernel.ids import new_id
from holdfast.kernel.money import LARGEST_MINOR, Money
from holdfast.life import LoanState
from holdfast.payments import store
from holdfast.payments.matching import new_code
from holdfast.payments.model import Intent
from holdfast.payments.states import INTENT_LIFE, IntentEvent, IntentState, after
from holdfast.payments.store import Db

WHAT: Final = ("instalment", "arrears", "all")
WAITING: Final = (IntentState.OPEN, IntentState.SAID_PAID)


def intend(db: Db, *, clock: Clock, by: Actor, loan: str, what: str, amount: Money) -> Intent:
    """The borrower means to pay this much. One that stands open and was not said to be paid gives way to it.

    The amount is what the page quoted; whatever comes in is applied as it comes. Refusal unless the loan is being repaid.
    """
    if what not in WHAT:
        raise BadInput(f"what: pay one of {', '.join(WHAT)}", field="what")
    case = take_own(db, loan, by)
    case.must_be(LoanState.ACTIVE, LoanState.WRITTEN_OFF)
    if not 0 < amount.minor <= LARGEST_MINOR or amount.currency != case.loan.currency:
        raise BadInput(f"amount: pay more than nothing, in {case.loan.currency}", field="amount")
    for standing in store.intents(db, loan_id=case.loan.loan_id, states=[IntentState.OPEN]):
        if (standing.what, standing.amount) == (what, amount) and standing.expires_on >= clock.today():
            return standing
        _move(db, clock, by, case, standing, IntentEvent.CANCEL)
    public_id = new_id("pi")
    expires_on = clock.today() + timedelta(days=case.number("intent.days", clock.today()))
    while not store.insert_intent(
        db, loan_id=case.loan.loan_id, public_id=public_id, code=new_code(), what=what, amount=amount, at=clock.now(), expires_on=expires_on
    ):
        continue  # the code is somebody's already: draw another
    says = {"intent": public_id, "what": what, "amount": amount.as_json()}
    enter(db, case, clock=clock, by=by, kind="intent.opened", says=says, while_frozen=True)
    return _intent(db, case, public_id)


def say_paid(db: Db, *, clock: Clock, by: Actor, loan: str, intent: str) -> Intent:
    """The borrower says that he has paid: from now on the page waits for the bank. Nothing is booked."""
    case = take_own(db, loan, by)
    return _move(db, clock, by, case, _intent(db, case, intent), IntentEvent.SAY_PAID)


def cancel_intent(db: Db, *, clock: Clock, by: Actor, loan: str, intent: str) -> Intent:
    """The borrower does not pay after all. Money that comes nevertheless is applied as any other."""
    case = take_own(db, loan, by)
    return _move(db, clock, by, case, _intent(db, case, intent), IntentEvent.CANCEL)


def expire_intents(db: Db, *, clock: Clock) -> int:
    """End the intents whose day has passed; how many there were."""
    over = store.intents(db, states=list(WAITING), expired_by=clock.today())
    for each in over:
        case = take_by_id(db, each.loan_id)
        standing = _intent(db, case, each.public_id)
        if standing.state in WAITING:
            _move(db, clock, SYSTEM, case, standing, IntentEvent.EXPIRE)
    return len(over)


def clear(db: Db, *, clock: Clock, by: Actor, case: Case, line_id: int, amount: Money, intent: Intent | None) -> None:
    """A line of the bank's statement has come in for the loan: the intent that it was for is cleared, if there is one."""
    waiting = (*WAITING, IntentState.EXPIRED)
    if intent is None:
        same = [each for each in store.intents(db, loan_id=case.loan.loan_id, states=list(waiting)) if each.amount == amount]
        intent = same[0] if len(same) == 1 else None
    if intent is not None and (standing := _intent(db, case, intent.public_id)).state in waiting:
        _move(db, clock, by, case, standing, IntentEvent.CLEAR, line_id=line_id)


def unclear(db: Db, *, clock: Clock, by: Actor, line_id: int) -> None:
    """The line that cleared an intent was no line of this loan: the intent has run out."""
    intent = store.intent_cleared_by(db, line_id)
    if intent is not None:
        case = take_by_id(db, intent.loan_id)
        _move(db, clock, by, case, intent, IntentEvent.REVERSE)


def intents_of(db: Db, loan_id: int) -> list[Intent]:
    """All intents of a loan, newest first."""
    return store.intents(db, loan_id=loan_id)


def uncleared(db: Db, loan_id: int, currency: str = "CNY") -> Money:
    """What the borrower says is paid and is not here."""
    return Money(store.said_paid(db, loan_id), currency)


def _intent(db: Db, case: Case, public_id: str) -> Intent:
    found = store.intents(db, loan_id=case.loan.loan_id, public_id=public_id)
    if not found:
        raise NotFound(f"loan {case.loan.public_id} has no intent {public_id}", code="no_intent", field="intent")
    return found[0]


def _move(
    db: Db, clock: Clock, by: Actor, case: Case, intent: Intent, event: IntentEvent, *, line_id: int | None = None
) -> Intent:  # fmt: skip
    state = after(INTENT_LIFE, f"intent {intent.public_id}", intent.state, event)
    if event is IntentEvent.SAY_PAID and intent.expires_on < clock.today():
        raise Refusal(f"intent {intent.public_id} has run out; choose again what to pay", code="intent_over", intent=intent.public_id)
    said = {"said_at": clock.now()} if event is IntentEvent.SAY_PAID else {}
    store.update_intent(db, intent, state=state, line_id=line_id, **said)
    says = {"intent": intent.public_id, "amount": intent.amount.as_json()}
    enter(db, case, clock=clock, by=by, kind=f"intent.{_RECORDS[event]}", says=says, while_frozen=True)
    return _intent(db, case, intent.public_id)


_RECORDS: Final = {
    IntentEvent.SAY_PAID: "said_paid",
    IntentEvent.CLEAR: "cleared",
    IntentEvent.EXPIRE: "expired",
    IntentEvent.CANCEL: "cancelled",
    IntentEvent.REVERSE: "not_cleared",
}
