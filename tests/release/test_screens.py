"""The release and default desks: every page is drawn in both languages, and each form does its verb or says why not."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from holdfast.loans import loan_id_of
from tests.release.houses import NAME, House


def seated(house: House, who: str) -> Client:
    """A browser in which this person is logged in."""
    user = get_user_model().objects.create_user(username=f"{who}-{len(house.people)}", password="示例-long-enough-0")
    house.db.execute("UPDATE staff SET user_id = %s WHERE public_id = %s", [user.pk, f"st_{who}"])
    client = Client()
    client.force_login(user)
    return client


def fill(page: str, action: str, **fields: Any) -> dict[str, Any]:
    """The fields of the form that posts to `action`: its own key, and what a person types."""
    form = re.search(rf'<form[^>]*action="[^"]*{re.escape(action)}(?:#[^"]*)?".*?</form>', page, re.DOTALL)
    assert form is not None, f"no form posts to {action}"
    key = re.search(r'name="key" value="([^"]+)"', form[0])
    assert key is not None
    return {"key": key[1], **fields}


class Person:
    """Somebody at the console."""

    def __init__(self, house: House, who: str) -> None:
        self.client = seated(house, who)

    def see(self, path: str, language: str = "en") -> str:
        response = self.client.get(path, headers={"Accept-Language": {"en": "en", "zh": "zh-hans"}[language]})
        assert response.status_code == 200, (path, response.status_code, response.content.decode()[:2000])
        return response.content.decode()

    def do(self, page: str, action: str, *, status: int = 302, **fields: Any) -> str:
        response = self.client.post(f"{page}/{action}", fill(self.see(page), action, **fields), headers={"Accept-Language": "en"})
        assert response.status_code == status, response.content.decode()[:3000]
        return response.content.decode()


@pytest.fixture(autouse=True)
def of_today(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The desk lives on the day of the house."""
    from holdfast.web.console import desk

    monkeypatch.setattr(desk, "clock", lambda _db: house.clock)


def test_a_release_is_walked_at_the_desk_from_list_to_settled(house: House) -> None:
    loan = house.pledged()
    house.pay(loan, 1200)
    officer, custodian, approver, risk = (Person(house, who) for who in ("officer", "custodian", "approver", "risk"))
    assert "audit the account" in officer.see("/releases")
    page = f"/releases/{loan}"
    custodian.do(page, "code")
    house.minutes += 1
    house.send()
    digits = re.search(r"[0-9]{6}", house.messages(loan, "code_spoken")[0])
    assert digits is not None
    wrong = "000000" if digits[0] != "000000" else "111111"
    said = custodian.do(page, "identify", status=422, way="self", name=NAME, id_number=house.id_number, code=wrong)
    assert "not the digits that were sent" in said
    custodian.do(page, "identify", way="self", name=NAME, id_number=house.id_number, code=digits[0])
    officer.do(page, "audit")
    assert "all 10 agree" in officer.see(page)
    approver.do(page, "approve", approved="yes", words="看过")
    risk.do(page, "approve", approved="yes", words="看过")
    officer.do(page, "certify")
    officer.do(page, "report")
    ((seal, imeis),) = house.things[loan].items()
    said = custodian.do(page, "ask-hand-back", status=422, seal_1="SL-99999", imei_1=" ".join(imeis))
    assert "seal" in said
    custodian.do(page, "ask-hand-back", seal_1=seal, imei_1=" ".join(imeis))
    approver.do(page, "hand-back", approved="yes", words="在场")
    assert house.state(loan) == ("settled", "completed")
    for language in ("en", "zh"):
        for path in ("/releases", "/releases?done", page, f"/loans/{loan}", "/defaults"):
            officer.see(path, language)
    pdf = officer.client.get(re.findall(rf'href="(/releases/{loan}/papers/[^"]+)"', officer.see(page))[0])
    assert pdf.content.startswith(b"%PDF-") and pdf["Content-Type"] == "application/pdf"


def test_a_default_is_walked_at_the_desk_from_notice_to_surplus(house: House) -> None:
    loan = house.pledged()
    house.walk(62)
    officer, custodian, approver, risk = (Person(house, who) for who in ("officer", "custodian", "approver", "risk"))
    assert loan in officer.see("/defaults")
    page = f"/defaults/{loan}"
    officer.do(page, "notice")
    house.walk(10)
    custodian.do(page, "value", amount="1500", words="三家询价（示例）")
    said = custodian.do(
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
    assert "void" in said
    custodian.do(
        page, "ask-sale", price="1500", costs="拍卖佣金 50.00", buyer_name="王示例", buyer_id="110101198001010010", relation="none"
    )
    approver.do(page, "sell", approved="yes", words="估值相符")
    risk.do(page, "sell", approved="yes", words="估值相符")
    officer.do(page, "account")
    officer.do(page, "ask-surplus", reason="退还处置余款")
    risk.do(page, "return-surplus", approved="yes", words="")
    found = house.db.execute("SELECT state FROM disposal WHERE loan_id = %s", [loan_id_of(house.db, loan)]).fetchone()
    assert found == ("surplus_returned",)
    for language in ("en", "zh"):
        for path in ("/defaults", page, f"/releases/{loan}", f"/loans/{loan}"):
            officer.see(path, language)


def test_somebody_of_another_branch_finds_nothing_there(house: House) -> None:
    loan = house.pledged()
    house.pay(loan, 1200)
    stranger = Person(house, "stranger")
    assert loan not in stranger.see("/releases")
    assert stranger.client.get(f"/releases/{loan}").status_code == 404
    assert stranger.client.get(f"/defaults/{loan}").status_code == 404
