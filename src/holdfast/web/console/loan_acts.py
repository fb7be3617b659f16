"""What staff do on a loan's page: post a receipt, note a duty, ask for what takes two people, answer what was asked.

Each is one verb in one transaction. Refused, the page comes back with the form as it was filled in.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse as address
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from holdfast import servicing
from holdfast.approvals import Standing, request
from holdfast.database.connection import transaction
from holdfast.followup import calls, strategies
from holdfast.kernel.errors import NotFound
from holdfast.servicing import reading as book
from holdfast.servicing.approved import answer as answer_request
from holdfast.servicing.approved import ask_refund, ask_reversal, ask_write_off
from holdfast.web.console.acts import Tried, Verb, perform
from holdfast.web.console.desk import Db, Desk, at_desk
from holdfast.web.console.forms import ActForm, AnswerForm, NoteForm, ReasonForm, ReceiptForm, RefundForm
from holdfast.web.console.loan import page
from holdfast.web.console.templatetags.console import money
from holdfast.wiring import carry


@require_POST
@at_desk
def receive(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """Post a receipt."""
    form = ReceiptForm(request.POST, name="receipt", currency=_currency(desk, loan_id), today=desk.today)

    def verb(db: Db) -> None:
        wanted = form.cleaned_data
        given = {"loan": loan_id, "amount": wanted["amount"], "received_on": wanted["received_on"]}
        carry(servicing.receive, db, clock=desk.clock, by=desk.staff, **given)

    def said(made: str) -> str:
        received = form.cleaned_data["amount"]
        return gettext("%(amount)s received and posted.") % {"amount": money(received.minor, received.currency)}

    return _act(request, desk, loan_id, Tried("receipt", "", form), "receipt.post", verb, said)


@require_POST
@at_desk
def note_duty(request: HttpRequest, desk: Desk, loan_id: str, duty_no: int) -> HttpResponse:
    """Note how an open duty went; the record closes it."""
    with transaction() as db:
        duty = next((each for each in book.duties_of(db, desk.look, loan_id) if each.no == duty_no), None)
    if duty is None:
        raise NotFound(f"loan {loan_id} has no duty {duty_no}", code="duty_not_found", field="duty")
    form = NoteForm(request.POST, name=f"duty{duty_no}", kind=duty.kind)

    def verb(db: Db) -> None:
        told = form.cleaned_data
        strategies.note(
            db, clock=desk.clock, by=desk.staff, loan=loan_id, duty_no=duty_no, outcome=told["outcome"], words=told["words"],
            pay_by=told.get("pay_by"), how=told.get("how", ""),
        )  # fmt: skip

    tried = Tried("note", str(duty_no), form)
    return _act(request, desk, loan_id, tried, "duty.note", verb, gettext("Noted; the duty is done."))


@require_POST
@at_desk
def call(request: HttpRequest, desk: Desk, loan_id: str, what: str) -> HttpResponse:
    """Dial the borrower's number, if the rules allow it now; or end a call that reached nobody."""
    if what not in ("dial", "end"):
        raise Http404
    form = ActForm(request.POST, name="call")

    def verb(db: Db) -> None:
        if what == "dial":
            calls.dial(db, clock=desk.clock, by=desk.staff, loan=loan_id)
        else:
            calls.hang_up(db, clock=desk.clock, by=desk.staff, loan=loan_id)

    said = gettext("It rings. Note what came of it.") if what == "dial" else gettext("The call is over; it counts as tried.")
    return _act(request, desk, loan_id, Tried("call", "", form), "duty.note", verb, said)


@require_POST
@at_desk
def reverse(request: HttpRequest, desk: Desk, loan_id: str, event_no: int) -> HttpResponse:
    """Ask another person to take a receipt back as if it had never come."""
    form = ReasonForm(request.POST, name=f"reverse{event_no}")

    def verb(db: Db) -> None:
        ask_reversal(db, clock=desk.clock, by=desk.staff, loan=loan_id, event_no=event_no, reason=form.cleaned_data["reason"])

    return _act(request, desk, loan_id, Tried("reversal", str(event_no), form), "receipt.reverse", verb, _asked())


@require_POST
@at_desk
def refund(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """Ask another person to let over-paid money go back."""
    form = RefundForm(request.POST, name="refund", currency=_currency(desk, loan_id))

    def verb(db: Db) -> None:
        wanted = form.cleaned_data
        ask_refund(db, clock=desk.clock, by=desk.staff, loan=loan_id, amount=wanted["amount"], reason=wanted["reason"])

    return _act(request, desk, loan_id, Tried("refund", "", form), "refund", verb, _asked())


@require_POST
@at_desk
def write_off(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """Ask another person to write the loan off."""
    form = ReasonForm(request.POST, name="writeoff")

    def verb(db: Db) -> None:
        ask_write_off(db, clock=desk.clock, by=desk.staff, loan=loan_id, reason=form.cleaned_data["reason"])

    return _act(request, desk, loan_id, Tried("write_off", "", form), "write_off", verb, _asked())


@require_POST
@at_desk
def answer(http: HttpRequest, desk: Desk, loan_id: str, asked_id: str) -> HttpResponse:
    """Say yes or no as the second person; the last yes that is needed does the act."""
    form = AnswerForm(http.POST, name=f"answer-{asked_id[-6:]}")

    def verb(db: Db) -> str:
        number = book.loan_number(db, desk.look, loan_id)
        if request(db, asked_id).loan_id != number:
            raise NotFound(f"loan {loan_id} has no request {asked_id}", code="no_approval", field="approval")
        wanted = form.cleaned_data
        given = {"request": asked_id, "approved": wanted["approved"], "words": wanted["words"]}
        return str(carry(answer_request, db, clock=desk.clock, by=desk.staff, **given).request.standing)

    def said(made: str) -> str:
        if not form.cleaned_data["approved"]:
            return gettext("You said no; nothing is done.")
        if made == Standing.SPENT:
            return gettext("You agreed as the second person; it is done.")
        return gettext("You agreed; one more person must answer.")

    return _act(http, desk, loan_id, Tried("answer", asked_id, form), "approval.answer", verb, said)


def _asked() -> str:
    return gettext("Asked. Another person answers on this page; until then nothing changes.")


def _currency(desk: Desk, loan_id: str) -> str:
    with transaction() as db:
        return book.loan_detail(db, desk.look, loan_id).row.currency


def _act(
    request: HttpRequest, desk: Desk, loan_id: str, tried: Tried, act: str, verb: Verb, said: str | Callable[[str], str]
) -> HttpResponse:
    """Do what a form of the page asks, for a loan within sight, and come back to the page."""

    def within_sight(db: Db) -> str | None:
        book.loan_number(db, desk.look, loan_id)
        return verb(db)

    return perform(
        request, desk, tried, act=act, verb=within_sight, said=said, back=address("console:loan", args=[loan_id]),
        again=lambda tried: page(request, desk, loan_id, tried=tried, status=422),
    )  # fmt: skip
