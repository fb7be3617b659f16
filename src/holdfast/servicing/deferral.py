"""Deferral: instalments fall due whole months later, and what that costs is known before anybody agrees to it.

All instalments from the first that is not wholly paid move together. New days are counted from the
contract's first due date, so that the 31st returns after February. For the added time the principal
that is still owed bears the contract's own interest, due with the first instalment that moves; on a
loan that may take no new charge it bears none. The arrears that there were stay in the class of the loan.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import psycopg

from holdfast.journal import Actor
from holdfast.kernel.calendar import Unit, add_months
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, Refusal
from holdfast.kernel.money import Money
from holdfast.life import LoanState
from holdfast.loans import loan_id_of
from holdfast.policy import Lender, Pack, lender
from holdfast.products.schedule import Instalment, due_on
from holdfast.products.terms import Terms
from holdfast.servicing import store
from holdfast.servicing.arrears import CLASSES, days_past_due, five_tier, floor_on
from holdfast.servicing.fold import Event, State, step
from holdfast.servicing.held import Held
from holdfast.servicing.rules import Act, change
from holdfast.servicing.service import Done, Plans, done_of, save

Db = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Deferred:
    """What a deferral would make of a loan's schedule: its rows before and after, and the interest of the added time.

    `ends_on` is the new last due date and `longest_until` the day to which the first term, had once more, would
    reach. `payload` is the event that does it.
    """

    loan: str
    on: date
    from_n: int
    months: int
    before: tuple[Instalment, ...]
    after: tuple[Instalment, ...]
    extra_interest: Money
    days_late: int
    ends_on: date
    longest_until: date
    payload: Mapping[str, Any]


def moved_months(events: Sequence[Event], n: int) -> int:
    """By how many months earlier deferrals have moved instalment `n`; those taken back count for nothing."""
    undone = {event.payload["event_no"] for event in events if event.kind == "reversal"}
    return sum(
        event.payload["months"]
        for event in events
        if event.kind == "deferred" and event.event_no not in undone and event.payload["from_n"] <= n
    )


def moved_due_on(terms: Terms, n: int, months: int) -> date:
    """The due date of instalment `n`, moved by `months` in all: counted from the first due date, not from the one before."""
    if terms.every_unit is not Unit.MONTHS:
        return add_months(due_on(terms, n), months)
    start, steps = (terms.disbursed_on, n) if terms.first_due_on is None else (terms.first_due_on, n - 1)
    return add_months(start, terms.every_count * steps + months)


def deferred(state: State, events: Sequence[Event], *, loan: str, months: int, on: date, bears_interest: bool) -> Deferred:
    """What deferring by `months` on `on` would do; Refusal if nothing is owed or the first new due date would have passed."""
    if months < 1:
        raise BadInput("months: defer by at least one month", field="months")
    first = next((row for row in state.instalments if row.n >= 1 and row.unpaid), None)
    if state.closed or first is None:
        raise Refusal(f"loan {loan} has no instalment that could be deferred", code="nothing_to_defer", loan=loan)
    terms = state.terms
    moved = [
        {
            "n": row.n,
            "was_due_on": row.due_on.isoformat(),
            "due_on": moved_due_on(terms, min(row.n, terms.instalments), moved_months(events, row.n) + months).isoformat(),
        }
        for row in state.instalments
        if row.n >= first.n
    ]
    new_first = date.fromisoformat(str(moved[0]["due_on"]))
    if new_first <= on:
        raise Refusal(
            f"{months} more months bring instalment {first.n} only to {new_first}; ask for more, or pay the oldest part first",
            code="deferral_too_short", field="months", due_on=new_first.isoformat(),
        )  # fmt: skip
    payload: dict[str, Any] = {"from_n": first.n, "months": months, "bears_interest": bears_interest, "instalments": moved}
    before = tuple(replace(row) for row in state.instalments)
    after = tuple(step(state.copy(), Event(len(events) + 1, "deferred", on, on, payload)).instalments)
    extra = sum(row.interest for row in after) - sum(row.interest for row in before)
    return Deferred(
        loan, on, first.n, months, before, after, Money(extra, terms.currency), days_past_due(state.oldest_unpaid_due_on, on),
        ends_on=max(row.due_on for row in after),
        longest_until=_once_more(terms),
        payload={**payload, "extra_interest": [{"n": first.n, "minor": extra}]},
    )  # fmt: skip


def _once_more(terms: Terms) -> date:
    """The day on which the loan would end if its first term were had once more."""
    if terms.every_unit is Unit.MONTHS:
        return moved_due_on(terms, terms.instalments, terms.every_count * terms.instalments)
    ends_on = due_on(terms, terms.instalments)
    return ends_on + (ends_on - terms.disbursed_on)


def preview_deferral(db: Db, *, loan: str, months: int, on: date) -> Deferred:
    """What deferring the loan on `on` would do; writes nothing. Refusal unless the loan is being repaid."""
    held = store.load(db, [loan_id_of(db, loan)], lock=False)[0]
    return _deferred(db, held, months, on)[0]


def defer(db: Db, *, clock: Clock, by: Actor, loan: str, months: int) -> Done:
    """Defer from today; who may agree to it, and within which limits, the caller has made sure.

    The loan is watched from now on: for the pack's months its class is no better than special mention, nor than the
    class that its arrears have today.
    """
    held = store.load(db, [loan_id_of(db, loan)])[0]
    today, known = clock.today(), lender(db)
    plan, events = _deferred(db, held, months, today)
    plans = Plans(db, known)
    pack = plans.pack(held.loan.pack_version)
    floor, until = _watched(held, pack, known, plan.days_late, today)
    payload = {**plan.payload, "class_floor": floor, "observe_until": until.isoformat()}
    held.account.class_floor, held.account.observe_until = floor, until
    act = Act(today, clock.now(), by, known.zone)
    event = Event(held.account.last_event_no + 1, "deferred", today, today, payload)
    result = change(held, act, plans.of(held), [event], history=events)
    save(db, [result], source=f"{held.loan.public_id} {result.record.kind}", act=act)
    return done_of(result)


def watched(events: Sequence[Event]) -> tuple[str, date | None]:
    """The floor of the class, and until when it holds, that the loan's deferrals have set; taking one back does not lift it."""
    last = next((event for event in reversed(events) if event.kind == "deferred"), None)
    return ("pass", None) if last is None else (last.payload["class_floor"], date.fromisoformat(last.payload["observe_until"]))


def _deferred(db: Db, held: Held, months: int, on: date) -> tuple[Deferred, list[Event]]:
    if held.loan.state is not LoanState.ACTIVE:
        raise Refusal(
            f"loan {held.loan.public_id} is {held.loan.state}; only a loan that is being repaid can be deferred",
            code="loan_not_active", loan=held.loan.public_id,
        )  # fmt: skip
    events = store.history(db, [held.loan.loan_id])[held.loan.loan_id]
    bears = not held.account.charges_barred
    return deferred(held.state, events, loan=held.loan.public_id, months=months, on=on, bears_interest=bears), events


def _watched(held: Held, pack: Pack, known: Lender, days_late: int, today: date) -> tuple[str, date]:
    """The worst of special mention, what the arrears say today, and what was being watched already; and until when."""
    floors = pack.table("classification.floors", on=today, lender_type=known.lender_type)
    months = pack.number("classification.restructured_observation", on=today, lender_type=known.lender_type)
    had = floor_on(held.account.class_floor, held.account.observe_until, today)
    floor = max(five_tier(days_late, floors, had), "special_mention", key=CLASSES.index)
    return floor, max(add_months(today, months), held.account.observe_until or today)
