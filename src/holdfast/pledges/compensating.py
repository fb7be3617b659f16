"""Making good a thing that was lost in our custody: its worth, by the valuation that counts, falls on the debt as a receipt.

The keeper answers for it (Civil Code 432): the money is ours, so it leaves the bank as a loss of custody before it comes in as
the receipt. What is more than the debt is the borrower's and becomes a refund.
"""

from __future__ import annotations

from typing import Any, Final

import psycopg

from holdfast import approvals, collateral, duties
from holdfast.approvals import Request
from holdfast.collateral import ItemState, Standing, custody
from holdfast.duties import Case
from holdfast.journal import read_chain, write_record
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import NotFound, Refusal
from holdfast.kernel.money import Money
from holdfast.life import LoanState
from holdfast.loans import Happened
from holdfast.parties import Staff, require
from holdfast.pledges import store
from holdfast.pledges.giving_back import no_money_on_its_way
from holdfast.pledges.lifting import dispose_as_lost
from holdfast.pledges.model import Done, Pledge
from holdfast.pledges.states import PledgeState

Db = psycopg.Connection[Any]

COMPENSATE: Final = "custody.compensate"
_POSTS: Final = (LoanState.ACTIVE, LoanState.WRITTEN_OFF, LoanState.RELEASING)


def ask_compensation(db: Db, *, clock: Clock, by: Staff, loan: str, reason: str, pledge: str | None = None) -> Request:
    """Ask another person to make the loss good, at the amount of the valuation that counts. Refusal unless two declared it lost."""
    require(by, COMPENSATE)
    case = duties.take(db, loan, by.scope)
    lost = _lost(db, case, pledge)
    worth = _worth(db, lost)
    inputs = {
        "loan": loan, "pledge": lost.public_id, "thing": lost.thing, "valuation": worth.public_id or "", "amount": worth.amount.as_json(),
    }  # fmt: skip
    return approvals.ask(
        db, clock=clock, by=by, act=COMPENSATE, inputs=inputs, reason=reason, loan_id=case.loan.loan_id, barred=case.officers
    )


def compensate(db: Db, *, clock: Clock, by: Staff, approval: str) -> Done:
    """The loss is made good. On a loan that was paid out, `happened` posts the amount as a receipt in this transaction."""
    asked = approvals.request(db, approval)
    inputs = asked.inputs
    case = duties.take(db, inputs["loan"], by.scope)
    lost = _lost(db, case, inputs["pledge"])
    no_money_on_its_way(db, case)
    if _worth(db, lost).public_id != inputs["valuation"]:
        raise Refusal("the thing has been valued again since this was asked; ask again", code="valuation_changed")
    approvals.spend(db, clock=clock, by=by.actor, public_id=approval, act=COMPENSATE, inputs=inputs, loan_id=case.loan.loan_id)
    amount = Money(inputs["amount"]["minor"], inputs["amount"]["currency"])
    posts = case.loan.state in _POSTS
    says = {
        "thing": lost.thing, "pledge": lost.public_id, "valuation": inputs["valuation"], "amount": amount.as_json(), "request": approval,
        "paid_to": "debt" if posts else "owner",
    }  # fmt: skip
    more = [each for each in _all_lost(db, case) if each.pledge_id != lost.pledge_id]
    ended = lost
    if lost.state is PledgeState.DELIVERED:
        ended = dispose_as_lost(db, clock=clock, by=by.actor, case=case, pledge=lost, compensation=amount, posts=posts)
    record = duties.enter(
        db, case, clock=clock, by=by.actor, kind="custody.compensated", says=says, closes=("compensate",), while_frozen=True
    )
    if more:
        still = {"thing": more[0].thing, "pledge": more[0].public_id, "how": "still to be compensated"}
        duties.enter(db, case, clock=clock, by=by.actor, kind="custody.lost", says=still, opens=("compensate",), while_frozen=True)
    write_record(db, clock=clock, by=by.actor, chain_id=lost.thing_id, chain=lost.thing, kind="custody.compensated", says=says)
    store.post_loss(
        db, lost, branch_id=case.loan.branch_id, product=case.loan.product_code, amount=amount, on=clock.today(), at=clock.now()
    )
    facts = {"amount": amount, "received_on": clock.today(), "source": f"compensation {lost.public_id}"}
    happened = (Happened("custody.compensated", case.loan.public_id, facts),) if posts else ()
    return Done(case.loan.public_id, (ended,), record.seq, happened)


def _all_lost(db: Db, case: Case) -> list[Pledge]:
    """The pledges of the loan, lifted or not, whose thing is lost and not made good."""
    held = store.pledges_where(
        db,
        "p.state IN ('delivered', 'lifted') AND p.pledge_id IN (SELECT pledge_id FROM loan_pledge WHERE loan_id = %s)",
        case.loan.loan_id,
    )
    lost = [each for each in held if (item := custody.item_of(db, each.thing_id)) and item.state is ItemState.LOST]
    return [each for each in lost if all(record.kind != "custody.compensated" for record in read_chain(db, each.thing_id))]


def _lost(db: Db, case: Case, pledge: str | None) -> Pledge:
    if case.open("compensate") is None:
        raise Refusal("nothing of this loan has been declared lost", code="not_lost")
    found = [each for each in _all_lost(db, case) if pledge in (None, each.public_id)]
    if not found:
        raise NotFound("nothing lost is still to be made good under that pledge", code="no_pledge", field="pledge")
    return store.lock(db, found[0].pledge_id)


def _worth(db: Db, lost: Pledge) -> Standing:
    """The valuation that counts: the last one on which two sources, or two people, were agreed."""
    worth = collateral.last_value(db, lost.thing_id)
    if worth is None or worth.counting is None:
        raise Refusal("this thing was never valued, or its value is not settled; value it first", code="no_valuation")
    return worth
