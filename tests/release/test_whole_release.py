"""A release from the pay-off to the bureau: each step in its order, and what each leaves behind."""

from __future__ import annotations

import json

import pytest

from holdfast import files, pledges, release
from holdfast.duties.audit import examine
from holdfast.kernel.errors import Refusal
from holdfast.kernel.places import data_folder
from holdfast.loans import loan_id_of
from holdfast.servicing.verify import verify_books
from holdfast.wiring import EXPECTATIONS
from tests.release.houses import House


def is_clean(house: House) -> None:
    """The books balance, the database would accept the commit, and the auditor finds nothing missing, late or unproved."""
    house.db.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert [(check.name, check.differences) for check in verify_books(house.db) if not check.ok] == []
    found = examine(house.db, house.book.day, EXPECTATIONS).as_json()
    assert (found["missing"], found["late"], found["unproved"]) == ([], [], [])


def test_a_phone_goes_home_step_by_step_and_the_last_step_settles_the_loan(house: House) -> None:
    loan = house.pledged()
    house.pay(loan, 1200)
    assert house.state(loan) == ("releasing", "opened")
    assert house.open_duties(loan) == {"release_notice", "settlement_certificate", "return_collateral", "credit_update"}
    house.identify(loan)
    assert [line.check for line in house.audit(loan) if not line.ok] == []
    house.approve(loan, "approver")
    assert house.state(loan) == ("releasing", "audited")
    house.approve(loan, "risk")
    assert house.state(loan) == ("releasing", "approved")
    house.certify(loan)
    assert "settlement_certificate" not in house.open_duties(loan)
    house.ask_hand_back(loan)
    house.hand_back(loan)
    assert house.state(loan) == ("releasing", "handed_back") and house.open_duties(loan) == {"credit_update"}
    pledge = pledges.pledge_of(house.db, loan_id_of(house.db, loan))
    assert pledge is not None and pledge.state == "lifted"
    house.report(loan)
    assert house.state(loan) == ("settled", "completed") and not house.open_duties(loan)
    begun = house.kinds(loan).index("release.opened")
    assert [kind for kind in house.kinds(loan)[begun:] if kind != "contact.sent"] == [
        "release.opened", "release.identified", "release.audited", "release.approved", "release.certified", "pledge.lifted",
        "release.handed_back", "release.reported",
    ]  # fmt: skip
    house.send()
    assert house.messages(loan, "released") and house.messages(loan, "release")
    is_clean(house)


def test_the_receipt_that_pays_the_loan_off_opens_the_release_and_promises_the_message_in_its_transaction(house: House) -> None:
    loan = house.pledged()
    with pytest.raises(ZeroDivisionError), house.db.transaction():
        house.pay(loan, 1200)
        assert house.state(loan) == ("releasing", "opened")
        raise ZeroDivisionError
    assert house.state(loan)[0] == "active" and not house.messages(loan, "release")


def test_the_message_says_what_to_bring_where_when_and_whom_to_call(house: House) -> None:
    from holdfast.release import counters

    counters.set_counter(
        house.db, clock=house.clock, by=house.people["admin"], branch="T", address="示例路 88 号", opens="09:00", closes="18:00",
        first_day=1, last_day=6, phone="0574-5550-0126",
    )  # fmt: skip
    loan = house.pledged()
    house.pay(loan, 1200)
    house.send()
    told = house.messages(loan, "release")[0]
    for piece in ("身份证原件", "示例路 88 号", "周一至周六", "09:00-18:00", "0574-5550-0126", "3 月 3 日", "归还不收费", "验证码"):
        assert piece in told, piece
    assert "release_notice" not in house.open_duties(loan)
    assert house.kinds(loan)[-1] == "contact.sent"


def test_a_loan_without_a_thing_needs_nobody_at_the_counter(house: House) -> None:
    loan = house.lend(product="none").public_id
    house.pay(loan, 1200)
    house.audit(loan)
    house.approve(loan, "approver")
    house.approve(loan, "custodian")
    house.certify(loan)
    with pytest.raises(Refusal, match="nothing to hand back"):
        house.ask_hand_back(loan)
    house.report(loan)
    house.send()
    assert house.state(loan) == ("settled", "completed")
    assert "没有押品要取" in house.messages(loan, "release_none")[0]
    is_clean(house)


def test_the_papers_do_not_wait_for_the_borrower_but_the_thing_does(house: House) -> None:
    loan = house.pledged()
    house.pay(loan, 1200)
    house.audit(loan)
    house.approve(loan, "approver")
    house.approve(loan, "risk")
    house.certify(loan)
    house.report(loan)
    with pytest.raises(Refusal, match="identified before"):
        house.ask_hand_back(loan)
    house.walk(1)
    house.identify(loan)
    house.ask_hand_back(loan)
    assert house.hand_back(loan).loan_state == "settled"
    is_clean(house)


def test_both_papers_are_signed_and_lie_sealed_under_the_borrower_s_key(house: House) -> None:
    loan = house.certified()
    number = loan_id_of(house.db, loan)
    found = release.release_of(house.db, number)
    assert found is not None
    for public_id in (found.certificate, found.application):
        assert public_id is not None
        file = files.get(house.db, public_id)
        assert file.party_id == house.borrower.party_id
        pdf = release.paper(house.db, number, public_id)[1]
        assert pdf.startswith(b"%PDF-") and b"/ETSI.CAdES.detached" in pdf
    row = house.db.execute("SELECT body FROM record WHERE loan_id = %s AND kind = 'release.certified'", [number]).fetchone()
    assert row is not None
    body = json.loads(row[0])
    assert body["seals"]["certificate"] == files.get(house.db, found.certificate or "").digest
    assert "示例" not in json.dumps(body["says"], ensure_ascii=False)


def test_the_bureau_s_line_is_written_once_and_is_the_proof(house: House) -> None:
    loan = house.certified()
    house.report(loan)
    found = release.release_of(house.db, loan_id_of(house.db, loan))
    assert found is not None and found.bureau_file == "settlements-20260302.csv" and found.bureau_line
    line = (data_folder() / "bureau" / found.bureau_file).read_text("utf-8").splitlines()[found.bureau_line]
    assert line == f"{found.public_id} settled,{loan},settled,2026-03-02,1200.00,CNY"
    with pytest.raises(Refusal, match="was reported in"):
        house.report(loan)


def test_two_phones_behind_one_loan_both_go_home_or_neither(house: House) -> None:
    loan = house.pledged()
    house.take_in(loan)
    house.pay(loan, 1200)
    house.identify(loan)
    house.audit(loan)
    house.approve(loan, "approver")
    house.approve(loan, "risk")
    house.certify(loan)
    first = dict([next(iter(house.things[loan].items()))])
    with pytest.raises(Exception, match="belongs to this loan too"):
        house.ask_hand_back(loan, read=first)
    house.ask_hand_back(loan)
    house.hand_back(loan)
    assert [each.state for each in pledges.pledges_of(house.db, loan_id_of(house.db, loan))] == ["lifted", "lifted"]
