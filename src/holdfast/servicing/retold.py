"""How loans stood at the end of a day, told again from their terms and events alone: for an audit that believes no other row."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import psycopg

from holdfast.products.terms import Terms
from holdfast.servicing.arrears import days_past_due, floor_on
from holdfast.servicing.fold import Event, fold
from holdfast.servicing.rearranging import watched

# Promises: each event of those loans that was entered by a day, in the order in which they were entered.
_EVENTS: Final = """
    SELECT loan_id, event_no, kind, on_date, entered_on, payload FROM loan_event
     WHERE loan_id = ANY(%s) AND entered_on <= %s ORDER BY loan_id, event_no"""
_TERMS: Final = "SELECT loan_id, terms FROM loan_terms WHERE loan_id = ANY(%s)"
_STANDING: Final = """
    SELECT a.loan_id, days_late(a.oldest_unpaid_due_on, a.pauses, %(on)s::date), a.class_floor, a.observe_until
      FROM account a WHERE a.loan_id = ANY(%(loans)s)"""


@dataclass(frozen=True, slots=True)
class Stood:
    """A loan at the end of a day: whether it was being repaid, how late, the floor of its class, and what had been lent (minor units)."""

    running: bool
    days_late: int
    class_floor: str
    lent: int


def stood_on(db: psycopg.Connection[Any], loans: Collection[int], on: date, *, entered_by: date | None = None) -> Mapping[int, Stood]:
    """How each of these loans stood at the end of `on`, by the fold over what was entered by then; nothing of one that had not begun.

    `entered_by`: a later day, to count what has been entered since too.
    """
    events: dict[int, list[Event]] = {}
    for loan_id, event_no, kind, day, entered_on, payload in db.execute(_EVENTS, [list(loans), entered_by or on]):
        events.setdefault(loan_id, []).append(Event(event_no, kind, day, entered_on, json.loads(payload)))
    found = {}
    for loan_id, terms in db.execute(_TERMS, [list(loans)]):
        if loan_id in events:
            found[loan_id] = _stood(Terms.from_json(json.loads(terms)), events[loan_id], on)
    return found


def lateness_of(db: psycopg.Connection[Any], loans: Collection[int], on: date) -> Mapping[int, tuple[int, str]]:
    """Days late on `on` and the floor of the class that binds then, as the accounts have it: what the night goes by."""
    rows = db.execute(_STANDING, {"loans": list(loans), "on": on})
    return {loan_id: (late, floor_on(floor, until, on)) for loan_id, late, floor, until in rows}


def _stood(terms: Terms, events: list[Event], on: date) -> Stood:
    state = fold(terms, events)
    oldest = min((row.due_on for row in state.instalments if row.paid_on is None and row.unpaid > 0), default=None)
    floor, until = watched(events)
    return Stood(
        state.paid_off_on is None and state.written_off_on is None, days_past_due(oldest, on, state.pauses),
        floor_on(floor, until, on), state.totals.disbursed + state.totals.taken_over,
    )  # fmt: skip
