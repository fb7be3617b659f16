"""A settlement on the phone: what is paid by when and what is then forgiven, the code that agrees to it, and what is left to pay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from holdfast.contact import codes
from holdfast.database.connection import transaction
from holdfast.followup import settlements
from holdfast.followup.settlements_model import PARTS, Settlement, SettlementState
from holdfast.followup.settlements_papers import read_agreement
from holdfast.kernel.errors import HoldfastError, NotFound
from holdfast.web.borrower.desk import Visitor, borrower_at
from holdfast.web.borrower.terms import CodeForm
from holdfast.web.console import settlement_words, words
from holdfast.web.console.contracts import served
from holdfast.wiring import NOTARY, PRESS

# What the borrower sees of them; an offer that nobody has decided on yet is no news of theirs.
SHOWN: Final = (SettlementState.APPROVED, SettlementState.RUNNING, SettlementState.KEPT, SettlementState.BROKEN)


@require_safe
@borrower_at
def settlement(request: HttpRequest, visitor: Visitor, loan_id: str) -> HttpResponse:
    """The settlements of the loan, newest first."""
    with transaction() as db:
        visitor.must_own(db, loan_id)
    return _page(request, visitor, loan_id, CodeForm(), 200)


@require_POST
@borrower_at
def agree(request: HttpRequest, visitor: Visitor, loan_id: str, settlement_id: str) -> HttpResponse:
    """Ask for the code that agrees to exactly these terms; with its digits, the agreement itself."""
    with transaction() as db:
        visitor.must_own(db, loan_id)
    form = CodeForm(request.POST)
    about: dict[str, Any] = {"clock": visitor.clock, "by": visitor.actor, "loan": loan_id, "settlement": settlement_id}
    if form.is_valid():
        given = form.cleaned_data
        try:
            if not given["code_id"]:
                with transaction() as db:
                    sent = settlements.ask_code(db, **about)
                return _page(request, visitor, loan_id, CodeForm(initial={"code_id": sent}), 200)
            # A wrong attempt is counted whatever follows.
            with transaction() as db:
                right = codes.attempt(db, clock=visitor.clock, code_id=given["code_id"], digits=given["code"])
            if right:
                with transaction() as db:
                    settlements.agree(db, **about, code_id=given["code_id"], press=PRESS, notary=NOTARY)
                messages.success(request, gettext("You have agreed. Once all of it has come in, the rest is forgiven."))
                return HttpResponseRedirect(reverse("borrower:settlement", args=[loan_id]))
            form.add_error("code", _("These are not the digits that we sent. Look at the newest message."))
        except HoldfastError as error:
            form.add_error("code", words.refusal(error))
    return _page(request, visitor, loan_id, form, 422)


@require_safe
@borrower_at
def agreement(request: HttpRequest, visitor: Visitor, loan_id: str, settlement_id: str) -> HttpResponse:
    """The agreement as it was sealed."""
    with transaction() as db:
        visitor.must_own(db, loan_id)
        every = settlements.settlements_of(db, by=visitor.actor, loan=loan_id)
        found = next((each for each in every if each.public_id == settlement_id), None)
        if found is None:
            raise NotFound(f"loan {loan_id} has no settlement {settlement_id}", code="no_settlement")
        file, data = read_agreement(db, found)
    return served(file.name, data)


def _page(request: HttpRequest, visitor: Visitor, loan_id: str, code_form: CodeForm, status: int) -> HttpResponse:
    code_id = str(code_form["code_id"].value() or "")
    with transaction() as db:
        found = [each for each in settlements.settlements_of(db, by=visitor.actor, loan=loan_id) if each.state in SHOWN]
        sent_to = codes.sent_to(db, code_id) if code_id and found and found[0].state is SettlementState.APPROVED else ""
    context = {
        "loan_id": loan_id, "shown": [_shown(each) for each in found], "code_form": code_form, "code_sent": bool(code_id),
        "sent_to": sent_to, "today": visitor.today,
    }  # fmt: skip
    return render(request, "borrower/settlement.html", context, status=status)


def _shown(found: Settlement) -> Mapping[str, Any]:
    """One settlement as the borrower reads it: without a word about who decided."""
    shape, word = settlement_words.STATES[found.state]
    forgiven = found.terms.forgiven.as_json()
    return {
        "its": found,
        "shape": shape,
        "word": _("Waits for your yes") if found.state is SettlementState.APPROVED else word,
        "currency": found.terms.currency,
        "forgiven": [(settlement_words.PARTS[part], forgiven[part]) for part in reversed(PARTS) if forgiven[part]],
    }
