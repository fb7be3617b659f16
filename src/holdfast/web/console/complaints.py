"""Complaints: the register with its figures, and the complaints of one loan with what may be done about them."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import date, timedelta
from io import StringIO
from typing import Any, Final

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from holdfast.database.connection import transaction
from holdfast.followup import complaints
from holdfast.followup.complaints_model import CHANNELS, OUTCOMES, Complaint, ComplaintState
from holdfast.kernel.calendar import add_months
from holdfast.kernel.errors import HoldfastError
from holdfast.parties import may, staff_by_id, staff_list
from holdfast.servicing import reading as book
from holdfast.web.console import complaint_words, words
from holdfast.web.console.acts import Tried, Verb, kept, perform
from holdfast.web.console.desk import Db, Desk, at_desk
from holdfast.web.console.forms import ActForm

_LISTED: Final = 200
_AREA: Final = {"rows": 3}


class WordsForm(ActForm):
    """Words, and a file if there is one."""

    words = forms.CharField(label=_("Words"), min_length=4, max_length=complaints.MOST_WORDS, widget=forms.Textarea(attrs=_AREA))


class AddForm(WordsForm):
    """What is added, or why the answer is not accepted."""

    file = forms.FileField(label=_("File, if there is one"), required=False)


class TakeForm(AddForm):
    """A complaint as it was heard."""

    channel = forms.ChoiceField(label=_("How it came"))
    about = forms.ChoiceField(label=_("What about"))
    against = forms.MultipleChoiceField(
        label=_("Against whom"), required=False, help_text=_("Whoever is chosen here does not handle it, under any log-in.")
    )
    field_order = ("channel", "about", "words", "against", "file")

    def __init__(self, *args: Any, about: tuple[str, ...], people: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["words"].label = _("In the borrower's words")
        for name, choices in (
            ("channel", [(code, complaint_words.CHANNELS[code]) for code in CHANNELS if code != "page"]),
            ("about", [(code, complaint_words.ABOUT[code]) for code in about]),
            ("against", people),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = choices
        self.fields["against"].widget.attrs["size"] = 4


class AnswerForm(AddForm):
    """The written answer."""

    outcome = forms.ChoiceField(
        label=_("What was found"), choices=[("", "—"), *[(code, complaint_words.OUTCOMES[code]) for code in OUTCOMES]]
    )
    field_order = ("outcome", "words", "file")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["words"].label = _("The answer, as the borrower reads it")


def _day() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date", "class": "in"}, format="%Y-%m-%d")


class PeriodForm(forms.Form):
    """The days of the register."""

    since = forms.DateField(required=False, widget=_day(), label=_("from"))
    until = forms.DateField(required=False, widget=_day(), label=_("until"))


def on_loan(db: Db, desk: Desk, loan_id: str) -> Mapping[str, Any] | None:
    """The panel: each complaint's state and last day, and the way to take one in."""
    found = complaints.complaints_of(db, by=desk.staff, loan=loan_id)
    may_take = may(desk.staff, "complaint.take")
    if not found and not may_take:
        return None
    return {"complaints": [_row(each, desk) for each in found], "may_take": may_take, "complaints_loan": loan_id}


