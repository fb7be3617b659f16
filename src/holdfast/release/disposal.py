"""The verbs of default and disposal: notice, time to pay, valuation, sale by two, statement, surplus.

No path forfeits the thing. It is sold to an outsider for a price, and what the sale brings falls on the debt
in the transaction of the sale; what is left over is the borrower's and goes back by the rule of two.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from holdfast import approvals, duties, servicing
from holdfast.approvals import Request, Standing
from holdfast.contact import Promise, promise
from holdfast.duties import Case
from holdfast.files.ports import Notary, Press
from holdfast.journal import Actor, Record
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, Fault, NotFound, Refusal
from holdfast.kernel.ids import new_id
from holdfast.kernel.money import Money
from holdfast.life import LoanState
from holdfast.loans import Happened
from holdfast.parties import Party, Scope, Staff, find, mask_name, require
from holdfast.release import papers, rules, store, title
from holdfast.release.model import Did, Disposal, Thing
from holdfast.release.states import BEFORE_SALE, DisposalEvent, DisposalState, disposal_after
from holdfast.release.store import Db

SELL: Final = "disposal.sell"
SURPLUS: Final = "disposal.surplus"
RETURN: Final = "return_collateral"
NOTICE_WAITS: Final = timedelta(days=1)
MOST_WORDS: Final = 500


def notice(db: Db, *, clock: Clock, by: Staff, loan: str, press: Press, notary: Notary) -> Did:
    """Give the borrower notice of default: what is late, and from which day the thing may be sold.

    Refusal before the arrears are as old as the pack says, for a loan without a thing, while a notice stands, or while a settlement runs.
    """
    require(by, "default.notice")
    case = duties.take(db, loan, by.scope)
    case.must_be(LoanState.ACTIVE)
    today = clock.today()
    before = store.latest_disposal(db, case.loan.loan_id)
    if before is not None and before.state not in (DisposalState.CURED, DisposalState.CANCELLED):
        raise Refusal(f"the default of {before.noticed_on} stands ({before.state})", code="notice_stands")
    if title.thing_of(db, case) not in (Thing.IN_CUSTODY, Thing.OUTSIDE):
        raise Refusal(f"nothing secures loan {loan} that could be sold", code="nothing_to_sell")
    held = servicing.read_loans(db, [case.loan.loan_id], lock=False, on=today)[0]
    if held.account.settling:
        raise Refusal(f"a settlement runs on loan {loan}; its days have to be over first", code="settlement_runs", loan=loan)
    late = servicing.days_past_due(held.state.oldest_unpaid_due_on, today, held.state.pauses)
    rules.may_notice(days_past_due=late, least_days=case.number("default.days_past_due", case.loan.opened_on))
    sale_from = today + timedelta(days=case.number("default.notice_days", case.loan.opened_on))
    arrears, owed = held.state.unpaid_due(today), servicing.debt_parts(db, loan=loan, on=today)
    file = papers.notice_of_default(
        db, clock=clock, by=by, case=case, days_past_due=late, owed=owed, arrears=arrears, sale_from=sale_from, press=press, notary=notary
    )
    public_id, currency = new_id("ds"), case.loan.currency
    says = {
        "disposal": public_id, "days_past_due": late, "arrears": Money(arrears, currency).as_json(), "sale_from": sale_from.isoformat(),
    }  # fmt: skip
    record = duties.enter(
        db, case, clock=clock, by=by.actor, kind="default.noticed", says=says, seals={"notice": file.digest}, opens=("dispose",)
    )
    disposal = Disposal(
        loan_id=case.loan.loan_id, disposal_no=before.disposal_no + 1 if before else 1, public_id=public_id, state=DisposalState.NOTICED,
        currency=currency, noticed_on=today, sale_from=sale_from, days_past_due=late, notice_file=file.public_id, valuation=None,
        valued_at=None, valued_on=None, request=None, price=None, costs={}, buyer="", sold_on=None, debt={}, owed_before=None,
        statement_file=None, accounted_on=None, surplus_request=None,
    )  # fmt: skip
    store.insert_disposal(db, disposal)
    params = {
        "contract": case.loan.contract_no[-4:], "amount": Money(arrears, currency).as_json(), "days_late": late,
        "by": sale_from.isoformat(), "contact": _contact(db, case),
    }  # fmt: skip
    _tell(db, case, clock, "default_notice", params)
    return _did(loan, case, disposal, record)


def cure_if_paid(db: Db, case: Case, *, clock: Clock, by: Actor, unpaid_due: int) -> Record | None:
    """End a default whose arrears are paid before anything was sold; None if there is none, or they are not."""
    disposal = store.latest_disposal(db, case.loan.loan_id)
    if disposal is None or disposal.state not in BEFORE_SALE or unpaid_due > 0:
        return None
    state = disposal_after(disposal.state, DisposalEvent.CURE)
    record = duties.enter(
        db, case, clock=clock, by=by, kind="default.cured", says={"disposal": disposal.public_id}, closes=("dispose",), while_frozen=True
    )
    store.change_disposal(db, disposal, state=state)
    return record


def cure(db: Db, *, clock: Clock, by: Actor, loan: str, facts: Mapping[str, Any]) -> Did | None:
    """The arrears are paid: the default that was noticed is cured and the thing is not sold."""
    case = duties.take(db, loan, None)
    record = cure_if_paid(db, case, clock=clock, by=by, unpaid_due=_unpaid_due(db, case, clock.today()))
    disposal = store.latest_disposal(db, case.loan.loan_id)
    return _did(loan, case, disposal, record) if record is not None and disposal is not None else None


def withdraw_notice(db: Db, *, clock: Clock, by: Staff, loan: str, words: str) -> Did:
    """Take a notice of default back: it was given in error, or the borrower and the lender have agreed otherwise."""
    require(by, "default.withdraw")
    case, disposal = _at_work(db, by.scope, loan)
    state = disposal_after(disposal.state, DisposalEvent.CANCEL)
    said = _words(words)
    record = duties.enter(
        db, case, clock=clock, by=by.actor, kind="default.withdrawn", says={"disposal": disposal.public_id, "words": said},
        closes=("dispose",), while_frozen=True,
    )  # fmt: skip
    return _did(loan, case, store.change_disposal(db, disposal, state=state), record)


def value_for_sale(db: Db, *, clock: Clock, by: Staff, loan: str, amount: Money | None = None, words: str = "") -> Did:
    """Value the thing afresh before it is sold: by the price book's rule, or by a person's figure for a thing that it does not hold."""
    require(by, "disposal.value")
    case, disposal = _at_work(db, by.scope, loan)
    state = disposal_after(disposal.state, DisposalEvent.VALUE)
    valuation, minor, by_person = title.value(db, clock=clock, by=by, case=case, amount=amount, words=words)
    says = {
        "disposal": disposal.public_id,
        "valuation": valuation,
        "amount": Money(minor, disposal.currency).as_json(),
        "by_person": by_person,
    }
    record = duties.enter(db, case, clock=clock, by=by.actor, kind="disposal.valued", says=says)
    disposal = store.change_disposal(db, disposal, state=state, valuation=valuation, valued_at=minor, valued_on=clock.today(), request=None)
    return _did(loan, case, disposal, record)


def ask_sale(
    db: Db, *, clock: Clock, by: Staff, loan: str, price: Money, costs: Mapping[str, Money], buyer_name: str, buyer_id: str,
    relation: str, sold_on: date, reason: str = "",
) -> Did:  # fmt: skip
    """Ask two others to let the thing go to this buyer at this price. The name and number are compared and not kept.

    Refusal before the borrower's time is over or once the arrears are paid; Forbidden where the buyer is the lender,
    works here, or is kin to somebody who does.
    """
    require(by, SELL)
    case, disposal = _at_work(db, by.scope, loan)
    _may_sell(db, clock, case, disposal)
    if sold_on != clock.today():
        raise BadInput("sold_on: a sale is entered on the day it is made, when the proceeds are in", field="sold_on")
    currencies = {price.currency, *(each.currency for each in costs.values())}
    if currencies != {disposal.currency}:
        raise BadInput(f"price: this loan is in {disposal.currency}", field="price")
    itemised = rules.checked_costs({name: each.minor for name, each in costs.items()})
    fair = rules.checked_sale(price=price.minor, costs=itemised, valued_at=disposal.valued_at or 0, reason=reason)
    _may_buy(db, case, by, buyer_name, buyer_id, relation)
    inputs = {
        "loan": loan, "disposal": disposal.public_id, "price": price.minor, "costs": itemised, "buyer": mask_name(buyer_name),
        "relation": relation, "sold_on": sold_on.isoformat(), "valued_at": disposal.valued_at, "fair": fair,
    }  # fmt: skip
    asked = approvals.ask(
        db, clock=clock, by=by, act=SELL, inputs=inputs, loan_id=case.loan.loan_id, reason=reason.strip() or "sold within the valuation",
        needed=2, barred=[each for each in (case.loan.officer_id,) if each is not None],
    )  # fmt: skip
    disposal = store.change_disposal(db, disposal, request=asked.public_id)
    return _did(loan, case, disposal, None, request=asked.public_id)


def sell(db: Db, *, clock: Clock, by: Staff, loan: str, approved: bool, words: str = "") -> Did:
    """One person's yes or no to the sale. The last yes sells: the pledge ends and what the sale brings falls on the debt, at once.

    A price far below the valuation needs a yes of risk's.
    """
    require(by, "disposal.approve")
    case, disposal = _at_work(db, by.scope, loan)
    _may_sell(db, clock, case, disposal)
    if disposal.request is None:
        raise Refusal("a custodian enters price, costs and buyer first and asks two others", code="sale_unasked")
    asked = _asked(db, disposal.request, SELL)
    answered = approvals.answer(db, clock=clock, by=by, public_id=asked.public_id, approved=approved, words=words)
    if answered.standing is Standing.REFUSED:
        return _did(loan, case, store.change_disposal(db, disposal, request=None), None)
    if answered.standing is not Standing.APPROVED:
        return _did(loan, case, disposal, None, request=asked.public_id)
    inputs = asked.inputs
    if not inputs["fair"] and not _risk_agreed(db, answered):
        raise Refusal("the price is far below the valuation; one of the two must be risk's", code="risk_must_approve")
    if inputs["sold_on"] != clock.today().isoformat() or inputs["valued_at"] != disposal.valued_at:
        raise Refusal("the day or the valuation is another by now; ask again", code="sale_stale")
    approvals.spend(db, clock=clock, by=by.actor, public_id=asked.public_id, act=SELL, inputs=inputs, loan_id=asked.loan_id)
    state = disposal_after(disposal.state, DisposalEvent.SELL)
    debt = servicing.debt_parts(db, loan=loan, on=clock.today())
    disposal = store.change_disposal(
        db, disposal, state=state, price=inputs["price"], costs=dict(inputs["costs"]), buyer=inputs["buyer"], sold_on=clock.today(),
        debt=debt, owed_before=sum(debt.values()),
    )  # fmt: skip
    net = Money(disposal.net, disposal.currency)
    says = {
        "disposal": disposal.public_id, "price": Money(disposal.price or 0, disposal.currency).as_json(),
        "costs": {name: Money(minor, disposal.currency).as_json() for name, minor in disposal.costs.items()}, "net": net.as_json(),
        "buyer": disposal.buyer, "relation": inputs["relation"], "request": asked.public_id,
        "owed_before": Money(disposal.owed_before or 0, disposal.currency).as_json(),
    }  # fmt: skip
    record = duties.enter(db, case, clock=clock, by=by.actor, kind="disposal.sold", says=says)
    title.lift_as_sold(db, clock=clock, case=case, by=by, net=net)
    facts = {"amount": net, "received_on": clock.today(), "source": f"disposal {disposal.public_id}"}
    return _did(loan, case, disposal, record, happened=(Happened("disposal.sold", loan, facts),))


def account(db: Db, *, clock: Clock, by: Staff, loan: str, press: Press, notary: Notary) -> Did:
    """Account for the sale to the fen: price, costs, what each part of the debt was paid, what goes back or is left."""
    require(by, "disposal.account")
    case, disposal = _at_work(db, by.scope, loan)
    state = disposal_after(disposal.state, DisposalEvent.ACCOUNT)
    shares = rules.shared(disposal.net, disposal.debt)
    if sum(shares.values()) + disposal.surplus != disposal.net:
        raise Fault(f"disposal {disposal.public_id} does not add up", code="disposal_sum")
    file = papers.statement(db, clock=clock, by=by, case=case, disposal=disposal, shares=shares, press=press, notary=notary)
    says = {
        "disposal": disposal.public_id, "net": Money(disposal.net, disposal.currency).as_json(),
        "paid": {part: Money(minor, disposal.currency).as_json() for part, minor in shares.items()},
        "surplus": Money(disposal.surplus, disposal.currency).as_json(), "deficit": Money(disposal.deficit, disposal.currency).as_json(),
    }  # fmt: skip
    closes = {kind for kind in ("dispose", RETURN) if case.open(kind) is not None}
    done = servicing.fulfil(
        db, clock=clock, by=by.actor, loan=loan, kinds=closes, record_kind="disposal.accounted", says=says, seals={"statement": file.digest}
    )
    disposal = store.change_disposal(db, disposal, state=state, statement_file=file.public_id, accounted_on=clock.today())
    params = {"contract": case.loan.contract_no[-4:], "contact": _contact(db, case)}
    _tell(db, case, clock, "disposal_statement", params)
    return Did(loan, disposal.public_id, disposal.state, done.state, done.record, happened=done.happened)


def ask_surplus(db: Db, *, clock: Clock, by: Staff, loan: str, reason: str) -> Did:
    """Ask another person to let the surplus go back to the borrower, all of it."""
    require(by, "refund")
    case, disposal = _at_work(db, by.scope, loan)
    disposal_after(disposal.state, DisposalEvent.RETURN_SURPLUS)
    inputs = {"loan": loan, "disposal": disposal.public_id, "amount": _surplus(db, loan, disposal).as_json()}
    asked = approvals.ask(db, clock=clock, by=by, act=SURPLUS, inputs=inputs, loan_id=case.loan.loan_id, reason=reason)
    disposal = store.change_disposal(db, disposal, surplus_request=asked.public_id)
    return _did(loan, case, disposal, None, request=asked.public_id)


def return_surplus(db: Db, *, clock: Clock, by: Staff, loan: str, approved: bool, words: str = "") -> Did:
    """Another person's yes or no; the yes sends the surplus back and closes the duty to refund."""
    require(by, "approval.answer")
    case, disposal = _at_work(db, by.scope, loan)
    state = disposal_after(disposal.state, DisposalEvent.RETURN_SURPLUS)
    if disposal.surplus_request is None:
        raise Refusal("an officer asks for the surplus to go back first", code="surplus_unasked")
    asked = _asked(db, disposal.surplus_request, SURPLUS)
    answered = approvals.answer(db, clock=clock, by=by, public_id=asked.public_id, approved=approved, words=words)
    if answered.standing is Standing.REFUSED:
        return _did(loan, case, store.change_disposal(db, disposal, surplus_request=None), None)
    if answered.standing is not Standing.APPROVED:
        return _did(loan, case, disposal, None, request=asked.public_id)
    amount = _surplus(db, loan, disposal)
    if asked.inputs["amount"] != amount.as_json():
        raise Refusal("what is to go back has changed since; ask again", code="surplus_stale")
    approvals.spend(db, clock=clock, by=by.actor, public_id=asked.public_id, act=SURPLUS, inputs=asked.inputs, loan_id=asked.loan_id)
    done = servicing.refund(db, clock=clock, by=by.actor, loan=loan, amount=amount)
    disposal = store.change_disposal(db, disposal, state=state)
    return Did(loan, disposal.public_id, disposal.state, done.state, done.record, happened=done.happened)


