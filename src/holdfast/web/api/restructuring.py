"""Other terms: what a change costs, asking for it, deciding, taking it back, and the terms of before."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from ninja import Router
from pydantic import Field, StringConstraints

from holdfast import restructuring
from holdfast.approvals import Request as Approval
from holdfast.kernel.errors import BadInput
from holdfast.restructuring import Comparison, Request
from holdfast.servicing import Rearrangement
from holdfast.web.api.operation import Call, operation
from holdfast.web.api.values import Day, In, Instant, MoneyOut, Out, Words

router = Router()

Count = Annotated[int, Field(ge=1, le=480)]
Shown = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
KindName = Literal["defer", "due_date", "due_dates", "extend", "holiday", "new_rate", "reamortise", "reage", "reinstal"]


class RestructuringRateIn(In):
    """A rate in parts per billion of its own period: `{"ppb": 120000000, "per": "year"}` is 12 % a year."""

    ppb: Annotated[int, Field(ge=0, le=1_000_000_000)]
    per: Literal["year", "month", "day"]


class ChangeIn(In):
    """What is to change. Each kind needs its own figures and takes no others: see the page of the capability."""

    kind: KindName
    from_n: Count | None = None
    due_on: Day | None = None
    months: Count | None = None
    instalments: Count | None = None
    periods: Count | None = None
    asks: Literal["nothing", "interest"] | None = None
    longer: bool | None = None
    rate: RestructuringRateIn | None = None
    arrears: Literal["next", "spread"] | None = None
    charges: Literal["next", "stay"] | None = None
    start_on: Day | None = None
    every_unit: Literal["days", "weeks", "months"] | None = None
    every_count: Count | None = None

    def change(self) -> Rearrangement:
        try:
            return Rearrangement.from_json(self.model_dump(mode="json", exclude_none=True))
        except BadInput as error:
            raise BadInput(f"change.{error}", field=f"change.{error.field}") from None


class MovedOut(Out):
    """One instalment today and after; no day where it is not there then."""

    n: int
    was_due_on: Day | None
    was_due: MoneyOut
    due_on: Day | None
    due: MoneyOut


class RestructuringComparisonOut(Out):
    """Today, after, and what it costs. Hand `shown` back when asking: it binds the request to these figures."""

    loan: str
    on: Day
    change: dict[str, Any]
    instalments: list[MovedOut]
    extra_cost: MoneyOut
    total_before: MoneyOut
    total_after: MoneyOut
    was_ending_on: Day
    ends_on: Day
    days_late: int
    watched_until: Day
    yearly_before: str | None
    yearly_after: str | None
    wants_consent: bool
    shown: str


class AnswerOut(Out):
    """What one person of the lender said."""

    by: str
    agreed: bool
    words: str
    at: Instant
    seq: int


class RestructuringRequestOut(Out):
    """A request for other terms. `asked_seq`, `consent_seq`, `decided_seq` and `reversed_seq` are records of the loan's chain."""

    id: str
    loan: str
    state: str
    reason: str
    comparison: RestructuringComparisonOut
    needed: int
    answers: list[AnswerOut]
    asked_at: Instant
    asked_by: str
    asked_role: str
    asked_seq: int
    consented_at: Instant | None
    consent_seq: int | None
    decided_at: Instant | None
    decided_by: str | None
    decided_seq: int | None
    event_no: int | None
    reversed_seq: int | None


class RestructuringRequestList(Out):
    items: list[RestructuringRequestOut]


class CompareIn(In):
    """What is to change, to be looked at; nothing is stored."""

    change: ChangeIn


class AskIn(In):
    """What is to change and why; `shown` comes from the comparison of the same change."""

    change: ChangeIn
    reason: Literal["income_late", "income_less", "unforeseen_cost", "other"]
    shown: Shown


class DecideIn(In):
    """Yes or no; a no says why."""

    agreed: bool
    words: Words | None = None


class ReverseIn(In):
    """Why the terms are to be taken back."""

    reason: Words


class RestructuringAnswerIn(In):
    """The second person's yes or no; a no says why."""

    approved: bool
    words: Words | None = None


class ReversalOut(Out):
    """A request to take agreed terms back, and where it stands."""

    id: str
    standing: str


@operation(router, "POST", "/loans/{loan}/terms/comparison", "restructuring.compare", answer=RestructuringComparisonOut)
def compare_terms(call: Call, loan: str, body: CompareIn) -> Any:
    """What a change would cost if it were agreed today; nothing is stored."""
    return _comparison(restructuring.compare(call.db, clock=call.clock, by=call.staff, loan=loan, change=body.change.change()))


