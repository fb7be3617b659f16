"""Contracts on the loan's page: set the papers, read them, offer them, seal what the borrower signed; and the certificate to check by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from holdfast import contracts
from holdfast.contracts import Contract, ContractState
from holdfast.database.connection import transaction
from holdfast.kernel.errors import HoldfastError
from holdfast.kernel.rate import BILLION
from holdfast.parties import may, staff_by_id
from holdfast.products import price_of
from holdfast.servicing import reading as book
from holdfast.web.console import contract_words, words
from holdfast.web.console.acts import Tried, Verb, in_panel
from holdfast.web.console.desk import Db, Desk, at_desk
from holdfast.web.console.forms import ActForm
from holdfast.wiring import NOTARY, PRESS

_TO_BE_OFFERED = (None, ContractState.DRAFTED, ContractState.VOID)
_TO_BE_TAKEN_BACK = (ContractState.DRAFTED, ContractState.OFFERED, ContractState.BORROWER_SIGNED)


class WordsForm(ActForm):
    """Why a contract is taken back."""

    words = forms.CharField(label=_("Why it is taken back"), min_length=4, max_length=500, widget=forms.Textarea(attrs={"rows": 2}))


class ReadForm(ActForm):
    """Why somebody needs to read a paper that shows who the borrower is."""

    reason = forms.ChoiceField(label=_("Why you need to read it"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reason = self.fields["reason"]
        assert isinstance(reason, forms.ChoiceField)
        reason.choices = list(READING.items())


READING = {
    "check before offering": _("Check before it is offered"),
    "check before sealing": _("Check before it is sealed"),
    "borrower asked": _("The borrower asked about it"),
    "dispute or audit": _("Dispute or audit"),
}


def on_loan(db: Db, desk: Desk, loan_id: str) -> Mapping[str, Any] | None:
    """The panel: where the contract stands, its papers, and what this person may do next."""
    detail = book.loan_detail(db, desk.look, loan_id)
    found = contracts.contracts_of(db, detail.number)
    decided = detail.row.state == "decided"
    if not found and not decided:
        return None
    contract = found[-1] if found else None
    state = contract.state if contract else None
    officer = decided and may(desk.staff, "contract.offer")
    seal_form, why_not = _seal(db, desk, contract) if decided and contract is not None else (None, "")
    over = contract is not None and contract.good_until is not None and desk.today > contract.good_until
    return {
        "contract": _shown(db, contract) if contract else None,
        "earlier": [(each.number, *contract_words.STATES[each.state]) for each in found[:-1]],
        "loan_id": loan_id,
        "notary": NOTARY.capabilities(),
        "read_form": ReadForm(name="read") if contract is not None and may(desk.staff, "party.reveal") else None,
        "draft_form": ActForm(name="draft") if officer and state in (None, ContractState.VOID) else None,
        "offer_form": ActForm(name="offer") if officer and state in _TO_BE_OFFERED else None,
        "void_form": WordsForm(name="void") if officer and state in _TO_BE_TAKEN_BACK else None,
        "lapse_form": ActForm(name="lapse") if officer and state is ContractState.OFFERED and over else None,
        "seal_form": seal_form,
        "why_not": why_not,
        "over": over and state is ContractState.OFFERED,
    }


@require_POST
@at_desk
def draft(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """Set the papers, to be read before they are offered."""

    def verb(db: Db) -> None:
        contracts.draft(db, clock=desk.clock, by=desk.staff, loan=loan_id, press=PRESS)

    return _act(
        request,
        desk,
        Tried("draft", loan_id, ActForm(request.POST, name="draft")),
        "contract.offer",
        verb,
        gettext("Drafted. Read the papers."),
    )


@require_POST
@at_desk
def offer(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """Put the papers before the borrower."""

    def verb(db: Db) -> None:
        contracts.offer(db, clock=desk.clock, by=desk.staff, loan=loan_id, press=PRESS)

    said = gettext("Offered. The borrower is told by text message where to read and sign.")
    return _act(request, desk, Tried("offer", loan_id, ActForm(request.POST, name="offer")), "contract.offer", verb, said)


@require_POST
@at_desk
def seal(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """The lender's seal, by another person than the one who offered."""

    def verb(db: Db) -> None:
        contracts.seal(db, clock=desk.clock, by=desk.staff, loan=loan_id, notary=NOTARY)

    said = gettext("Sealed. Both have signed; the thing may come in.")
    return _act(request, desk, Tried("seal", loan_id, ActForm(request.POST, name="seal")), "contract.seal", verb, said)


