"""Promises to pay: so much by such a day, given by the borrower to a person, judged by what came in and by nothing else.

A promise takes nothing from the loan's duties: what is late stays late and keeps its follow-up. One is live at a time. The
night finds out that it was kept, or breaks it; a broken one calls for a caller by the next workday, ranked above the rest.
That duty ends when somebody has spoken about it, when another promise is taken, or when nothing is late any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import psycopg

from holdfast import contact
from holdfast.duties import Case, enter, in_sight, take, take_by_id
from holdfast.followup import promises_store as store
from holdfast.followup.promises_model import Limits, Part, Promise, PromiseState, Receipt, check, judge, missed
from holdfast.journal import SYSTEM
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, Forbidden, NotFound, Refusal
from holdfast.kernel.ids import new_id
from holdfast.kernel.money import Money
from holdfast.life import LoanState
from holdfast.parties import Staff, may, require
from holdfast.servicing import owed
from holdfast.servicing.collectable import collectable, received
from holdfast.servicing.promises import keep_promise

Db = psycopg.Connection[Any]

_ACT: Final = "promise.take"
_AFTER_BROKEN: Final = "promise.take_after_broken"
_DUTY: Final = "promise_broken"
_SHORTEST: Final = 4
MOST_WORDS: Final = 2000
# What came of the talk about a broken promise. Another promise is taken by `make`, which ends the duty too.
OUTCOMES: Final = ("reached", "not_reached", "wrong_number", "refuses", "asks_for_relief", "disputes")


def make(db: Db, *, clock: Clock, by: Staff, loan: str, parts: Sequence[Part], identified: bool) -> Promise:
    """Take a promise, once it is certain who speaks (`identified`): before that nobody names a debt.

    Refusal if nothing is late, or one is live. Forbidden to a caller once as many were broken as the pack says: an approver takes it then.
    BadInput for days and amounts beyond the pack's limits or the debt.
    """
    require(by, _ACT)
    if not identified:
        raise BadInput(
            "identified: make certain first that it is the borrower who speaks", field="identified", code="promise_not_identified"
        )
    case = take(db, loan, by.scope)
    case.must_be(LoanState.ACTIVE, LoanState.WRITTEN_OFF)
    today = clock.today()
    if not _late(db, case, today):
        raise Refusal(f"nothing is late on loan {loan}; there is nothing to promise", code="promise_nothing_late", loan=loan)
    before = store.of_loan(db, case.loan.loan_id)
    if any(each.state is PromiseState.LIVE for each in before):
        raise Refusal(f"a promise on loan {loan} is live; withdraw it first if another one takes its place", code="promise_live", loan=loan)
    limits = limits_of(case, today)
    broken = sum(each.state is PromiseState.BROKEN for each in before)
    if broken >= limits.broken and not may(by, _AFTER_BROKEN):
        raise Forbidden(
            f"{broken} promises on loan {loan} were broken; an approver takes the next one, or the terms are changed",
            code="promise_refer", broken=str(broken),
        )  # fmt: skip
    ordered = check(parts, limits, today=today, owed=owed(db, loan=loan, on=today))
    public_id = new_id("pp")
    says = {
        "promise": public_id, "grace_days": limits.grace_days,
        "parts": [{"pay_by": part.pay_by.isoformat(), "amount": part.amount.as_json()} for part in ordered],
    }  # fmt: skip
    record = enter(db, case, clock=clock, by=by.actor, kind="promise.made", says=says, closes=(_DUTY,))
    store.insert(
        db, loan_id=case.loan.loan_id, public_id=public_id, on=today, by=by.staff_id, grace_days=limits.grace_days, seq=record.seq,
        parts=ordered,
    )  # fmt: skip
    for part in ordered:
        keep_promise(db, record, part.pay_by)
    return _the(db, case, public_id)


def withdraw(db: Db, *, clock: Clock, by: Staff, loan: str, promise: str, words: str) -> Promise:
    """Take a live promise off, and say why: the borrower takes it back, or it was noted wrongly. It counts as neither kept nor broken."""
    require(by, _ACT)
    case = take(db, loan, by.scope)
    found = _the(db, case, promise)
    if found.state is not PromiseState.LIVE:
        raise Refusal(f"promise {promise} is {found.state}", code="promise_not_live", state=str(found.state))
    says = {"promise": promise, "words": _said(words)}
    enter(db, case, clock=clock, by=by.actor, kind="promise.withdrawn", says=says, while_frozen=True)
    store.end(db, loan_id=case.loan.loan_id, promise_no=found.promise_no, state=PromiseState.WITHDRAWN, on=clock.today())
    return _the(db, case, promise)


def speak(db: Db, *, clock: Clock, by: Staff, loan: str, outcome: str, words: str, how: str) -> None:
    """Say what came of the talk about a broken promise, and `how` you spoke (`contact.HOW`); its duty is done.

    The call that was dialled for it is hung up by this. The follow-up of what is late goes on.
    """
    require(by, _ACT)
    if outcome not in OUTCOMES:
        raise BadInput(f"outcome: write one of {', '.join(OUTCOMES)}", field="outcome")
    case = take(db, loan, by.scope)
    if case.open(_DUTY) is None:
        raise Refusal(f"loan {loan} has no broken promise to speak about; a colleague may have just done it", code="promise_none_broken")
    says = {"outcome": outcome, "words": _said(words), "how": how}
    contact.spoke(db, by=by, loan_id=case.loan.loan_id, how=how, outcome=outcome)
    enter(db, case, clock=clock, by=by.actor, kind="promise.followed_up", says=says, closes=(_DUTY,), while_frozen=True)


def judge_all(db: Db, *, clock: Clock, on: date) -> tuple[int, int]:
    """At the end of `on`: find the live promises that are kept or broken, and end the duties that nothing late asks for any more.

    How many were kept and how many broken. Safe to run again: what is ended is not live.
    """
    kept = broken = 0
    for loan_id in store.loans_with_live(db, on):
        became = _judge(db, clock, take_by_id(db, loan_id), on)
        kept += became is PromiseState.KEPT
        broken += became is PromiseState.BROKEN
    for loan_id in store.loans_to_speak_to(db):
        case = take_by_id(db, loan_id)
        if case.open(_DUTY) is not None and not _late(db, case, on):
            enter(db, case, clock=clock, by=SYSTEM, kind="promise.needless", says={}, closes=(_DUTY,), while_frozen=True)
    return kept, broken


# ── reading ────────────────────────────────────────────────────────────────────────────────────────────────


def promises_of(db: Db, *, by: Staff, loan: str) -> list[Promise]:
    """The promises on a loan within sight, newest first."""
    return store.of_loan(db, in_sight(db, loan, by.scope))


def limits_of(case: Case, on: date) -> Limits:
    """The limits of the loan's own pack."""
    return Limits(
        case.number("promise.days_ahead", on), case.number("promise.parts", on), case.number("promise.grace_days", on),
        case.number("promise.broken_before_referral", on),
    )  # fmt: skip


