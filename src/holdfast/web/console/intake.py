"""Assisted intake: an officer fills an application in for a borrower who stands at the counter.

The cost comes first, then who it is, then the borrower pages' own steps with their rules. What only the borrower can give,
the consents, comes by a code from the borrower's phone, or is ticked by the borrower on that phone: never by staff.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from holdfast import applications as files
from holdfast.applications import CONSENTS, STEPS, Application, ApplicationState, completeness
from holdfast.contact import codes
from holdfast.database.connection import transaction
from holdfast.kernel.errors import HoldfastError
from holdfast.parties import Reach, branches, require
from holdfast.web.borrower import wording
from holdfast.web.borrower.desk import House
from holdfast.web.borrower.filling import Hand, fill, slots_of, tell_missing
from holdfast.web.borrower.plan import PlanForm, first_plan, offers_of, places, shown
from holdfast.web.borrower.steps import StepForm, models_of
from holdfast.web.console import words
from holdfast.web.console.acts import Done, Verb, attempt, into_form
from holdfast.web.console.desk import Db, Desk, at_desk
from holdfast.web.console.forms import ActForm

INTAKE: Final = "application.intake"
_NUMBER: Final = {"inputmode": "tel", "autocomplete": "off"}
_OPEN: Final = (ApplicationState.DRAFT, ApplicationState.RETURNED)


class WhoForm(ActForm):
    """Who stands here: their own number, to which the codes go, and the language in which we write."""

    number = forms.CharField(label=_("The borrower's mobile number"), max_length=40, widget=forms.TextInput(attrs=_NUMBER))
    language = forms.ChoiceField(label=_("We write to them in"), choices=[("zh-hans", "中文"), ("en", "English")])


class ResumeForm(ActForm):
    """Whose draft goes on."""

    number = forms.CharField(label=_("The borrower's mobile number"), max_length=40, widget=forms.TextInput(attrs=_NUMBER))


class CodeForm(ActForm):
    """The code as the borrower read it out, and which one it is."""

    code_id = forms.CharField(widget=forms.HiddenInput, max_length=40)
    code = forms.CharField(
        label=_("Code, as the borrower reads it to you"), max_length=12,
        widget=forms.TextInput(attrs={"class": "in code", "inputmode": "numeric", "autocomplete": "off"}),
    )  # fmt: skip


# -- the cost, then who it is ----------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@at_desk
def begin(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The cost of a plan, shown to the borrower before anything is asked; then the number, which begins the file."""
    require(desk.staff, INTAKE)
    house = House(desk.lender, desk.clock, desk.today, desk.now, desk.pack)
    with transaction() as db:
        offers, near = offers_of(db, desk.today), _places(db, desk)
    if not offers or not near:
        return render(request, "console/intake/begin.html", {"no_offer": True})
    posted = request.method == "POST"
    plan_form = PlanForm(request.POST if posted else first_plan(offers, near), offers=offers, places=near, initial={})
    plan = shown(house, offers, plan_form)
    who, status = WhoForm(name="who"), 422 if posted and plan_form.errors else 200
    seen = plan is not None and request.POST.get("seen") == plan.mark
    if posted and "begin" in request.POST and plan is not None and seen:
        who, status = WhoForm(request.POST, name="who"), 422

        def verb(db: Db) -> str:
            given, chosen = who.cleaned_data, plan_form.cleaned_data
            person = files.person_at_counter(db, clock=desk.clock, by=desk.staff, number=given["number"], language=given["language"])
            return files.start(
                db,
                clock=desk.clock,
                by=desk.staff,
                party=person,
                product=chosen["product"],
                principal=chosen["amount"],
                instalments=chosen["instalments"],
                branch=chosen["branch"],
            ).public_id

        if begun := _did(desk, who, {"plan": plan.mark}, verb):
            return HttpResponseRedirect(_step(begun.made, STEPS[0]))
    context = {
        "plan_form": plan_form, "plan": plan, "who": who, "resume": ResumeForm(name="resume"),
        "wanted": [(name, plan_form[name].value()) for name in plan_form.fields],
        "unseen": posted and "begin" in request.POST and plan is not None and not seen,
    }  # fmt: skip
    return render(request, "console/intake/begin.html", context, status=status)


