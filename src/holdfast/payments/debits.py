"""Direct debits: what is due is collected under a mandate, on the days that the pack plans, and never twice.

Each morning the plan proposes one debit for each instalment that is due, unpaid and on a planned day. Before it goes to the rail the sum
is looked at once more under the loan's lock: what has been paid meanwhile is dropped. The order is on record as sent before the rail
hears of it, as a payout's is, and is only enquired after that. What was collected is a receipt; what the payer's bank takes back
reverses that receipt. When the last planned attempt has failed a person speaks to the borrower; of one that stays without an end a
person is told, while it is asked after on and on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Final, Protocol

from holdfast.duties import Case, enter, take, take_by_id
from holdfast.journal import SYSTEM, Actor
from holdfast.kernel import canonical
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, NotFound, Refusal
from holdfast.kernel.ids import new_id
from holdfast.kernel.money import Money
from holdfast.life import LoanState
from holdfast.loans import Happened
from holdfast.parties import Scope, Staff, box_of, party_by_id, require
from holdfast.payments import mandate_store, store
from holdfast.payments.hearing import FIRST_ENQUIRY, keep_heard, next_enquiry
from holdfast.payments.mandate_rules import attempt_today, given_up, to_collect
from holdfast.payments.model import Debit, Mandate
from holdfast.payments.ports import Answer, Order, Outcome
from holdfast.payments.states import DEBIT_LIFE, DebitEvent, DebitState, MandateState, after
from holdfast.payments.store import Db

SHORTEST_REASON: Final = 4
_DUTY: Final = "debit_failed"
# After so many enquiries without an end a person is told: by `next_enquiry` that is about six hours.
_TOLD_AFTER: Final = 12
_EVENTS: Final = {
    Outcome.ACCEPTED: DebitEvent.ACCEPTED,
    Outcome.PAID: DebitEvent.PAID,
    Outcome.REJECTED: DebitEvent.REJECTED,
    Outcome.UNKNOWN: DebitEvent.UNKNOWN,
}
_TRIED: Final = (DebitState.SENT, DebitState.UNKNOWN, DebitState.COLLECTED, DebitState.FAILED, DebitState.RETURNED)
_LIVE: Final = (DebitState.PROPOSED, DebitState.SENT, DebitState.UNKNOWN)
_FINAL: Final = (DebitState.COLLECTED, DebitState.FAILED, DebitState.RETURNED)


class Due(Protocol):
    """An instalment that is due, and what of it is not paid."""

    @property
    def n(self) -> int: ...
    @property
    def due_on(self) -> date: ...
    @property
    def unpaid(self) -> Money: ...


# What of a loan is due by a day and not paid, the oldest first; servicing answers it.
DueOf = Callable[[Db, int, date], Sequence[Due]]


def propose_debits(db: Db, *, clock: Clock, due_of: DueOf) -> int:
    """Propose today's debits, one for each due instalment whose planned day has come; how many. Safe to run again.

    Duties about failed debits whose instalments have been paid since are closed as needless.
    """
    made = 0
    for loan_id in mandate_store.loans_to_collect(db, clock.today()):
        made += _propose(db, clock, loan_id, due_of)
    for loan_id in mandate_store.loans_with_failed_debits(db):
        case = take_by_id(db, loan_id)
        if case.open(_DUTY) is not None and not due_of(db, loan_id, clock.today()):
            enter(db, case, clock=clock, by=SYSTEM, kind="debit.needless", says={}, closes=(_DUTY,), while_frozen=True)
    return made


def instruct_debit(db: Db, *, clock: Clock, debit: str, due_of: DueOf) -> Order | None:
    """Write a proposed debit down as sent, and give the order that the rail is to be called with once this is committed.

    None if it is not to be sent any more: the instalment is paid, the mandate is gone, or the loan is frozen.
    """
    case, found = _held(db, debit)
    if found.state is not DebitState.PROPOSED:
        return None
    mandate = _active(db, case)
    due = next((each for each in due_of(db, found.loan_id, clock.today()) if each.n == found.n), None)
    amount = _amount(db, clock, case, mandate, due) if mandate is not None and due is not None else None
    if mandate is None or mandate.mandate_no != found.mandate_no or amount is None or case.freezes:
        state = after(DEBIT_LIFE, f"debit {debit}", found.state, DebitEvent.DROP)
        why = "the loan is frozen" if case.freezes else "paid meanwhile" if due is None else "nothing may be collected today"
        mandate_store.update_debit(db, found, state=state, why=why)
        return None
    state = after(DEBIT_LIFE, f"debit {debit}", found.state, DebitEvent.SEND)
    mandate_store.update_debit(db, found, state=state, amount=amount.minor, sent_at=clock.now(), enquire_at=clock.now() + FIRST_ENQUIRY)
    says = {"debit": debit, "mandate": mandate.public_id, "instalment": found.n, "amount": amount.as_json()}
    enter(db, case, clock=clock, by=SYSTEM, kind="debit.sent", says=says)
    sealed, _ = mandate_store.sealed_of_mandate(db, mandate)
    assert case.loan.party_id is not None
    opened = canonical.decode(box_of(db, party_by_id(db, case.loan.party_id)).open(sealed, mandate.public_id))
    return Order(debit, amount, opened["payer"], opened["account"], case.loan.contract_no, clock.today())


def record_debit(db: Db, *, clock: Clock, by: Actor, debit: str, answer: Answer, source: str = "rail") -> Debit:
    """What the rail said of a debit that was sent. Collected: its money is a receipt, posted in the same transaction.

    Rejected after it was collected is a contradiction: nothing moves, and a person has a duty. When the last planned attempt fails a
    person follows it up.
    """
    if answer.outcome is Outcome.RETURNED:
        return return_debit(db, clock=clock, by=by, debit=debit, answer=answer, source=source)
    case, found = _held(db, debit)
    if found.state is DebitState.COLLECTED and answer.outcome is Outcome.REJECTED:
        keep_heard(db, clock, debit, answer, source, "contradicts")
        if case.loan.state is LoanState.ACTIVE:
            told = {"debit": debit, "why": answer.why, "reference": answer.reference}
            enter(db, case, clock=clock, by=by, kind="debit.contradicted", says=told, opens=(_DUTY,), while_frozen=True)
        return found
    was = found.state
    state = after(DEBIT_LIFE, f"debit {debit}", was, _EVENTS[answer.outcome])
    if was in _FINAL and state is was:
        keep_heard(db, clock, debit, answer, source, "known")
        return found
    keep_heard(db, clock, debit, answer, source, "moved")
    says: dict[str, Any] = {"debit": debit, "reference": answer.reference, "amount": found.amount.as_json()}
    if state is DebitState.COLLECTED:
        paid_on = min(answer.paid_on or clock.today(), clock.today())
        mandate_store.update_debit(db, found, state=state, reference=answer.reference, why="", paid_on=paid_on, enquire_at=None)
        says |= {"paid_on": paid_on.isoformat(), "instalment": found.n}
        enter(db, case, clock=clock, by=by, kind="debit.collected", says=says, while_frozen=True)
        facts = {"amount": found.amount, "received_on": paid_on, "source": debit}
        return _debit(db, debit, (Happened("money.matched", found.loan, facts),))
    if state is DebitState.FAILED:
        mandate_store.update_debit(db, found, state=state, reference=answer.reference, why=answer.why, enquire_at=None)
        enter(db, case, clock=clock, by=by, kind="debit.failed", says=says | {"why": answer.why}, while_frozen=True)
        _give_up(db, clock, case, found)
        return _debit(db, debit)
    mandate_store.update_debit(
        db, found, state=state, reference=answer.reference or found.reference, why=answer.why, enquiries=found.enquiries + 1,
        enquire_at=next_enquiry(clock.now(), found.enquiries),
    )  # fmt: skip
    if found.enquiries + 1 == _TOLD_AFTER and case.loan.state is LoanState.ACTIVE and case.open(_DUTY) is None:
        says = {"debit": debit, "instalment": found.n, "enquiries": _TOLD_AFTER}
        enter(db, case, clock=clock, by=SYSTEM, kind="debit.unanswered", says=says, opens=(_DUTY,), while_frozen=True)
    return _debit(db, debit)


def return_debit(db: Db, *, clock: Clock, by: Actor, debit: str, answer: Answer, source: str) -> Debit:
    """The payer's bank took the money back: the receipt that it made is reversed in the same transaction. A second time changes nothing.

    So it is too if nobody heard that it was collected: then there is no receipt, and none is made when that is said late.
    """
    case, found = _held(db, debit)
    was = found.state
    state = after(DEBIT_LIFE, f"debit {debit}", was, DebitEvent.RETURN)
    keep_heard(db, clock, debit, answer, source, "known" if was is DebitState.RETURNED else "moved")
    if was is DebitState.RETURNED:
        return found
    mandate_store.update_debit(db, found, state=state, why=answer.why, enquire_at=None)
    says = {"debit": debit, "amount": found.amount.as_json(), "why": answer.why}
    enter(db, case, clock=clock, by=by, kind="debit.returned", says=says, while_frozen=True)
    _give_up(db, clock, case, found)
    if was is not DebitState.COLLECTED:
        return _debit(db, debit)
    return _debit(db, debit, (Happened("money.returned", found.loan, {"source": debit, "reason": "the payer's bank took it back"}),))


def follow_up_debit(db: Db, *, clock: Clock, by: Staff, loan: str, words: str) -> None:
    """A caller has spoken to the borrower about the debit that failed, and says what came of it; the duty is done."""
    require(by, "debit.note")
    if len(words.strip()) < SHORTEST_REASON:
        raise BadInput("words: say what came of it", field="words")
    case = take(db, loan, by.scope)
    if case.open(_DUTY) is None:
        raise Refusal(f"loan {loan} has no failed debit to follow up", code="duty_not_open", field="loan")
    says = {"words": words.strip()}
    enter(db, case, clock=clock, by=by.actor, kind="debit.followed_up", says=says, closes=(_DUTY,), while_frozen=True)


def debits(db: Db, scope: Scope | None, *, loan_id: int | None = None, states: Sequence[DebitState] = tuple(DebitState)) -> list[Debit]:
    """Direct debits of loans within sight, newest first."""
    return mandate_store.debits(db, scope, loan_id=loan_id, states=states)


# ── how it is done ─────────────────────────────────────────────────────────────────────────────────────────


def _propose(db: Db, clock: Clock, loan_id: int, due_of: DueOf) -> int:
    case, today = take_by_id(db, loan_id), clock.today()
    mandate = _active(db, case)
    if mandate is None or case.freezes or case.loan.state is not LoanState.ACTIVE:
        return 0
    plan, earlier, made = _plan(case, clock), mandate_store.debits(db, None, loan_id=loan_id), 0
    for due in due_of(db, loan_id, today):
        of = [each for each in earlier if each.n == due.n]
        tried = [each.on for each in of if each.state in _TRIED]
        if any(each.state in _LIVE for each in of) or not attempt_today(due.due_on, plan, tried, today):
            continue
        amount = _amount(db, clock, case, mandate, due)
        if amount is not None:
            made += mandate_store.insert_debit(
                db, loan_id=loan_id, public_id=new_id("db"), mandate_no=mandate.mandate_no, n=due.n, due_on=due.due_on, amount=amount,
                on=today,
            )  # fmt: skip
    return made


def _amount(db: Db, clock: Clock, case: Case, mandate: Mandate, due: Due) -> Money | None:
    """What is collected of an instalment today: within what is due, the mandate's limits and the pack's; None for nothing."""
    times, this_month = mandate_store.debits_of_month(db, case.loan.loan_id, clock.today().replace(day=1))
    if times >= case.number("debit.most_a_month", clock.today()):
        return None
    minor = to_collect(due.unpaid.minor, most_each=mandate.most_each.minor, most_a_month=mandate.most_a_month.minor, this_month=this_month)
    return Money(minor, due.unpaid.currency) if minor else None


def _give_up(db: Db, clock: Clock, case: Case, found: Debit) -> None:
    """After the last planned attempt at an instalment a person follows it up."""
    tried = [each for each in mandate_store.debits(db, None, loan_id=found.loan_id) if each.n == found.n and each.state in _TRIED]
    if case.loan.state is LoanState.ACTIVE and given_up(_plan(case, clock), len(tried)) and case.open(_DUTY) is None:
        says = {"debit": found.public_id, "instalment": found.n, "attempts": len(tried)}
        enter(db, case, clock=clock, by=SYSTEM, kind="debit.given_up", says=says, opens=(_DUTY,), while_frozen=True)


def _plan(case: Case, clock: Clock) -> tuple[int, ...]:
    return case.pack.numbers("debit.retry_days", on=clock.today(), lender_type=case.lender.lender_type, product=case.loan.product_code)


def _active(db: Db, case: Case) -> Mandate | None:
    found = mandate_store.mandates(db, None, loan_id=case.loan.loan_id, states=[MandateState.ACTIVE])
    return found[0] if found else None


def _held(db: Db, public_id: str) -> tuple[Case, Debit]:
    loan_id = store.loan_of_debit(db, public_id)
    if loan_id is None:
        raise NotFound(f"there is no debit {public_id}", code="no_debit", field="debit")
    return take_by_id(db, loan_id), _debit(db, public_id)


def _debit(db: Db, public_id: str, happened: tuple[Happened, ...] = ()) -> Debit:
    return mandate_store.debits(db, None, public_id=public_id, happened=happened)[0]
