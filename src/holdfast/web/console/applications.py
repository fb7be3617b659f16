"""The applications desk: which files there are, what each holds and lacks, and what staff may do with it.

What identifies the person stays masked; a paper is opened with a reason, and the journal keeps that it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from holdfast import applications as files
from holdfast.applications import RETURNABLE, STEPS, Application, ApplicationState, completeness
from holdfast.applications.facts import grade_of
from holdfast.database.connection import transaction
from holdfast.kernel.errors import HoldfastError, NotFound
from holdfast.life import LoanState
from holdfast.parties import may
from holdfast.servicing import reading as book
from holdfast.web.borrower import wording
from holdfast.web.borrower.steps import SLOTS, StepForm
from holdfast.web.console import intake, reading, words
from holdfast.web.console.acts import Tried, Verb, kept, perform
from holdfast.web.console.desk import Db, Desk, at_desk
from holdfast.web.console.forms import ActForm, ReasonForm

PAGE: Final = 25
FILTERS: Final = ("q", "state", "branch")
# Why somebody opens a paper; the reason stays on record.
REASONS: Final = (
    ("checking the file", _("checking the file")),
    ("confirmation call", _("confirmation call")),
    ("complaint or dispute", _("complaint or dispute")),
    ("audit", _("audit")),
)


class GiveBackForm(ActForm):
    """What is needed, and the words in which the borrower is asked for it."""

    fields_needed = forms.MultipleChoiceField(label=_("What is needed"), widget=forms.CheckboxSelectMultiple)
    words = forms.CharField(
        label=_("What we write to the borrower"), min_length=4, max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        needed = self.fields["fields_needed"]
        assert isinstance(needed, forms.MultipleChoiceField)
        needed.choices = [(name, str(label)) for name, label in wording.FIELDS.items() if name in RETURNABLE]


class RevealForm(forms.Form):
    """Why a paper is opened."""

    file = forms.CharField(widget=forms.HiddenInput, max_length=40)
    reason = forms.ChoiceField(label=_("Why do you open it?"), choices=REASONS)


@require_safe
@at_desk
def applications(request: HttpRequest, desk: Desk) -> HttpResponse:
    """A page of the list, newest first; filters live in the address."""
    asked = {name: request.GET.get(name, "").strip()[:80].replace("\x00", "") for name in FILTERS}
    before = request.GET.get("before", "")
    problem = ""
    with transaction() as db:
        houses = reading.branches(db)
        try:
            lines = files.listing(
                db, desk.staff.scope, state=asked["state"] or None, branch=asked["branch"] or None, q=asked["q"] or None,
                before=int(before) if before.isascii() and before.isdigit() and len(before) < 18 else None, limit=PAGE + 1,
            )  # fmt: skip
        except HoldfastError as error:
            problem, lines = words.refusal(error), []
    names = {
        "state": {code: str(word) for code, (_shape, word) in wording.STATES.items()},
        "branch": {row["code"]: row["name"] for row in houses},
    }
    headings = {"q": gettext("Search"), "state": gettext("State"), "branch": gettext("Branch")}
    chips = [
        {"heading": headings[name], "word": names.get(name, {}).get(value, value), "without": _address(request.GET, name)}
        for name, value in asked.items()
        if value
    ]
    views = [("", gettext("All")), *((code, names["state"][code]) for code in ("draft", "submitted", "returned", "closed"))]
    context = {
        "lines": lines[:PAGE],
        "asked": asked,
        "chips": chips,
        "names": names,
        "problem": problem,
        "views": [
            {"word": word, "url": reverse("console:applications") + (f"?state={code}" if code else ""), "current": asked["state"] == code}
            for code, word in views
        ],
        "may_take": may(desk.staff, "application.intake"),
        "filter_fields": [("state", headings["state"]), ("branch", headings["branch"])],
        "next_address": _address(request.GET, before=str(lines[PAGE - 1].application_id)) if len(lines) > PAGE else "",
        "first_address": _address(request.GET),
        "paged": bool(before),
    }
    return render(request, "console/applications/list.html", context)


@require_safe
@at_desk
def application(request: HttpRequest, desk: Desk, application_id: str) -> HttpResponse:
    """One file: what is asked for, what is there, what is missing and why, and how it grew."""
    return _page(request, desk, application_id)


def _page(request: HttpRequest, desk: Desk, application_id: str, *, tried: Tried | None = None, status: int = 200) -> HttpResponse:
    with transaction() as db:
        file = files.application(db, application_id, desk.staff)
        grown = files.entries_of(db, file)
        row = _loan_row(db, desk, file)
        loan_state = LoanState(row.state) if row is not None else None
    lacks = completeness(file, today=desk.today)
    before_money = loan_state in (LoanState.SUBMITTED, LoanState.CONFIRMED, LoanState.DECIDED, LoanState.SIGNED)
    under_way = before_money and file.state in (ApplicationState.SUBMITTED, ApplicationState.RETURNED)
    given_back = loan_state is LoanState.SUBMITTED and file.state is ApplicationState.SUBMITTED
    context = {
        "file": file,
        "row": row,
        "state": wording.STATES[file.state],
        "channel": wording.CHANNELS[file.channel],
        "grade": grade_of(file.facts),
        "lacks": [{"label": wording.field(each.field), "why": wording.why(each.field)} for each in lacks],
        "parts": [_part(name, file) for name in STEPS if name != "consents"],
        "papers": [(each, wording.field(each.slot)) for each in file.documents],
        "consents": [(text, file.consents.get(text.purpose) == text.version) for text in files.CONSENTS.values()],
        "grown": [
            {
                "entry": each,
                "fields": gettext(", ").join(wording.field(name) for name in each.fields),
                "source": _source(each.source),
            }
            for each in reversed(grown)
        ],
        "reveal": RevealForm() if may(desk.staff, "party.reveal") else None,
        "withdraw_form": kept(tried, "withdraw", application_id, lambda: ReasonForm(name="withdraw"))
        if under_way and may(desk.staff, "application.withdraw")
        else None,
        "give_back_form": kept(tried, "give_back", application_id, lambda: GiveBackForm(name="give-back"))
        if given_back and may(desk.staff, "application.intake")
        else None,
        "close_form": ActForm(name="close") if file.state is ApplicationState.DRAFT and may(desk.staff, "application.intake") else None,
        "failed": tried.name if tried else "",
        **_at_counter(desk, file, bool(lacks)),
    }
    return render(request, "console/applications/file.html", context, status=status)


def _at_counter(desk: Desk, file: Application, lacking: bool) -> dict[str, Any]:
    """How the file goes on at the counter, for who may take applications in."""
    if file.state not in (ApplicationState.DRAFT, ApplicationState.RETURNED) or not may(desk.staff, "application.intake"):
        return {}
    first = reverse("console:intake_step", args=[file.public_id, STEPS[0]])
    return {
        "goes_on": intake.goes_on(desk, file) if lacking else first,
        "submit_form": None if lacking else ActForm(name="submit"),
    }


@require_POST
@at_desk
def paper(request: HttpRequest, desk: Desk, application_id: str) -> HttpResponse:
    """Open a paper with a reason; the record is written before the picture is sent."""
    form = RevealForm(request.POST)
    if not form.is_valid():
        messages.error(request, gettext("Say why you open it."))
        return HttpResponseRedirect(reverse("console:application", args=[application_id]))
    with transaction() as db:
        document, data = files.reveal_document(
            db, clock=desk.clock, by=desk.staff, application_id=application_id, file=form.cleaned_data["file"],
            reason=form.cleaned_data["reason"],
        )  # fmt: skip
    response = HttpResponse(data, content_type=document.media_type)
    response.headers["Content-Disposition"] = "inline"
    return response


@require_POST
@at_desk
def withdraw(request: HttpRequest, desk: Desk, application_id: str) -> HttpResponse:
    """End the loan before any money was paid, because the borrower asks for it."""
    form = ReasonForm(request.POST, name="withdraw")

    def verb(db: Db) -> None:
        loan = files.application(db, application_id, desk.staff).loan
        if loan is None:
            raise NotFound(f"application {application_id} has no loan", code="no_loan", field="loan")
        files.withdraw(db, clock=desk.clock, by=desk.staff, loan=loan, words=form.cleaned_data["reason"])

    return _act(
        request, desk, Tried("withdraw", application_id, form), "application.withdraw", verb, gettext("Withdrawn. The borrower is told.")
    )


@require_POST
@at_desk
def give_back(request: HttpRequest, desk: Desk, application_id: str) -> HttpResponse:
    """Ask the borrower for what the file needs."""
    form = GiveBackForm(request.POST, name="give-back")

    def verb(db: Db) -> None:
        loan = files.application(db, application_id, desk.staff).loan
        if loan is None:
            raise NotFound(f"application {application_id} has no loan", code="no_loan", field="loan")
        wanted = form.cleaned_data
        files.give_back(db, clock=desk.clock, by=desk.staff, loan=loan, fields=tuple(wanted["fields_needed"]), words=wanted["words"])

    said = gettext("Asked. The borrower is told and finds it on their page.")
    return _act(request, desk, Tried("give_back", application_id, form), "application.intake", verb, said)


@require_POST
@at_desk
def close(request: HttpRequest, desk: Desk, application_id: str) -> HttpResponse:
    """Close a draft whose owner does not come back."""
    form = ActForm(request.POST, name="close")

    def verb(db: Db) -> None:
        files.discard(db, clock=desk.clock, by=desk.staff, application_id=application_id)

    return _act(request, desk, Tried("close", application_id, form), "application.intake", verb, gettext("The draft is closed."))


def on_loan(db: Db, desk: Desk, loan_id: str) -> Mapping[str, Any] | None:
    """The panel on a loan's page: what was asked for, and where the file is."""
    try:
        file = files.of_loan(db, book.loan_number(db, desk.look, loan_id))
    except NotFound:
        return None
    lacks = completeness(file, today=desk.today) if file.state in (ApplicationState.SUBMITTED, ApplicationState.RETURNED) else ()
    return {
        "application": file,
        "application_state": wording.STATES[file.state],
        "application_purpose": wording.answer("purpose", file.purpose),
        "application_phone": f"{file.facts.get('model', '')} {file.facts.get('storage_gb', '')} GB" if file.facts else "",
        "application_lacks": [wording.field(each.field) for each in lacks],
    }


