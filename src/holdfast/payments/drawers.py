"""Drawers: cash at the counter, and the two people who close it.

A cashier takes cash only into an open drawer of his own. In the evening he counts it; another person counts again and
closes it. What is counted and what should be there are both kept: a difference needs words, and stays
an open item until somebody settles it.

A receipt that is taken back once its drawer is closed takes no cash out of it: the money was counted by two and may be in the
bank. What the receipts account for is that much less, so it is a difference of the drawer, found late: it clears a shortage
that the receipt had made, or it is money of somebody's, until it is put on the right loan, given back, or nobody's.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from holdfast import approvals
from holdfast.duties import take
from holdfast.journal import Actor, write_record
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, Forbidden, NotFound, Refusal
from holdfast.kernel.ids import new_id
from holdfast.kernel.money import LARGEST_MINOR, Money
from holdfast.ledger import Account, Line, house_posted, post_house
from holdfast.life import LoanState
from holdfast.loans import Happened
from holdfast.parties import Reach, Staff, require, staff_by_id
from holdfast.payments import store
from holdfast.payments.model import CashTaken, Drawer, DrawerEntry
from holdfast.payments.states import DRAWER_LIFE, DrawerEvent, DrawerState, after
from holdfast.payments.store import Db
from holdfast.policy import lender

SHORTEST_REASON: Final = 4
_CLOSE: Final = "drawer.close"
Outcome = Literal["ours", "given_back", "loan"]
_WENT_TO: Final[dict[str, Account]] = {"ours": Account.CASH_LOSS, "given_back": Account.BANK, "loan": Account.CASH}
_TAKES_MONEY: Final = (LoanState.ACTIVE, LoanState.WRITTEN_OFF, LoanState.RELEASING)


def open_drawer(db: Db, *, clock: Clock, by: Staff, float_held: Money) -> Drawer:
    """A drawer of one's own, with the change that lies in it. Refusal while another one of the same cashier is open."""
    require(by, "drawer.open")
    if by.branch_id is None:
        raise Refusal("you belong to no branch, so there is no counter for you", code="no_counter")
    _amount(float_held, lender(db).currency, "float", least=0)
    public_id = new_id("dr")
    drawer_id = store.insert_drawer(
        db, public_id=public_id, branch_id=by.branch_id, cashier_id=by.staff_id, float_held=float_held, at=clock.now()
    )  # fmt: skip
    if drawer_id is None:
        raise Refusal("you have an open drawer; count it before you open another", code="drawer_open")
    _record(db, clock, by.actor, drawer_id, public_id, "drawer.opened", {"float": float_held.as_json()})
    return _drawer(db, public_id)


def post_cash(db: Db, *, clock: Clock, by: Staff, loan: str, amount: Money) -> CashTaken:
    """Take cash for a loan into one's own open drawer; servicing posts it today because of what has happened.

    Refusal without an open drawer, and for a loan that takes no money.
    """
    require(by, "receipt.post")
    case = take(db, loan, by.scope)
    drawer = drawer_of(db, by)
    if drawer is None:
        raise Refusal("you have no open drawer; open one before you take cash", code="no_open_drawer")
    if case.loan.state not in _TAKES_MONEY:
        raise Refusal(f"loan {loan} is {case.loan.state}; nothing is owed on it, so it takes no receipt", code="loan_not_open", loan=loan)
    _amount(amount, case.loan.currency, "amount", least=1)
    if amount.currency != drawer.float_held.currency:
        raise BadInput(f"amount: your drawer holds {drawer.float_held.currency}", field="amount")
    store.lock_drawer(db, drawer.public_id)
    after(DRAWER_LIFE, f"drawer {drawer.public_id}", _drawer(db, drawer.public_id).state, DrawerEvent.TAKE)
    number = store.insert_entry(db, drawer_id=drawer.drawer_id, loan_id=case.loan.loan_id, amount=amount.minor, at=clock.now())
    facts = {"amount": amount, "received_on": clock.today(), "source": f"{drawer.public_id} {number}"}
    return CashTaken(drawer.public_id, number, loan, amount, (Happened("money.matched", loan, facts),))


