"""Due dates as a calendar keeps them: each instalment under a number that stays its own, and how often it has changed.

A calendar that holds an earlier copy must know that this one is newer, and which instalments are no more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg

from holdfast.products.terms import Terms
from holdfast.servicing import reading, store
from holdfast.servicing.entered import as_entered
from holdfast.servicing.fold import Event, State
from holdfast.servicing.views import Look


@dataclass(frozen=True, slots=True)
class DueDate:
    """Instalment `n` as it stands: the day, what it still asks for in minor units, and how many times either has changed.

    `stands` is False once nothing of it is left to pay, or the schedule no longer has it.
    """

    n: int
    due_on: date
    amount: int
    changes: int
    changed_on: date
    stands: bool


def due_dates(terms: Terms, events: Iterable[Event]) -> tuple[DueDate, ...]:
    """Every instalment that the loan has or once had, by number."""
    found: dict[int, DueDate] = {}
    for event, state in as_entered(terms, events):
        now = _asked(state)
        for n in found.keys() | now.keys():
            was, due = found.get(n), now.get(n)
            day, amount, stands = (due[0], due[1], True) if due else (was.due_on if was else event.on, 0, False)
            if was is None:
                found[n] = DueDate(n, day, amount, 0, event.entered_on, stands)
            elif (was.due_on, was.amount, was.stands) != (day, amount, stands):
                found[n] = DueDate(n, day, amount, was.changes + 1, event.entered_on, stands)
    return tuple(found[n] for n in sorted(found))


def due_dates_of(db: psycopg.Connection[Any], look: Look, loan: str) -> tuple[DueDate, ...]:
    """The due dates of a loan within sight; none before the money is paid out."""
    number = reading.loan_number(db, look, loan)
    events = store.history(db, [number])[number]
    return due_dates(store.terms_of(db, number), events) if events else ()


def _asked(state: State) -> dict[int, tuple[date, int]]:
    """The instalments that still ask for money: day and amount by number."""
    return {} if state.closed else {row.n: (row.due_on, row.unpaid) for row in state.instalments if row.unpaid}
