"""What follows when a channel could not tell the borrower: the next one of the plan, the same day, else a person.

A channel begins only when the one before it has certainly failed or could not be used. What nobody knows may have arrived, so no
other machine tells it again: a person does, who sees that (`contact.receipts`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any, Final

import psycopg

from holdfast.contact import CANNOT_BE_USED, Promise, Undelivered, promise_batch
from holdfast.duties import Moment
from holdfast.journal import SYSTEM
from holdfast.kernel.clock import Clock
from holdfast.life import LoanState
from holdfast.policy import lender
from holdfast.servicing import reminder_plan_store, store
from holdfast.servicing.duties import unpaid_of
from holdfast.servicing.held import Held
from holdfast.servicing.night import late_days, reminded_again, steps_on, told_late
from holdfast.servicing.night_store import reminds_of
from holdfast.servicing.rules import Act

Db = psycopg.Connection[Any]

_LATE: Final = " T+"
# Rules that hold for a person's words as well, or that say that the day is over for any machine.
_NO_OTHER_MACHINE: Final = frozenset({"tonight.hold", "contact.window", "contact.no_number", "contact.per_day_all_channels"})


def take_next(db: Db, undelivered: Sequence[Undelivered], channels: Collection[str], *, clock: Clock) -> list[Undelivered]:
    """Promise each message that did not arrive by the next channel of its plan, within its own window; those left for a person."""
    now = clock.now()
    asked = [each for each in undelivered if _may_go_on(each) and now < each.send_until]
    if not asked:
        return list(undelivered)
    known, live = lender(db), reminder_plan_store.live(db)
    act = Act(clock.today(), now, SYSTEM, known.zone, known.closed_through)
    held_of = {held.loan.loan_id: held for held in store.load(db, [each.loan_id for each in asked])}
    promises, gone_on = [], set()
    for each in asked:
        held = held_of[each.loan_id]
        machine = steps_on(live, held.loan.product_code, each.on_date, _days(each.about)).machine
        after = machine.index(each.channel) + 1 if each.channel in machine else len(machine)
        following = next((channel for channel in machine[after:] if channel in channels), None)
        if following is not None and _still_asked(held, each.about):
            again = _again(held, each, act, following)
            promises.append(replace(again, send_from=now, send_until=each.send_until, on_date=each.on_date, after_no=each.message_no))
            gone_on.add((each.loan_id, each.message_no))
    promise_batch(db, promises)
    return [each for each in undelivered if (each.loan_id, each.message_no) not in gone_on]


def still_asked(db: Db, asked: Sequence[tuple[int, str]]) -> set[tuple[int, str]]:
    """Of loans and what their messages are about (`i3 T-7`, `2026-04-02 T+1`), those on which that is still to pay."""
    held_of = {held.loan.loan_id: held for held in store.load(db, [loan_id for loan_id, _ in asked], lock=False)}
    return {(loan_id, about) for loan_id, about in asked if _still_asked(held_of[loan_id], about)}


def _still_asked(held: Held, about: str) -> bool:
    if held.loan.state is not LoanState.ACTIVE:
        return False
    unpaid = unpaid_of(held.state)
    if _LATE in about:
        return bool(unpaid) and str(unpaid[0][1]) == about.split(" ", 1)[0]
    return reminds_of(about) in {n for n, _ in unpaid}


def _days(about: str) -> int:
    """How far from the due date the moment is meant to be: -7 for `i3 T-7`, 1 for `2026-04-02 T+1`."""
    return late_days(about) if _LATE in about else -int(about.rsplit("T-", 1)[1])


def _may_go_on(each: Undelivered) -> bool:
    """Whether another machine may tell it: the one before certainly has not, and nobody else has."""
    if each.template not in ("reminder", "overdue") or not (each.duty_open or each.proof == "contact.sent"):
        return False
    if each.state == "failed" or each.rule in CANNOT_BE_USED:
        return True
    return each.state == "dropped" and each.rule not in _NO_OTHER_MACHINE


def _again(held: Held, each: Undelivered, act: Act, channel: str) -> Promise:
    late = _LATE in each.about
    moment = Moment(each.on_date, "follow_up" if late else "reminder", each.about)
    return (told_late if late else reminded_again)(held, each.duty_no, moment, act, channel=channel)