def count_drawer(db: Db, *, clock: Clock, by: Staff, drawer: str, counted: Money, words: str = "") -> Drawer:
    """The cashier says what lies in his drawer. If that is not what should be there, he says why. Another person closes it."""
    require(by, "drawer.open")
    found = _held(db, by, drawer)
    if found.cashier_id != by.staff_id:
        raise Refusal(f"drawer {drawer} is {found.cashier}'s; a drawer is counted by its own cashier", code="not_your_drawer")
    state = after(DRAWER_LIFE, f"drawer {drawer}", found.state, DrawerEvent.COUNT)
    _amount(counted, found.float_held.currency, "counted", least=0)
    if counted != found.expected and len(words.strip()) < SHORTEST_REASON:
        raise BadInput("words: what is counted is not what should be there; say why", field="words")
    reason = words.strip() or "counted, and it agrees"
    asked = approvals.ask(db, clock=clock, by=by, act=_CLOSE, inputs=_inputs(found, counted), reason=reason)
    store.update_drawer(db, found, state=state, counted=counted.minor, words=words.strip(), approval=asked.public_id)
    says = {"counted": counted.as_json(), "expected": found.expected.as_json(), "words": words.strip()}
    _record(db, clock, by.actor, found.drawer_id, drawer, "drawer.counted", says)
    return _drawer(db, drawer)


def close_drawer(db: Db, *, clock: Clock, by: Staff, drawer: str, counted: Money, words: str = "") -> Drawer:
    """A second person has counted too, and closes. If the two counts differ, the cashier counts again: the drawer is open once more."""
    require(by, _CLOSE)
    found = _held(db, by, drawer)
    if found.counted is None or found.approval is None:
        raise Refusal(f"drawer {drawer} is {found.state}; its cashier counts it first", code="wrong_state", state=str(found.state))
    state = after(DRAWER_LIFE, f"drawer {drawer}", found.state, DrawerEvent.CLOSE)
    _amount(counted, found.float_held.currency, "counted", least=0)
    if counted != found.counted:
        again = words.strip() or "the second count differs from the first"
        approvals.answer(db, clock=clock, by=by, public_id=found.approval, approved=False, words=again)
        state = after(DRAWER_LIFE, f"drawer {drawer}", found.state, DrawerEvent.RECOUNT)
        if store.drawers(db, cashier_id=found.cashier_id, states=[DrawerState.OPEN]):
            raise Refusal(f"{found.cashier} has opened another drawer; it must be counted first", code="drawer_open")
        store.update_drawer(db, found, state=state, counted=None, approval=None)
        _record(db, clock, by.actor, found.drawer_id, drawer, "drawer.recount", {"counted": counted.as_json(), "words": again})
        return _drawer(db, drawer)
    approvals.answer(db, clock=clock, by=by, public_id=found.approval, approved=True, words=words)
    approvals.spend(db, clock=clock, by=by.actor, public_id=found.approval, act=_CLOSE, inputs=_inputs(found, counted))
    difference = counted - found.expected
    store.update_drawer(db, found, state=state, closer_id=by.staff_id, closed_at=clock.now(), difference=difference.minor)
    _enter(db, clock, found, Account.CASH, Account.CASH_DIFFERENCE, difference, "difference")
    says = {"counted": counted.as_json(), "expected": found.expected.as_json(), "difference": difference.as_json()}
    _record(db, clock, by.actor, found.drawer_id, drawer, "drawer.closed", says)
    return _drawer(db, drawer)


