"""Laying lines: what the loans of a book accrue, where the book is older than daily accrual.

A loan writes what it accrues whenever it changes. One that has not changed since the book learned to accrue has written nothing;
this lays its line by the rule that every change follows. Laid twice, nothing more is laid.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import psycopg

from holdfast.journal import Actor
from holdfast.kernel.clock import Clock
from holdfast.ledger import Move, post_accrual
from holdfast.policy import lender, record_house_act
from holdfast.servicing import month_end_store, store, writing
from holdfast.servicing.books import accruing, standing
from holdfast.servicing.rules import Act

Db = psycopg.Connection[Any]
CHUNK: Final = 2_000


@dataclass(frozen=True, slots=True)
class Laid:
    """What one step laid: how many lines, and after which loan the next step goes on; None when all have been looked at."""

    lines: int
    after: int | None


def lay_lines(db: Db, *, clock: Clock, by: Actor, after: int = -1) -> Laid:
    """Lay the missing lines of the next loans after the one of that number; each step may commit by itself."""
    ids = month_end_store.accounts_after(db, after, CHUNK)
    if not ids:
        return Laid(0, None)
    known = lender(db)
    act = Act(clock.today(), clock.now(), by, known.zone, known.closed_through)
    laid = []
    for held in store.load(db, ids):
        line, was = accruing(held.state), held.account.accrued
        if line != was:
            through = known.accrued_through
            stood = standing(held.state, line, through) - standing(held.state, was, through)
            held.account.accrued = line
            laid.append((held, Move("accrued", line - was, stood=stood)))
    # Of the last night's day, so that the night which enters what they have earned takes them in.
    on = act.today if known.last_night_on is None else known.last_night_on
    writing.lay(db, laid, source=f"lines laid {act.today}", at=act.now, on=on, booked_on=act.booked_on)
    return Laid(len(laid), ids[-1])


def end_laying(db: Db, *, clock: Clock, by: Actor, lines: int) -> None:
    """When lines were laid: enter what they had earned by the last night, and tell of it in the lender's own chain."""
    known = lender(db)
    if not lines:
        return
    if known.last_night_on is not None:
        act = Act(clock.today(), clock.now(), by, known.zone, known.closed_through)
        post_accrual(db, on=known.last_night_on, at=act.now, booked_on=act.booked_on)
    record_house_act(db, clock=clock, by=by, kind="ledger.lines_laid", says={"lines": lines})
