"""Applying on a phone: the cost first, then five steps that are kept as they are left, then one button.

Every page can be closed at any moment: the same number and a fresh code lead back to what was filled in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from holdfast import applications
from holdfast.applications import STEPS, Application, ApplicationState, Missing, completeness
from holdfast.database.connection import transaction
from holdfast.kernel.errors import HoldfastError
from holdfast.kernel.money import Money
from holdfast.web.borrower import wording
from holdfast.web.borrower.desk import Db, Visitor, borrower_at, house_of, visitor_of
from holdfast.web.borrower.filling import Hand, fill, slot_label, slots_of, tell_missing
from holdfast.web.borrower.plan import PlanForm, first_plan, offers_of, places, shown
from holdfast.web.borrower.steps import SLOTS, StepForm, models_of
from holdfast.web.console import words

PLANNED: Final = "planned"  # the plan that somebody chose before they proved their phone


# ── the plan ─────────────────────────────────────────────────────────────────────────────────────────────────


@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: HttpRequest) -> HttpResponse:
    """The cost of a plan, open to anybody; applying for it asks for the phone, and for nothing before."""
    with transaction() as db:
        house, offers, known_places = house_of(db), offers_of(db, house_of(db).today), places(db)
        visitor = visitor_of(db, request)
        draft = applications.draft_of(db, visitor.party.party_id) if visitor else None
    if not offers or not known_places:
        return render(request, "borrower/no_offer.html", {"lender": house.lender})
    given = request.POST if request.method == "POST" else request.GET if request.GET else None
    form = PlanForm(given, offers=offers, places=known_places, initial={})
    if given is None:
        first = _plan_of(draft, known_places) if draft is not None else first_plan(offers, known_places)
        form = PlanForm(first, offers=offers, places=known_places, initial=first)
    plan_shown = shown(house, offers, form)
    if "recount" in request.POST and plan_shown is not None:
        wanted = {field: request.POST.get(field, "") for field in form.fields}
        return HttpResponseRedirect(f"{reverse('borrower:plan')}?{urlencode(wanted)}")
    if request.method == "POST" and plan_shown is not None and request.POST.get("seen") == plan_shown.mark:
        chosen = _chosen(form)
        if visitor is None:
            request.session[PLANNED] = chosen
            return HttpResponseRedirect(reverse("borrower:log_in"))
        try:
            with transaction() as db:
                begin(db, visitor, chosen)
        except HoldfastError as error:
            form.add_error(None, words.refusal(error))
        else:
            return HttpResponseRedirect(reverse("borrower:step", args=[STEPS[0]]))
    # Whoever typed another sum since the cost was shown sees the new cost first.
    unseen = request.method == "POST" and plan_shown is not None and not form.errors
    context = {
        "unseen": unseen,
        "form": form,
        "plan": plan_shown,
        "lender": house.lender,
        "today": house.today,
        "visitor": visitor,
        "draft": draft,
    }
    return render(request, "borrower/plan.html", context, status=422 if form.errors and given is not None else 200)


def begin(db: Db, visitor: Visitor, chosen: Mapping[str, Any]) -> Application:
    """The draft with the plan that was chosen; BadInput and Refusal as in `applications.start`."""
    principal = Money(int(chosen["minor"]), str(chosen["currency"]))
    return applications.start(
        db, clock=visitor.clock, by=visitor.actor, party=visitor.party, product=str(chosen["product"]), principal=principal,
        instalments=int(chosen["instalments"]), branch=str(chosen["branch"]),
    )  # fmt: skip


def _chosen(form: PlanForm) -> dict[str, Any]:
    wanted = form.cleaned_data
    amount = wanted["amount"]
    return {
        "product": wanted["product"], "minor": amount.minor, "currency": amount.currency, "instalments": wanted["instalments"],
        "branch": wanted["branch"],
    }  # fmt: skip


def _plan_of(draft: Application, known_places: list[tuple[str, str]]) -> dict[str, Any]:
    return {
        "product": draft.product_code,
        "amount": draft.principal.decimal().removesuffix(".00"),
        "instalments": str(draft.instalments),
        "branch": draft.branch or known_places[0][0],
    }


# ── the steps ────────────────────────────────────────────────────────────────────────────────────────────────


@require_http_methods(["GET", "HEAD", "POST"])
@borrower_at
def step(request: HttpRequest, visitor: Visitor, name: str) -> HttpResponse:
    """One step: what holds is kept whatever else is wrong; then what is missing here is told, and the next step comes."""
    if name not in STEPS:
        raise Http404(name)
    with transaction() as db:
        file = _file_in_hand(db, visitor)
        models = models_of(db, visitor.house.pack, visitor.lender, visitor.today) if name == "phone" else ()
    if file is None:
        return HttpResponseRedirect(reverse("borrower:plan"))
    if request.method != "POST":
        return _step_page(request, visitor, name, file, StepForm(step=name, file=file, models=models), {})
    hand = Hand(visitor.clock, visitor.actor)
    filled = fill(request, hand, name, file, models)
    if "later" in request.POST and not filled.wrong:
        messages.success(request, gettext("Kept. Come back whenever you like: the same number leads here."))
        return HttpResponseRedirect(reverse("borrower:home"))
    tell_missing(filled, hand, name)
    if filled.wrong:
        return _step_page(request, visitor, name, filled.file, filled.form, filled.refused)
    return HttpResponseRedirect(_after(name))


def _step_page(
    request: HttpRequest, visitor: Visitor, name: str, file: Application, form: StepForm, refused: Mapping[str, str]
) -> HttpResponse:
    here = STEPS.index(name)
    slots = slots_of(name, file, refused)
    context = {
        "visitor": visitor, "file": file, "form": form, "name": name, "title": wording.STEP_TITLES[name], "lead": wording.STEP_LEADS[name],
        "number": here + 1, "of": len(STEPS) + 1, "steps": [each <= here for each in range(len(STEPS) + 1)],
        "papers": [each for each in slots if not each["name"].startswith("photo_")],
        "photos": [each for each in slots if each["name"].startswith("photo_")],
        "back": reverse("borrower:plan") if here == 0 else reverse("borrower:step", args=[STEPS[here - 1]]),
        "refused": [(each["label"], each["error"], each["name"]) for each in slots if each["error"]],
        "asked": file.asked if file.state is ApplicationState.RETURNED else None,
    }  # fmt: skip
    return render(request, "borrower/step.html", context, status=422 if form.errors or refused else 200)


# ── handing it in ────────────────────────────────────────────────────────────────────────────────────────────


@require_http_methods(["GET", "HEAD", "POST"])
@borrower_at
def check(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The whole file once more, what it lacks and why; and the button that hands it in."""
    refused, status = "", 200
    with transaction() as db:
        file = _file_in_hand(db, visitor)
    if file is None:
        return HttpResponseRedirect(reverse("borrower:home"))
    if request.method == "POST":
        try:
            with transaction() as db:
                applications.submit(db, clock=visitor.clock, by=visitor.actor, application_id=file.public_id)
        except HoldfastError as error:
            refused, status = "" if error.code == "application_incomplete" else words.refusal(error), 422
        else:
            messages.success(request, gettext("Handed in. We call you to check it with you."))
            return HttpResponseRedirect(reverse("borrower:home"))
    lacks = _lacks(file, visitor)
    with transaction() as db:
        offers, known_places = offers_of(db, visitor.today), places(db)
        house = house_of(db)
    plan_form = PlanForm(_plan_of(file, known_places), offers=offers, places=known_places, initial={}) if offers else None
    context = {
        "visitor": visitor, "file": file, "plan": shown(house, offers, plan_form) if plan_form else None,
        "lacks": [{"step": each.step, "label": wording.field(each.field), "why": wording.why(each.field)} for each in lacks],
        "parts": [_part(name, file) for name in STEPS if name != "consents"], "refused": refused,
        "number": len(STEPS) + 1, "of": len(STEPS) + 1, "steps": [True] * (len(STEPS) + 1),
        "consents": [(text, file.consents.get(text.purpose) == text.version) for text in applications.CONSENTS.values()],
        "back": reverse("borrower:step", args=[STEPS[-1]]), "asked": file.asked if file.state is ApplicationState.RETURNED else None,
    }  # fmt: skip
    return render(request, "borrower/check.html", context, status=status)


