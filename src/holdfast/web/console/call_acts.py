"""What a caller does at the desk: take, dial, answer, prove the code, note, keep the recording, and end or complete.

Each is one verb in one transaction. Refused, the desk comes back with the form as it was filled in.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse as address
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from holdfast import confirmation, duties
from holdfast.confirmation import Call
from holdfast.confirmation.observations import observe as note_observation
from holdfast.confirmation.script import StepKind
from holdfast.database.connection import transaction
from holdfast.files import LARGEST_BYTES
from holdfast.kernel.errors import BadInput, HoldfastError, Refusal
from holdfast.parties import require
from holdfast.web.console.acts import Tried, Verb, into_form, perform
from holdfast.web.console.call_forms import (
    ChoiceAnswerForm,
    CodeForm,
    DialForm,
    EndForm,
    FailForm,
    IdentityForm,
    MissingFactsForm,
    ObserveForm,
    RecordingForm,
    WordsForm,
)
from holdfast.web.console.calls import MAY, end_form, fail_form, form_of_step, page
from holdfast.web.console.desk import Db, Desk, at_desk
from holdfast.web.console.forms import ActForm


@require_POST
@at_desk
def take(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """Take the case, or take it over."""
    form = ActForm(request.POST, name="take")
    instead = request.POST.get("instead") == "yes"

    def verb(db: Db) -> None:
        confirmation.take_case(db, clock=desk.clock, by=desk.staff, loan=loan_id, instead=instead)

    return _act(request, desk, Tried("take", loan_id, form), verb, gettext("The case is yours."))


@require_POST
@at_desk
def dial(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """Ring the borrower."""
    form = DialForm(request.POST, name="dial")

    def verb(db: Db) -> None:
        confirmation.dial(db, clock=desk.clock, by=desk.staff, loan=loan_id, language=form.cleaned_data["language"])

    return _act(request, desk, Tried("dial", loan_id, form), verb)


@require_POST
@at_desk
def picked_up(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """Somebody has answered."""

    def verb(db: Db) -> None:
        confirmation.picked_up(db, clock=desk.clock, by=desk.staff, loan=loan_id)

    return _act(request, desk, Tried("picked_up", loan_id, ActForm(request.POST, name="pickedup")), verb)


@require_POST
@at_desk
def answer(request: HttpRequest, desk: Desk, loan_id: str, step: str) -> HttpResponse:
    """Write the answer to a step; the code's is tried first, in a transaction of its own."""
    call = _call(desk, loan_id)
    asked = confirmation.script(call.script_version).step(step)
    with transaction() as db:
        form = form_of_step(db, desk, loan_id, asked, request.POST)
    tried = Tried("answer", f"{loan_id} {step}", form)
    if asked.kind is StepKind.CODE and request.POST.get("proved") != "yes":
        require(desk.staff, MAY)
        assert isinstance(form, CodeForm)
        if not form.is_valid() or not _right(desk, loan_id, form):
            return page(request, desk, loan_id, tried=tried, status=422)
    elif asked.kind is StepKind.CODE:
        form = ActForm(request.POST, name=f"step-{step}")
        tried = Tried("code_proved", loan_id, form)

    def verb(db: Db) -> None:
        confirmation.answer(db, clock=desk.clock, by=desk.staff, loan=loan_id, step=step, **_given(form))

    return _act(request, desk, tried, verb)


