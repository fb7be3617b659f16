"""Logging in: a phone number, then the code that was sent to it. No password, no puzzle, and no word on who is known here."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from holdfast.applications import STEPS, ask_code, sign_in
from holdfast.contact import codes
from holdfast.database.connection import transaction
from holdfast.kernel.errors import HoldfastError
from holdfast.policy import clock
from holdfast.web.borrower.apply import PLANNED, begin
from holdfast.web.borrower.desk import language, let_in, let_out, visitor_of
from holdfast.web.console.acts import into_form
from holdfast.web.console.words import refusal


class NumberForm(forms.Form):
    """Which phone."""

    number = forms.CharField(
        label=_("Your mobile number"),
        max_length=40,
        widget=forms.TextInput(attrs={"class": "in", "inputmode": "tel", "autocomplete": "tel", "autofocus": True}),
    )


class CodeForm(forms.Form):
    """What came by text message. The number travels with it, so that nothing about a stranger is kept here."""

    number = forms.CharField(widget=forms.HiddenInput, max_length=40)
    code_id = forms.CharField(widget=forms.HiddenInput, max_length=40)
    code = forms.CharField(
        label=_("Code from the message"),
        max_length=12,
        widget=forms.TextInput(attrs={"class": "in code", "inputmode": "numeric", "autocomplete": "one-time-code", "autofocus": True}),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def log_in(request: HttpRequest) -> HttpResponse:
    """Ask for a number and send it a code."""
    form = NumberForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        number = form.cleaned_data["number"]
        try:
            with transaction() as db:
                code_id = ask_code(db, clock=clock(db), number=number, language=language())
        except HoldfastError as error:
            into_form(form, error)
        else:
            return _ask_for_code(request, CodeForm(initial={"number": number, "code_id": code_id}))
    return _page(request, "borrower/log_in.html", form)


@require_POST
def enter(request: HttpRequest) -> HttpResponse:
    """Try the code; the attempt counts even if nothing comes of it."""
    form = CodeForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        try:
            with transaction() as db:
                right = codes.attempt(db, clock=clock(db), code_id=given["code_id"], digits=given["code"])
            if right:
                with transaction() as db:
                    person = sign_in(db, clock=clock(db), number=given["number"], code_id=given["code_id"], language=language())
                let_in(request, person)
                return HttpResponseRedirect(_planned(request) or _next(request))
            form.add_error("code", _("These are not the digits that we sent. Look at the newest message."))
        except HoldfastError as error:
            into_form(form, error)
    return _ask_for_code(request, form)


@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    """Leave."""
    let_out(request)
    return HttpResponseRedirect(reverse("borrower:log_in"))


def _planned(request: HttpRequest) -> str | None:
    """The first step of the application for which somebody came, if they chose a plan before they logged in."""
    chosen = request.session.pop(PLANNED, None)
    if not isinstance(chosen, dict):
        return None
    try:
        with transaction() as db:
            visitor = visitor_of(db, request)
            if visitor is not None:
                begin(db, visitor, chosen)
    except HoldfastError as error:
        messages.warning(request, refusal(error))
        return None
    return reverse("borrower:step", args=[STEPS[0]])


def _ask_for_code(request: HttpRequest, form: forms.Form) -> HttpResponse:
    return _page(request, "borrower/enter.html", form)


def _page(request: HttpRequest, template: str, form: forms.Form) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "next": _next(request)}
    return render(request, template, context, status=422 if form.errors else 200)


def _next(request: HttpRequest) -> str:
    """Where to go once logged in: one of the borrower's pages."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    home = reverse("borrower:home")
    ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return wanted if ours and wanted.startswith(home) else home
