"""Visits: the ledger is asked before a visit is planned and again at the door, and what came of it is a line like any other.

The hours, the pauses and the day's caps are those of every other channel; a visit that was refused is not made.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from holdfast.contact import store
from holdfast.contact.rules import REACHED, Allowed, Made, Refused, may_contact
from holdfast.contact.store import Db
from holdfast.kernel.clock import Clock
from holdfast.parties import Staff
from holdfast.policy import lender, pack_in_force

NOT_REACHED = "not_reached"


def may_visit(db: Db, *, clock: Clock, party_id: int, purpose: str, moment: datetime | None = None) -> Allowed | Refused:
    """Whether this person may be visited now, or at a `moment` to come: held against a second caller until the transaction ends."""
    store.one_caller(db, party_id)
    known, at = lender(db), moment or clock.now()
    made: list[Made] = store.made_on(db, [party_id], at.astimezone(ZoneInfo(known.zone)).date()).get(party_id, [])
    return may_contact(
        pack_in_force(db, clock), history=made, stops=store.stops_of(db, [party_id]).get(party_id, []), purpose=purpose, channel="visit",
        moment=at, zone=known.zone, lender_type=known.lender_type, region=known.region,
    )  # fmt: skip


def enter_visit(db: Db, *, clock: Clock, by: Staff, loan_id: int, party_id: int, purpose: str, reached: bool, rule: str) -> None:
    """Enter a visit in the ledger: whether it reached the person, and the rule that allowed it."""
    outcome = REACHED if reached else NOT_REACHED
    store.write_ledger(db, [(loan_id, party_id, purpose, "visit", clock.today(), clock.now(), outcome, rule, by.staff_id)])
