"""Charging: penalty interest on what is overdue, charges that staff put on a loan, and what is given up of them.

Penalty interest (罚息) accrues in closed form: an instalment keeps the sum of what was overdue times the days it
was, brought up to the day of each event before the event acts. That sum times the contract's daily rate, rounded
once, is all the penalty interest of the instalment, so no order of nights, looks and receipts changes a fen of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from holdfast.kernel.errors import Fault
from holdfast.kernel.rounding import to_minor
from holdfast.products.schedule import Instalment, penalty_rate
from holdfast.products.terms import PenaltyBase, Terms
from holdfast.servicing.state import Event, Pause, State

# What may be given up without paying it: never principal.
WAIVABLE: Final = ("penalty", "fee", "interest")


# ── penalty interest ───────────────────────────────────────────────────────────────────────────────────────


def bears_penalty(terms: Terms, row: Instalment) -> int:
    """What of an instalment bears penalty interest once it is late, in minor units."""
    base = row.principal - row.principal_paid
    if terms.penalty is not None and terms.penalty.base is PenaltyBase.PRINCIPAL_AND_INTEREST:
        base += row.interest - row.interest_paid
    return base


def accrue(state: State, on: date) -> None:
    """Bring the penalty interest in the instalments up to the end of `on`, in place.

    A day counts from the contract's first day late on; the day of payment is the last. Nothing accrues on a
    closed loan, nor on a day for which the count of days late stands still.
    """
    penalty, since = state.terms.penalty, state.penalised_through
    if on <= since:
        return
    state.penalised_through = on
    if penalty is None or state.closed:
        return
    rate, free = penalty_rate(state.terms), timedelta(days=penalty.from_day - 1)
    for row in state.instalments:
        if row.paid_on is not None or row.due_on >= on:
            continue
        days = _days(max(since, row.due_on + free), on, state.pauses)
        base = bears_penalty(state.terms, row) if days else 0
        if not base:
            continue
        before = to_minor(row.late_base * rate, state.terms.rounding)
        row.late_base += base * days
        more = to_minor(row.late_base * rate, state.terms.rounding) - before
        row.penalty += more
        if row.due_on <= state.through:
            state.totals.penalty_charged += more


def as_of(state: State, on: date) -> State:
    """The state as it stands at the end of `on`: a copy with penalty interest up to that day, or `state` itself if that changes nothing."""
    if state.terms.penalty is None or state.closed or on <= state.penalised_through:
        return state
    later = state.copy()
    accrue(later, on)
    return later


def _days(after: date, on: date, pauses: tuple[Pause, ...]) -> int:
    """The days later than `after`, up to and with `on`, that are not paused."""
    days = (on - after).days
    for pause in pauses:
        days -= max(0, (min(on, pause.ends_on) - max(after, pause.starts_on)).days)
    return max(days, 0)


# ── events ─────────────────────────────────────────────────────────────────────────────────────────────────


def waived_part(state: State, event: Event) -> None:
    """Named amounts of penalty, fees and interest that have fallen due are no longer asked for, the oldest first.

    Never more than is unpaid on the day: what turns out to have been paid before cannot be given up.
    """
    totals = state.totals
    for part in WAIVABLE:
        left = amount_of(event.payload, part) if part in event.payload else 0
        for row in state.instalments:
            if not left or row.due_on > event.on:
                break
            given_up = min(left, getattr(row, part) - getattr(row, f"{part}_paid"))
            if not given_up:
                continue
            left -= given_up
            setattr(row, part, getattr(row, part) - given_up)
            if row.due_on <= state.through:
                earned = {"penalty": "penalty_charged", "fee": "fee_charged", "interest": "interest_earned"}[part]
                setattr(totals, earned, getattr(totals, earned) - given_up)
            if not row.unpaid:
                row.paid_on = row.paid_on or event.on
    if not state.closed and not any(row.unpaid for row in state.instalments):
        state.paid_off_on = event.on


def paused(state: State, event: Event) -> None:
    """Days late stand still from one day to another, and cost nothing; what was late stays late."""
    pause = Pause(date.fromisoformat(event.payload["starts_on"]), date.fromisoformat(event.payload["ends_on"]))
    state.pauses = (*state.pauses, pause)


def resumed(state: State, event: Event) -> None:
    """The pause that runs on the day ends with it."""
    state.pauses = tuple(Pause(each.starts_on, min(each.ends_on, max(event.on, each.starts_on))) for each in state.pauses)


def amount_of(payload: Mapping[str, Any], name: str = "amount") -> int:
    """An amount of an event in minor units; Fault if it is anything else."""
    amount = payload[name]
    if not isinstance(amount, int) or isinstance(amount, bool) or amount < 0:
        raise Fault(f"an event's {name} must be whole minor units, not {amount!r}", code="bad_event")
    return amount
