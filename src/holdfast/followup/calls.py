"""Calls about a loan that is being repaid: asked of the rules before anybody's telephone rings, and noted by what they were for.

`dial` asks and shows the number; the note of a follow-up, of a broken promise or of a broken settlement says what came of it and
hangs up; `hang_up` ends a call that there is nothing to note of. What is left at the end of the day was tried and reached nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import psycopg

from holdfast import contact
from holdfast.duties import Case, enter, take
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import Refusal
from holdfast.life import LIVE
from holdfast.parties import Party, PrivateKind, Staff, numbers_for_sending, party_by_id, require, reveal

Db = psycopg.Connection[Any]

_ACT: Final = "duty.note"
# What calls for money is bound as collection, whatever else the call is about.
_ABOUT_MONEY: Final = ("follow_up", "promise_broken", "settlement_broken", "recovery")
_ABOUT_WHAT_FALLS_DUE: Final = ("reminder", "reach")


@dataclass(frozen=True, slots=True)
class Dialled:
    """A call that rings: the borrower's number in full, why they are rung, the rule that allows it, and since when."""

    number: str
    purpose: str
    rule: str
    since: datetime


def dial(db: Db, *, clock: Clock, by: Staff, loan: str) -> Dialled:
    """Ask whether the borrower may be rung now, and show the number if so; it stands in the loan's chain and in the party's.

    Refusal `contact_refused` names the rule and from when on it would be allowed; `no_borrower` where nobody is known, and what
    `contact.dial` and `parties.reveal` refuse. Dialled again it is the same call.
    """
    require(by, _ACT)
    case = take(db, loan, by.scope)
    if case.loan.state not in LIVE:
        raise Refusal(f"loan {loan} is {case.loan.state}; nobody is called about it", code="loan_state", state=str(case.loan.state))
    party, before = _party(db, case), contact.rings(db, by=by)
    rings = contact.dial(db, clock=clock, by=by, loan_id=case.loan.loan_id, party_id=party.party_id, purpose=_purpose(case))
    if before is not None:
        return Dialled(_number(db, party), rings.purpose, rings.rule, rings.since)
    number = reveal(db, clock=clock, by=by, party=party, kind=PrivateKind.PHONE, reason=f"to call about loan {loan}")
    says = {"purpose": rings.purpose, "rule": rings.rule}
    enter(db, case, clock=clock, by=by.actor, kind="call.dialled", says=says, while_frozen=True)
    return Dialled(number, rings.purpose, rings.rule, rings.since)


def hang_up(db: Db, *, clock: Clock, by: Staff, loan: str) -> None:
    """End a call that reached nobody, without a note; its duty stays. Refusal `not_dialled` if no call of this person rings here."""
    require(by, _ACT)
    case = take(db, loan, by.scope)
    if (found := contact.rings(db, by=by)) is None or found.loan_id != case.loan.loan_id:
        raise Refusal(f"no call of yours about loan {loan} rings; press Call first", code="not_dialled")
    contact.hang_up(db, by=by)
    enter(db, case, clock=clock, by=by.actor, kind="call.ended", says={"reached": False}, while_frozen=True)


def ringing(db: Db, *, by: Staff, loan: str) -> Dialled | None:
    """The call of this person about this loan that is not hung up, with the number for as long as it rings."""
    case = take(db, loan, by.scope, lock=False)
    found = contact.rings(db, by=by)
    if found is None or found.loan_id != case.loan.loan_id:
        return None
    return Dialled(_number(db, party_by_id(db, found.party_id)), found.purpose, found.rule, found.since)


def _purpose(case: Case) -> str:
    if any(case.open(kind) is not None for kind in _ABOUT_MONEY):
        return "collection"
    return "reminder" if any(case.open(kind) is not None for kind in _ABOUT_WHAT_FALLS_DUE) else "service"


def _party(db: Db, case: Case) -> Party:
    if case.loan.party_id is None:
        raise Refusal(f"nobody knows who the borrower of {case.loan.public_id} is; note who came instead", code="no_borrower")
    return party_by_id(db, case.loan.party_id)


def _number(db: Db, party: Party) -> str:
    return numbers_for_sending(db, [party.party_id])[party.party_id]
