"""What release asks of the stages before it: the pledge and the thing behind it, its worth, money that is not cleared yet.

One place, so that the verbs read as the trade speaks and not as tables do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from holdfast import collateral, payments, pledges, servicing
from holdfast.collateral import custody
from holdfast.duties import Case, take_by_id
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, Refusal
from holdfast.kernel.money import Money
from holdfast.life import LIVE, LoanState
from holdfast.loans import loan_id_of
from holdfast.parties import Staff
from holdfast.pledges import Pledge, PledgeState
from holdfast.release import store
from holdfast.release.model import Thing
from holdfast.release.store import Db


def thing_of(db: Db, case: Case) -> Thing:
    """What there is to give back for this loan, as its pledges stand now."""
    secured = [each for each in pledges.pledges_of(db, case.loan.loan_id) if each.state is not PledgeState.VOID]
    if any(each.state is PledgeState.DELIVERED for each in secured):
        return Thing.IN_CUSTODY
    ended = {each.how for each in secured}
    if "compensated" in ended:
        return Thing.COMPENSATED
    if any(each.state is PledgeState.DISPOSED for each in secured):
        return Thing.DISPOSED
    if secured:
        return Thing.RETURNED
    return Thing.NONE if store.collateral_of(db, case.loan.product_code)[0] == "none" else Thing.OUTSIDE


def custody_problem(db: Db, loan_id: int) -> str:
    """What is wrong with the thing on the shelf, if anything is."""
    return pledges.custody_problem(db, loan_id)


def other_pledges(db: Db, case: Case) -> tuple[str, ...]:
    """Other open pledges on the same thing, and other loans that are still owed and that its pledge secures too."""
    found: set[str] = set()
    for pledge in _delivered(db, case.loan.loan_id):
        found |= set(collateral.claims_on_thing(db, pledge.thing_id)) - {pledge.public_id}
        for loan in pledge.secures:
            if loan != case.loan.public_id:
                state = take_by_id(db, loan_id_of(db, loan), lock=False).loan.state
                found |= {loan} if state in LIVE and state is not LoanState.RELEASING else set()
    return tuple(sorted(found))


def uncleared(db: Db, loan_id: int, currency: str) -> int:
    """Money for this loan that the bank has not cleared (minor units)."""
    return payments.uncleared(db, loan_id, currency).minor


def payouts_under_way(db: Db, loan_id: int) -> tuple[str, ...]:
    """The payout of this loan that has not ended: money that may yet go out on it."""
    under_way = payments.payout_under_way(db, loan_id)
    return () if under_way is None else (under_way,)


def open_drawers(db: Db, loan_id: int) -> tuple[str, ...]:
    """Drawers that hold a receipt of this loan and are not closed by two people yet."""
    return payments.drawers_open_for(db, loan_id)


def compare(db: Db, loan_id: int, read: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """What was read from each seal and phone (seal to its IMEIs), if it is what the custody records say; Refusal if not.

    Answers what may be written down: seals in full, of IMEIs the last four digits.
    """
    held = custody.holds(db, loan_id)
    wanted = {item.seal_no: item for item in held}
    if not read:
        raise BadInput("seal_no: read the seal and the IMEI from the thing", field="seal_no")
    numbers = []
    for seal_no, imeis in read.items():
        item = wanted.pop(collateral.seal_of(seal_no), None)
        if item is None:
            if len(held) == 1:
                custody.must_bear(held[0], seal_no)
            raise Refusal(f"no thing of this loan bears the seal {seal_no}; do not open it", code="seal_differs", field="seal_no")
        if not collateral.imeis_match(db, thing_id=item.thing_id, imeis=list(imeis)):
            raise Refusal("the IMEI read is not that of the custody record; do not hand it over", code="imei_differs", field="imeis")
        numbers += [f"*{imei.strip()[-4:]}" for imei in imeis]
    if wanted:
        raise BadInput(f"seal_no: {', '.join(wanted)} belongs to this loan too; read it as well", field="seal_no")
    return {"seal_no": sorted(collateral.seal_of(each) for each in read), "imei": numbers}


def hand_over(db: Db, *, clock: Clock, case: Case, custodian: Staff, witness: Staff, seals: Sequence[str]) -> None:
    """Lift the pledge and take the thing out of custody. Refusal while a fen is owed, or if the seal is another by now."""
    loan = case.loan.public_id
    owed = servicing.owed(db, loan=loan, on=clock.today())
    pledges.lift(db, clock=clock, by=custodian, loan=loan, secured_debt=owed, how="released", case=case)
    for seal_no in seals:
        pledges.hand_over(db, clock=clock, by=custodian, loan=loan, seal_no=seal_no, case=case, witness=witness.public_id)


def value(db: Db, *, clock: Clock, by: Staff, case: Case, amount: Money | None, words: str) -> tuple[str, int, bool]:
    """What the things would fetch now: the name of the valuation, the amount in minor units, and whether a person said it.

    By the named rule where the thing is in custody and its model has a price; else somebody says the figure and how they know.
    Refusal of a person's figure where there is a price: the least that a sale may bring is measured by it.
    """
    if amount is not None:
        if _has_price(db, clock=clock, by=by, case=case):
            raise Refusal(
                "the price book knows this model; leave the figure out, or have the thing appraised: that stands beside the price",
                code="priced_by_book", field="amount",
            )  # fmt: skip
        if amount.minor <= 0 or amount.currency != case.loan.currency:
            raise BadInput(f"amount: write what the thing would fetch today, in {case.loan.currency}", field="amount")
        if len(words.strip()) < 4:
            raise BadInput("words: say who valued it and how", field="words")
        return words.strip(), amount.minor, True
    held = _delivered(db, case.loan.loan_id)
    if not held:
        raise BadInput("amount: our shelves do not hold the thing; write what it would fetch and who says so", field="amount")
    worth = [collateral.value_thing(db, clock=clock, by=by.actor, case=case, thing=collateral.thing(db, each.thing_id)) for each in held]
    for standing in worth:
        if standing.referred:
            raise Refusal(f"the sources lie too far apart: {standing.referred}; two people settle it first", code="valuation_referred")
    return ", ".join(standing.public_id or "" for standing in worth), sum(standing.amount.minor for standing in worth), False


def _has_price(db: Db, *, clock: Clock, by: Staff, case: Case) -> bool:
    """Whether all the things are on our shelves and the price book knows their models well enough; writes nothing."""
    held = _delivered(db, case.loan.loan_id)
    try:
        with db.transaction(force_rollback=True):
            for each in held:
                collateral.value_thing(db, clock=clock, by=by.actor, case=case, thing=collateral.thing(db, each.thing_id))
    except Refusal as error:
        if error.code not in ("price_missing", "price_stale"):
            raise
        return False
    return bool(held)


def lift_as_sold(db: Db, *, clock: Clock, case: Case, by: Staff, net: Money) -> None:
    """The pledge ends with the sale, whose proceeds fall on the debt in this transaction; things of one loan are sold as one lot."""
    for pledge in _delivered(db, case.loan.loan_id):
        pledges.lift_by_disposal(
            db, clock=clock, by=by, loan=case.loan.public_id, proceeds=net, owed=servicing.owed, pledge=pledge.public_id, case=case
        )


def _delivered(db: Db, loan_id: int) -> list[Pledge]:
    return [each for each in pledges.pledges_of(db, loan_id) if each.state is PledgeState.DELIVERED]
