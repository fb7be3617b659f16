"""Calls: nobody is rung before the rules were asked, and every call is a line of the one ledger.

Whoever calls asks first, holding the person against a second caller until the transaction ends, and enters
what came of it when the call is answered or given up. Calls that still ring count as made.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from holdfast.contact import store
from holdfast.contact.rules import NOT_REACHED, REACHED, REFUSED, Allowed, Made, Refused, may_contact
from holdfast.contact.store import Db
from holdfast.kernel.clock import Clock
from holdfast.parties import Staff
from holdfast.policy import lender, pack_in_force


@dataclass(frozen=True, slots=True)
class Calls:
    """The calls to one person today, of all loans and purposes, and how many the pack allows."""

    made: int
    reached: int
    most: int
    most_reached: int

    @property
    def left(self) -> int:
        """How many more may be made today."""
        return max(0, min(self.most - self.made, self.most_reached - self.reached))


def may_call(db: Db, *, clock: Clock, party_id: int, purpose: str, ringing: int = 0, moment: datetime | None = None) -> Allowed | Refused:
    """Whether this person may be rung now, or at a `moment` to come. `ringing` calls of theirs are in no ledger yet and count as made."""
    store.one_caller(db, party_id)
    known, at = lender(db), moment or clock.now()
    on = at.astimezone(ZoneInfo(known.zone)).date()
    made = [*store.made_on(db, [party_id], on).get(party_id, []), *[Made(on, purpose, "voice", "ringing")] * ringing]
    return may_contact(
        pack_in_force(db, clock), history=made, stops=store.stops_of(db, [party_id]).get(party_id, []), purpose=purpose, channel="voice",
        moment=at, zone=known.zone, lender_type=known.lender_type, region=known.region,
    )  # fmt: skip


def enter_call(db: Db, *, clock: Clock, by: Staff, loan_id: int, party_id: int, purpose: str, reached: bool, rule: str) -> None:
    """Enter a call in the ledger: whether it reached the person, and the rule that allowed it."""
    outcome = REACHED if reached else NOT_REACHED
    store.write_ledger(db, [(loan_id, party_id, purpose, "voice", clock.today(), clock.now(), outcome, rule, by.staff_id)])


def calls_today(db: Db, *, clock: Clock, party_id: int, ringing: int = 0) -> Calls:
    """How often this person was rung today, and how often that is allowed."""
    pack, today, kind = pack_in_force(db, clock), clock.today(), lender(db).lender_type
    calls = [each for each in store.made_on(db, [party_id], today).get(party_id, []) if each.channel == "voice" and each.outcome != REFUSED]
    return Calls(
        len(calls) + ringing,
        sum(each.outcome == REACHED for each in calls),
        pack.number("contact.voice_attempts_per_day", on=today, lender_type=kind),
        pack.number("contact.voice_effective_per_day", on=today, lender_type=kind),
    )
