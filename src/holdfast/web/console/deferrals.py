"""More time for a loan: what it costs, asking for it in the borrower's words, deciding as somebody else, and the terms of before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from holdfast.database.connection import transaction
from holdfast.kernel.errors import HoldfastError
from holdfast.parties import may
from holdfast.restructuring import (
    REASONS,
    Deferral,
    DeferralState,
    ask_deferral,
    compare,
    decide_deferral,
    deferrals_of,
    limits_of,
    may_be_decided_by,
    withdraw_deferral,
)
from holdfast.servicing import reading as book
from holdfast.web.console import deferral_words, words
from holdfast.web.console.acts import once
from holdfast.web.console.desk import Db, Desk, at_desk
from holdfast.web.console.forms import ActForm


class AskForm(ActForm):
    """For how long, and why; `shown` binds the request to the figures on the page."""

    months = forms.IntegerField(widget=forms.HiddenInput)
    shown = forms.CharField(widget=forms.HiddenInput, max_length=64)
    reason = forms.ChoiceField(label=_("Why, in the borrower's words"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reason = self.fields["reason"]
        assert isinstance(reason, forms.ChoiceField)
        reason.choices = [(code, deferral_words.REASONS[code]) for code in REASONS]


class DecideForm(ActForm):
    """Yes or no, and why."""

    words = forms.CharField(label=_("Words"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2}))
    agreed = forms.TypedChoiceField(widget=forms.HiddenInput, choices=[("yes", "yes"), ("no", "no")], coerce=lambda value: value == "yes")


def on_loan(db: Db, desk: Desk, loan_id: str) -> Mapping[str, Any] | None:
    """The panel: every request with both schedules, the answer that this person may give, and the way to ask."""
    asked = deferrals_of(db, by=desk.staff, loan=loan_id)
    active = book.loan_detail(db, desk.look, loan_id).row.state == "active"
    waiting = any(each.state is DeferralState.ASKED for each in asked)
    may_ask = active and not waiting and may(desk.staff, "deferral.ask")
    if not asked and not may_ask:
        return None
    return {"deferrals": [_shown(db, desk, each) for each in asked], "may_ask_deferral": may_ask, "deferral_loan": loan_id}


@require_http_methods(["GET", "HEAD", "POST"])
@at_desk
def ask(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """The comparison for so many months, and the request that is bound to it."""
    with transaction() as db:
        row = book.loan_detail(db, desk.look, loan_id).row
        choices = months_choices(
            limits_of(db, by=desk.staff, loan=loan_id).months_most, request.POST.get("months") or request.GET.get("months")
        )
        told, why_not = None, ""
        try:
            told = compare(db, clock=desk.clock, by=desk.staff, loan=loan_id, months=choices[1])
        except HoldfastError as error:
            why_not = words.refusal(error)
    form = AskForm(name="ask")
    status = 200
    if request.method == "POST":
        form, status = AskForm(request.POST, name="ask"), 422
        if form.is_valid():
            given = {name: form.cleaned_data[name] for name in ("months", "reason", "shown")}

            def verb(db: Db) -> None:
                ask_deferral(db, clock=desk.clock, by=desk.staff, loan=loan_id, **given)

            try:
                once(desk, act="deferral.ask", key=form.one_time_key, inputs={"loan": loan_id, **given}, verb=verb)
            except HoldfastError as error:
                form.add_error(None, words.refusal(error))  # nothing that was typed is wrong
            else:
                messages.success(request, gettext("Asked. Somebody else decides; until then nothing changes."))
                return _back(loan_id)
    context = {"row": row, "told": told, "why_not": why_not, "form": form, "months": choices[0], "chosen": choices[1]}
    return render(request, "console/deferrals/ask.html", context, status=status)


@require_POST
@at_desk
def decide(request: HttpRequest, desk: Desk, loan_id: str, deferral: str) -> HttpResponse:
    """Agree to a request or refuse it."""
    form = DecideForm(request.POST, name="decide")
    if not form.is_valid():
        messages.error(request, gettext("Nothing was saved."))
        return _back(loan_id)
    given = {"deferral": deferral, "agreed": form.cleaned_data["agreed"], "words": form.cleaned_data["words"]}

    def verb(db: Db) -> None:
        decide_deferral(db, clock=desk.clock, by=desk.staff, loan=loan_id, **given)

    once(desk, act="deferral.decide", key=form.one_time_key, inputs={"loan": loan_id, **given}, verb=verb)
    messages.success(
        request, gettext("Agreed; the due dates have moved.") if given["agreed"] else gettext("Refused; the borrower is told.")
    )
    return _back(loan_id)


@require_POST
@at_desk
def withdraw(request: HttpRequest, desk: Desk, loan_id: str, deferral: str) -> HttpResponse:
    """Take a request back."""
    form = ActForm(request.POST, name="withdraw")
    if form.is_valid():

        def verb(db: Db) -> None:
            withdraw_deferral(db, clock=desk.clock, by=desk.staff, loan=loan_id, deferral=deferral)

        once(desk, act="deferral.ask", key=form.one_time_key, inputs={"loan": loan_id, "deferral": deferral}, verb=verb)
        messages.success(request, gettext("The request is taken back."))
    return _back(loan_id)


def months_choices(most: int, wanted: str | None) -> tuple[list[int], int]:
    """The months that may be asked for, and the one that is looked at."""
    months = list(range(1, most + 1))
    chosen = int(wanted) if wanted and wanted.isascii() and wanted.isdigit() and len(wanted) < 4 else 1
    return months, chosen if chosen in months else 1


def _shown(db: Db, desk: Desk, asked: Deferral) -> Mapping[str, Any]:
    """One request: its words, and for this person the form or the reason why there is none."""
    open_now = asked.state is DeferralState.ASKED
    form: forms.Form | None = None
    why_not = ""
    if open_now and may(desk.staff, "deferral.decide"):
        try:
            may_be_decided_by(db, by=desk.staff, loan=asked.loan, deferral=asked.public_id)
            form = DecideForm(name=f"decide-{asked.deferral_no}")
        except HoldfastError as error:
            why_not = words.refusal(error)
    shape, word = deferral_words.STATES[asked.state]
    return {
        "deferral": asked,
        "shape": shape,
        "word": word,
        "reason": deferral_words.REASONS[asked.reason],
        "by": asked.asked_name or gettext("The borrower"),
        "form": form,
        "why_not": why_not,
        "withdraw_form": ActForm(name=f"withdraw-{asked.deferral_no}") if open_now and may(desk.staff, "deferral.ask") else None,
    }


def _back(loan_id: str) -> HttpResponse:
    return HttpResponseRedirect(reverse("console:loan", args=[loan_id]) + "#stage-deferrals")
