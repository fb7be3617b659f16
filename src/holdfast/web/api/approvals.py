"""Two people for one act: asking for what one person may not do alone, and another person's answer."""

from __future__ import annotations

from typing import Annotated, Any

from ninja import Router
from pydantic import Field, StrictBool

from holdfast.approvals import Request, request, requests
from holdfast.servicing.approved import answer, ask_refund, ask_reversal, ask_write_off
from holdfast.servicing.pages import LARGEST_PAGE
from holdfast.servicing.reading import loan_named, loan_number
from holdfast.web.api.operation import Call, operation
from holdfast.web.api.servicing import done
from holdfast.web.api.shapes import AnsweredOut, RequestList, RequestOut
from holdfast.web.api.values import In, MoneyIn, Words
from holdfast.wiring import carry

router = Router()


class ApprovalsReasonIn(In):
    """Why it is asked, for the person who answers."""

    reason: Words


class RefundIn(In):
    """How much goes back, and why."""

    amount: MoneyIn
    reason: Words


class ApprovalsAnswerIn(In):
    """Yes or no; a no says why."""

    approved: StrictBool
    words: Annotated[str, Field(max_length=1000)] = ""


@operation(router, "POST", "/loans/{loan}/events/{event_no}/reversal", "servicing.reverse", answer=RequestOut, status=202)
def reverse_receipt(call: Call, loan: str, event_no: Annotated[int, Field(ge=1, lt=2**31)], body: ApprovalsReasonIn) -> Any:
    """Ask for a receipt to be taken back. Another person answers under `/approvals/{request}/answer`; the yes does it."""
    loan_number(call.db, call.look, loan)
    return told_request(ask_reversal(call.db, clock=call.clock, by=call.staff, loan=loan, event_no=event_no, reason=body.reason))


@operation(router, "POST", "/loans/{loan}/refunds", "servicing.refund", answer=RequestOut, status=202)
def refund(call: Call, loan: str, body: RefundIn) -> Any:
    """Ask for money that was paid too much to go back to the borrower. Another person answers; the yes books it."""
    loan_number(call.db, call.look, loan)
    return told_request(ask_refund(call.db, clock=call.clock, by=call.staff, loan=loan, amount=body.amount.money(), reason=body.reason))


@operation(router, "POST", "/loans/{loan}/write-off", "servicing.write_off", answer=RequestOut, status=202)
def write_off(call: Call, loan: str, body: ApprovalsReasonIn) -> Any:
    """Ask for the loan to be written off. Another person answers; the claim stays, and later receipts are recoveries."""
    loan_number(call.db, call.look, loan)
    return told_request(ask_write_off(call.db, clock=call.clock, by=call.staff, loan=loan, reason=body.reason))


@operation(router, "GET", "/approvals", "approvals.list", answer=RequestList)
def list_requests(call: Call, limit: Annotated[int, Field(ge=1, le=LARGEST_PAGE)] = 50) -> Any:
    """Requests about loans within the caller's sight, newest first."""
    return {"items": [told_request(each) for each in requests(call.db, call.staff.scope, limit=limit)]}


@operation(router, "GET", "/approvals/{asked}", "approvals.read", answer=RequestOut)
def read_request(call: Call, asked: str) -> Any:
    """One request with its answers."""
    return told_request(_within_sight(call, asked))


@operation(router, "POST", "/approvals/{asked}/answer", "approvals.answer", answer=AnsweredOut)
def answer_request(call: Call, asked: str, body: ApprovalsAnswerIn) -> Any:
    """Say yes or no. Whoever asked cannot; the last yes that is needed does the act, and `done` tells of it."""
    _within_sight(call, asked)
    said = carry(answer, call.db, clock=call.clock, by=call.staff, request=asked, approved=body.approved, words=body.words)
    return {"request": told_request(said.request), "done": None if said.done is None else done(said.done)}


def _within_sight(call: Call, asked: str) -> Request:
    """The request; NotFound as well where its loan is out of the caller's sight."""
    found = request(call.db, asked)
    if found.loan_id is not None:
        loan_named(call.db, call.look, found.loan_id)
    return found


def told_request(asked: Request) -> dict[str, Any]:
    """A request as the API tells it."""
    answers = [{"by": each.name, "approved": each.approved, "words": each.words, "answered_at": each.answered_at} for each in asked.answers]
    return {
        "id": asked.public_id,
        "act": asked.act,
        "inputs": dict(asked.inputs),
        "reason": asked.reason,
        "maker": asked.maker_name,
        "asked_at": asked.asked_at,
        "needed": asked.needed,
        "standing": asked.standing,
        "answers": answers,
    }
