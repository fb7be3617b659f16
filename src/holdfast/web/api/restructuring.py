"""More time for a loan: what it costs, asking, deciding, taking back, and the terms of before."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from ninja import Router
from pydantic import Field, StringConstraints

from holdfast.restructuring import Comparison, Deferral, ask_deferral, compare, decide_deferral, deferrals_of, withdraw_deferral
from holdfast.web.api.operation import Call, operation
from holdfast.web.api.values import Day, In, Instant, MoneyOut, Out, Words

router = Router()

Months = Annotated[int, Field(ge=1, le=100)]


class MovedOut(Out):
    """One instalment today and after."""

    n: int
    was_due_on: Day
    was_due: MoneyOut
    due_on: Day
    due: MoneyOut


class ComparisonOut(Out):
    """Today, after, and what it costs. Hand `shown` back when asking: it binds the request to these figures."""

    loan: str
    on: Day
    months: int
    from_n: int
    instalments: list[MovedOut]
    extra_interest: MoneyOut
    total_before: MoneyOut
    total_after: MoneyOut
    was_ending_on: Day
    ends_on: Day
    days_late: int
    watched_until: Day
    shown: str


class DeferralOut(Out):
    """A request for more time. `asked_seq` and `decided_seq` are records of the loan's chain."""

    id: str
    loan: str
    state: str
    months: int
    reason: str
    comparison: ComparisonOut
    asked_at: Instant
    asked_by: str
    asked_role: str
    asked_seq: int
    decided_at: Instant | None
    decided_by: str | None
    decided_seq: int | None
    words: str


class DeferralList(Out):
    items: list[DeferralOut]


class AskIn(In):
    """For how long and why; `shown` comes from the comparison of the same months."""

    months: Months
    reason: Literal["income_late", "income_less", "unforeseen_cost", "other"]
    shown: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class DecideIn(In):
    """Yes or no; a no says why."""

    agreed: bool
    words: Words | None = None


@operation(router, "GET", "/loans/{loan}/deferrals/comparison", "restructuring.compare", answer=ComparisonOut)
def compare_terms(call: Call, loan: str, months: Months = 1) -> Any:
    """What so many months more would cost if it were agreed today."""
    return _comparison(compare(call.db, clock=call.clock, by=call.staff, loan=loan, months=months))


@operation(router, "GET", "/loans/{loan}/deferrals", "restructuring.list", answer=DeferralList)
def list_deferrals(call: Call, loan: str) -> Any:
    """The loan's requests for more time, newest first, each with both schedules."""
    return {"items": [_deferral(each) for each in deferrals_of(call.db, by=call.staff, loan=loan)]}


@operation(router, "POST", "/loans/{loan}/deferrals", "restructuring.ask", answer=DeferralOut, status=201)
def ask(call: Call, loan: str, body: AskIn) -> Any:
    """Ask for more time in the borrower's words; somebody else decides."""
    asked = ask_deferral(call.db, clock=call.clock, by=call.staff, loan=loan, months=body.months, reason=body.reason, shown=body.shown)
    return _deferral(asked)


@operation(router, "POST", "/loans/{loan}/deferrals/{deferral}/decision", "restructuring.decide", answer=DeferralOut)
def decide(call: Call, loan: str, deferral: str, body: DecideIn) -> Any:
    """Agree to exactly what was asked, or refuse it. Never the one who asked, nor the loan's officer."""
    decided = decide_deferral(
        call.db, clock=call.clock, by=call.staff, loan=loan, deferral=deferral, agreed=body.agreed, words=body.words or ""
    )
    return _deferral(decided)


@operation(router, "POST", "/loans/{loan}/deferrals/{deferral}/withdrawal", "restructuring.withdraw", answer=DeferralOut)
def withdraw(call: Call, loan: str, deferral: str) -> Any:
    """Take a request back before it is decided."""
    return _deferral(withdraw_deferral(call.db, clock=call.clock, by=call.staff, loan=loan, deferral=deferral))


def _deferral(found: Deferral) -> dict[str, Any]:
    names = ("loan", "state", "months", "reason", "asked_at", "asked_by", "asked_role", "asked_seq", "decided_at", "decided_seq", "words")
    told = {name: getattr(found, name) for name in names}
    return {**told, "id": found.public_id, "decided_by": found.decided_name, "comparison": _comparison(found.comparison)}


def _comparison(told: Comparison) -> dict[str, Any]:
    currency = told.extra_interest.currency

    def money(minor: int) -> dict[str, Any]:
        return {"minor": minor, "currency": currency}

    names = (
        "loan", "on", "months", "from_n", "extra_interest", "total_before", "total_after", "was_ending_on", "ends_on", "days_late",
        "watched_until", "shown",
    )  # fmt: skip
    lines = [
        {"n": line.n, "was_due_on": line.was_due_on, "was_due": money(line.was_due), "due_on": line.due_on, "due": money(line.due)}
        for line in told.lines
    ]
    return {**{name: getattr(told, name) for name in names}, "instalments": lines}