@operation(router, "GET", "/loans/{loan}/terms", "restructuring.list", answer=RestructuringRequestList)
def list_requests(call: Call, loan: str) -> Any:
    """The loan's requests for other terms, newest first, each with both schedules."""
    return {"items": [_request(each) for each in restructuring.requests_of(call.db, by=call.staff, loan=loan)]}


@operation(router, "POST", "/loans/{loan}/terms", "restructuring.ask", answer=RestructuringRequestOut, status=201)
def ask(call: Call, loan: str, body: AskIn) -> Any:
    """Ask for other terms in the borrower's words, or propose them; where the contract changes, the borrower agrees with a code first."""
    change = body.change.change()
    asked = restructuring.ask(call.db, clock=call.clock, by=call.staff, loan=loan, change=change, reason=body.reason, shown=body.shown)
    return _request(asked)


@operation(router, "POST", "/loans/{loan}/terms/{asked}/decision", "restructuring.decide", answer=RestructuringRequestOut)
def decide(call: Call, loan: str, asked: str, body: DecideIn) -> Any:
    """Agree to exactly what was asked, or refuse it. Never the one who asked, nor the loan's officer, nor the same person twice."""
    given: dict[str, Any] = {"loan": loan, "request": asked, "agreed": body.agreed, "words": body.words or ""}
    return _request(restructuring.decide(call.db, clock=call.clock, by=call.staff, **given))


@operation(router, "POST", "/loans/{loan}/terms/{asked}/withdrawal", "restructuring.withdraw", answer=RestructuringRequestOut)
def withdraw(call: Call, loan: str, asked: str) -> Any:
    """Take a request back before it is decided."""
    return _request(restructuring.withdraw(call.db, clock=call.clock, by=call.staff, loan=loan, request=asked))


@operation(router, "POST", "/loans/{loan}/terms/{asked}/reversal", "restructuring.ask_reversal", answer=ReversalOut, status=201)
def ask_reversal(call: Call, loan: str, asked: str, body: ReverseIn) -> Any:
    """Ask another person to take agreed terms back, as if they had never been."""
    waits = restructuring.ask_reversal(call.db, clock=call.clock, by=call.staff, loan=loan, request=asked, reason=body.reason)
    return _approval(waits)


@operation(router, "POST", "/terms/reversals/{asked}", "restructuring.answer_reversal", answer=ReversalOut)
def answer_reversal(call: Call, asked: str, body: RestructuringAnswerIn) -> Any:
    """Answer a request to take terms back; a yes does it at once."""
    given: dict[str, Any] = {"asked": asked, "approved": body.approved, "words": body.words or ""}
    return _approval(restructuring.answer_reversal(call.db, clock=call.clock, by=call.staff, **given))


def _approval(asked: Approval) -> dict[str, Any]:
    return {"id": asked.public_id, "standing": str(asked.standing)}


def _request(found: Request) -> dict[str, Any]:
    names = (
        "loan", "state", "reason", "needed", "asked_at", "asked_by", "asked_role", "asked_seq", "consented_at", "consent_seq",
        "decided_at", "decided_seq", "event_no", "reversed_seq",
    )  # fmt: skip
    answers = [{"by": each.name, "agreed": each.agreed, "words": each.words, "at": each.at, "seq": each.seq} for each in found.answers]
    told = {name: getattr(found, name) for name in names}
    return {
        **told, "id": found.public_id, "decided_by": found.decided_name, "answers": answers, "comparison": _comparison(found.comparison),
    }  # fmt: skip


def _comparison(told: Comparison) -> dict[str, Any]:
    currency = told.extra_cost.currency

    def money(minor: int) -> dict[str, Any]:
        return {"minor": minor, "currency": currency}

    names = (
        "loan", "on", "extra_cost", "total_before", "total_after", "was_ending_on", "ends_on", "days_late", "watched_until",
        "yearly_before", "yearly_after", "shown",
    )  # fmt: skip
    lines = [
        {"n": line.n, "was_due_on": line.was_due_on, "was_due": money(line.was_due), "due_on": line.due_on, "due": money(line.due)}
        for line in told.lines
    ]
    return {
        **{name: getattr(told, name) for name in names},
        "change": told.change.to_json(),
        "wants_consent": restructuring.wants_consent(told.change),
        "instalments": lines,
    }
