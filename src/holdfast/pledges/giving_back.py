"""The way out of custody: back to its owner, with the seal scanned and two people at hand.

When no loan is made of a signed contract, the thing goes home first: until it has, the loan stays live and
somebody owes its owner the thing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import psycopg

from holdfast import approvals, confirmation, duties
from holdfast.approvals import Request
from holdfast.collateral import Item, ItemState, custody, seal_of
from holdfast.duties import Case
from holdfast.journal import read_chain, write_record
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, NotFound, Refusal
from holdfast.life import LoanState
from holdfast.parties import Staff, require
from holdfast.pledges import store
from holdfast.pledges.lifting import lift_unlent
from holdfast.pledges.model import Done, Pledge
from holdfast.pledges.states import PledgeState

Db = psycopg.Connection[Any]

FRAUD: Final = "fraud"
TO_HAND_BACK: Final = "custody.to_hand_back"
HAND_BACK: Final = "custody.hand_back"
_OF_A_SENT_PAYOUT: Final = ("payout.sent", "payout.unknown", "payout.paid", "payout.rejected")
# How a loan ends of which nothing was paid out while its thing lay here: what two people say, and the state it comes to.
ENDS: Final[Mapping[str, LoanState]] = {
    "withdrawn": LoanState.WITHDRAWN, "refused": LoanState.REFUSED, FRAUD: LoanState.REFUSED,
}  # fmt: skip


def ask_to_hand_back(db: Db, *, clock: Clock, by: Staff, loan: str, ends: str, reason: str) -> Request:
    """Ask another person to agree that no loan is made of this contract and the thing goes home. `ends`: withdrawn, refused or fraud.

    A loan that is frozen for a sign of fraud ends by `fraud` when the sign is confirmed: neither who asks nor who agrees may have
    reported it. Refusal while a payout is on its way.
    """
    require(by, TO_HAND_BACK)
    if ends not in ENDS:
        raise BadInput(
            f"ends: {ends!r}; say withdrawn (by the borrower), refused (by the lender) or fraud (a sign was confirmed)", field="ends"
        )
    case = duties.take(db, loan, by.scope)
    _may_end(db, case)
    reported: list[int] = []
    frozen = any(each.reason == FRAUD for each in case.freezes)
    if frozen and ends != FRAUD:
        raise Refusal(
            f"loan {loan} is frozen for a sign of fraud; it ends by fraud once the sign is confirmed, or is thawed first",
            code="ends_by_fraud", field="ends", loan=loan,
        )  # fmt: skip
    if ends == FRAUD:
        if not frozen:
            raise Refusal(f"loan {loan} is not frozen for a sign of fraud", code="not_frozen", field="ends", loan=loan)
        signs = confirmation.signs_of(db, by.scope, loan=loan)
        confirmation.may_review(signs, by)
        reported = [sign.staff_id for sign in signs]
    inputs = {"loan": loan, "ends": ends, "pledges": [each.public_id for each in _delivered(db, case)]}
    return approvals.ask(db, clock=clock, by=by, act=TO_HAND_BACK, inputs=inputs, reason=reason, loan_id=case.loan.loan_id, barred=reported)


def to_hand_back(db: Db, *, clock: Clock, by: Staff, approval: str) -> Done:
    """No loan is made: the pledge is lifted, the duty to pay out ends, the duty to hand the thing back begins."""
    asked = approvals.request(db, approval)
    case = duties.take(db, asked.inputs["loan"], by.scope)
    _may_end(db, case)
    held = _delivered(db, case)
    if [each.public_id for each in held] != asked.inputs["pledges"]:
        raise Refusal("the pledges of this loan have changed since this was asked; ask again", code="pledges_changed")
    approvals.spend(db, clock=clock, by=by.actor, public_id=approval, act=TO_HAND_BACK, inputs=asked.inputs, loan_id=case.loan.loan_id)
    says = {"pledges": asked.inputs["pledges"], "ends": asked.inputs["ends"], "request": approval}
    ended = lift_unlent(db, clock=clock, by=by.actor, case=case)
    record = duties.enter(
        db, case, clock=clock, by=by.actor, kind="custody.to_hand_back", says=says, closes=("pay_out", "fraud_review"),
        opens=("hand_back",), while_frozen=True,
    )  # fmt: skip
    return Done(case.loan.public_id, ended, record.seq)


def ask_hand_back(db: Db, *, clock: Clock, by: Staff, loan: str, seal_no: str, identity_seen: bool) -> Request:
    """Ask another person to agree that the thing under this seal goes to its owner, who stands here and was identified.

    Neither may be the loan's officer, under whichever log-in.
    """
    require(by, HAND_BACK)
    case = duties.take(db, loan, by.scope)
    item, pledge = _to_go(db, case, seal_no)
    if not identity_seen:
        raise BadInput("identity_seen: look at the owner's identity card first", code="identity_unseen", field="identity_seen")
    inputs = {"loan": loan, "thing": item.thing, "pledge": pledge.public_id, "seal_no": item.seal_no, "place": str(item.place)}
    return approvals.ask(
        db, clock=clock, by=by, act=HAND_BACK, inputs=inputs, reason=f"{item.place} {item.seal_no}", loan_id=case.loan.loan_id,
        barred=case.officers, maker_counts=True,
    )  # fmt: skip


def hand_back(db: Db, *, clock: Clock, by: Staff, approval: str) -> Done:
    """The thing is in its owner's hands, in the transaction of the second person's yes. Of a loan never made this is the end."""
    asked = approvals.request(db, approval)
    case = duties.take(db, asked.inputs["loan"], by.scope)
    item, pledge = _to_go(db, case, asked.inputs["seal_no"])
    approvals.spend(db, clock=clock, by=by.actor, public_id=approval, act=HAND_BACK, inputs=asked.inputs, loan_id=case.loan.loan_id)
    left = custody.leave(db, clock=clock, item_id=item.item_id)
    says = {"thing": left.thing, "pledge": pledge.public_id, "seal_no": left.seal_no, "request": approval}
    _on_thing(db, clock, by, left, says)
    more = [each for each in _owed_back(db, case) if each.item_id != item.item_id]
    to = None if more or case.loan.state is not LoanState.SIGNED else _end_of(db, case)
    if more:
        # One of several things: the duty stays open for the others, and the record that it went is not yet the proof.
        record = duties.enter(db, case, clock=clock, by=by.actor, kind="custody.given_back", says=says, while_frozen=True)
    else:
        record = duties.enter(
            db, case, clock=clock, by=by.actor, kind="custody.handed_back", says=says, closes=("hand_back",), to=to, while_frozen=True
        )
    return Done(case.loan.public_id, (pledge,), record.seq)


def hand_over(db: Db, *, clock: Clock, by: Staff, loan: str, seal_no: str, case: Case | None = None, witness: str = "") -> Item:
    """The thing of a released loan leaves the shelf: its seal was scanned and its pledge is lifted. For the release's own verb.

    Writes on the thing's chain; the loan's record (`release.handed_back`) is the release's.
    """
    require(by, "release.hand_back")
    case = case or duties.take(db, loan, by.scope)
    case.must_be(LoanState.RELEASING)
    item, pledge = _to_go(db, case, seal_no)
    left = custody.leave(db, clock=clock, item_id=item.item_id)
    says = {"thing": left.thing, "pledge": pledge.public_id, "seal_no": left.seal_no, "loan": loan, "witness": witness}
    _on_thing(db, clock, by, left, says)
    return left


def custody_problem(db: Db, loan_id: int) -> str:
    """What is wrong with the things of a loan on the shelf, in a sentence; empty if all lie sealed in their slots."""
    for item in custody.holds(db, loan_id):
        if item.state is ItemState.MISSING:
            return f"the thing of slot {item.place} is missing since {item.changed_at:%Y-%m-%d}"
        if item.state is ItemState.EXPECTED:
            return f"the thing for slot {item.place} has not been taken in"
    if not custody.holds(db, loan_id):
        return "nothing of this loan is in custody"
    return ""


def _may_end(db: Db, case: Case) -> None:
    case.must_be(LoanState.SIGNED)
    no_money_on_its_way(db, case)
    if case.loan.principal_out:
        raise Refusal(f"{case.loan.principal_out} minor units are out on this loan", code="debt_left")
    if not _delivered(db, case):
        raise Refusal("nothing of this loan is in custody; withdraw or refuse it instead", code="nothing_held")


def no_money_on_its_way(db: Db, case: Case) -> None:
    """Refusal while a payout was sent and no final answer to it is known: the money may be out, and the thing then secures it."""
    told = [record.kind for record in read_chain(db, case.loan.loan_id) if record.kind in _OF_A_SENT_PAYOUT]
    if told and told[-1] in ("payout.sent", "payout.unknown"):
        raise Refusal("a payout was sent and its outcome is not known; the money may be out. Enquire first", code="payout_unknown")


def _delivered(db: Db, case: Case) -> list[Pledge]:
    return store.pledges_where(
        db, "p.state = 'delivered' AND p.pledge_id IN (SELECT pledge_id FROM loan_pledge WHERE loan_id = %s)", case.loan.loan_id
    )


def _owed_back(db: Db, case: Case) -> list[Item]:
    """The things of the loan in custody or missing whose pledge is lifted."""
    return [
        each for each in custody.holds(db, case.loan.loan_id) if (pledge := _pledge_of(db, each)) and pledge.state is PledgeState.LIFTED
    ]


def _pledge_of(db: Db, item: Item) -> Pledge | None:
    return store.pledge_where(db, "p.item_id = %s", item.item_id)


def _to_go(db: Db, case: Case, seal_no: str) -> tuple[Item, Pledge]:
    """The thing under this seal and its lifted pledge, if it is this loan's; else what keeps it here."""
    held = custody.holds(db, case.loan.loan_id)
    if not held:
        raise Refusal(f"nothing of loan {case.loan.public_id} is in custody", code="nothing_held")
    item = next((each for each in held if each.seal_no == seal_of(seal_no)), None)
    if item is None:
        if len(held) == 1:
            custody.must_bear(held[0], seal_no)
        raise NotFound("no thing of this loan bears that seal", code="seal_differs", field="seal_no")
    pledge = _pledge_of(db, item)
    if pledge is None or pledge.state is not PledgeState.LIFTED:
        raise Refusal(
            f"the pledge on this thing is {pledge.state if pledge else 'not there'}; it does not leave before the pledge is lifted",
            code="pledge_stands",
        )  # fmt: skip
    if any(duty.kind == "find_item" for duty in case.standing) and item.state is ItemState.MISSING:
        raise Refusal(f"the thing of slot {item.place} is missing", code="item_state", state=str(item.state))
    return item, pledge


def _end_of(db: Db, case: Case) -> LoanState:
    """How the loan ends, as the two people said when they decided that none is made."""
    said = next(record for record in reversed(read_chain(db, case.loan.loan_id)) if record.kind == "custody.to_hand_back")
    return ENDS[said.says()["ends"]]


def _on_thing(db: Db, clock: Clock, by: Staff, item: Item, says: Mapping[str, Any]) -> None:
    write_record(db, clock=clock, by=by.actor, chain_id=item.thing_id, chain=item.thing, kind="custody.handed_back", says=says)