def _part(name: str, file: Application) -> dict[str, Any]:
    """One step as it is read back: what it is called, where it is changed, each field with its answer."""
    form = StepForm(step=name, file=file)
    lines = []
    for field in form.fields:
        value = form.initial.get(field)
        if value in ("", None, False):
            continue
        if value is True:
            value = gettext("Yes")
        elif field.startswith("imei"):
            value = f"…{str(value)[-4:]}"
        elif field == "storage_gb":
            value = f"{value} GB"
        lines.append((wording.field(field), wording.answer(field, value)))
    lines += [(slot_label(name, slot), gettext("in the file")) for slot in SLOTS.get(name, ()) if file.document(slot)]
    return {"name": name, "title": wording.STEP_NAMES[name], "lines": lines}


@require_POST
@borrower_at
def withdraw(request: HttpRequest, visitor: Visitor, application_id: str) -> HttpResponse:
    """Take the application back: the way out is never hidden."""
    with transaction() as db:
        file = applications.application(db, application_id, visitor.actor)
        if file.loan is None:
            applications.discard(db, clock=visitor.clock, by=visitor.actor, application_id=application_id)
        else:
            applications.withdraw(db, clock=visitor.clock, by=visitor.actor, loan=file.loan, words=request.POST.get("words", "")[:500])
    messages.success(request, gettext("Your application is withdrawn. Nothing was charged."))
    return HttpResponseRedirect(reverse("borrower:home"))


@require_safe
@borrower_at
def picture(request: HttpRequest, visitor: Visitor, application_id: str, file_id: str) -> HttpResponse:
    """A picture that the borrower put into their own file."""
    with transaction() as db:
        document, data = applications.own_document(db, by=visitor.actor, application_id=application_id, file=file_id)
    response = HttpResponse(data, content_type=document.media_type)
    response.headers["Content-Disposition"] = "inline"
    return response


def _file_in_hand(db: Db, visitor: Visitor) -> Application | None:
    """The file that this borrower may fill in now: a draft, or one that was given back."""
    file = applications.newest_of(db, visitor.party.party_id)
    return file if file is not None and file.state in (ApplicationState.DRAFT, ApplicationState.RETURNED) else None


def _lacks(file: Application, visitor: Visitor) -> tuple[Missing, ...]:
    return completeness(file, today=visitor.today)


def _after(name: str) -> str:
    following = STEPS.index(name) + 1
    return reverse("borrower:step", args=[STEPS[following]]) if following < len(STEPS) else reverse("borrower:check")
