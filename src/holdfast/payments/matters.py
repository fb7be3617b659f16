"""Matters: a payout that is to come back, or of which the bank said two things. Each has a duty until two people have ended it.

Here is how one begins and ends on the loan's chain; what people do about it is in `recalls`.
"""

from __future__ import annotations

from typing import Any, Final

from holdfast.duties import Case, enter
from holdfast.journal import Actor
from holdfast.kernel.clock import Clock
from holdfast.kernel.ids import new_id
from holdfast.loans import Happened
from holdfast.payments import rail_store
from holdfast.payments.model import Matter, Payout
from holdfast.payments.states import MATTER_LIFE, MatterEvent, MatterState, after
from holdfast.payments.store import Db

RECALL: Final = "recall"
DISPUTE: Final = "dispute"
_BEGINS: Final = {RECALL: ("payout.recall_asked", "payout_recall"), DISPUTE: ("payout.contradicted", "payout_dispute")}
_ENDS: Final = {RECALL: ("payout.recall_ended", "payout_recall"), DISPUTE: ("payout.dispute_settled", "payout_dispute")}
_UNENDED: Final = (MatterState.OPEN, MatterState.RULED)


def standing(db: Db, case: Case, kind: str) -> Matter | None:
    """The recall or contradiction of that loan that has not ended, if there is one."""
    found = rail_store.matters(db, None, loan_id=case.loan.loan_id, states=_UNENDED)
    return next((each for each in found if each.kind == kind), None)


def begin_matter(
    db: Db, clock: Clock, by: Actor, case: Case, payout: Payout, *, kind: str, words: str, who: str, reference: str = ""
) -> Matter:
    """The matter stands from now on, with its duty; if the same one stands already, that one."""
    if (found := standing(db, case, kind)) is not None:
        return found
    public_id = new_id("pm")
    record, duty = _BEGINS[kind]
    says = {"payout": payout.public_id, "matter": public_id, "amount": payout.amount.as_json(), "words": words}
    enter(db, case, clock=clock, by=by, kind=record, says=says, opens=(duty,), while_frozen=True)
    rail_store.insert_matter(
        db, loan_id=case.loan.loan_id, public_id=public_id, payout=payout.public_id, kind=kind, by=who, words=words, reference=reference,
        at=clock.now(),
    )  # fmt: skip
    return rail_store.matters(db, None, public_id=public_id)[0]


def end_matter(
    db: Db, clock: Clock, by: Actor, case: Case, matter: Matter, *, outcome: str, reference: str, happened: tuple[Happened, ...] = ()
) -> Matter:
    """The matter has ended so; its duty is proved by the record that says it."""
    state = after(MATTER_LIFE, f"matter {matter.public_id}", matter.state, MatterEvent.END)
    record, duty = _ENDS[matter.kind]
    says: dict[str, Any] = {"payout": matter.payout, "matter": matter.public_id, "outcome": outcome, "reference": reference}
    enter(db, case, clock=clock, by=by, kind=record, says=says, closes=(duty,), while_frozen=True)
    rail_store.update_matter(db, matter, state=state, outcome=outcome, reference=reference, ended_at=clock.now())
    return rail_store.matters(db, None, public_id=matter.public_id, happened=happened)[0]
