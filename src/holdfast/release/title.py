"""What release asks of the stages before it: the pledge and the thing behind it, money that is not cleared yet.

One place, so that the verbs read as the trade speaks and not as tables do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from holdfast import payments
from holdfast.duties import Case
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput
from holdfast.kernel.money import Money
from holdfast.parties import Staff
from holdfast.release import store
from holdfast.release.model import Thing
from holdfast.release.store import Db


def thing_of(db: Db, case: Case) -> Thing:
    """What there is to give back for this loan."""
    if store.collateral_of(db, case.loan.product_code)[0] == "none":
        return Thing.NONE
    return Thing.OUTSIDE


def custody_problem(db: Db, loan_id: int) -> str:
    """What is wrong with the thing on the shelf, if anything is."""
    return ""


def other_pledges(db: Db, case: Case) -> tuple[str, ...]:
    """Other open pledges on the same thing."""
    return ()


def uncleared(db: Db, loan_id: int, currency: str) -> int:
    """Money for this loan that the bank has not cleared (minor units)."""
    return payments.uncleared(db, loan_id, currency).minor


def open_drawers(db: Db, loan_id: int) -> tuple[str, ...]:
    """Drawers that hold a receipt of this loan and are not closed by two people yet."""
    return payments.drawers_open_for(db, loan_id)


def value(db: Db, *, clock: Clock, by: Staff, case: Case, amount: Money | None, words: str) -> tuple[str, int, bool]:
    """What the thing would fetch now: the name of the valuation, the amount in minor units, and whether a person said it."""
    if amount is None or amount.minor <= 0 or amount.currency != case.loan.currency:
        raise BadInput("amount: write what the thing would fetch today", field="amount")
    if len(words.strip()) < 4:
        raise BadInput("words: say who valued it and how", field="words")
    return words.strip(), amount.minor, True


def lift_as_sold(db: Db, *, clock: Clock, case: Case, by: Staff, net: Money, witness: int) -> None:
    """The pledge ends with the sale, whose proceeds fall on the debt in this transaction."""


def compare(db: Db, loan_id: int, *, seal_no: str, imeis: Sequence[str]) -> dict[str, Any]:
    """What was read from seal and phone, if it is what the custody record says; Refusal if not."""
    raise NotImplementedError


def hand_over(db: Db, *, clock: Clock, case: Case, custodian: Staff, witness: Staff, seen: Mapping[str, Any]) -> None:
    """Lift the pledge and take the thing out of custody."""
    raise NotImplementedError
