"""On what the stages before have really left: an application, its confirmation and its decision."""

from __future__ import annotations

import re

import psycopg
import pytest

from holdfast import collateral, contact, contracts, decisioning
from holdfast.applications import of_loan
from holdfast.applications.facts import PURPOSES
from holdfast.contact import codes
from holdfast.contracts import wording
from holdfast.duties import take
from holdfast.duties.audit import examine
from holdfast.journal import Actor
from holdfast.kernel.errors import Fault
from holdfast.parties import party_by_id
from holdfast.wiring import EXPECTATIONS, NOTARY, PRESS
from tests.contracts.offers import FLAGS, Inbox
from tests.decisioning.house import House


def test_an_approved_application_becomes_a_contract_with_the_approved_terms_and_its_phone(db: psycopg.Connection[object]) -> None:
    house = House(db)
    loan = house.confirmed()
    house.decide(loan)
    approved = decisioning.decision_of(db, take(db, loan, None).loan.loan_id)
    contract = contracts.offer(db, clock=house.clock, by=house.one("officer"), loan=loan, press=PRESS)
    assert approved.terms is not None
    assert contract.terms.principal == approved.terms.principal
    assert contract.terms.rate == approved.terms.rate
    assert [each.model for each in collateral.things_of(db, contract.loan_id)] == ["iPhone 15"]
    owner = party_by_id(db, take(db, loan, None).loan.party_id or 0)
    by, phone = Actor(owner.public_id, "borrower"), Inbox()
    code_id = contracts.ask_code(db, clock=house.clock, by=by, loan=loan)
    contact.dispatch(db, {"sms": phone}, clock=house.clock, limit=50)
    digits = [found[0] for each in phone.letters if (found := re.search(r"(?<![0-9])[0-9]{6}(?![0-9])", each.text))][-1]
    assert codes.attempt(db, clock=house.clock, code_id=code_id, digits=digits)
    contracts.sign_by_borrower(db, clock=house.clock, by=by, loan=loan, code_id=code_id, flags_read=FLAGS, notary=NOTARY)
    contracts.seal(db, clock=house.clock, by=house.one("risk"), loan=loan, notary=NOTARY)
    assert (house.state(loan), house.open_duties(loan)) == ("signed", ["take_in"])
    assert of_loan(db, contract.loan_id).purpose == "daily_life"
    assert examine(db, house.clock.today(), EXPECTATIONS).clean


def test_every_purpose_of_an_application_has_words_in_a_contract() -> None:
    assert set(wording.PURPOSES) == set(PURPOSES)
    with pytest.raises(Fault, match="no words"):
        wording.purpose_zh("gambling")
