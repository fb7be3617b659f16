"""Signing on the phone: the cost first, then the clauses that must not be overlooked, the papers in full, a code, and the signature.

The code is bound to the digest of exactly the papers on the page; whoever has signed finds the copies here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from holdfast import contracts
from holdfast.contact import codes
from holdfast.contracts import PAPERS, Contract, ContractState, cost_items, wording
from holdfast.database.connection import transaction
from holdfast.kernel.errors import HoldfastError
from holdfast.kernel.rate import BILLION
from holdfast.products import price_of
from holdfast.web.borrower.desk import Db, Visitor, borrower_at, language
from holdfast.web.console import contract_words
from holdfast.web.console.acts import into_form
from holdfast.web.console.contracts import served
from holdfast.wiring import NOTARY

_READABLE = (ContractState.OFFERED, ContractState.BORROWER_SIGNED, ContractState.SEALED)


class SignForm(forms.Form):
    """Which clauses were ticked, and the digits that came by text message."""

    read = forms.MultipleChoiceField(
        label=_("Clauses to read and tick"), error_messages={"required": _("Please read each clause and tick it.")}
    )
    code_id = forms.CharField(widget=forms.HiddenInput, max_length=40, required=False)
    code = forms.CharField(
        label=_("Code from the message"),
        max_length=12,
        required=False,
        widget=forms.TextInput(attrs={"class": "in code", "inputmode": "numeric", "autocomplete": "one-time-code", "maxlength": 6}),
    )

    def __init__(self, *args: Any, contract: Contract, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._keys = [each.key for each in contract.clauses]
        read = self.fields["read"]
        assert isinstance(read, forms.MultipleChoiceField)
        read.choices = [(key, key) for key in self._keys]

    def clean_read(self) -> list[str]:
        ticked: list[str] = self.cleaned_data["read"]
        if set(self._keys) - set(ticked):
            raise forms.ValidationError(_("Please read each clause and tick it."))
        return ticked


@require_http_methods(["GET", "HEAD", "POST"])
@borrower_at
def sign(request: HttpRequest, visitor: Visitor, loan_id: str) -> HttpResponse:
    """Read the contract, ask for a code, type it: signed. Afterwards the copies."""
    with transaction() as db:
        contract = _contract(db, visitor, loan_id)
    if contract is None:
        return render(request, "borrower/no_contract.html", {"visitor": visitor})
    if contract.state is not ContractState.OFFERED or request.method != "POST":
        return _page(request, visitor, loan_id, contract, SignForm(contract=contract))
    form = SignForm(request.POST, contract=contract)
    if form.is_valid():
        try:
            if "sign" in request.POST and form.cleaned_data["code_id"]:
                if _signed(request, visitor, loan_id, form):
                    return HttpResponseRedirect(request.get_full_path())
            else:
                form = _sent(visitor, loan_id, contract, form)
        except HoldfastError as error:
            into_form(form, error)
    return _page(request, visitor, loan_id, contract, form, status=422 if form.errors else 200)


@require_safe
@borrower_at
def paper(request: HttpRequest, visitor: Visitor, loan_id: str, kind: str) -> HttpResponse:
    """The furthest copy of a paper: as offered, or with the signatures it has."""
    with transaction() as db:
        visitor.must_own(db, loan_id)
        name, data = contracts.paper_for_borrower(db, by=visitor.actor, loan=loan_id, kind=kind)
    return served(name, data)


def _sent(visitor: Visitor, loan_id: str, contract: Contract, form: SignForm) -> SignForm:
    """A code is on its way; the form that takes it, with the ticks kept."""
    with transaction() as db:
        code_id = contracts.ask_code(db, clock=visitor.clock, by=visitor.actor, loan=loan_id)
    return SignForm(contract=contract, initial={"code_id": code_id, "read": form.cleaned_data["read"]})


def _signed(request: HttpRequest, visitor: Visitor, loan_id: str, form: SignForm) -> bool:
    """Whether the digits were right, and the contract is signed. A wrong attempt is counted whatever follows."""
    given = form.cleaned_data
    with transaction() as db:
        right = codes.attempt(db, clock=visitor.clock, code_id=given["code_id"], digits=given["code"])
    if not right:
        form.add_error("code", _("These are not the digits that we sent. Look at the newest message."))
        return False
    with transaction() as db:
        contracts.sign_by_borrower(
            db, clock=visitor.clock, by=visitor.actor, loan=loan_id, code_id=given["code_id"], flags_read=given["read"], notary=NOTARY,
            user_agent=request.headers.get("User-Agent", ""),
        )  # fmt: skip
    return True


def _contract(db: Db, visitor: Visitor, loan_id: str) -> Contract | None:
    """The contract of a loan of theirs, once it has been offered."""
    found = contracts.contracts_of(db, visitor.must_own(db, loan_id))
    shown = [each for each in found if each.state is not ContractState.DRAFTED and each.offered_on is not None]
    return shown[-1] if shown else None


def _page(request: HttpRequest, visitor: Visitor, loan_id: str, contract: Contract, form: SignForm, status: int = 200) -> HttpResponse:
    ticked = form["read"].value() or []
    price = price_of(contract.terms)
    shape, word = contract_words.STATES[contract.state]
    code_id = str(form["code_id"].value() or "")
    sent_to, tongue = "", int(language() == "en")
    if code_id and contract.state is ContractState.OFFERED:
        with transaction() as db:
            sent_to = codes.sent_to(db, code_id)
    context: Mapping[str, Any] = {
        "visitor": visitor,
        "loan_id": loan_id,
        "contract": contract,
        "state_shape": shape,
        "state_word": word,
        "to_sign": contract.state is ContractState.OFFERED and contract.good_until is not None and visitor.today <= contract.good_until,
        "price": price,
        # The fees of the payout have a day of their own and are no instalment.
        "instalments": sum(row.n >= 1 for row in price.instalments),
        "items": [
            {
                "name": each.name[tongue],
                "how": each.how[tongue],
                "rate": each.rate[tongue],
                "who": each.collector[tongue],
                "sum": each.amount,
            }
            for each in cost_items(contract.terms, price)
        ],
        "late": wording.late(contract.terms)[tongue] if contract.terms.penalty else "",
        "late_rate": wording.daily_penalty(contract.terms),
        "all_in": int(price.all_in * BILLION),
        "nominal": int(price.cost.nominal * BILLION),
        "effective": int(price.cost.effective * BILLION),
        "currency": contract.terms.currency,
        "clauses": [(each, each.key in ticked) for each in contract.clauses],
        "papers": [
            (each.kind, contract_words.PAPERS[each.kind], contract_words.STAGES[each.stage])
            for each in contract.documents
            if contract.state in _READABLE and (each.kind in PAPERS or contract.state is not ContractState.OFFERED)
        ],
        "form": form,
        "code_sent": bool(code_id),
        "sent_to": sent_to,
        "notary": NOTARY.capabilities(),
        "home": reverse("borrower:home"),
    }
    return render(request, "borrower/sign.html", context, status=status)
