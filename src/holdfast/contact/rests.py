"""Contact rests, and goes on again, because of what a stage has taken in: a complaint, a dispute, a hardship request.

Whoever took it in does so in the same transaction; nobody needs a right of their own for it.
"""

from __future__ import annotations

from datetime import timedelta

from holdfast.contact import store
from holdfast.contact.rules import Stop
from holdfast.contact.store import Db
from holdfast.journal import Actor, write_record
from holdfast.kernel.clock import Clock
from holdfast.parties import party_by_id

_DAY = timedelta(days=1)


def pause(db: Db, *, clock: Clock, by: Actor, party_id: int, reason: str, purposes: frozenset[str]) -> None:
    """Contact for these purposes rests from today until it is lifted. Where it rests for that reason already nothing is done.

    A pause that a person set does not count: what a case sets ends with the case, and no person ends it before.
    """
    today = clock.today()
    if any(
        each.reason == reason and each.until is None and each.by_staff is None for each in store.stops_of(db, [party_id]).get(party_id, [])
    ):
        return
    store.write_stop(db, party_id, Stop(reason, purposes, today, None))
    says = {"reason": reason, "purposes": sorted(purposes), "until": None}
    write_record(db, clock=clock, by=by, chain_id=party_id, chain=party_by_id(db, party_id).public_id, kind="contact.stopped", says=says)


def lift(db: Db, *, clock: Clock, by: Actor, party_id: int, reason: str) -> None:
    """Contact goes on from today, as far as that reason goes; what a person has paused, a person lifts."""
    if store.end_stops(db, party_id, reason, clock.today() - _DAY, of_a_case=True):
        chain = party_by_id(db, party_id).public_id
        write_record(db, clock=clock, by=by, chain_id=party_id, chain=chain, kind="contact.resumed", says={"reason": reason})
