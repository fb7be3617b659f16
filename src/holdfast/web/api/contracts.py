"""Contracts: drafting, offering, sealing, taking back, letting lapse, and reading how one stands.

The borrower's part, the code and the signature, is on the borrower's pages alone: no token of the staff can sign for them.
"""

from __future__ import annotations

from typing import Any

from ninja import Router

from holdfast import contracts
from holdfast.contracts import Contract
from holdfast.kernel.money import Money
from holdfast.products import price_of
from holdfast.servicing.reading import loan_number
from holdfast.web.api.operation import Call, operation
from holdfast.web.api.values import Day, In, Instant, MoneyOut, Out, Words
from holdfast.wiring import NOTARY, PRESS

router = Router()


class ContractsPaperOut(Out):
    """A paper's furthest copy: `stage` is draft, signed (by the borrower) or sealed (by both); `digest` is what the journal names it by."""

    kind: str
    stage: str
    file: str
    digest: str


class ClauseOut(Out):
    """A clause that the borrower ticks as read. The Chinese binds."""

    key: str
    title_zh: str
    zh: str
    title_en: str
    en: str


class ContractOut(Out):
    """A contract. `state` is drafted, offered, borrower_signed, sealed, lapsed or void; `all_in` a share of one a year, such as 0.1549.

    `bound` is the digest that the borrower's one-time code stands for.
    """

    id: str
    loan: str
    number: str
    state: str
    principal: MoneyOut
    total: MoneyOut
    instalments: int
    all_in: str
    expected_on: Day
    offered_on: Day | None
    good_until: Day | None
    signed_at: Instant | None
    sealed_at: Instant | None
    bound: str
    papers: list[ContractsPaperOut]
    clauses: list[ClauseOut]


class ContractList(Out):
    """The contracts of a loan, first to last."""

    items: list[ContractOut]


class AuthorityOut(Out):
    """The certificate (PEM) by which anybody checks the signatures. `test`: nobody outside trusts it."""

    certificate: str
    name: str
    test: bool
    run_against: str


class VoidIn(In):
    """Why it is taken back."""

    words: Words


@operation(router, "GET", "/loans/{loan}/contracts", "contracts.list", answer=ContractList)
def list_contracts(call: Call, loan: str) -> Any:
    """The loan's contracts, first to last; what was taken back stays readable."""
    return {"items": [_told(loan, each) for each in contracts.contracts_of(call.db, loan_number(call.db, call.look, loan))]}


@operation(router, "GET", "/loans/{loan}/contract", "contracts.get", answer=ContractOut)
def get_contract(call: Call, loan: str) -> Any:
    """The loan's last contract."""
    return _told(loan, contracts.contract_of(call.db, loan_number(call.db, call.look, loan)))


@operation(router, "POST", "/loans/{loan}/contract/draft", "contracts.draft", answer=ContractOut, status=201)
def draft(call: Call, loan: str) -> Any:
    """Set the papers of an approved loan, to be read before they are offered."""
    return _told(loan, contracts.draft(call.db, clock=call.clock, by=call.staff, loan=loan, press=PRESS))


@operation(router, "POST", "/loans/{loan}/contract/offer", "contracts.offer", answer=ContractOut)
def offer(call: Call, loan: str) -> Any:
    """Put the papers before the borrower; they are drafted first if none stand."""
    return _told(loan, contracts.offer(call.db, clock=call.clock, by=call.staff, loan=loan, press=PRESS))


@operation(router, "POST", "/loans/{loan}/contract/seal", "contracts.seal", answer=ContractOut)
def seal(call: Call, loan: str) -> Any:
    """The lender's seal over the borrower's signature, never by the person who offered it."""
    return _told(loan, contracts.seal(call.db, clock=call.clock, by=call.staff, loan=loan, notary=NOTARY))


@operation(router, "POST", "/loans/{loan}/contract/void", "contracts.void", answer=ContractOut)
def void(call: Call, loan: str, body: VoidIn) -> Any:
    """Take the contract back before it is sealed, and say why."""
    return _told(loan, contracts.void(call.db, clock=call.clock, by=call.staff, loan=loan, words=body.words))


@operation(router, "POST", "/loans/{loan}/contract/lapse", "contracts.lapse", answer=ContractOut)
def lapse(call: Call, loan: str) -> Any:
    """End a loan whose offer was not signed in its days."""
    return _told(loan, contracts.lapse(call.db, clock=call.clock, by=call.staff, loan=loan))


@operation(router, "GET", "/signatures/authority", "contracts.authority", answer=AuthorityOut)
def authority(call: Call) -> Any:
    """The certificate by which anybody checks the signatures on our documents."""
    said = NOTARY.capabilities()
    return {"certificate": NOTARY.authority().decode(), "name": said.name, "test": said.test, "run_against": said.run_against}


def _told(loan: str, contract: Contract) -> dict[str, Any]:
    price = price_of(contract.terms)
    names = ("number", "state", "offered_on", "good_until", "signed_at", "sealed_at", "bound", "clauses")
    return {
        **{name: getattr(contract, name) for name in names},
        "id": contract.public_id,
        "loan": loan,
        "principal": Money(price.principal, contract.terms.currency),
        "total": Money(price.total, contract.terms.currency),
        "instalments": contract.terms.instalments,
        "all_in": str(price.all_in),
        "expected_on": contract.terms.disbursed_on,
        "papers": contract.documents,
    }