def is_sold(db: Db, loan_id: int) -> bool:
    """Whether the thing has been sold for this debt: then nothing is left to return."""
    disposal = store.latest_disposal(db, loan_id)
    return disposal is not None and disposal.price is not None


def disposal_of(db: Db, loan_id: int) -> Disposal | None:
    """The newest default of the loan, if there was one."""
    return store.latest_disposal(db, loan_id)


# -- helpers --------------------------------------------------------------------------------------


def _at_work(db: Db, scope: Scope, loan: str) -> tuple[Case, Disposal]:
    case = duties.take(db, loan, scope)
    disposal = store.latest_disposal(db, case.loan.loan_id)
    if disposal is None:
        raise Refusal(f"no notice of default was given on loan {loan}", code="no_disposal", loan=loan)
    return case, disposal


def _may_sell(db: Db, clock: Clock, case: Case, disposal: Disposal) -> None:
    """Refusal unless the table, the notice, the arrears and the loan's freezes all let the thing be sold today."""
    disposal_after(disposal.state, DisposalEvent.SELL)
    case.must_be(LoanState.ACTIVE)
    today = clock.today()
    rules.may_sell(today=today, sale_from=disposal.sale_from, unpaid_due=_unpaid_due(db, case, today))
    if disposal.valued_on is None or (today - disposal.valued_on).days > case.number("valuation.valid_for", case.loan.opened_on):
        raise Refusal("the valuation is too old; value the thing again before it is sold", code="valuation_stale")