@require_safe
@at_desk
def register(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The register of a period within sight, with its figures; `?open` shows only what waits for its answer."""
    since, until = _period(request, desk)
    only_open = "open" in request.GET
    with transaction() as db:
        rows = complaints.register(db, by=desk.staff, since=since, until=until, only_open=only_open, limit=_LISTED)
        told = complaints.figures(db, clock=desk.clock, by=desk.staff, since=since, until=until)
    context = {
        "rows": [_row(each, desk) for each in rows], "told": told, "since": since, "until": until, "only_open": only_open,
        "by_about": [(words.word(complaint_words.ABOUT, name), n) for name, n in told.by_about], "listed": _LISTED,
        "period": PeriodForm(initial={"since": since, "until": until}, auto_id="period-%s"),
    }  # fmt: skip
    return render(request, "console/complaints/register.html", context)


@require_safe
@at_desk
def as_csv(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The register of a period as a CSV file that a spreadsheet opens: a line a complaint, no words, borrowers masked."""
    since, until = _period(request, desk)
    with transaction() as db:
        rows = complaints.register(db, by=desk.staff, since=since, until=until, limit=complaints.MOST_LISTED)
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(
        ["complaint", "loan", "contract_no", "channel", "about", "state", "taken_on", "answer_by", "answered_on", "outcome", "escalated_on",
         "late"]
    )  # fmt: skip
    for each in rows:
        writer.writerow(
            [
                each.public_id, each.loan, each.contract_no, each.channel, each.about, each.state, each.taken_on, each.answer_by,
                each.answered_on or "", each.outcome or "", each.escalated_on or "", "yes" if each.late(desk.today) else "no",
            ]
        )  # fmt: skip
    response = HttpResponse("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(True, f"complaints-{since}-{until}.csv") or ""
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@at_desk
def of_loan(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """The complaints about one loan, with all that was said, and the form that takes a new one in."""
    if request.method != "POST":
        return _page(request, desk, loan_id)
    with transaction() as db:
        form = _take_form(db, desk, request)

    def verb(db: Db) -> str:
        given = form.cleaned_data
        return complaints.take_in(
            db, clock=desk.clock, by=desk.staff, loan=loan_id, channel=given["channel"], about=given["about"], words=given["words"],
            against=given["against"], attached=_attached(form),
        ).public_id  # fmt: skip

    return _perform(request, desk, loan_id, Tried("take", loan_id, form), "complaint.take", verb,
                    gettext("Taken in. The borrower has its number and the last day for the answer."))  # fmt: skip


@require_POST
@at_desk
def act(request: HttpRequest, desk: Desk, loan_id: str, complaint_id: str, what: str) -> HttpResponse:
    """Add to a complaint, take its duty, take more time, answer it, or take it further for the borrower."""
    if what not in _ACTS:
        raise Http404
    needed, kind, said = _ACTS[what]
    form = kind(request.POST, request.FILES, name=what)

    def verb(db: Db) -> None:
        about: dict[str, Any] = {"clock": desk.clock, "by": desk.staff, "loan": loan_id, "complaint": complaint_id}
        given = form.cleaned_data
        if what == "handle":
            complaints.handle(db, **about)
        elif what == "extend":
            complaints.extend(db, **about, words=given["words"])
        elif what == "answer":
            complaints.answer(db, **about, outcome=given["outcome"], words=given["words"], attached=_attached(form))
        elif what == "escalate":
            complaints.escalate(db, **about, words=given["words"], attached=_attached(form))
        else:
            complaints.add(db, **about, words=given["words"], attached=_attached(form))

    return _perform(request, desk, loan_id, Tried(what, complaint_id, form), needed, verb, str(said))


# What may be done with a complaint: the act of `parties.MAY`, the form, and what is said when it is done.
_ACTS: Final[Mapping[str, tuple[str, type[ActForm], Any]]] = {
    "add": ("complaint.take", AddForm, _("Added to the complaint.")),
    "handle": ("complaint.answer", ActForm, _("It is yours to answer.")),
    "extend": ("complaint.answer", WordsForm, _("More time is taken, and the borrower is told.")),
    "answer": ("complaint.answer", AnswerForm, _("Answered; the borrower is told, and contact may go on.")),
    "escalate": ("complaint.take", AddForm, _("Taken further; another person answers.")),
}


def _perform(request: HttpRequest, desk: Desk, loan_id: str, tried: Tried, act: str, verb: Verb, said: str) -> HttpResponse:
    return perform(
        request, desk, tried, act=act, verb=verb, said=said, back=reverse("console:complaints_of", args=[loan_id]),
        again=lambda refused: _page(request, desk, loan_id, tried=refused, status=422),
    )  # fmt: skip


def _page(request: HttpRequest, desk: Desk, loan_id: str, *, tried: Tried | None = None, status: int = 200) -> HttpResponse:
    with transaction() as db:
        row = book.loan_detail(db, desk.look, loan_id).row
        found = complaints.complaints_of(db, by=desk.staff, loan=loan_id)
        take = None
        if may(desk.staff, "complaint.take") and not any(each.open for each in found):
            take = kept(tried, "take", loan_id, lambda: _take_form(db, desk, None))
        shown = [_shown(db, desk, each, tried) for each in found]
    context = {"row": row, "shown": shown, "form": take, "failed": tried.name if tried else ""}
    return render(request, "console/complaints/loan.html", context, status=status)


def _shown(db: Db, desk: Desk, found: Complaint, tried: Tried | None) -> Mapping[str, Any]:
    """One complaint: its words, and the forms that this person may use, or why not."""
    said = complaints.words_of(db, by=desk.staff, loan=found.loan, complaint=found.public_id)
    why_not = ""
    names: list[str] = []
    if found.open:
        if may(desk.staff, "complaint.answer"):
            try:
                complaints.may_answer(db, desk.staff, found)
                names += ["answer", *(["extend"] if found.state is ComplaintState.OPEN and not found.late(desk.today) else [])]
                names += ["handle"] if found.in_duty else []
            except HoldfastError as error:
                why_not = words.refusal(error)
        if may(desk.staff, "complaint.take"):
            names.append("add")
    elif found.state is ComplaintState.ANSWERED and may(desk.staff, "complaint.take"):
        until = complaints.last_day_to_escalate(db, found, clock=desk.clock)
        names += ["escalate"] if desk.today <= until else []
    return {
        **_row(found, desk),
        "steps": [(each, words.word(complaint_words.STEPS, each.what), said.get(each.words)) for each in found.steps],
        "against": [staff_by_id(db, each).name for each in found.against], "why_not": why_not,
        "forms": {name: kept(tried, name, found.public_id, _fresh(name, found)) for name in names},
    }  # fmt: skip


def _fresh(name: str, found: Complaint) -> Any:
    return lambda: _ACTS[name][1](name=f"{name}-{found.complaint_no}")


def _row(found: Complaint, desk: Desk) -> Mapping[str, Any]:
    shape, word = complaint_words.STATES[found.state]
    late = found.late(desk.today)
    return {
        "complaint": found, "shape": "late" if late and found.open else shape, "word": word, "late": late,
        "about": words.word(complaint_words.ABOUT, found.about), "channel": words.word(complaint_words.CHANNELS, found.channel),
        "outcome": words.word(complaint_words.OUTCOMES, found.outcome) if found.outcome else "",
    }  # fmt: skip


def _take_form(db: Db, desk: Desk, request: HttpRequest | None) -> TakeForm:
    about = complaints.subjects(db, clock=desk.clock)
    people = [(each.public_id, f"{each.name} · {words.word(words.ROLES, each.role)}") for each in staff_list(db) if each.active]
    given: dict[str, Any] = {"name": "take", "about": about, "people": people}
    return TakeForm(request.POST, request.FILES, **given) if request is not None else TakeForm(**given)


def _attached(form: forms.Form) -> list[complaints.Attachment]:
    upload: UploadedFile[Any] | None = form.cleaned_data.get("file")
    return [] if upload is None else [complaints.Attachment(upload.read(), upload.name or "file")]


def _period(request: HttpRequest, desk: Desk) -> tuple[date, date]:
    form = PeriodForm(request.GET)
    form.is_valid()
    until = form.cleaned_data.get("until") or desk.today
    return form.cleaned_data.get("since") or add_months(until, -3) + timedelta(days=1), until