@require_POST
@at_desk
def void(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """Take the contract back, with a reason."""
    form = WordsForm(request.POST, name="void")

    def verb(db: Db) -> None:
        contracts.void(db, clock=desk.clock, by=desk.staff, loan=loan_id, words=form.cleaned_data["words"])

    return _act(
        request, desk, Tried("void", loan_id, form), "contract.offer", verb, gettext("Taken back. Another contract may be drafted.")
    )


@require_POST
@at_desk
def lapse(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """End a loan whose offer was not signed in its days."""

    def verb(db: Db) -> None:
        contracts.lapse(db, clock=desk.clock, by=desk.staff, loan=loan_id)

    return _act(
        request,
        desk,
        Tried("lapse", loan_id, ActForm(request.POST, name="lapse")),
        "contract.offer",
        verb,
        gettext("Lapsed. The loan is withdrawn."),
    )


@require_POST
@at_desk
def paper(request: HttpRequest, desk: Desk, loan_id: str, kind: str) -> HttpResponse:
    """A paper in full, for a reason that goes on record."""
    form = ReadForm(request.POST, name="read")
    if not form.is_valid():
        messages.error(request, gettext("Say why you need to read it; then it opens."))
        return HttpResponseRedirect(_panel(loan_id))
    with transaction() as db:
        reason = form.cleaned_data["reason"]
        name, data = contracts.read_paper(db, clock=desk.clock, by=desk.staff, loan=loan_id, kind=kind, reason=reason)
    return served(name, data)


@require_safe
def authority(request: HttpRequest) -> HttpResponse:
    """The certificate by which anybody checks the signatures on our documents. It is no secret: no log-in is asked for."""
    response = HttpResponse(NOTARY.authority(), content_type="application/x-pem-file")
    response.headers["Content-Disposition"] = 'attachment; filename="holdfast-authority.pem"'
    return response


def served(name: str, data: bytes) -> HttpResponse:
    """A paper on its way to a reader: shown by the browser, kept by nobody between."""
    pdf = data.startswith(b"%PDF")
    response = HttpResponse(data, content_type="application/pdf" if pdf else "text/plain; charset=utf-8")
    response.headers["Content-Disposition"] = content_disposition_header(not pdf, name) or "inline"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _seal(db: Db, desk: Desk, contract: Contract) -> tuple[ActForm | None, str]:
    """The form to seal with, or for somebody whose role may the reason why this person may not."""
    if contract.state is not ContractState.BORROWER_SIGNED or not may(desk.staff, "contract.seal"):
        return None, ""
    try:
        contracts.may_seal(db, desk.staff, contract)
    except HoldfastError as error:
        return None, words.refusal(error)
    return ActForm(name="seal"), ""


def _shown(db: Db, contract: Contract) -> Mapping[str, Any]:
    price = price_of(contract.terms)
    shape, word = contract_words.STATES[contract.state]
    return {
        "number": contract.number,
        "shape": shape,
        "word": word,
        "currency": contract.terms.currency,
        "principal": price.principal,
        "total": price.total,
        "instalments": contract.terms.instalments,
        "all_in": int(price.all_in * BILLION),
        "good_until": contract.good_until,
        "offered_on": contract.offered_on,
        "offered_by": staff_by_id(db, contract.offered_by).name if contract.offered_by else "",
        "signed_at": contract.signed_at,
        "sealed_at": contract.sealed_at,
        "sealed_by": staff_by_id(db, contract.sealed_by).name if contract.sealed_by else "",
        "bound": contract.bound,
        "papers": [
            (each.kind, contract_words.PAPERS[each.kind], contract_words.STAGES[each.stage], each.digest) for each in contract.documents
        ],
    }


def _act(request: HttpRequest, desk: Desk, tried: Tried, act: str, verb: Verb, said: str) -> HttpResponse:
    return in_panel(request, desk, tried, act=act, verb=verb, said=said, back=_panel(tried.about))


def _panel(loan_id: str) -> str:
    return reverse("console:loan", args=[loan_id]) + "#stage-contracts"