def _may_buy(db: Db, case: Case, by: Staff, name: str, id_number: str, relation: str) -> None:
    """The declaration, checked against who works here and who the lender and the borrower are."""
    if not name.strip():
        raise BadInput("buyer_name: write who buys", field="buyer_name")
    house = (case.lender.name or "").strip()
    known: list[Party] = find(db, "id_number", id_number) if id_number.strip() else []
    if not id_number.strip() and relation == "none":
        raise BadInput("buyer_id: write the buyer's ID number; it is compared and not kept", field="buyer_id")
    works_here = store.any_staff(db, [each.party_id for each in known]) or name.strip() == by.name
    rules.may_buy(relation=relation, is_lender=bool(house) and name.strip() == house, is_staff=works_here)


def _risk_agreed(db: Db, answered: Request) -> bool:
    return any(store.role_of(db, each.staff_id) == "risk" for each in answered.answers)


def _unpaid_due(db: Db, case: Case, today: date) -> int:
    return servicing.read_loans(db, [case.loan.loan_id], lock=False, on=today)[0].state.unpaid_due(today)


def _surplus(db: Db, loan: str, disposal: Disposal) -> Money:
    """What is held of the borrower's money after the sale; Refusal if there is none."""
    reckoning = servicing.reckon(db, loan=loan)
    left = min(disposal.surplus, reckoning.overpaid.minor - reckoning.refunded.minor)
    if left <= 0:
        raise Refusal("the sale left no surplus to return", code="no_surplus")
    return Money(left, disposal.currency)


