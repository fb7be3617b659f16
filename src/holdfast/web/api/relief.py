"""Charges, waivers, goodwill and pauses: asked for by one person, answered by another under `/approvals`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from ninja import Router
from pydantic import Field

from holdfast.kernel.errors import BadInput
from holdfast.servicing import read_loans, resume, waivable
from holdfast.servicing.approved import ask_charge, ask_goodwill, ask_pause, ask_waiver
from holdfast.servicing.reading import loan_number
from holdfast.web.api.approvals import ApprovalsReasonIn, told_request
from holdfast.web.api.operation import Call, operation
from holdfast.web.api.servicing import done
from holdfast.web.api.shapes import DoneOut, RequestOut
from holdfast.web.api.values import Day, In, MoneyIn, MoneyOut, Name, Out, Words

router = Router()


class ChargeIn(In):
    """A charge: `amount`, or `ppb` parts per billion `of` something. Without `due_on` it falls due with the next instalment."""

    name: Name
    ground: Literal["contract", "agreed", "court"]
    collected_by: Name
    reason: Words
    amount: MoneyIn | None = None
    ppb: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = None
    of: Literal["principal", "instalment_principal", "instalment_interest", "instalment_principal_and_interest"] | None = None
    due_on: Day | None = None


class WaiverIn(In):
    """What is given up of each part; the parts are what has fallen due and is unpaid."""

    penalty: MoneyIn | None = None
    fee: MoneyIn | None = None
    interest: MoneyIn | None = None
    reason: Words


class GoodwillIn(In):
    """What the lender pays of the debt from its own pocket."""

    amount: MoneyIn
    reason: Words


class PauseIn(In):
    """From which day the count of days late stands still, until which it does, and why."""

    starts_on: Day
    ends_on: Day
    why: Literal["dispute", "disaster", "illness", "our_fault"]
    reason: Words


class WaivableOut(Out):
    """What of each part has fallen due and is unpaid today: the most that can be waived."""

    penalty: MoneyOut
    fee: MoneyOut
    interest: MoneyOut


@operation(router, "GET", "/loans/{loan}/waivable", "servicing.waivable", answer=WaivableOut)
def read_waivable(call: Call, loan: str) -> Any:
    """What can be waived on the loan today, part by part."""
    held = read_loans(call.db, [loan_number(call.db, call.look, loan)], lock=False)[0]
    return {part: {"minor": minor, "currency": held.loan.currency} for part, minor in waivable(held.state, call.clock.today()).items()}


@operation(router, "POST", "/loans/{loan}/charges", "servicing.charge", answer=RequestOut, status=202)
def charge_loan(call: Call, loan: str, body: ChargeIn) -> Any:
    """Ask for a charge to be put on the loan. Another person answers; refused where all costs would pass the ceiling."""
    loan_number(call.db, call.look, loan)
    if (body.ppb is None) != (body.of is None):
        raise BadInput("of: a percentage is of something; give ppb and of together", field="of")
    given = {"name": str(body.name), "ground": body.ground, "collected_by": str(body.collected_by), "reason": str(body.reason)}
    asked = ask_charge(
        call.db, clock=call.clock, by=call.staff, loan=loan, amount=body.amount.money() if body.amount else None, ppb=body.ppb or 0,
        of=body.of or "", due_on=body.due_on, **given,
    )  # fmt: skip
    return told_request(asked)


@operation(router, "POST", "/loans/{loan}/waivers", "servicing.waive", answer=RequestOut, status=202)
def waive(call: Call, loan: str, body: WaiverIn) -> Any:
    """Ask for penalty, fees or interest that have fallen due to be waived. Another person answers, within their authority."""
    loan_number(call.db, call.look, loan)
    given = {"penalty": body.penalty, "fee": body.fee, "interest": body.interest}
    parts = {part: money.money() for part, money in given.items() if money is not None}
    return told_request(ask_waiver(call.db, clock=call.clock, by=call.staff, loan=loan, parts=parts, reason=body.reason))


@operation(router, "POST", "/loans/{loan}/goodwill", "servicing.goodwill", answer=RequestOut, status=202)
def goodwill(call: Call, loan: str, body: GoodwillIn) -> Any:
    """Ask for a part of the debt to be paid by the lender. Another person answers, within their authority."""
    loan_number(call.db, call.look, loan)
    return told_request(ask_goodwill(call.db, clock=call.clock, by=call.staff, loan=loan, amount=body.amount.money(), reason=body.reason))


@operation(router, "POST", "/loans/{loan}/pauses", "servicing.pause", answer=RequestOut, status=202)
def pause_count(call: Call, loan: str, body: PauseIn) -> Any:
    """Ask for the count of days late to stand still for some days. Another person answers."""
    loan_number(call.db, call.look, loan)
    given = {"starts_on": body.starts_on, "ends_on": body.ends_on}
    return told_request(ask_pause(call.db, clock=call.clock, by=call.staff, loan=loan, why=body.why, reason=body.reason, **given))


@operation(router, "POST", "/loans/{loan}/resumption", "servicing.resume", answer=DoneOut, status=201)
def resume_count(call: Call, loan: str, body: ApprovalsReasonIn) -> Any:
    """Let the count of days late go on from today."""
    loan_number(call.db, call.look, loan)
    return done(resume(call.db, clock=call.clock, by=call.staff, loan=loan, reason=body.reason))
