"""Deferral, in the words of the extension (展期): the rearrangement of kind `defer`, told by its months and its interest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg

from holdfast.journal import Actor
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput
from holdfast.kernel.money import Money
from holdfast.products.schedule import Instalment
from holdfast.servicing.fold import Event, State
from holdfast.servicing.rearranging import preview, rearrange
from holdfast.servicing.rescheduling import Kind, Rearranged, Rearrangement, rearranged
from holdfast.servicing.service import Done

Db = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Deferred:
    """What a deferral would make of a loan's schedule: its rows before and after, and the interest of the added time."""

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


def deferred(state: State, events: Sequence[Event], *, loan: str, months: int, on: date, bears_interest: bool) -> Deferred:
    """What deferring by `months` on `on` would do; Refusal if nothing is owed or the first new due date would have passed."""
    return _told(rearranged(state, events, _by(months), loan=loan, on=on, bears_interest=bears_interest), months)


def preview_deferral(db: Db, *, loan: str, months: int, on: date) -> Deferred:
    """What deferring the loan on `on` would do; writes nothing. Refusal unless the loan is being repaid."""
    return _told(preview(db, loan=loan, change=_by(months), on=on), months)


def defer(db: Db, *, clock: Clock, by: Actor, loan: str, months: int) -> Done:
    """Defer from today; who may agree to it, and within which limits, the caller has made sure."""
    return rearrange(db, clock=clock, by=by, loan=loan, change=_by(months))


def _by(months: int) -> Rearrangement:
    if months < 1:
        raise BadInput("months: defer by at least one month", field="months")
    return Rearrangement(Kind.DEFER, months=months)


def _told(plan: Rearranged, months: int) -> Deferred:
    return Deferred(
        plan.loan, plan.on, plan.payload["from_n"], months, plan.before, plan.after, plan.extra_cost, plan.days_late,
        plan.ends_on, plan.longest_until, plan.payload,
    )  # fmt: skip
