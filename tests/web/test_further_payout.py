"""A further payout by its screen and by the API, and what the bank takes back: who finds the form, what a refusal says, the whole way."""

from __future__ import annotations

import re
from typing import Any

import psycopg
import pytest

from holdfast import payments, pledges, servicing
from holdfast.kernel.money import Money
from holdfast.parties import register_party, staff_by_id
from holdfast.pledges import Cover
from holdfast.policy import set_business_date
from holdfast.wiring import receive_many, take_answer
from tests.api.conftest import Api, refused, said, settled_in
from tests.books import CNY, OFFICER, round_terms
from tests.servicing.house import DAY, House
from tests.web.screens import desk, sent

ACCOUNT = "6222 0200 0000 0000 123"
GIVEN = {"amount": "300.00", "payee_name": "张示例", "account": ACCOUNT, "channel": "rail", "words": "借款人来电，请再借三百（示例）"}


@pytest.fixture(autouse=True)
def covered(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is pledged is worth enough; how that is reckoned, the tests of pledges say."""

    def cover_of(db: Any, *, owed: Any, case: Any, clock: Any, **_: Any) -> Cover:
        return Cover(owed(db, loan=case.loan.public_id, on=clock.today()), Money(10**7, CNY), (case.loan.public_id,), {})

    monkeypatch.setattr(pledges, "cover_of", cover_of)


@pytest.fixture
def house(db: psycopg.Connection[Any]) -> House:
    house = House(db, DAY).open()
    set_business_date(db, DAY)
    return house


def text(response: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def test_the_way_to_it_stands_on_the_loan_of_whoever_may_ask_where_its_contract_leaves_any(house: House) -> None:
    open_loan, closed = house.loan(limit=200_000), house.loan()
    for role, there in (("officer", True), ("approver", False), ("risk", False), ("caller", False), ("auditor", False)):
        who = desk(house, role)
        address = f"/loans/{open_loan}/further-payout"
        assert (address in who.get(f"/loans/{open_loan}").content.decode()) is there, role
        assert who.get(address).status_code == (200 if there else 403), role
    officer = desk(house, "officer")
    assert f"/loans/{closed}/further-payout" not in officer.get(f"/loans/{closed}").content.decode()
    assert "The contract leaves nothing to pay out." in text(officer.get(f"/loans/{closed}/further-payout"))


def test_it_is_asked_at_the_desk_checked_by_another_and_the_loan_grows(house: House) -> None:
    loan = house.loan(limit=200_000)
    officer, approver = desk(house, "officer"), desk(house, "risk")
    page = text(officer.get(f"/loans/{loan}/further-payout"))
    assert "Limit of all payouts CNY 2,000.00 Paid out so far CNY 1,200.00 Left to pay out CNY 800.00" in page
    assert sent(officer, f"/loans/{loan}/further-payout", **GIVEN).status_code == 302
    money = text(approver.get("/money"))
    assert "a further sum" in money and "请再借三百" in money
    assert "Agree: pay it out" not in text(officer.get("/money")), "who asked does not check"
    assert "Agree: pay it out" not in text(officer.get(f"/loans/{loan}/further-payout"))
    assert sent(approver, "/money", to="/check", approved="yes", words="").status_code == 302
    assert servicing.room_of(house.db, servicing_number(house, loan)).paid_out == Money(150_000, CNY)
    assert house.kinds(loan)[-1] == "loan.disbursed"
    house.clean()


def servicing_number(house: House, loan: str) -> int:
    row = house.db.execute("SELECT loan_id FROM loan WHERE public_id = %s", [loan]).fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"amount": "800.01"}, "The contract leaves 800.00 to pay out"),
        ({"payee_name": "李示例"}, "not the borrower's name"),
        ({"account": "12"}, "account"),
        ({"amount": "0"}, "more than nothing"),
    ],
)
def test_a_refusal_names_its_rule_and_keeps_what_was_typed(house: House, changed: dict[str, str], why: str) -> None:
    loan = house.loan(limit=200_000)
    answer = sent(desk(house, "officer"), f"/loans/{loan}/further-payout", **{**GIVEN, **changed})
    assert answer.status_code == 422
    assert why in text(answer).replace("&#x27;", "'") and "请再借三百" in answer.content.decode()
    assert payments.payouts(house.db, house.people["officer"].scope) == []


def test_the_same_by_api_with_the_same_refusals(db: psycopg.Connection[Any]) -> None:
    api = settled_in(db)
    loan = _of_somebody(api)
    body = {"amount": {"minor": 30_000, "currency": CNY}, "payee_name": "张示例", "account": ACCOUNT, "words": "借款人来电（示例）"}
    path = f"/loans/{loan}/further-payouts"
    assert said(api.get(path))["left"] == {"minor": 80_000, "currency": CNY}
    for role in ("approver", "risk", "caller", "custodian", "auditor", "admin", "integrator"):
        assert api.post(path, body, who=role).status_code == 403, role
    over = api.post(path, {**body, "amount": {"minor": 80_001, "currency": CNY}})
    refused(over, 409, "above_limit", "amount")
    api.hire("far", "officer", "branch", branch_id=_elsewhere(api))
    refused(api.post(path, body, who="far"), 404, "loan_not_found", "loan")
    asked = said(api.post(path, body), 201)
    assert (asked["state"], asked["further"], asked["amount"]["minor"]) == ("asked", True, 30_000)
    refused(api.post(path, body), 409, "payout_under_way")
    assert api.post(f"/payouts/{asked['id']}/check", {"approved": True}).status_code == 403
    assert said(api.post(f"/payouts/{asked['id']}/check", {"approved": True}, who="approver"))["state"] == "approved"


def _of_somebody(api: Api) -> str:
    party = register_party(
        api.db, clock=api.book.clock, by=OFFICER, kind="person", branch_id=api.book.branch_id, private={"name": "张示例"}
    )  # fmt: skip
    return servicing.originate(
        api.db, clock=api.book.clock, by=OFFICER, officer_id=None, branch_id=api.book.branch_id, party_id=party.party_id,
        borrower_label="张*", product_code="none", product_version=1, contract_no="T-900", terms=round_terms(api.book.day, limit=200_000),
        pack=api.book.pack,
    ).public_id  # fmt: skip


def _elsewhere(api: Api) -> int:
    row = api.db.execute("INSERT INTO branch (public_id, code, name) VALUES ('br_e', 'E', '别处（示例）') RETURNING branch_id").fetchone()
    assert row is not None
    return int(row[0])


# -- what the bank takes back -----------------------------------------------------------------------------------------


def loaded(house: House, *rows: str) -> str:
    """A statement with these rows (amount, payer, remark, reference), matched as far as it goes; its public id."""
    officer = house.people["officer"].staff_id
    house.db.execute("UPDATE staff SET branch_id = %s WHERE staff_id = %s", [house.branch_id, officer])
    house.people["officer"] = staff_by_id(house.db, officer)
    body = "".join(f"{house.day},{row}\n" for row in rows)
    file = payments.load_bank_file(
        house.db, clock=house.clock, by=house.people["officer"], name="流水.csv", map_name="generic",
        data=f"交易日期,交易金额,对方户名,摘要,流水号\n{body}".encode(),
    )  # fmt: skip
    while payments.match_lines(house.db, clock=house.clock, receive=receive_many, answer=take_answer):
        pass
    return file.public_id


def test_money_that_the_bank_took_back_is_owed_again(house: House) -> None:
    loan = house.loan()
    number = house.db.execute("SELECT contract_no FROM loan WHERE public_id = %s", [loan]).fetchone()
    assert number is not None
    file = loaded(house, f"412.00,张示例,{number[0]},R1", "-412.00,张示例,退票,R2", "-5.00,银行,手续费,R3")
    officer = desk(house, "officer")
    assert house.kinds(loan)[-1] == "receipt.posted"
    page = officer.get(f"/money/statements/{file}").content.decode()
    went, fee = re.findall(r"/money/lines/(bl_\w+)/returned", page)
    assert "No money of this amount has come" in text(officer.get(f"/money/lines/{fee}/returned"))
    shown = officer.get(f"/money/lines/{went}/returned").content.decode()
    (came,) = re.findall(r'<option value="(bl_\w+)"', shown)
    for role in ("approver", "caller", "auditor"):
        assert desk(house, role).get(f"/money/lines/{went}/returned").status_code == 403, role
        assert "/returned" not in desk(house, role).get(f"/money/statements/{file}").content.decode(), role
    done = sent(officer, f"/money/lines/{went}/returned", line=came)
    assert (done.status_code, done.headers["Location"]) == (302, f"/loans/{loan}")
    assert house.kinds(loan)[-1] == "receipt.reversed"
    assert "Taken back by the bank" in officer.get(f"/money/statements/{file}").content.decode()
    assert officer.get(f"/money/lines/{went}/returned").status_code == 409
    house.clean()


def test_what_lies_in_suspense_leaves_it_when_the_bank_takes_it_back(house: House) -> None:
    file = loaded(house, "88.00,示例别人,不知是谁,R1", "-88.00,示例别人,退票,R2")
    officer = desk(house, "officer")
    went = re.findall(r"/money/lines/(bl_\w+)/returned", officer.get(f"/money/statements/{file}").content.decode())[0]
    (came,) = re.findall(r'<option value="(bl_\w+)"', officer.get(f"/money/lines/{went}/returned").content.decode())
    assert sent(officer, f"/money/lines/{went}/returned", line=came).headers["Location"] == "/money/suspense"
    assert payments.suspense(house.db, house.people["officer"]) == []
