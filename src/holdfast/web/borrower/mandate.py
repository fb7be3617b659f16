"""Direct debit on the phone: read the whole text, agree with a code from one's own phone, and take it back with one touch.

Nothing is collected before the code is typed; what is collected is only ever what is due.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from holdfast import payments
from holdfast.contact import codes
from holdfast.database.connection import transaction
from holdfast.kernel.errors import HoldfastError, Refusal
from holdfast.payments import DebitState, Mandate, MandateState
from holdfast.servicing import reading
from holdfast.web.borrower.desk import Visitor, borrower_at, language
from holdfast.web.console import rails_words
from holdfast.web.console.acts import into_form
from holdfast.web.console.forms import AmountField

_SHOWN = 6


class MandateForm(forms.Form):
    """The borrower's own account, and how much may be collected from it."""

    payer_name = forms.CharField(label=_("Your name on the account"), max_length=100)
    account = forms.CharField(
        label=_("Account number"), max_length=40, widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"})
    )
    most_each = AmountField(label=_("At most each time"))
    most_a_month = AmountField(label=_("At most in a month"))

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.setdefault("class", "in")
            if isinstance(field, AmountField):
                field.currency = currency


class CodeForm(forms.Form):
    """The digits that came by text message."""

    code_id = forms.CharField(widget=forms.HiddenInput, max_length=40, required=False)
    code = forms.CharField(
        label=_("Code from the message"), max_length=12, required=False,
        widget=forms.TextInput(attrs={"class": "in code", "inputmode": "numeric", "autocomplete": "one-time-code", "maxlength": 6}),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@borrower_at
def mandate(request: HttpRequest, visitor: Visitor, loan_id: str) -> HttpResponse:
    """The mandate in force; else the text that waits for the code; else the form that it is written from."""
    with transaction() as db:
        number = visitor.must_own(db, loan_id)
        found = payments.mandate_of_loan(db, number)
        currency = reading.loan_detail(db, visitor.look, loan_id).row.currency
    if request.method != "POST":
        return _page(request, visitor, loan_id, found, MandateForm(currency=currency), CodeForm())
    form, code = MandateForm(currency=currency), CodeForm()
    try:
        if "write" in request.POST:
            form = MandateForm(request.POST, currency=currency)
            if form.is_valid():
                with transaction() as db:
                    payments.draft_mandate(
                        db, clock=visitor.clock, by=visitor.actor, loan=loan_id, language=language(), **form.cleaned_data
                    )
                return HttpResponseRedirect(request.get_full_path())
        elif found is not None and found.state is MandateState.DRAFTED:
            code = CodeForm(request.POST)
            if code.is_valid():
                if "sign" in request.POST and code.cleaned_data["code_id"]:
                    if _signed(visitor, loan_id, found, code):
                        messages.success(request, gettext("Agreed. What falls due is collected from your account from now on."))
                        return HttpResponseRedirect(request.get_full_path())
                else:
                    with transaction() as db:
                        code_id = payments.ask_mandate_code(
                            db, clock=visitor.clock, by=visitor.actor, loan=loan_id, mandate=found.public_id
                        )
                    code = CodeForm(initial={"code_id": code_id})
    except HoldfastError as error:
        into_form(code if code.is_bound else form, error) if code.is_bound or form.is_bound else messages.error(request, error.sentence)
    return _page(request, visitor, loan_id, found, form, code, status=422 if form.errors or code.errors else 200)


@require_POST
@borrower_at
def cancel(request: HttpRequest, visitor: Visitor, loan_id: str, mandate_id: str) -> HttpResponse:
    """The borrower takes it back, or lets a text go that he has not signed."""
    with transaction() as db:
        visitor.must_own(db, loan_id)
        words = gettext("taken back by the borrower on the phone page")
        payments.cancel_mandate(db, clock=visitor.clock, by=visitor.actor, loan=loan_id, mandate=mandate_id, words=words)
    messages.success(request, gettext("Cancelled. Nothing is collected any more."))
    return HttpResponseRedirect(reverse("borrower:mandate", args=[loan_id]))


def _signed(visitor: Visitor, loan_id: str, found: Mandate, code: CodeForm) -> bool:
    """Whether the digits were right, and the mandate is signed. A wrong attempt is counted whatever follows."""
    given = code.cleaned_data
    with transaction() as db:
        right = codes.attempt(db, clock=visitor.clock, code_id=given["code_id"], digits=given["code"])
    if not right:
        code.add_error("code", _("These are not the digits that we sent. Look at the newest message."))
        return False
    with transaction() as db:
        payments.sign_mandate(db, clock=visitor.clock, by=visitor.actor, loan=loan_id, mandate=found.public_id, code_id=given["code_id"])
    return True


def _page(
    request: HttpRequest, visitor: Visitor, loan_id: str, found: Mandate | None, form: MandateForm, code: CodeForm, status: int = 200
) -> HttpResponse:
    with transaction() as db:
        number = visitor.must_own(db, loan_id)
        row = reading.loan_detail(db, visitor.look, loan_id).row
        tried = [each for each in payments.debits(db, None, loan_id=number) if each.state is not DebitState.DROPPED][:_SHOWN]
    if row.state != "active" and (found is None or found.state is not MandateState.ACTIVE):
        raise Refusal("this loan is not being repaid; nothing is collected for it", code="loan_state", loan=loan_id)
    context = {
        "row": row,
        "mandate": found,
        "active": found is not None and found.state is MandateState.ACTIVE,
        "form": form,
        "code": code,
        "code_sent": bool(code["code_id"].value()),
        "debits": [(each, *rails_words.DEBITS[each.state]) for each in tried],
        "today": visitor.today,
    }
    return render(request, "borrower/mandate.html", context, status=status)
