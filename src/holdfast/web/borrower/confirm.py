"""Confirming on the phone's own page what was read out in the call: the same figures, and the code that stands for them."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from holdfast import confirmation
from holdfast.database.connection import transaction
from holdfast.kernel.errors import HoldfastError
from holdfast.web.borrower.desk import Visitor, borrower_at, language
from holdfast.web.console import words


class CodeForm(forms.Form):
    """The code from the message."""

    digits = forms.CharField(
        label=_("Code from the message"),
        max_length=12,
        widget=forms.TextInput(attrs={"class": "in code", "inputmode": "numeric", "autocomplete": "one-time-code"}),
        error_messages={"required": _("Type the code of six digits.")},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@borrower_at
def confirm(request: HttpRequest, visitor: Visitor, loan_id: str) -> HttpResponse:
    """The figures that wait to be confirmed, if a code was sent in a call that is open; else what happens when we call."""
    with transaction() as db:
        visitor.must_own(db, loan_id)
        facts = confirmation.facts_to_confirm(db, clock=visitor.clock, loan=loan_id)
    form, status = CodeForm(auto_id="confirm-%s"), 200
    if request.method == "POST":
        form, status = CodeForm(request.POST, auto_id="confirm-%s"), 422
        if form.is_valid() and _right(visitor, loan_id, form):
            messages.success(request, gettext("Confirmed. Stay on the phone until the caller says goodbye."))
            return HttpResponseRedirect(reverse("borrower:home"))
    told = facts.words(language()) if facts else {}
    return render(request, "borrower/confirm.html", {"loan_id": loan_id, "facts": facts, "told": told, "form": form}, status=status)


def _right(visitor: Visitor, loan_id: str, form: CodeForm) -> bool:
    """Whether the digits are right; the attempt is counted whatever comes of it."""
    try:
        with transaction() as db:
            visitor.must_own(db, loan_id)
            right = confirmation.try_code_as_borrower(
                db, clock=visitor.clock, by=visitor.actor, loan=loan_id, digits=form.cleaned_data["digits"]
            )
    except HoldfastError as error:
        form.add_error("digits", words.refusal(error))
        return False
    if not right:
        form.add_error("digits", gettext("The digits do not match. Look at the message again."))
    return right
