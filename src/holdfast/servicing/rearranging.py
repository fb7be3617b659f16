"""The verbs of rearrangement: see what an agreement would make of a loan, and bring it about.

The arrears that there were stay in the class of the loan: whatever is agreed, it is watched for the pack's months.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import psycopg

from holdfast.journal import Actor
from holdfast.kernel.calendar import add_months
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import Refusal
from holdfast.life import LoanState
from holdfast.loans import loan_id_of
from holdfast.policy import Lender, Pack, lender
from holdfast.servicing import rules, store
from holdfast.servicing.arrears import CLASSES, five_tier, floor_on
from holdfast.servicing.fold import Event
from holdfast.servicing.held import Held
from holdfast.servicing.rescheduling import Rearranged, Rearrangement, rearranged
from holdfast.servicing.service import Done, Plans, done_of, save

Db = psycopg.Connection[Any]
# The kinds of event that are agreements of this sort.
AGREEMENTS = frozenset({"deferred", "rearranged"})


def preview(db: Db, *, loan: str, change: Rearrangement, on: date) -> Rearranged:
    """What agreeing to `change` on `on` would do; writes nothing. Refusal unless the loan is being repaid."""
    held = store.load(db, [loan_id_of(db, loan)], lock=False)[0]
    return _rearranged(db, held, change, on)[0]


def rearrange(db: Db, *, clock: Clock, by: Actor, loan: str, change: Rearrangement) -> Done:
    """Bring about what was agreed, from today; who may agree to it, and within which limits, the caller has made sure.

    The loan is watched from now on: for the pack's months its class is no better than special mention, nor than the
    class that its arrears have today.
    """
    held = store.load(db, [loan_id_of(db, loan)])[0]
    today, known = clock.today(), lender(db)
    plan, events = _rearranged(db, held, change, today)
    plans = Plans(db, known)
    floor, until = _watched(held, plans.pack(held.loan.pack_version), known, plan.days_late, today)
    payload = {**plan.payload, "class_floor": floor, "observe_until": until.isoformat()}
    held.account.class_floor, held.account.observe_until = floor, until
    act = rules.Act(today, clock.now(), by, known.zone, known.closed_through)
    event = Event(held.account.last_event_no + 1, plan.event_kind, today, today, payload)
    result = rules.change(held, act, plans.of(held), [event], history=events)
    save(db, [result], source=f"{held.loan.public_id} {result.record.kind}", act=act)
    return done_of(result)


def watched(events: Sequence[Event]) -> tuple[str, date | None]:
    """The floor of the class, and until when it holds, that the loan's agreements have set; taking one back does not lift it."""
    last = next((event for event in reversed(events) if event.kind in AGREEMENTS), None)
    return ("pass", None) if last is None else (last.payload["class_floor"], date.fromisoformat(last.payload["observe_until"]))


def _rearranged(db: Db, held: Held, change: Rearrangement, on: date) -> tuple[Rearranged, list[Event]]:
    if held.loan.state is not LoanState.ACTIVE:
        raise Refusal(
            f"loan {held.loan.public_id} is {held.loan.state}; only a loan that is being repaid can be rearranged",
            code="loan_not_active", loan=held.loan.public_id,
        )  # fmt: skip
    events = store.history(db, [held.loan.loan_id])[held.loan.loan_id]
    bears = not held.account.charges_barred
    return rearranged(held.state, events, change, loan=held.loan.public_id, on=on, bears_interest=bears), events


def _watched(held: Held, pack: Pack, known: Lender, days_late: int, today: date) -> tuple[str, date]:
    """The worst of special mention, what the arrears say today, and what was being watched already; and until when."""
    floors = pack.table("classification.floors", on=today, lender_type=known.lender_type)
    months = pack.number("classification.restructured_observation", on=today, lender_type=known.lender_type)
    had = floor_on(held.account.class_floor, held.account.observe_until, today)
    floor = max(five_tier(days_late, floors, had), "special_mention", key=CLASSES.index)
    return floor, max(add_months(today, months), held.account.observe_until or today)