@require_POST
@at_desk
def send_code(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """Send the borrower the code that stands for what was read."""

    def verb(db: Db) -> None:
        confirmation.send_code(db, clock=desk.clock, by=desk.staff, loan=loan_id)

    tried = Tried("send", loan_id, ActForm(request.POST, name="send"))
    return _act(request, desk, tried, verb, gettext("The code is on its way."))


@require_POST
@at_desk
def complete(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """Complete the confirmation."""

    def verb(db: Db) -> None:
        confirmation.confirm(db, clock=desk.clock, by=desk.staff, loan=loan_id)

    tried = Tried("confirm", loan_id, ActForm(request.POST, name="confirm"))
    return _act(request, desk, tried, verb, gettext("Confirmed. The application goes on to its decision."))


@require_POST
@at_desk
def end(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """End a call that settled nothing."""
    form = end_form(_call(desk, loan_id), request.POST)
    assert isinstance(form, EndForm)

    def verb(db: Db) -> None:
        wanted = form.cleaned_data
        at = wanted["call_back_at"] if wanted["outcome"] == "call_back" else None
        confirmation.end_call(db, clock=desk.clock, by=desk.staff, loan=loan_id, outcome=wanted["outcome"], call_back_at=at)

    return _act(request, desk, Tried("end", loan_id, form), verb, gettext("The call is over and stands in the ledger."))


@require_POST
@at_desk
def fail(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """End the application, for what the call has shown."""
    form = fail_form(_call(desk, loan_id), request.POST)
    assert isinstance(form, FailForm)

    def verb(db: Db) -> None:
        wanted = form.cleaned_data
        confirmation.fail(db, clock=desk.clock, by=desk.staff, loan=loan_id, reason=wanted["reason"], words=wanted["words"])

    return _act(request, desk, Tried("fail", loan_id, form), verb, gettext("The application is ended."))


@require_POST
@at_desk
def give_up(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """Return the application of a borrower who was never reached."""
    form = WordsForm(request.POST, name="giveup")

    def verb(db: Db) -> None:
        confirmation.give_up(db, clock=desk.clock, by=desk.staff, loan=loan_id, words=form.cleaned_data["words"])

    return _act(request, desk, Tried("give_up", loan_id, form), verb, gettext("The application is returned."))


@require_POST
@at_desk
def observe(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """Note something that was noticed."""
    form = ObserveForm(request.POST, name="observe")

    def verb(db: Db) -> None:
        wanted = form.cleaned_data
        note_observation(db, clock=desk.clock, by=desk.staff, loan=loan_id, kind=wanted["kind"], evidence=wanted["evidence"])

    return _act(request, desk, Tried("observe", loan_id, form), verb, gettext("Noted, for people who look again."))


@require_POST
@at_desk
def recording(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """Keep the recording of a call."""
    form = RecordingForm(request.POST, request.FILES, name="recording")

    def verb(db: Db) -> None:
        file = form.cleaned_data["file"]
        if file.size > LARGEST_BYTES:
            raise BadInput(f"file: it has {file.size:,} bytes; the most is {LARGEST_BYTES:,}", field="file")
        confirmation.keep_recording(
            db, clock=desk.clock, by=desk.staff, loan=loan_id, call=form.cleaned_data["call"], data=file.read(), name=file.name
        )

    return _act(request, desk, Tried("recording", loan_id, form), verb, gettext("The recording is kept, sealed."))


def _call(desk: Desk, loan_id: str) -> Call:
    """The call that is open; Refusal if none is."""
    with transaction() as db:
        case = duties.take(db, loan_id, desk.staff.scope, lock=False)
        call = confirmation.confirmation_of(db, case.loan.loan_id).call
    if call is None:
        raise Refusal(f"there is no open call for {loan_id}; dial first", code="no_call", loan=loan_id)
    return call


def _right(desk: Desk, loan_id: str, form: CodeForm) -> bool:
    """Whether the digits are right; the attempt is counted whatever comes of the rest."""
    try:
        with transaction() as db:
            right = confirmation.try_code(db, clock=desk.clock, by=desk.staff, loan=loan_id, digits=form.cleaned_data["digits"])
    except HoldfastError as error:
        error.field = "digits" if error.field == "code" else error.field
        into_form(form, error)
        return False
    if not right:
        form.add_error("digits", gettext("These are not the digits that were sent. Ask for them once more."))
    return right


def _given(form: ActForm) -> dict[str, Any]:
    """What a form of a step says, as the verb takes it."""
    if isinstance(form, ChoiceAnswerForm):
        return {"answer": form.cleaned_data["answer"], "words": form.cleaned_data["words"]}
    if isinstance(form, IdentityForm):
        return {"name": form.cleaned_data["name"], "last_four": form.cleaned_data["last_four"]}
    return {"facts": form.facts} if isinstance(form, MissingFactsForm) else {}


def _act(request: HttpRequest, desk: Desk, tried: Tried, verb: Verb, said: str = "") -> HttpResponse:
    """Do what a form of the desk asks and come back to it; `tried` is about the loan, and may name the step behind it."""
    loan_id = tried.about.split()[0]
    return perform(
        request, desk, tried, act=MAY, verb=verb, said=said, back=address("console:call_desk", args=[loan_id]),
        again=lambda tried: page(request, desk, loan_id, tried=tried, status=422),
    )  # fmt: skip