def _asked(db: Db, public_id: str, act: str) -> Request:
    asked = approvals.request(db, public_id)
    if asked.act != act:
        raise NotFound(f"there is no request {public_id} for this", code="no_approval", field="request")
    return asked


def _contact(db: Db, case: Case) -> str:
    counter = store.counter(db, case.loan.branch_id)
    return counter.phone or counter.name


def _tell(db: Db, case: Case, clock: Clock, template: str, params: Mapping[str, Any]) -> None:
    now = clock.now()
    promise(
        db,
        Promise(
            loan_id=case.loan.loan_id, duty_no=None, party_id=case.loan.party_id, purpose="service", channel="sms", template=template,
            params=params, on_date=clock.today(), send_from=now, send_until=now + NOTICE_WAITS,
        ),
    )  # fmt: skip


def _words(text: str) -> str:
    said = text.strip()
    if not 4 <= len(said) <= MOST_WORDS:
        raise BadInput(f"words: say why in 4 to {MOST_WORDS} characters", field="words")
    return said


def _did(
    loan: str, case: Case, disposal: Disposal, record: Record | None, *, request: str | None = None, happened: tuple[Happened, ...] = ()
) -> Did:
    return Did(loan, disposal.public_id, disposal.state, case.loan.state, record, request=request, happened=happened)
