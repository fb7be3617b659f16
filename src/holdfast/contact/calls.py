"""Calls: nobody is rung before the rules were asked, and every call is a line of the one ledger.

Whoever calls asks first, holding the person against a second caller until the transaction ends, and enters
what came of it when the call is answered or given up. Calls that still ring count as made.

A caller at a desk dials (`dial`), and then says what came of it by the verb of the duty that the call was for, which hangs
up (`spoke`). Nobody notes a talk that was not dialled, unless the borrower came to us.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from holdfast.contact import store
from holdfast.contact.rules import NOT_REACHED, REACHED, REFUSED, Allowed, Made, Refused, may_contact
from holdfast.contact.store import Db
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, Refusal
from holdfast.parties import Staff
from holdfast.policy import lender, pack_in_force

# How a borrower was spoken to: rung by us, or they came, rang or wrote of their own accord, which no rule of contact binds.
CALLED: Final = "called"
CAME: Final = "came"
HOW: Final = (CALLED, CAME)
# What came of a talk that was none.
UNREACHED: Final = frozenset({"not_reached", "wrong_number"})


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


@dataclass(frozen=True, slots=True)
class Ringing:
    """A call that was dialled and is not hung up: whom it is about, why, by which rule, and since when."""

    staff_id: int
    loan_id: int
    party_id: int
    purpose: str
    rule: str
    on: date
    since: datetime


def may_call(db: Db, *, clock: Clock, party_id: int, purpose: str, ringing: int = 0, moment: datetime | None = None) -> Allowed | Refused:
    """Whether this person may be rung now, or at a `moment` to come. `ringing` calls of theirs are in no ledger yet and count as made."""
    store.one_caller(db, party_id)
    known, at = lender(db), moment or clock.now()
    on = at.astimezone(ZoneInfo(known.zone)).date()
    ringing += len(store.ringing_to(db, party_id))
    made = [*store.made_on(db, [party_id], on).get(party_id, []), *[Made(on, purpose, "voice", "ringing")] * ringing]
    return may_contact(
        pack_in_force(db, clock), history=made, stops=store.stops_of(db, [party_id]).get(party_id, []), purpose=purpose, channel="voice",
        moment=at, zone=known.zone, lender_type=known.lender_type, region=known.region,
    )  # fmt: skip


def dial(db: Db, *, clock: Clock, by: Staff, loan_id: int, party_id: int, purpose: str) -> Ringing:
    """Ask the rules, and have the call ring if they allow it; dialled again on the same loan, the call that rings.

    Refusal `contact_refused` with the rule and, where time lifts it, the earliest moment; `another_call_rings` while another call of this
    person is not hung up.
    """
    if (before := rings(db, by=by)) is not None:
        return _the_same(before, loan_id)
    verdict = may_call(db, clock=clock, party_id=party_id, purpose=purpose)
    if isinstance(verdict, Refused):
        local = f"{verdict.earliest.astimezone(ZoneInfo(lender(db).zone)):%Y-%m-%d %H:%M}" if verdict.earliest else "—"
        raise Refusal(f"no call now ({verdict.rule}): {verdict.sentence}", code="contact_refused", rule=verdict.rule, local=local)
    now = Ringing(by.staff_id, loan_id, party_id, purpose, verdict.rule, clock.today(), clock.now())
    if store.write_ringing(db, (by.staff_id, loan_id, party_id, purpose, verdict.rule, now.on, now.since)):
        return now
    raise _rings_elsewhere()


def rings(db: Db, *, by: Staff) -> Ringing | None:
    """The call of this person that is not hung up, if any."""
    found = store.ringing_of(db, by.staff_id)
    return None if found is None else Ringing(by.staff_id, *found)


def spoke(db: Db, *, by: Staff | None, loan_id: int, how: str, outcome: str) -> None:
    """Account for a talk that somebody notes on a loan: the call that was dialled for it is hung up and stands in the ledger.

    BadInput unless `how` is one of `HOW`, and for a borrower who `came` and was not reached; Refusal `not_dialled` for a call that
    this person has not dialled on this loan. Without `by` nobody is at a desk, and nobody can have been called.
    """
    if how not in HOW:
        raise BadInput(f"how: say how you spoke, {' or '.join(HOW)}, not {how!r}", field="how")
    if how == CAME:
        if outcome in UNREACHED:
            raise BadInput("outcome: whoever came to us was reached; choose what came of it", field="outcome", code="came_is_reached")
        return
    found = None if by is None else rings(db, by=by)
    if found is None or found.loan_id != loan_id:
        raise Refusal("no call was dialled for this: press Call first, which asks whether it may be made", code="not_dialled", field="how")
    _hang_up(db, found, reached=outcome not in UNREACHED)


def hang_up(db: Db, *, by: Staff) -> None:
    """The call of this person is over and reached nobody; it stands in the ledger as tried. Refusal `not_dialled` if none rings."""
    if (found := rings(db, by=by)) is None:
        raise Refusal("no call of yours rings; press Call first", code="not_dialled")
    _hang_up(db, found, reached=False)


def end_calls(db: Db, *, on: date) -> int:
    """At the end of a day: what was dialled and never noted was tried, and as far as anybody can say it reached nobody. How many."""
    left = [Ringing(*row) for row in store.all_ringing(db, on)]
    for each in left:
        _hang_up(db, each, reached=False)
    return len(left)


def _the_same(before: Ringing, loan_id: int) -> Ringing:
    if before.loan_id != loan_id:
        raise _rings_elsewhere()
    return before


def _rings_elsewhere() -> Refusal:
    return Refusal("another call of yours still rings; note what came of it, or hang up, first", code="another_call_rings")


def _hang_up(db: Db, found: Ringing, *, reached: bool) -> None:
    """Enter a dialled call in the ledger, at the moment at which it was dialled and by the rule that allowed it."""
    outcome = REACHED if reached else NOT_REACHED
    store.end_ringing(db, found.staff_id)
    store.write_ledger(
        db, [(found.loan_id, found.party_id, found.purpose, "voice", found.on, found.since, outcome, found.rule, found.staff_id)]
    )


def enter_call(db: Db, *, clock: Clock, by: Staff, loan_id: int, party_id: int, purpose: str, reached: bool, rule: str) -> None:
    """Enter a call in the ledger: whether it reached the person, and the rule that allowed it."""
    outcome = REACHED if reached else NOT_REACHED
    store.write_ledger(db, [(loan_id, party_id, purpose, "voice", clock.today(), clock.now(), outcome, rule, by.staff_id)])


def calls_today(db: Db, *, clock: Clock, party_id: int, ringing: int = 0) -> Calls:
    """How often this person was rung today, and how often that is allowed."""
    ringing += len(store.ringing_to(db, party_id))
    pack, today, kind = pack_in_force(db, clock), clock.today(), lender(db).lender_type
    calls = [each for each in store.made_on(db, [party_id], today).get(party_id, []) if each.channel == "voice" and each.outcome != REFUSED]
    return Calls(
        len(calls) + ringing,
        sum(each.outcome == REACHED for each in calls),
        pack.number("contact.voice_attempts_per_day", on=today, lender_type=kind),
        pack.number("contact.voice_effective_per_day", on=today, lender_type=kind),
    )
