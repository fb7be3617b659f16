"""Arrivals: the receipts of a bank's file, many loans at a time, by the rule that a single receipt passes.

One statement reads the loans, one pipeline writes them, and one record of the journal holds the root of their lines, each of
which is proved in its own loan's chain. What one loan refuses costs no other anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from holdfast.journal import Actor, append_batch
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, Fault, Refusal
from holdfast.kernel.money import Money
from holdfast.servicing import store, writing
from holdfast.servicing.fold import Event
from holdfast.servicing.held import Change
from holdfast.servicing.rules import Act, change
from holdfast.servicing.service import Db, Done, Plans, done_of, receipt_event


@dataclass(frozen=True, slots=True)
class Arrival:
    """Money that came in for a loan, and by which way: a line of a bank's file."""

    loan_id: int
    amount: Money
    received_on: date
    source: str


def receive_many(db: Db, arrivals: Sequence[Arrival], *, clock: Clock, by: Actor, label: str) -> list[Done | Refusal | BadInput]:
    """Post receipts of as many different loans; for each, in the same order, what was done or why it was refused.

    `label` names the batch in the journal and in the general ledger. Fault if a loan stands there twice: its second
    receipt would not see the first.
    """
    if len({each.loan_id for each in arrivals}) != len(arrivals):
        raise Fault("a batch of receipts names a loan twice", code="batch_loan_twice")
    if not arrivals:
        return []
    today = clock.today()
    held_of = {held.loan.loan_id: held for held in store.load(db, [each.loan_id for each in arrivals])}
    known = next(iter(held_of.values())).lender
    found: list[Event | Refusal | BadInput] = []
    for each in arrivals:
        held = held_of[each.loan_id]
        try:
            found.append(receipt_event(held, today=today, amount=each.amount, received_on=each.received_on, source=each.source))
        except (Refusal, BadInput) as error:
            found.append(error)
    late = [
        each.loan_id
        for each, event in zip(arrivals, found, strict=True)
        if isinstance(event, Event) and event.on < held_of[each.loan_id].account.last_event_on
    ]
    earlier = store.history(db, late) if late else {}
    act, plans = Act(today, clock.now(), by, known.zone, known.closed_through), Plans(db, known)
    changes: list[Change] = []
    done: list[Done | Refusal | BadInput] = []
    for each, event in zip(arrivals, found, strict=True):
        if not isinstance(event, Event):
            done.append(event)
            continue
        held = held_of[each.loan_id]
        changes.append(change(held, act, plans.of(held), [event], history=earlier.get(each.loan_id)))
        done.append(done_of(changes[-1]))
    if changes:
        append_batch(db, [record for each in changes for record in each.records], at=act.now, on=today, by=by, label=label)
        writing.write(db, changes, source=label, at=act.now, today=act.booked_on)
    return done
