"""Complaining on the phone: what it is about and in one's own words; the last day for the answer, the answer, and not accepting it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from holdfast.database.connection import transaction
from holdfast.followup import complaints
from holdfast.followup.complaints_model import ComplaintState
from holdfast.followup.kept_files import kept_file
from holdfast.kernel.errors import HoldfastError
from holdfast.web.borrower.desk import Visitor, borrower_at
from holdfast.web.console import complaint_words, words


class MoreForm(forms.Form):
    """Words, and a picture or a paper if there is one."""

    words = forms.CharField(
        label=_("In your own words"),
        min_length=4,
        max_length=complaints.MOST_WORDS,
        widget=forms.Textarea(attrs={"rows": 4, "class": "in"}),
    )
    file = forms.FileField(label=_("A picture or a paper, if you have one"), required=False, widget=forms.FileInput(attrs={"class": "in"}))


class ComplainForm(MoreForm):
    """What about, and in what words."""

    about = forms.ChoiceField(label=_("What is it about?"), widget=forms.Select(attrs={"class": "in"}))
    field_order = ("about", "words", "file")

    def __init__(self, *args: Any, about: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["about"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(code, complaint_words.ABOUT[code]) for code in about]


@require_http_methods(["GET", "HEAD", "POST"])
@borrower_at
def complain(request: HttpRequest, visitor: Visitor, loan_id: str) -> HttpResponse:
    """The borrower's complaints about this loan, and the form for a new one."""
    with transaction() as db:
        visitor.must_own(db, loan_id)
        about = complaints.subjects(db, clock=visitor.clock)
    if request.method != "POST":
        return _page(request, visitor, loan_id, ComplainForm(about=about), MoreForm(), 200)
    form = ComplainForm(request.POST, request.FILES, about=about)
    if form.is_valid():
        given = form.cleaned_data
        try:
            with transaction() as db:
                complaints.take_in(
                    db, clock=visitor.clock, by=visitor.actor, loan=loan_id, channel="page", about=given["about"], words=given["words"],
                    attached=_attached(form),
                )  # fmt: skip
        except HoldfastError as error:
            _into(form, error)
        else:
            messages.success(request, gettext("We have your complaint. The last day for our answer is below."))
            return HttpResponseRedirect(reverse("borrower:complaint", args=[loan_id]))
    return _page(request, visitor, loan_id, form, MoreForm(), 422)


@require_POST
@borrower_at
def more(request: HttpRequest, visitor: Visitor, loan_id: str, complaint_id: str) -> HttpResponse:
    """Add to a complaint that waits for its answer; of one that is answered, say that the answer is not accepted."""
    form = MoreForm(request.POST, request.FILES)
    with transaction() as db:
        visitor.must_own(db, loan_id)
        about = complaints.subjects(db, clock=visitor.clock)
        found = next((e for e in complaints.complaints_of(db, by=visitor.actor, loan=loan_id) if e.public_id == complaint_id), None)
    if form.is_valid():
        verb = complaints.add if found is not None and found.open else complaints.escalate
        try:
            with transaction() as db:
                verb(
                    db, clock=visitor.clock, by=visitor.actor, loan=loan_id, complaint=complaint_id, words=form.cleaned_data["words"],
                    attached=_attached(form),
                )  # fmt: skip
        except HoldfastError as error:
            _into(form, error)
        else:
            messages.success(request, gettext("We have your words."))
            return HttpResponseRedirect(reverse("borrower:complaint", args=[loan_id]))
    return _page(request, visitor, loan_id, ComplainForm(about=about), form, 422)


@require_safe
@borrower_at
def file(request: HttpRequest, visitor: Visitor, loan_id: str, file_id: str) -> HttpResponse:
    """A file that came with the complaint or with its answer."""
    with transaction() as db:
        found, data = kept_file(db, by=visitor.actor, loan=loan_id, file=file_id)
    return served_file(found.media_type, data)


def served_file(media_type: str, data: bytes) -> HttpResponse:
    """A kept file on its way to a reader: pictures and PDF are shown, anything else is handed over; kept by nobody between."""
    shown = media_type.startswith("image/") or media_type == "application/pdf"
    response = HttpResponse(data, content_type=media_type)
    response.headers["Content-Disposition"] = "inline" if shown else "attachment"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _page(request: HttpRequest, visitor: Visitor, loan_id: str, form: ComplainForm, more_form: MoreForm, status: int) -> HttpResponse:
    with transaction() as db:
        found = complaints.complaints_of(db, by=visitor.actor, loan=loan_id)
        shown = []
        for each in found:
            said = complaints.words_of(db, by=visitor.actor, loan=loan_id, complaint=each.public_id)
            until = complaints.last_day_to_escalate(db, each, clock=visitor.clock)
            shown.append(
                {
                    "complaint": each,
                    "about": words.word(complaint_words.ABOUT, each.about),
                    "state": complaint_words.STATES[each.state],
                    "steps": [(step, words.word(complaint_words.STEPS, step.what), said.get(step.words, "")) for step in each.steps],
                    "until": until if each.state is ComplaintState.ANSWERED and visitor.today <= until else None,
                }
            )
    context = {
        "loan_id": loan_id, "shown": shown, "form": None if any(each.open for each in found) else form, "more_form": more_form,
        "today": visitor.today,
    }  # fmt: skip
    return render(request, "borrower/complaint.html", context, status=status)


def _attached(form: forms.Form) -> list[complaints.Attachment]:
    upload = form.cleaned_data.get("file")
    return [] if upload is None else [complaints.Attachment(upload.read(), upload.name or "file")]


def _into(form: forms.Form, error: HoldfastError) -> None:
    field = (error.field or "").split(".")[0]
    form.add_error(field if field in form.fields else None, words.refusal(error))
