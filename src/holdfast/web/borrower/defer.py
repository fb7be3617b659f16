"""Asking for more time on the phone: today beside after, and what it costs, before anything is sent."""

from __future__ import annotations

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
from holdfast.restructuring import REASONS, DeferralState, ask_deferral, compare, deferrals_of, limits_of, withdraw_deferral
from holdfast.web.borrower.desk import Visitor, borrower_at
from holdfast.web.console import deferral_words, words
from holdfast.web.console.deferrals import months_choices


class AskForm(forms.Form):
    """Why; `shown` binds the request to the figures on the page."""

    months = forms.IntegerField(widget=forms.HiddenInput)
    shown = forms.CharField(widget=forms.HiddenInput, max_length=64)
    reason = forms.ChoiceField(
        label=_("What happened"),
        choices=[(code, deferral_words.REASONS[code]) for code in REASONS],
        widget=forms.Select(attrs={"class": "in"}),
        help_text=_("Choose what comes closest. You need not tell us more than that."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@borrower_at
def defer(request: HttpRequest, visitor: Visitor, loan_id: str) -> HttpResponse:
    """The comparison for so many months and the request, or how an earlier request stands."""
    with transaction() as db:
        visitor.must_own(db, loan_id)
        asked = deferrals_of(db, by=visitor.actor, loan=loan_id)
        choices = months_choices(
            limits_of(db, by=visitor.actor, loan=loan_id).months_most, request.POST.get("months") or request.GET.get("months")
        )
        told, why_not = None, ""
        try:
            told = compare(db, clock=visitor.clock, by=visitor.actor, loan=loan_id, months=choices[1])
        except HoldfastError as error:
            why_not = words.refusal(error)
    form = AskForm()
    status = 200
    if request.method == "POST":
        form, status = AskForm(request.POST), 422
        if form.is_valid():
            try:
                with transaction() as db:
                    ask_deferral(db, clock=visitor.clock, by=visitor.actor, loan=loan_id, **form.cleaned_data)
            except HoldfastError as error:
                form.add_error(None, words.refusal(error))  # nothing that was typed is wrong
            else:
                messages.success(request, gettext("Your request is sent. We answer by text message."))
                return HttpResponseRedirect(reverse("borrower:defer", args=[loan_id]))
    waiting = next((each for each in asked if each.state is DeferralState.ASKED), None)
    context = {
        "loan_id": loan_id,
        "asked": [(each, *deferral_words.STATES[each.state]) for each in asked],
        "waiting": waiting,
        "told": told,
        "why_not": why_not,
        "form": form,
        "months": choices[0],
        "chosen": choices[1],
        "today": visitor.today,
    }
    return render(request, "borrower/defer.html", context, status=status)


@require_POST
@borrower_at
def withdraw(request: HttpRequest, visitor: Visitor, loan_id: str, deferral: str) -> HttpResponse:
    """Take the request back."""
    with transaction() as db:
        withdraw_deferral(db, clock=visitor.clock, by=visitor.actor, loan=loan_id, deferral=deferral)
    messages.success(request, gettext("Your request is taken back. Your due dates stay as they are."))
    return HttpResponseRedirect(reverse("borrower:defer", args=[loan_id]))
