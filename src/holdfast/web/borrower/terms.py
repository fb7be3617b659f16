"""Other terms on the phone: today beside after, and what it costs, before anything is sent; and the code that says yes to them."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from holdfast import restructuring
from holdfast.contact import codes
from holdfast.database.connection import transaction
from holdfast.kernel.errors import HoldfastError
from holdfast.kernel.rate import Per
from holdfast.restructuring import BORROWER_MAY_ASK, OPEN, REASONS, RequestState
from holdfast.servicing import Kind, reading
from holdfast.web.borrower.desk import Visitor, borrower_at
from holdfast.web.console import restructuring_words, words

# In the order in which they are offered: the cheapest way out of a late salary first.
_KINDS: Final = tuple(kind for kind in (Kind.DEFER, Kind.DUE_DATES, Kind.EXTEND) if kind in BORROWER_MAY_ASK)


class AskForm(forms.Form):
    """Why; `shown` binds the request to the figures on the page."""

    change = restructuring_words.ChangeField(max_length=500)
    shown = forms.CharField(widget=forms.HiddenInput, max_length=64)
    reason = forms.ChoiceField(
        label=_("What happened"),
        choices=[(code, restructuring_words.REASONS[code]) for code in REASONS],
        widget=forms.Select(attrs={"class": "in"}),
        help_text=_("Choose what comes closest. You need not tell us more than that."),
    )


class CodeForm(forms.Form):
    """The digits that came by text message."""

    code_id = forms.CharField(widget=forms.HiddenInput, max_length=40, required=False)
    code = forms.CharField(
        label=_("Code from the message"), max_length=12, required=False,
        widget=forms.TextInput(attrs={"class": "in code", "inputmode": "numeric", "autocomplete": "one-time-code", "maxlength": 6}),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@borrower_at
def terms(request: HttpRequest, visitor: Visitor, loan_id: str) -> HttpResponse:
    """The comparison of one change and the request, or how an earlier request stands."""
    form, status, change = AskForm(), 200, None
    with transaction() as db:
        visitor.must_own(db, loan_id)
    if request.method == "POST":
        form, status = AskForm(request.POST), 422
        if form.is_valid():
            change = form.cleaned_data["change"]
            try:
                with transaction() as db:
                    restructuring.ask(db, clock=visitor.clock, by=visitor.actor, loan=loan_id, **form.cleaned_data)
            except HoldfastError as error:
                form.add_error(None, words.refusal(error))  # nothing that was typed is wrong
            else:
                messages.success(request, gettext("Your request is sent. We answer by text message."))
                return HttpResponseRedirect(reverse("borrower:terms", args=[loan_id]))
    return _page(request, visitor, loan_id, form, CodeForm(), change, status)


@require_POST
@borrower_at
def agree(request: HttpRequest, visitor: Visitor, loan_id: str, asked: str) -> HttpResponse:
    """Ask for the code that says yes to exactly these figures; with its digits, the yes itself."""
    with transaction() as db:
        visitor.must_own(db, loan_id)
    form = CodeForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        try:
            if not given["code_id"]:
                with transaction() as db:
                    sent = restructuring.ask_code(db, clock=visitor.clock, by=visitor.actor, loan=loan_id, request=asked)
                return _page(request, visitor, loan_id, AskForm(), CodeForm(initial={"code_id": sent}), None, 200)
            # A wrong attempt is counted whatever follows.
            with transaction() as db:
                right = codes.attempt(db, clock=visitor.clock, code_id=given["code_id"], digits=given["code"])
            if right:
                with transaction() as db:
                    restructuring.consent(db, clock=visitor.clock, by=visitor.actor, loan=loan_id, request=asked, code_id=given["code_id"])
                messages.success(request, gettext("You have agreed. We decide now, and tell you by text message."))
                return HttpResponseRedirect(reverse("borrower:terms", args=[loan_id]))
            form.add_error("code", _("These are not the digits that we sent. Look at the newest message."))
        except HoldfastError as error:
            form.add_error("code", words.refusal(error))
    return _page(request, visitor, loan_id, AskForm(), form, None, 422)


@require_POST
@borrower_at
def withdraw(request: HttpRequest, visitor: Visitor, loan_id: str, asked: str) -> HttpResponse:
    """Take the request back."""
    with transaction() as db:
        restructuring.withdraw(db, clock=visitor.clock, by=visitor.actor, loan=loan_id, request=asked)
    messages.success(request, gettext("Your request is taken back. Your plan stays as it is."))
    return HttpResponseRedirect(reverse("borrower:terms", args=[loan_id]))


def _page(
    request: HttpRequest, visitor: Visitor, loan_id: str, form: AskForm, code_form: CodeForm, change: Any, status: int
) -> HttpResponse:
    told, why_not, moved, sent_to = None, "", None, ""
    code_id = str(code_form["code_id"].value() or "")
    kind = change.kind if change else restructuring_words.kind_of(request.GET.get("kind"), _KINDS)
    with transaction() as db:
        asked = restructuring.requests_of(db, by=visitor.actor, loan=loan_id)
        waiting = next((each for each in asked if each.state in OPEN), None)
        detail = reading.loan_detail(db, visitor.look, loan_id)
        rate = detail.terms.get("rate", {"ppb": 0, "per": "year"})
        first = restructuring_words.first_choice(reading.schedule(db, visitor.look, loan_id), rate["ppb"], visitor.today)
        choice = restructuring_words.ChangeForm(request.GET, kind=kind, per=Per(rate["per"]), first=first)
        try:
            if waiting is not None:
                by = {"clock": visitor.clock, "by": visitor.actor, "loan": loan_id}
                moved = restructuring.as_it_stands(db, request=waiting.public_id, **by)  # type: ignore[arg-type]
            else:
                change = change or choice.change()
                told = restructuring.compare(db, clock=visitor.clock, by=visitor.actor, loan=loan_id, change=change)
        except HoldfastError as error:
            why_not = words.refusal(error)
        months_most = restructuring.limits_of(db, by=visitor.actor, loan=loan_id).months_most
        if code_id and waiting is not None and waiting.state is RequestState.PROPOSED:
            sent_to = codes.sent_to(db, code_id)
    context = {
        "loan_id": loan_id,
        "asked": [
            {
                "request": each,
                "title": restructuring_words.title(each.change),
                "state": restructuring_words.STATES[each.state],
                "more": restructuring_words.told_more(each.comparison),
                "moved": each is waiting and moved is not None,
                "why_not": why_not if each is waiting else "",
            }
            for each in asked
        ],
        "waiting": waiting,
        "told": told,
        "more": restructuring_words.told_more(told) if told else None,
        "title": restructuring_words.title(told.change) if told else "",
        "why_not": why_not,
        "form": form,
        "code_form": code_form,
        "code_sent": bool(code_id),
        "sent_to": sent_to,
        "kinds": [(each, *restructuring_words.KINDS[each]) for each in _KINDS],
        "kind": kind,
        "choice": choice,
        "months": range(1, months_most + 1),
        "change": restructuring_words.hidden(told.change) if told else "",
        "consent": told is not None and restructuring.wants_consent(told.change),
        "today": visitor.today,
    }
    return render(request, "borrower/terms.html", context, status=status)