# ── how it is done ─────────────────────────────────────────────────────────────────────────────────────────


def _judge(db: Db, clock: Clock, case: Case, on: date) -> PromiseState:
    loan_id = case.loan.loan_id
    found = next(each for each in store.of_loan(db, loan_id) if each.state is PromiseState.LIVE)
    receipts = [Receipt(day, minor) for day, minor in received(db, loan_id, after_event=found.after_event)]
    became = judge(found.parts, receipts, grace_days=found.grace_days, at_end_of=on)
    says: dict[str, Any] = {"promise": found.public_id}
    if became is PromiseState.KEPT:
        enter(db, case, clock=clock, by=SYSTEM, kind="promise.kept", says=says, while_frozen=True)
    elif became is PromiseState.BROKEN:
        short = missed(found.parts, receipts, grace_days=found.grace_days)
        assert short is not None
        part, came = short
        says |= {"pay_by": part.pay_by.isoformat(), "received": Money(came, case.loan.currency).as_json()}
        opens = (_DUTY,) if case.loan.state in (LoanState.ACTIVE, LoanState.WRITTEN_OFF) else ()
        enter(db, case, clock=clock, by=SYSTEM, kind="promise.broken", says=says, opens=opens, while_frozen=True)
    if became is not PromiseState.LIVE:
        store.end(db, loan_id=loan_id, promise_no=found.promise_no, state=became, on=on)
    return became


def _late(db: Db, case: Case, on: date) -> bool:
    """Whether anything is to be asked for on that day: an instalment that has fallen due, or what was written off."""
    return case.loan.state is LoanState.WRITTEN_OFF or bool(collectable(db, case.loan.loan_id, on))


def _the(db: Db, case: Case, promise: str) -> Promise:
    found = next((each for each in store.of_loan(db, case.loan.loan_id) if each.public_id == promise), None)
    if found is None:
        raise NotFound(f"loan {case.loan.public_id} has no promise {promise}", code="no_promise", field="promise")
    return found


def _said(words: str) -> str:
    if not _SHORTEST <= len(words.strip()) <= MOST_WORDS:
        raise BadInput(f"words: say it in {_SHORTEST} to {MOST_WORDS} characters", field="words")
    return words.strip()