def settle_difference(db: Db, *, clock: Clock, by: Staff, drawer: str, words: str, outcome: Outcome = "ours", loan: str = "") -> Drawer:
    """End the open item of a drawer that did not agree, saying what became of the difference. Not by the cashier, under any log-in.

    `ours`: the lender bears what is missing, and keeps what is over. What is over may instead be `given_back` by the bank, or be a
    receipt of another `loan`, of the day on which the drawer was opened.
    """
    require(by, "drawer.settle")
    found = _held(db, by, drawer)
    if found.difference is None or not found.difference.minor or found.settled_at is not None:
        raise Refusal(f"drawer {drawer} has no difference that is open", code="no_difference")
    if by.staff_id == found.cashier_id:
        raise Refusal("whoever held the drawer cannot settle its difference", code="approval_maker")
    if by.person_id is not None and by.person_id == staff_by_id(db, found.cashier_id).person_id:
        raise Forbidden("this is the cashier, under another log-in; another person must settle the difference", code="approval_same_person")
    if len(words.strip()) < SHORTEST_REASON:
        raise BadInput("words: say what became of the difference", field="words")
    if outcome not in _WENT_TO:
        raise BadInput(f"outcome: one of {', '.join(_WENT_TO)}", field="outcome")
    if (outcome == "loan") != bool(loan):
        raise BadInput("loan: name the loan that the money is for, and only where it is for one", field="loan")
    if outcome != "ours" and found.difference.minor < 0:
        raise BadInput("outcome: what is missing can be given to nobody; the lender bears it", field="outcome")
    happened = (_put_on(db, clock, by, found, found.difference, loan),) if outcome == "loan" else ()
    store.update_drawer(db, found, settled_at=clock.now())
    _enter(db, clock, found, Account.CASH_DIFFERENCE, _WENT_TO[outcome], found.difference, "difference settled")
    says = {"difference": found.difference.as_json(), "words": words.strip(), "outcome": outcome} | ({"loan": loan} if loan else {})
    _record(db, clock, by.actor, found.drawer_id, drawer, "drawer.difference_settled", says)
    return replace(_drawer(db, drawer), happened=happened)


def _put_on(db: Db, clock: Clock, by: Staff, found: Drawer, amount: Money, loan: str) -> Happened:
    """Cash of a closed drawer is a receipt of this loan, of the day on which the drawer was opened."""
    case = take(db, loan, by.scope)
    if case.loan.state not in _TAKES_MONEY:
        raise Refusal(f"loan {loan} is {case.loan.state}; nothing is owed on it, so it takes no receipt", code="loan_not_open", loan=loan)
    number = store.insert_entry(db, drawer_id=found.drawer_id, loan_id=case.loan.loan_id, amount=amount.minor, at=clock.now())
    came_on = found.opened_at.astimezone(ZoneInfo(lender(db).zone)).date()
    return Happened("money.matched", loan, {"amount": amount, "received_on": came_on, "source": f"{found.public_id} {number}"})


def bank_drawer(db: Db, *, clock: Clock, by: Staff, drawer: str, slip: str) -> Drawer:
    """What a closed drawer took has been paid in at the bank: all that was counted but the change. `slip` names the bank's paper.

    Refusal unless two have closed it, and the second time.
    """
    require(by, "drawer.bank")
    found = _held(db, by, drawer)
    if found.state is not DrawerState.CLOSED or found.counted is None:
        raise Refusal(f"drawer {drawer} is {found.state}; two people close it before its money goes to the bank", code="drawer_not_closed")
    takings = found.counted - found.float_held
    if takings.minor <= 0:
        raise Refusal(f"drawer {drawer} holds no more than its change", code="nothing_to_bank")
    if was_banked(db, drawer):
        raise Refusal(f"the money of drawer {drawer} is in the bank already", code="drawer_banked")
    if len(slip.strip()) < SHORTEST_REASON:
        raise BadInput("slip: write the number of the bank's paper", field="slip")
    _enter(db, clock, found, Account.BANK, Account.CASH, takings, "banked")
    _record(db, clock, by.actor, found.drawer_id, drawer, "drawer.banked", {"amount": takings.as_json(), "slip": slip.strip()})
    return _drawer(db, drawer)


def drawers_to_bank(db: Db, by: Staff) -> list[Drawer]:
    """The closed drawers within sight that hold more than their change, and whose money is not in the bank yet."""
    closed = [each for each in drawers(db, by) if each.state is DrawerState.CLOSED and each.counted is not None]
    return [each for each in closed if each.counted and each.counted > each.float_held and not was_banked(db, each.public_id)]


