"""Promises to pay: reading them, taking one, taking it back, and what came of the talk about a broken one."""

from __future__ import annotations

from typing import Any, Literal

from ninja import Router

from holdfast.followup import promises
from holdfast.followup.promises_model import Part, Promise
from holdfast.web.api.operation import Call, operation
from holdfast.web.api.values import Day, How, In, MoneyIn, MoneyOut, Out, Words

router = Router()


class PromisePartOut(Out):
    """So much by the end of that day."""

    pay_by: Day
    amount: MoneyOut


class PromiseOut(Out):
    """A promise to pay. `received` is what came in since it was made, up to its end; `seq` its record on the loan's chain."""

    id: str
    loan: str
    state: str
    made_on: Day
    made_by: str
    grace_days: int
    ended_on: Day | None
    received: MoneyOut
    seq: int
    parts: list[PromisePartOut]


class PromiseList(Out):
    items: list[PromiseOut]


class PromisePartIn(In):
    """So much by the end of that day."""

    pay_by: Day
    amount: MoneyIn


class PromiseIn(In):
    """The parts, and that it is certain who speaks: before that nobody names a debt."""

    parts: list[PromisePartIn]
    identified: bool


class PromiseWithdrawIn(In):
    """Why the promise is taken back."""

    words: Words


class PromiseTalkIn(In):
    """What came of the talk about a broken promise."""

    outcome: Literal["reached", "not_reached", "wrong_number", "refuses", "asks_for_relief", "disputes"]
    how: How
    words: Words


@operation(router, "GET", "/loans/{loan}/promises", "promises.list", answer=PromiseList)
def of_loan(call: Call, loan: str) -> Any:
    """The promises to pay on a loan, newest first, with what came in since."""
    return _all(call, loan)


@operation(router, "POST", "/loans/{loan}/promises", "promises.make", answer=PromiseOut, status=201)
def make(call: Call, loan: str, body: PromiseIn) -> Any:
    """Take a promise. One is live at a time; what is late keeps its follow-up, and the night judges by what came in."""
    parts = [Part(each.pay_by, each.amount.money()) for each in body.parts]
    return _told(promises.make(call.db, clock=call.clock, by=call.staff, loan=loan, parts=parts, identified=body.identified))


@operation(router, "POST", "/loans/{loan}/promises/{promise}/withdrawal", "promises.withdraw", answer=PromiseOut)
def withdraw(call: Call, loan: str, promise: str, body: PromiseWithdrawIn) -> Any:
    """Take a live promise back; it counts as neither kept nor broken."""
    return _told(promises.withdraw(call.db, clock=call.clock, by=call.staff, loan=loan, promise=promise, words=body.words))


@operation(router, "POST", "/loans/{loan}/promises/talk", "promises.speak", answer=PromiseList)
def speak(call: Call, loan: str, body: PromiseTalkIn) -> Any:
    """Say what came of the talk about a broken promise; its duty is done, and the follow-up of what is late goes on."""
    promises.speak(call.db, clock=call.clock, by=call.staff, loan=loan, outcome=body.outcome, words=body.words, how=body.how)
    return _all(call, loan)


def _all(call: Call, loan: str) -> dict[str, Any]:
    return {"items": [_told(each) for each in promises.promises_of(call.db, by=call.staff, loan=loan)]}


def _told(found: Promise) -> dict[str, Any]:
    names = ("loan", "made_on", "made_by", "grace_days", "ended_on", "seq", "parts")
    return {
        **{name: getattr(found, name) for name in names},
        "id": found.public_id,
        "state": str(found.state),
        "received": {"minor": found.received, "currency": found.total.currency},
    }
