"""Closing a month: once it is proved and snapped, the general ledger takes no entry with a date in it.

A receipt that is learned of later keeps its value date; what it changes is entered on the first open day. A closed
month is opened again by two people, with a reason, the latest first; what was closed then stays readable beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Any, Final

import psycopg

from holdfast import approvals
from holdfast.approvals import Request, Standing
from holdfast.journal import next_chain_id, write_record
from holdfast.kernel import canonical
from holdfast.kernel.clock import Clock, instant_on
from holdfast.kernel.errors import Forbidden, NotFound, Refusal
from holdfast.kernel.money import Money
from holdfast.ledger import Account
from holdfast.parties import Reach, Staff, require
from holdfast.policy import lender, note_closed
from holdfast.servicing import month_end_store as store
from holdfast.servicing.month_end import MonthEnd, month_end_of, snapshot, take_snapshot
from holdfast.servicing.periods import Closed, closes, standing_closes
from holdfast.servicing.verify import verify_books

Db = psycopg.Connection[Any]

CLOSE: Final = "ledger.close"
REOPEN: Final = "ledger.reopen"


@dataclass(frozen=True, slots=True)
class ClosingCheck:
    """One thing that must be so before a month is closed; `found` names what stands in the way, or what is only listed."""

    name: str
    ok: bool
    found: tuple[str, ...] = ()


def closing_checks(db: Db, *, clock: Clock, month: str) -> list[ClosingCheck]:
    """What must be so before the month is closed, each with what stands in the way. Reads only."""
    on = month_end_of(month)
    known = lender(db)
    night = known.last_night_on is not None and known.last_night_on >= on
    begun = store.first_entry_on(db)
    waiting = [] if known.closed_through is None else _months_between(known.closed_through, on)
    later = known.closed_through is not None and on <= known.closed_through
    drawers = store.drawers_not_closed(db, instant_on(on + timedelta(days=1), time(0), known.zone))
    wrong = [check.name for check in verify_books(db) if not check.ok]
    parked = [f"{line} {Money(amount, currency).decimal()} {currency}" for line, _, amount, currency in store.suspense(db, on)]
    return [
        ClosingCheck("the month is over and its last night has run", night, () if night else (on.isoformat(),)),
        ClosingCheck("the book has entries and the month is not closed yet", begun is not None and begun <= on and not later, ()),
        ClosingCheck("the months before it are closed", not waiting, tuple(waiting)),
        ClosingCheck("the books are proved", not wrong, tuple(wrong)),
        ClosingCheck("every drawer of the month is closed by two", not drawers, tuple(drawers)),
        ClosingCheck("what is in suspense is listed", True, tuple(parked)),
    ]


def close_month(db: Db, *, clock: Clock, by: Staff, month: str) -> Closed:
    """Snap the book, post the provision, and lock the month. Refusal, naming it, while something stands in the way."""
    require(by, CLOSE)
    _whole_book(by)
    store.lock_closing(db)
    on = month_end_of(month)
    for check in closing_checks(db, clock=clock, month=month):
        if not check.ok:
            why = f"month {month} cannot be closed: not so that {check.name}" + (f" ({', '.join(check.found[:5])})" if check.found else "")
            raise Refusal(why, code="month_not_ready", field="month", check=check.name)
    known = lender(db)
    taken = take_snapshot(db, clock=clock, by=by.actor, on=on)
    _agrees(db, taken)
    entries, digest = store.entries_digest(db, since=known.closed_through, on=on)
    parked = [
        {"line": line, "branch": branch, "amount": Money(amount, currency).as_json()}
        for line, branch, amount, currency in store.suspense(db, on)
    ]
    chain_id = next_chain_id(db)
    store.insert_close(
        db,
        {
            "chain": chain_id, "month_ends": on, "was_through": known.closed_through, "snapshot": taken.snapshot_id, "entries": entries,
            "digest": digest, "suspense": canonical.encode(parked).decode(), "by": by.staff_id, "at": clock.now(),
        },
    )  # fmt: skip
    note_closed(db, on)
    says = {"month": month, "entries": entries, "digest": digest, "snapshot": taken.public_id, "root": taken.root, "suspense": parked}
    write_record(db, clock=clock, by=by.actor, chain_id=chain_id, chain=f"close {month}", kind="month.closed", says=says)
    return closes(db)[0]


def ask_to_reopen(db: Db, *, clock: Clock, by: Staff, month: str, reason: str) -> Request:
    """Ask that the latest closed month be opened again, and say why; another person decides."""
    require(by, REOPEN)
    _whole_book(by)
    found = _latest(db, month)
    if waiting := [each for each in reopening_asked(db, by, found) if each.standing is Standing.OPEN]:
        raise Refusal(f"{waiting[0].maker_name} has asked for it already; another person decides", code="reopen_asked", field="month")
    return approvals.ask(db, clock=clock, by=by, act=REOPEN, inputs=_inputs(found), reason=reason)


def decide_reopening(db: Db, *, clock: Clock, by: Staff, month: str, agreed: bool, words: str) -> Closed:
    """Another person agrees, and the month is open again, or refuses and says why. Never the one who asked, under any log-in."""
    require(by, REOPEN)
    _whole_book(by)
    store.lock_closing(db)
    found = _latest(db, month)
    asked = next((each for each in reopening_asked(db, by, found) if each.standing is Standing.OPEN), None)
    if asked is None:
        raise Refusal(f"nobody has asked to open {month} again", code="reopen_not_asked", field="month")
    approvals.answer(db, clock=clock, by=by, public_id=asked.public_id, approved=agreed, words=words)
    if not agreed:
        return found
    approvals.spend(db, clock=clock, by=by.actor, public_id=asked.public_id, act=REOPEN, inputs=_inputs(found))
    store.insert_reopen(db, close_id=found.close_id, reason=asked.reason, approval=asked.public_id, by=by.staff_id, at=clock.now())
    note_closed(db, found.was_through)
    says = {"month": month, "reason": asked.reason, "approval": asked.public_id}
    write_record(db, clock=clock, by=by.actor, chain_id=found.chain_id, chain=f"close {month}", kind="month.reopened", says=says)
    return next(each for each in closes(db) if each.close_id == found.close_id)


def reopening_asked(db: Db, by: Staff, found: Closed) -> list[Request]:
    """The requests to open this close again, newest first."""
    return [each for each in approvals.requests(db, by.scope) if each.act == REOPEN and each.inputs == _inputs(found)]


def _latest(db: Db, month: str) -> Closed:
    month_end_of(month)
    standing = standing_closes(db)
    if not any(each.month == month for each in standing):
        raise NotFound(f"month {month} is not closed", code="month_not_closed", field="month")
    if standing[0].month != month:
        raise Refusal(f"{standing[0].month} is closed after it; open that first", code="later_month_closed", field="month")
    return standing[0]


def _inputs(found: Closed) -> dict[str, Any]:
    return {"close": found.close_id, "month": found.month, "digest": found.digest}


def _whole_book(by: Staff) -> None:
    if by.reach is not Reach.ALL:
        raise Forbidden("a month is closed for the whole book; it is for those who see all of it", code="scope_too_narrow")


def _months_between(closed_through: date, on: date) -> Sequence[str]:
    months, day = [], closed_through + timedelta(days=1)
    while (day.year, day.month) < (on.year, on.month):
        months.append(f"{day:%Y-%m}")
        day = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return months


def _agrees(db: Db, taken: MonthEnd) -> None:
    """The principal of the snapshot is what the ledger holds on that day; Refusal otherwise: something was entered on another day."""
    ledger: dict[str, int] = {}
    for (_, _, currency), amount in store.balances(db, Account.PRINCIPAL, taken.on).items():
        ledger[currency] = ledger.get(currency, 0) + amount
    loans: dict[str, int] = {}
    for currency, _, _, principal, *_ in snapshot(db, taken.public_id).sums:
        loans[currency] = loans.get(currency, 0) + principal
    for currency in ledger.keys() | loans.keys():
        if ledger.get(currency, 0) != loans.get(currency, 0):
            owed, held = loans.get(currency, 0), ledger.get(currency, 0)
            why = f"the loans owe {owed} {currency} of principal (minor units) at the month's end, the ledger holds {held}"
            raise Refusal(why, code="month_not_agreeing", field="month")