def was_banked(db: Db, drawer: str) -> bool:
    """Whether what a drawer took is in the bank."""
    return house_posted(db, about=drawer, debit=Account.BANK)


def drawer_of(db: Db, by: Staff) -> Drawer | None:
    """This cashier's open drawer, if there is one."""
    found = store.drawers(db, cashier_id=by.staff_id, states=[DrawerState.OPEN])
    return found[0] if found else None


def drawers(db: Db, by: Staff) -> list[Drawer]:
    """The drawers of this person's branch, or of all for one who sees all; newest first."""
    return store.drawers(db, branch_id=None if by.reach is Reach.ALL else by.branch_id or 0)


def drawer(db: Db, by: Staff, public_id: str) -> Drawer:
    """One drawer within sight; NotFound otherwise."""
    found = store.drawers(db, branch_id=None if by.reach is Reach.ALL else by.branch_id or 0, public_id=public_id)
    if not found:
        raise NotFound(f"there is no drawer {public_id} within your sight", code="no_drawer", field="drawer")
    return found[0]


def in_drawer(db: Db, found: Drawer) -> list[DrawerEntry]:
    """What was taken into a drawer, in its order."""
    return store.entries(db, found)


def drawers_open_for(db: Db, loan_id: int) -> tuple[str, ...]:
    """The drawers that hold cash of this loan and are not closed by two: until they are, its receipts are not beyond doubt."""
    return store.drawers_open_for(db, loan_id)


def take_out(db: Db, *, clock: Clock, by: Actor, drawer: str, entry_no: int) -> Drawer:
    """A receipt of cash was reversed: it is no longer expected in its drawer, and of a closed one it is a difference from now on."""
    store.lock_drawer(db, drawer)
    found = _drawer(db, drawer)
    amount = store.void_entry(db, drawer_id=found.drawer_id, entry_no=entry_no, at=clock.now())
    if amount is None:
        return found
    says: dict[str, Any] = {"entry": entry_no}
    if found.difference is not None:
        taken = Money(amount, found.float_held.currency)
        still_open = found.difference + taken if found.settled_at is None else taken
        store.update_drawer(db, found, difference=still_open.minor, settled_at=None)
        # The loan's own posting has taken it out of cash, where it no longer lies.
        _enter(db, clock, found, Account.CASH, Account.CASH_DIFFERENCE, taken, "receipt taken back")
        says["difference"] = still_open.as_json()
    _record(db, clock, by, found.drawer_id, drawer, "drawer.entry_reversed", says)
    return _drawer(db, drawer)


def _enter(db: Db, clock: Clock, found: Drawer, debit: Account, credit: Account, amount: Money, what: str) -> None:
    """Enter what moved between the branch's cash and another account; less than nothing the other way round."""
    if not amount.minor:
        return
    line = Line(debit, credit, amount.minor) if amount.minor > 0 else Line(credit, debit, -amount.minor)
    post_house(
        db, about=found.public_id, branch_id=found.branch_id, product="", lines=[line], currency=amount.currency, on=clock.today(),
        at=clock.now(), source=f"{found.public_id} {what}",
    )  # fmt: skip


def _inputs(found: Drawer, counted: Money) -> dict[str, Any]:
    return {"drawer": found.public_id, "expected": found.expected.as_json(), "counted": counted.as_json()}


def _amount(amount: Money, currency: str, field: str, *, least: int) -> None:
    if not least <= amount.minor <= LARGEST_MINOR or amount.currency != currency:
        raise BadInput(f"{field}: an amount in {currency}, {'more than nothing' if least else 'nothing or more'}", field=field)


def _held(db: Db, by: Staff, public_id: str) -> Drawer:
    store.lock_drawer(db, public_id)
    return drawer(db, by, public_id)


def _drawer(db: Db, public_id: str) -> Drawer:
    return store.drawers(db, public_id=public_id)[0]


def _record(db: Db, clock: Clock, by: Actor, drawer_id: int, public_id: str, kind: str, says: dict[str, Any]) -> None:
    write_record(db, clock=clock, by=by, chain_id=drawer_id, chain=public_id, kind=kind, says=says)
