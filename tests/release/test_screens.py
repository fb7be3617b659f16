"""The release and default desks: every page is drawn in both languages, and each form does its verb or says why not."""

from __future__ import annotations

import re

import pytest

from holdfast.loans import loan_id_of
from tests.release.houses import NAME, House
from tests.web.screens import Person, live_at


@pytest.fixture(autouse=True)
def of_today(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The desk lives on the day of the house."""
    live_at(monkeypatch, house)


def test_a_release_is_walked_at_the_desk_from_list_to_settled(house: House) -> None:
    loan = house.pledged()
    house.pay(loan, 1200)
    officer, custodian, approver, risk = (Person(house.db, house.people[who]) for who in ("officer", "custodian", "approver", "risk"))
    assert "audit the account" in officer.see("/releases")
    page = f"/releases/{loan}"
    custodian.send(page, f"{page}/code")
    house.minutes += 1
    house.send()
    digits = re.search(r"[0-9]{6}", house.messages(loan, "code_spoken")[0])
    assert digits is not None
    wrong = "000000" if digits[0] != "000000" else "111111"
    said = custodian.send(page, f"{page}/identify", status=422, way="self", name=NAME, id_number=house.id_number, code=wrong)
    assert "not the digits that were sent" in said.content.decode()
    custodian.send(page, f"{page}/identify", way="self", name=NAME, id_number=house.id_number, code=digits[0])
    officer.send(page, f"{page}/audit")
    assert "all 10 agree" in officer.see(page)
    approver.send(page, f"{page}/approve", approved="yes", words="看过")
    risk.send(page, f"{page}/approve", approved="yes", words="看过")
    officer.send(page, f"{page}/certify")
    officer.send(page, f"{page}/report")
    ((seal, imeis),) = house.things[loan].items()
    said = custodian.send(page, f"{page}/ask-hand-back", status=422, seal_1="SL-99999", imei_1=" ".join(imeis))
    assert "seal" in said.content.decode()
    custodian.send(page, f"{page}/ask-hand-back", seal_1=seal, imei_1=" ".join(imeis))
    approver.send(page, f"{page}/hand-back", approved="yes", words="在场")
    assert house.state(loan) == ("settled", "completed")
    for language in ("en", "zh"):
        for path in ("/releases", "/releases?done", page, f"/loans/{loan}", "/defaults"):
            officer.see(path, language)
    pdf = officer.client.get(re.findall(rf'href="(/releases/{loan}/papers/[^"]+)"', officer.see(page))[0])
    assert pdf.content.startswith(b"%PDF-") and pdf["Content-Type"] == "application/pdf"


def test_a_default_is_walked_at_the_desk_from_notice_to_surplus(house: House) -> None:
    loan = house.pledged()
    house.walk(62)
    officer, custodian, approver, risk = (Person(house.db, house.people[who]) for who in ("officer", "custodian", "approver", "risk"))
    assert loan in officer.see("/defaults")
    page = f"/defaults/{loan}"
    officer.send(page, f"{page}/notice")
    house.walk(10)
    custodian.send(page, f"{page}/value", amount="1500", words="三家询价（示例）")
    said = custodian.send(
        page,
        "ask-sale",
        status=422,
        price="1500",
        costs="拍卖佣金 50",
        buyer_name="示例小额贷款",
        buyer_id="",
        relation="lender",
        reason="",
    )
    assert "void" in said.content.decode()
    custodian.send(
        page, f"{page}/ask-sale", price="1500", costs="拍卖佣金 50.00", buyer_name="王示例", buyer_id="110101198001010010", relation="none"
    )
    approver.send(page, f"{page}/sell", approved="yes", words="估值相符")
    risk.send(page, f"{page}/sell", approved="yes", words="估值相符")
    officer.send(page, f"{page}/account")
    officer.send(page, f"{page}/ask-surplus", reason="退还处置余款")
    risk.send(page, f"{page}/return-surplus", approved="yes", words="")
    found = house.db.execute("SELECT state FROM disposal WHERE loan_id = %s", [loan_id_of(house.db, loan)]).fetchone()
    assert found == ("surplus_returned",)
    for language in ("en", "zh"):
        for path in ("/defaults", page, f"/releases/{loan}", f"/loans/{loan}"):
            officer.see(path, language)


def test_somebody_of_another_branch_finds_nothing_there(house: House) -> None:
    loan = house.pledged()
    house.pay(loan, 1200)
    stranger = Person(house.db, house.people["stranger"])
    assert loan not in stranger.see("/releases")
    assert stranger.client.get(f"/releases/{loan}").status_code == 404
    assert stranger.client.get(f"/defaults/{loan}").status_code == 404
