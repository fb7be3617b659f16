"""Pauses that a person sets and lifts: contact rests for a while, with who, why and until when.

A pause for a complaint or a dispute protects the borrower from us, so whoever set it does not end it: another person does. One
that a case has set (a complaint that waits for its answer) ends with that case and with nothing else. A pause that is in force is
never written over, so it is not made shorter or narrower by setting it again.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from holdfast.contact import store
from holdfast.contact.rules import PURPOSES, STOPPED_PURPOSES, Stop
from holdfast.contact.store import Db
from holdfast.duties import take
from holdfast.journal import write_record
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, Forbidden, NotFound, Refusal
from holdfast.parties import Party, Staff, party_by_id, require, staff_by_id

STOP_REASONS: Final = ("opt_out", "complaint", "dispute", "hardship")
# Lifted by another person than who set them.
BY_ANOTHER: Final = frozenset({"complaint", "dispute"})
SHORTEST_REASON: Final = 4
_DAY: Final = timedelta(days=1)


def pause(db: Db, *, clock: Clock, by: Staff, loan: str, reason: str, because: str, until: date | None = None) -> None:
    """Pause reminders, collection and marketing with the borrower of a loan within sight, whichever loan they are about."""
    require(by, "contact.stop")
    stop(db, clock=clock, by=by, party=_borrower(db, by, loan), reason=reason, because=because, until=until)


def lift(db: Db, *, clock: Clock, by: Staff, loan: str, reason: str, because: str) -> None:
    """Let contact with the borrower of a loan within sight go on, as far as that reason goes."""
    require(by, "contact.stop")
    resume(db, clock=clock, by=by, party=_borrower(db, by, loan), reason=reason, because=because)


def pauses_of(db: Db, *, clock: Clock, by: Staff, loan: str) -> list[Stop]:
    """What rests today with the borrower of a loan within sight; nothing where nobody knows who that is."""
    case = take(db, loan, by.scope, lock=False)
    return [] if case.loan.party_id is None else store.in_force(db, case.loan.party_id, clock.today())


def stop(
    db: Db, *, clock: Clock, by: Staff, party: Party, reason: str, because: str, until: date | None = None,
    purposes: frozenset[str] = STOPPED_PURPOSES,
) -> None:  # fmt: skip
    """Pause contact with a person from today: opt-out, complaint, dispute or hardship. Refusal if it rests for that reason already."""
    require(by, "contact.stop")
    if reason not in STOP_REASONS:
        raise BadInput(f"reason: write one of {', '.join(STOP_REASONS)}, not {reason!r}", field="reason")
    if not purposes or not purposes <= set(PURPOSES):
        raise BadInput(f"purposes: choose from {', '.join(PURPOSES)}", field="purposes")
    today, words = clock.today(), _words(because)
    if until is not None and until < today:
        raise BadInput(f"until: {until} is over already; name today, a later day or none", field="until")
    store.one_caller(db, party.party_id)
    if _standing(db, party, reason, today):
        raise Refusal(f"contact rests for {reason} already; lift that first", code="pause_in_force", reason=reason)
    store.write_stop(db, party.party_id, Stop(reason, purposes, today, until, by.staff_id, words))
    says = {"reason": reason, "because": words, "purposes": sorted(purposes), "until": until.isoformat() if until else None}
    write_record(db, clock=clock, by=by.actor, chain_id=party.party_id, chain=party.public_id, kind="contact.stopped", says=says)


def resume(db: Db, *, clock: Clock, by: Staff, party: Party, reason: str, because: str) -> None:
    """End the pauses of that reason with yesterday; NotFound if there is none.

    Forbidden to whoever set a pause for a complaint or a dispute, under any log-in; Refusal where a case has set it.
    """
    require(by, "contact.stop")
    today, words = clock.today(), _words(because)
    store.one_caller(db, party.party_id)
    standing = _standing(db, party, reason, today)
    if not standing:
        raise NotFound(f"{party.public_id} has no {reason} in force", code="no_stop", field="reason")
    for each in standing:
        if reason in BY_ANOTHER and each.by_staff is None:
            raise Refusal(f"a case has set this pause for {reason}; it ends with the case", code="pause_of_a_case", reason=reason)
        if reason in BY_ANOTHER and each.by_staff is not None and by.is_same_person(staff_by_id(db, each.by_staff)):
            raise Forbidden("this person has set the pause; another person lifts it", code="pause_same_person", reason=reason)
    store.end_stops(db, party.party_id, reason, today - _DAY)
    says = {"reason": reason, "because": words}
    write_record(db, clock=clock, by=by.actor, chain_id=party.party_id, chain=party.public_id, kind="contact.resumed", says=says)


def _standing(db: Db, party: Party, reason: str, on: date) -> list[Stop]:
    return [each for each in store.in_force(db, party.party_id, on) if each.reason == reason]


def _words(because: str) -> str:
    if len(because.strip()) < SHORTEST_REASON:
        raise BadInput("because: say in a few words why", field="because")
    return because.strip()


def _borrower(db: Db, by: Staff, loan: str) -> Party:
    case = take(db, loan, by.scope, lock=False)
    if case.loan.party_id is None:
        raise Refusal(f"nobody knows who the borrower of loan {loan} is", code="no_borrower", loan=loan)
    return party_by_id(db, case.loan.party_id)