@require_POST
@at_desk
def resume(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Go on with a draft, found by the number of whoever stands here."""
    require(desk.staff, INTAKE)
    form = ResumeForm(request.POST, name="resume")
    if form.is_valid():
        try:
            with transaction() as db:
                file = files.draft_at_counter(db, by=desk.staff, number=form.cleaned_data["number"])
            return HttpResponseRedirect(goes_on(desk, file))
        except HoldfastError as error:
            messages.warning(request, words.refusal(error))
    return HttpResponseRedirect(reverse("console:intake"))


# -- the steps ----------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@at_desk
def step(request: HttpRequest, desk: Desk, application_id: str, name: str) -> HttpResponse:
    """One step of the borrower's own application, filled in by the officer."""
    require(desk.staff, INTAKE)
    if name not in STEPS:
        raise Http404(name)
    with transaction() as db:
        file = files.application(db, application_id, desk.staff)
        models = models_of(db, desk.pack, desk.lender, desk.today) if name == "phone" else ()
    if file.state not in _OPEN:
        return HttpResponseRedirect(_file(application_id))
    if name == "consents":
        return _consents(request, desk, file)
    if request.method != "POST":
        return _step_page(request, name, file, StepForm(step=name, file=file, models=models), {})
    hand = Hand(desk.clock, desk.staff)
    filled = fill(request, hand, name, file, models)
    if "later" in request.POST and not filled.wrong:
        messages.success(request, gettext("Kept. Whoever takes it up again finds it under this number."))
        return HttpResponseRedirect(_file(application_id))
    tell_missing(filled, hand, name)
    if filled.wrong:
        return _step_page(request, name, filled.file, filled.form, filled.refused)
    return HttpResponseRedirect(_step(application_id, STEPS[STEPS.index(name) + 1]))


def _step_page(request: HttpRequest, name: str, file: Application, form: StepForm, refused: Mapping[str, str]) -> HttpResponse:
    slots = slots_of(name, file, refused)
    context = {
        **_around(name, file), "form": form,
        "papers": [each for each in slots if not each["name"].startswith("photo_")],
        "photos": [each for each in slots if each["name"].startswith("photo_")],
        "refused": [(each["label"], each["error"], each["name"]) for each in slots if each["error"]],
    }  # fmt: skip
    return render(request, "console/intake/step.html", context, status=422 if form.errors or refused else 200)


def _around(name: str, file: Application) -> dict[str, Any]:
    here = STEPS.index(name)
    return {
        "file": file, "name": name, "title": wording.STEP_NAMES[name] if name == "consents" else wording.DESK_NAMES[name],
        "asked": file.asked if file.state is ApplicationState.RETURNED else None,
        "line": [(each, wording.DESK_NAMES.get(each, wording.STEP_NAMES[each]), each == name) for each in STEPS],
        "back": _step(file.public_id, STEPS[here - 1]) if here else _file(file.public_id),
    }  # fmt: skip


# -- what only the borrower can give ----------------------------------------------------------------------------------------


def _consents(request: HttpRequest, desk: Desk, file: Application) -> HttpResponse:
    """Read each text out, mark what the borrower says, and send the code that stands for exactly that."""
    form = StepForm(request.POST if request.method == "POST" else None, step="consents", file=file)
    code_form, sent_to, status = CodeForm(name="code"), "", 200
    if request.method == "POST":
        form.is_valid()
        given = form.consents()
        if "code_id" in request.POST:
            code_form = CodeForm(request.POST, name="code")
            if _proved(desk, file, code_form, given):
                messages.success(request, gettext("The borrower's consents stand, with the code as the proof."))
                return HttpResponseRedirect(_file(file.public_id))
            status = 422
            sent_to = _sent_to(code_form.data.get("code_id", ""))
        else:
            try:
                with transaction() as db:
                    sent = files.ask_consent_code(db, clock=desk.clock, by=desk.staff, application_id=file.public_id, given=given)
                code_form, sent_to = CodeForm(name="code", initial={"code_id": sent.code_id}), sent.to
            except HoldfastError as error:
                form.add_error(None, words.refusal(error))
                status = 422
    context = {
        **_around("consents", file), "form": form, "code_form": code_form, "sent_to": sent_to,
        "given": [(text, file.consents.get(text.purpose) == text.version) for text in CONSENTS.values()],
        "read": [(each, bool(each.value())) for each in form.visible_fields()],
        "own_page": request.build_absolute_uri(reverse("borrower:step", args=["consents"])),
    }  # fmt: skip
    return render(request, "console/intake/consents.html", context, status=status)


def _proved(desk: Desk, file: Application, form: CodeForm, given: Mapping[str, bool]) -> bool:
    """Try the code, which counts whatever comes of it; a right one keeps what it stands for."""
    if not form.is_valid():
        return False
    typed = form.cleaned_data
    try:
        with transaction() as db:
            right = codes.attempt(db, clock=desk.clock, code_id=typed["code_id"], digits=typed["code"])
    except HoldfastError as error:
        into_form(form, error)
        return False
    if not right:
        form.add_error("code", gettext("These are not the digits that we sent. Ask the borrower to look at the newest message."))
        return False

    def verb(db: Db) -> None:
        files.agree(db, clock=desk.clock, by=desk.staff, application_id=file.public_id, given=given, code=typed["code_id"])

    return _did(desk, form, {"application": file.public_id, "given": {name: str(yes) for name, yes in given.items()}}, verb) is not None


def _sent_to(code_id: str) -> str:
    try:
        with transaction() as db:
            return codes.sent_to(db, code_id)
    except HoldfastError:
        return ""


# -- handing it in ---------------------------------------------------------------------------------------------------------


@require_POST
@at_desk
def submit(request: HttpRequest, desk: Desk, application_id: str) -> HttpResponse:
    """Hand the file in for the borrower who stands here; what is missing is told on the file's page."""
    form = ActForm(request.POST, name="submit")
    with transaction() as db:
        files.application(db, application_id, desk.staff)

    def verb(db: Db) -> None:
        files.submit(db, clock=desk.clock, by=desk.staff, application_id=application_id)

    if _did(desk, form, {"application": application_id}, verb):
        messages.success(request, gettext("Handed in. A caller confirms it with the borrower by phone."))
    for error in form.non_field_errors():
        messages.error(request, str(error))
    return HttpResponseRedirect(_file(application_id))


def goes_on(desk: Desk, file: Application) -> str:
    """Where somebody at the counter goes on with this file: the first step that lacks something, else the file itself."""
    lacks = completeness(file, today=desk.today)
    return _step(file.public_id, lacks[0].step) if lacks else _file(file.public_id)


def _places(db: Db, desk: Desk) -> list[tuple[str, str]]:
    """Where the phone may be brought: this person's own branch, or any for who sees all."""
    known = places(db)
    if desk.staff.reach is Reach.ALL or desk.staff.branch_id is None:
        return known
    own = next((each.code for each in branches(db) if each.branch_id == desk.staff.branch_id), "")
    return [each for each in known if each[0] == own]


def _did(desk: Desk, form: ActForm, about: Mapping[str, Any], verb: Verb) -> Done | None:
    """Do a form's act once; None if it was refused, and then the form says why."""
    return attempt(desk, form, act=INTAKE, about=about, verb=verb)


def _step(application_id: str, name: str) -> str:
    return reverse("console:intake_step", args=[application_id, name])


def _file(application_id: str) -> str:
    return reverse("console:application", args=[application_id])