def _act(request: HttpRequest, desk: Desk, tried: Tried, act: str, verb: Verb, said: str) -> HttpResponse:
    return perform(
        request, desk, tried, act=act, verb=verb, said=said, back=reverse("console:application", args=[tried.about]),
        again=lambda tried: _page(request, desk, tried.about, tried=tried, status=422),
    )  # fmt: skip


def _part(name: str, file: Application) -> dict[str, Any]:
    """One step as staff read it: each field with its answer, private ones masked."""
    form = StepForm(step=name, file=file)
    lines = []
    for field in form.fields:
        value = form.initial.get(field)
        shown = ""
        if value is True:
            shown = gettext("Yes")
        elif field.startswith("imei") and value:
            shown = f"*** {str(value)[-4:]}"
        elif field == "storage_gb" and value:
            shown = f"{value} GB"
        elif value not in ("", None, False):
            shown = wording.answer(field, value)
        lines.append((wording.field(field), shown))
    held = [(wording.field(slot), bool(file.document(slot))) for slot in SLOTS.get(name, ()) if slot != "account_signed_out"]
    return {"title": wording.DESK_NAMES[name], "lines": lines, "held": held}


def _source(source: str) -> str:
    """Where a fact came from, in words; the number of a call stands as it is."""
    known = {
        "borrower": gettext("the borrower"),
        "phone": gettext("the borrower"),
        **{code: str(word) for code, word in wording.CHANNELS.items()},
    }
    if source.startswith("call "):
        return gettext("said on the phone (%(call)s)") % {"call": source.removeprefix("call ")}
    return known.get(source, source)


def _loan_row(db: Db, desk: Desk, file: Application) -> Any:
    """The loan of the file, if it is within sight."""
    if file.loan is None:
        return None
    try:
        return book.loan_detail(db, desk.look, file.loan).row
    except NotFound:
        return None


def _address(query: QueryDict, *without: str, **more: str) -> str:
    """This list's address from its first page, less some filters, plus some."""
    kept = query.copy()
    for name in ("before", *without):
        kept.pop(name, None)
    for name in [name for name in kept if not kept[name]]:
        kept.pop(name)
    kept.update(more)
    return reverse("console:applications") + (f"?{kept.urlencode()}" if kept else "")
