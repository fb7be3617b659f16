"""Settlements at the desk, on the phone and over the API: the comparison, whose authority it is, the decision, the code, the register."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from holdfast.policy import clock, set_business_date
from tests.api.conftest import Api, refused, said
from tests.followup.settling import House
from tests.servicing.house import DAY
from tests.web.screens import desk, on_the_phone, sent


@pytest.fixture
def house(db: psycopg.Connection[Any]) -> House:
    house = House(db, DAY).open()
    set_business_date(db, DAY)
    return house


@pytest.fixture
def loan(house: House) -> str:
    loan = house.late()
    set_business_date(house.db, house.day)
    return loan


def looked_at(house: House, loan: str, amount: str, days: int = 5) -> str:
    return f"/loans/{loan}/settlement?pay_by_1={house.day + timedelta(days=days)}&amount_1={amount}"


def words_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_a_caller_sees_what_it_forgives_and_whose_it_is_before_anything_is_offered(house: House, loan: str) -> None:
    caller = desk(house, "caller")
    assert "Agree on a settlement" in caller.get(f"/loans/{loan}").content.decode()
    page = words_of(caller.get(looked_at(house, loan, "1000.00")).content.decode())
    assert "Forgiven at most" in page and "Decides : Approver / Risk manager" in page.replace(": ", " : ").replace("  ", " ")
    page = words_of(caller.get(looked_at(house, loan, "800.00")).content.decode())
    assert "Approver may not: principal forgiven, as a share" in page
    assert "Nobody here may agree to so much" in words_of(caller.get(looked_at(house, loan, "50.00")).content.decode())
    assert "settlement" not in house.duties(loan)


def test_it_is_offered_at_the_desk_decided_by_another_and_agreed_to_on_the_phone(house: House, loan: str) -> None:
    answer = sent(desk(house, "caller"), looked_at(house, loan, "900.00"), reason="illness", means="family", words="示例缘由，已核对")
    assert answer.status_code == 302 and "settlement" in house.duties(loan)
    assert "CNY 900.00 paid" in words_of(desk(house, "auditor").get("/settlements").content.decode())
    approver = desk(house, "approver").get(f"/loans/{loan}/settlement").content.decode()
    assert "This is beyond your authority" in words_of(approver) and "Agree to exactly this" not in approver
    risk = desk(house, "risk")
    assert sent(risk, f"/loans/{loan}/settlement", to="/decision", agreed="yes", words="属实").status_code == 302
    phone = on_the_phone(house.borrower.public_id)
    assert "A settlement is ready" in phone.get("/borrower/").content.decode()
    page = phone.get(f"/borrower/loans/{loan}/settlement").content.decode()
    where = re.search(r'action="([^"]*/agree)"', page)
    assert where is not None
    page = phone.post(where[1], {"code_id": "", "code": ""}).content.decode()
    code_id = re.search(r'name="code_id" value="([^"]+)"', page)
    assert code_id is not None
    digits = house.digits(clock(house.db))
    assert phone.post(where[1], {"code_id": code_id[1], "code": f"{(int(digits) + 1) % 1_000_000:06}"}).status_code == 422
    assert phone.post(where[1], {"code_id": code_id[1], "code": digits}).status_code == 302
    page = phone.get(f"/borrower/loans/{loan}/settlement").content.decode()
    assert "CNY 900.00 is left" in words_of(page)
    paper = re.search(r'href="([^"]*/agreement)"', page)
    assert paper is not None and phone.get(paper[1]).content.startswith(b"%PDF")
    found = re.search(rf'href="(/loans/{loan}/settlement/[^"]*/agreement)"', risk.get(f"/loans/{loan}/settlement").content.decode())
    assert found is not None and risk.get(found[1]).content.startswith(b"%PDF")


def test_the_register_shows_one_state_at_a_time(house: House, loan: str) -> None:
    house.offer(loan, (5, 900))
    auditor = desk(house, "auditor")
    assert loan in auditor.get("/settlements?state=offered").content.decode()
    assert loan not in auditor.get("/settlements?state=kept").content.decode()


def test_the_same_over_the_api_names_the_field_and_the_mend(house: House, loan: str) -> None:
    api = Api(house.db, house)
    for role in ("caller", "approver", "risk"):
        api.hire(f"api-{role}", role)
    part = {"pay_by": str(house.day + timedelta(days=5)), "amount": {"minor": 90_000, "currency": "CNY"}}
    late = {**part, "pay_by": str(house.day + timedelta(days=500))}
    url = f"/loans/{loan}/settlements"
    refused(api.post(f"{url}/comparison", {"parts": [late]}, who="api-caller"), 422, "settlement_day", "pay_by")
    told = said(api.post(f"{url}/comparison", {"parts": [part]}, who="api-caller"))
    assert told["authority"]["roles"] == ["risk"] and told["authority"]["beyond"] == {"approver": "authority.principal_percent"}
    body = {"parts": [part], "reason": "illness", "means": "family", "words": "示例缘由", "shown": told["terms"]["shown"]}
    refused(api.post(url, body, who="api-risk"), 403, "role_may_not")
    made = said(api.post(url, body, who="api-caller"), 201)
    assert made["state"] == "offered" and made["left"]["minor"] == 90_000
    decision = f"{url}/{made['id']}/decision"
    refused(api.post(decision, {"agreed": True}, who="api-approver"), 403, "beyond_authority_of")
    assert said(api.post(decision, {"agreed": True}, who="api-risk"))["state"] == "approved"
    back = said(api.post(f"{url}/{made['id']}/withdrawal", {"words": "改变主意"}, who="api-caller"))
    assert back["state"] == "withdrawn"
    refused(
        api.post(f"{url}/talk", {"outcome": "reached", "how": "came", "words": "示例说明"}, who="api-caller"), 409, "settlement_none_broken"
    )
    assert [each["id"] for each in said(api.get("/settlements", "api-risk", state="withdrawn"))["items"]] == [made["id"]]
    assert [each["state"] for each in said(api.get(url, who="api-risk"))["items"]] == ["withdrawn"]
