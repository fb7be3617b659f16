"""Hardship programmes: drawn up, agreed to as shown, given loan by loan, taken back."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from ninja import Router
from pydantic import Field, StrictBool, StringConstraints

from holdfast.restructuring import programmes
from holdfast.restructuring.programme import Chosen, Outcome, Programme
from holdfast.servicing import Rearrangement
from holdfast.web.api.approvals import ApprovalsReasonIn
from holdfast.web.api.operation import Call, operation
from holdfast.web.api.values import Day, In, Instant, MoneyOut, Name, Out, Words

router = Router()

Shown = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Days = Annotated[int, Field(ge=0, le=100_000)]
Periods = Annotated[int, Field(ge=1, le=60)]


class ChosenIn(In):
    """Which loans: at least one of these must be said."""

    branches: Annotated[list[Name], Field(max_length=200)] = []
    products: Annotated[list[Name], Field(max_length=200)] = []
    due_from: Day | None = None
    due_until: Day | None = None
    late_from: Days | None = None
    late_until: Days | None = None


class ProgrammeIn(In):
    """A programme to be drawn up: `months` of more time, or `periods` in which an instalment asks for nothing or only interest."""

    name: Name
    cause: Literal["flood", "earthquake", "epidemic", "closure", "other"]
    chosen: ChosenIn
    kind: Literal["defer", "holiday"]
    months: Periods | None = None
    periods: Periods | None = None
    asks: Literal["nothing", "interest"] | None = None
    longer: StrictBool | None = None


class ProgrammeOut(Out):
    """One programme and how far it has come. Hand `shown` back when asking and answering."""

    id: str
    state: str
    name: str
    cause: str
    chosen: dict[str, Any]
    change: dict[str, Any]
    shown: str
    loans: int
    left_out: int
    principal: MoneyOut
    extra: MoneyOut
    planned_at: Instant
    planned_by: str
    request: str | None
    decided_by: str | None
    reversal: str | None
    given: int
    moved: int
    taken_back: int
    kept: int
    waiting: int


class ProgrammeList(Out):
    """Programmes, newest first."""

    items: list[ProgrammeOut]
    next: None = None


class MemberOut(Out):
    """One loan: its first unpaid day today and after, what the time costs, or the reason why it was left out."""

    loan: str
    contract_no: str
    borrower: str
    outcome: str
    principal: MoneyOut
    was_due_on: Day | None
    due_on: Day | None
    extra: MoneyOut
    why: str
    event_no: int | None


class MemberList(Out):
    """All loans of a programme."""

    items: list[MemberOut]
    next: None = None


class ShownIn(In):
    """The preview that was seen, and why it is asked."""

    shown: Shown
    reason: Words


class ProgrammesDecisionIn(In):
    """Yes or no to exactly what was shown; a no says why."""

    shown: Shown
    agreed: StrictBool
    words: Annotated[str, Field(max_length=500)] = ""


class BackDecisionIn(In):
    """Yes or no to taking the whole back; a no says why."""

    agreed: StrictBool
    words: Annotated[str, Field(max_length=500)] = ""


class RunIn(In):
    """How many loans at most are given their turn in this request."""

    most: Annotated[int, Field(ge=1, le=500)] = programmes.AT_ONCE


@operation(router, "GET", "/programmes", "programmes.list", answer=ProgrammeList)
def list_programmes(call: Call) -> Any:
    """The programmes all of whose loans the caller sees."""
    return {"items": [_told(each) for each in programmes.programmes_of(call.db, by=call.staff)]}


@operation(router, "POST", "/programmes", "programmes.plan", answer=ProgrammeOut, status=201)
def plan(call: Call, body: ProgrammeIn) -> Any:
    """Draw a programme up: which loans, what it does to each and what it costs. Nothing moves yet."""
    chosen = Chosen(**{**body.chosen.model_dump(), "branches": tuple(body.chosen.branches), "products": tuple(body.chosen.products)})
    change = Rearrangement.from_json(
        body.model_dump(mode="json", exclude_none=True, include={"kind", "months", "periods", "asks", "longer"})
    )
    made = programmes.plan_programme(
        call.db, clock=call.clock, by=call.staff, name=str(body.name), cause=body.cause, chosen=chosen, change=change
    )
    return _told(made)


@operation(router, "GET", "/programmes/{programme}", "programmes.read", answer=ProgrammeOut)
def read_programme(call: Call, programme: str) -> Any:
    """One programme and how far it has come."""
    return _told(programmes.the_programme(call.db, by=call.staff, programme=programme))


@operation(router, "GET", "/programmes/{programme}/loans", "programmes.loans", answer=MemberList)
def list_members(call: Call, programme: str, outcome: Outcome | None = None) -> Any:
    """Its loans, with what is done to each or why it was left out."""
    outcomes = () if outcome is None else (str(outcome),)
    return {"items": programmes.members_of(call.db, by=call.staff, programme=programme, outcomes=outcomes)}


@operation(router, "POST", "/programmes/{programme}/request", "programmes.ask", answer=ProgrammeOut, status=202)
def ask(call: Call, programme: str, body: ShownIn) -> Any:
    """Ask another person to agree to the programme as it was shown."""
    given = {"programme": programme, "shown": body.shown, "reason": str(body.reason)}
    return _told(programmes.ask_programme(call.db, clock=call.clock, by=call.staff, **given))


@operation(router, "POST", "/programmes/{programme}/drop", "programmes.drop", answer=ProgrammeOut)
def drop(call: Call, programme: str) -> Any:
    """Give up a programme that nobody has been asked to agree to."""
    return _told(programmes.drop_programme(call.db, clock=call.clock, by=call.staff, programme=programme))


@operation(router, "POST", "/programmes/{programme}/decision", "programmes.decide", answer=ProgrammeOut)
def decide(call: Call, programme: str, body: ProgrammesDecisionIn) -> Any:
    """Agree to exactly what was shown, or refuse it; from then on its loans have their turn."""
    made = programmes.decide_programme(
        call.db, clock=call.clock, by=call.staff, programme=programme, shown=body.shown, agreed=body.agreed, words=body.words
    )
    return _told(made)


@operation(router, "POST", "/programmes/{programme}/run", "programmes.run", answer=ProgrammeOut)
def run(call: Call, programme: str, body: RunIn) -> Any:
    """Give the next loans their turn now instead of waiting for the worker; safe to repeat until none is waiting."""
    programmes.the_programme(call.db, by=call.staff, programme=programme)
    programmes.run_programme(call.db, clock=call.clock, programme=programme, most=body.most)
    return _told(programmes.the_programme(call.db, by=call.staff, programme=programme))


@operation(router, "POST", "/programmes/{programme}/reversal", "programmes.ask_back", answer=ProgrammeOut, status=202)
def ask_back(call: Call, programme: str, body: ApprovalsReasonIn) -> Any:
    """Ask another person to take the whole programme back."""
    return _told(programmes.ask_programme_back(call.db, clock=call.clock, by=call.staff, programme=programme, reason=body.reason))


@operation(router, "POST", "/programmes/{programme}/reversal-decision", "programmes.decide_back", answer=ProgrammeOut)
def decide_back(call: Call, programme: str, body: BackDecisionIn) -> Any:
    """Agree to take the whole programme back, or not."""
    made = programmes.decide_programme_back(
        call.db, clock=call.clock, by=call.staff, programme=programme, agreed=body.agreed, words=body.words
    )
    return _told(made)


def _told(made: Programme) -> dict[str, Any]:
    own = {name: getattr(made, name) for name in ProgrammeOut.model_fields if hasattr(made, name)}
    own |= {"chosen": made.chosen.as_json(), "change": made.change.to_json()}
    return {**own, "id": made.public_id, "planned_by": made.planned_name, "decided_by": made.decided_name}
