"""What a caller does at the desk: take, dial, answer, prove the code, note, keep the recording, and end or complete.

Each is one verb in one transaction. Refused, the desk comes back with the form as it was filled in. What a
borrower said never enters the key by which a form is known again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
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
from holdfast.web.console.acts import into_form, once
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
from holdfast.web.console.calls import MAY, Tried, end_form, fail_form, form_of_step, page
from holdfast.web.console.desk import Db, Desk, at_desk
from holdfast.web.console.forms import ActForm

_NOT_DIGESTED: Final = frozenset({"key", "name", "last_four", "digits", "words", "evidence", "file"})


@require_POST
@at_desk
def take(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """Take the case, or take it over."""
    form = ActForm(request.POST, name="take")
    instead = request.POST.get("instead") == "yes"

    def verb(db: Db) -> None:
        confirmation.take_case(db, clock=desk.clock, by=desk.staff, loan=loan_id, instead=instead)

    return _act(request, desk, loan_id, Tried("take", form), verb, gettext("The case is yours."))


@require_POST
@at_desk
def dial(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """Ring the borrower."""
    form = DialForm(request.POST, name="dial")

    def verb(db: Db) -> None:
        confirmation.dial(db, clock=desk.clock, by=desk.staff, loan=loan_id, language=form.cleaned_data["language"])

    return _act(request, desk, loan_id, Tried("dial", form), verb)


@require_POST
@at_desk
def picked_up(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """Somebody has answered."""

    def verb(db: Db) -> None:
        confirmation.picked_up(db, clock=desk.clock, by=desk.staff, loan=loan_id)

    return _act(request, desk, loan_id, Tried("picked_up", ActForm(request.POST, name="pickedup")), verb)


@require_POST
@at_desk
def answer(request: HttpRequest, desk: Desk, loan_id: str, step: str) -> HttpResponse:
    """Write the answer to a step; the code's is tried first, in a transaction of its own."""
    call = _call(desk, loan_id)
    asked = confirmation.script(call.script_version).step(step)
    with transaction() as db:
        form = form_of_step(db, desk, loan_id, asked, request.POST)
    tried = Tried("answer", form)
    if asked.kind is StepKind.CODE and request.POST.get("proved") != "yes":
        require(desk.staff, MAY)
        assert isinstance(form, CodeForm)
        if not form.is_valid() or not _right(desk, loan_id, form):
            return page(request, desk, loan_id, tried=tried, status=422)
    elif asked.kind is StepKind.CODE:
        form = ActForm(request.POST, name=f"step-{step}")
        tried = Tried("code_proved", form)

    def verb(db: Db) -> None:
        confirmation.answer(db, clock=desk.clock, by=desk.staff, loan=loan_id, step=step, **_given(form))

    return _act(request, desk, loan_id, tried, verb, about=step)


@require_POST
@at_desk
def send_code(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """Send the borrower the code that stands for what was read."""

    def verb(db: Db) -> None:
        confirmation.send_code(db, clock=desk.clock, by=desk.staff, loan=loan_id)

    tried = Tried("send", ActForm(request.POST, name="send"))
    return _act(request, desk, loan_id, tried, verb, gettext("The code is on its way."))


@require_POST
@at_desk
def complete(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """Complete the confirmation."""

    def verb(db: Db) -> None:
        confirmation.confirm(db, clock=desk.clock, by=desk.staff, loan=loan_id)

    tried = Tried("confirm", ActForm(request.POST, name="confirm"))
    return _act(request, desk, loan_id, tried, verb, gettext("Confirmed. The application goes on to its decision."))


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

    return _act(request, desk, loan_id, Tried("end", form), verb, gettext("The call is over and stands in the ledger."))


@require_POST
@at_desk
def fail(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """End the application, for what the call has shown."""
    form = fail_form(_call(desk, loan_id), request.POST)
    assert isinstance(form, FailForm)

    def verb(db: Db) -> None:
        wanted = form.cleaned_data
        confirmation.fail(db, clock=desk.clock, by=desk.staff, loan=loan_id, reason=wanted["reason"], words=wanted["words"])

    return _act(request, desk, loan_id, Tried("fail", form), verb, gettext("The application is ended."))


@require_POST
@at_desk
def give_up(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """Return the application of a borrower who was never reached."""
    form = WordsForm(request.POST, name="giveup")

    def verb(db: Db) -> None:
        confirmation.give_up(db, clock=desk.clock, by=desk.staff, loan=loan_id, words=form.cleaned_data["words"])

    return _act(request, desk, loan_id, Tried("give_up", form), verb, gettext("The application is returned."))


@require_POST
@at_desk
def observe(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """Note something that was noticed."""
    form = ObserveForm(request.POST, name="observe")

    def verb(db: Db) -> None:
        wanted = form.cleaned_data
        note_observation(db, clock=desk.clock, by=desk.staff, loan=loan_id, kind=wanted["kind"], evidence=wanted["evidence"])

    return _act(request, desk, loan_id, Tried("observe", form), verb, gettext("Noted, for people who look again."))


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

    return _act(request, desk, loan_id, Tried("recording", form), verb, gettext("The recording is kept, sealed."))


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


def _act(
    request: HttpRequest, desk: Desk, loan_id: str, tried: Tried, verb: Callable[[Db], None], said: str = "", *, about: str = ""
) -> HttpResponse:
    """Do what a form of the desk asks and come back to it."""
    require(desk.staff, MAY)
    form = tried.form
    assert isinstance(form, ActForm)
    if form.is_valid():
        inputs = {
            name: str(value) for name, value in form.cleaned_data.items() if name not in _NOT_DIGESTED and not name.startswith("fact-")
        }
        inputs |= {"loan": loan_id, "what": tried.slot, "about": about}
        try:
            once(desk, act=MAY, key=form.one_time_key, inputs=inputs, verb=verb)
        except HoldfastError as error:
            into_form(form, error)
        else:
            if said:
                messages.success(request, said)
            return HttpResponseRedirect(address("console:call_desk", args=[loan_id]))
    return page(request, desk, loan_id, tried=tried, status=422)
