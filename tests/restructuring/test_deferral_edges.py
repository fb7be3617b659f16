"""More time by API, at the desk and on the phone: the same verbs, the same refusals."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest
from django.test import Client

from holdfast.policy import set_business_date
from holdfast.restructuring import requests_of
from tests.api.conftest import Api, refused, said
from tests.restructuring.house import House
from tests.servicing.house import DAY
from tests.web.screens import desk, hidden, on_the_phone

ONE_MONTH = {"kind": "defer", "months": 1}


@pytest.fixture
def house(db: psycopg.Connection[Any]) -> House:
    house = House(db, DAY).open()
    set_business_date(db, DAY)
    return house


@pytest.fixture
def api(house: House) -> Api:
    api = Api(house.db, house)
    for name, role in (("ring", "caller"), ("desk", "officer"), ("check", "approver"), ("look", "auditor"), ("keep", "custodian")):
        api.hire(name, role)
    return api


# ── by API ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_compare_ask_and_agree_by_api(api: Api, house: House) -> None:
    loan = house.loan()
    told = said(api.post(f"/loans/{loan}/terms/comparison", {"change": ONE_MONTH}, "look"))
    assert told["extra_cost"] == {"minor": 1200, "currency": "CNY"} and told["instalments"][0]["due_on"] == "2026-05-02"
    body = {"change": ONE_MONTH, "reason": "income_late", "shown": told["shown"]}
    for who in ("look", "check", "keep"):
        assert api.post(f"/loans/{loan}/terms", body, who).status_code == 403
    asked = api.post(f"/loans/{loan}/terms", body, "ring")
    told = said(asked, 201)
    assert told["state"] == "asked"
    path = f"/loans/{loan}/terms/{told['id']}"
    for who in ("look", "ring", "desk", "keep"):
        assert api.post(f"{path}/decision", {"agreed": True}, who).status_code == 403
    agreed = said(api.post(f"{path}/decision", {"agreed": True, "words": "情况属实（示例）"}, "check"))
    assert agreed["state"] == "agreed" and agreed["decided_by"] == "check 示例"
    assert said(api.get(f"/loans/{loan}/schedule", "look"))["items"][0]["due_on"] == "2026-05-02"
    assert said(api.get(f"/loans/{loan}/terms", "look"))["items"][0]["comparison"]["was_ending_on"] == "2026-06-02"
    refused(api.post(f"{path}/withdrawal", {}, "ring"), 409, "restructuring_state")


def test_a_request_without_its_figures_or_with_others_is_refused_by_api(api: Api, house: House) -> None:
    loan = house.loan()
    assert api.post(f"/loans/{loan}/terms", {"change": ONE_MONTH, "reason": "income_late"}, "ring").status_code == 422
    moved = {"change": ONE_MONTH, "reason": "income_late", "shown": "0" * 64}
    refused(api.post(f"/loans/{loan}/terms", moved, "ring"), 409, "restructuring_moved", "shown")
    other = api.post(f"/loans/{loan}/terms", {"change": ONE_MONTH, "reason": "illness", "shown": "0" * 64}, "ring")
    assert other.status_code == 422


# ── at the desk ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_caller_sees_the_cost_asks_and_an_approver_agrees_on_the_loan_s_page(house: House) -> None:
    loan = house.loan()
    caller = desk(house, "caller")
    page = caller.get(f"/loans/{loan}/terms").content.decode()
    assert "12.00" in page and "1,236.00" in page
    sent = {"key": hidden(page, "key"), "change": hidden(page, "change"), "shown": hidden(page, "shown"), "reason": "income_late"}
    assert caller.post(f"/loans/{loan}/terms", sent).status_code == 302
    assert caller.post(f"/loans/{loan}/terms", sent).status_code == 302, "the same form sent twice asks once"
    assert b"Agree to the extension" not in caller.get(f"/loans/{loan}").content
    assert b"own officer" not in caller.get(f"/loans/{loan}").content
    approver = desk(house, "approver")
    shown = approver.get(f"/loans/{loan}")
    assert b"Agree to the extension" in shown.content
    asked = requests_of(house.db, by=house.people["auditor"], loan=loan)[0]
    path = f"/loans/{loan}/terms/{asked.public_id}/decision"
    silent = approver.post(path, {"key": "a-key-of-twelve-or-more", "agreed": "no", "words": ""})
    assert silent.status_code in (409, 422), "whoever refuses says why"
    assert approver.post(path, {"key": "another-key-of-twelve", "agreed": "yes", "words": "情况属实（示例）"}).status_code == 302
    assert "2 May 2026" in approver.get(f"/loans/{loan}").content.decode()


def test_the_page_says_why_there_is_no_extension(house: House) -> None:
    loan = house.loan(instalments=1)
    house.decide(loan, house.ask(loan))
    assert "never longer than the first term" in desk(house, "officer").get(f"/loans/{loan}/terms?kind=defer&months=1").content.decode()


@pytest.mark.parametrize("who", ["caller", "officer", "custodian", "auditor"])
def test_who_may_not_decide_is_refused_at_the_desk(house: House, who: str) -> None:
    loan = house.loan()
    asked = house.ask(loan)
    path = f"/loans/{loan}/terms/{asked.public_id}/decision"
    assert desk(house, who).post(path, {"key": "a-key-of-twelve-or-more", "agreed": "yes", "words": ""}).status_code == 403


# ── on the phone ───────────────────────────────────────────────────────────────────────────────────────────


def test_the_borrower_sees_the_cost_asks_and_takes_it_back(house: House) -> None:
    loan = house.loan()
    phone = on_the_phone(house.borrower.public_id)
    page = phone.get(f"/borrower/loans/{loan}/terms?kind=defer&months=2").content.decode()
    assert "24.00" in page
    sent = {"change": hidden(page, "change"), "shown": hidden(page, "shown"), "reason": "unforeseen_cost"}
    assert phone.post(f"/borrower/loans/{loan}/terms", sent).status_code == 302
    waiting = phone.get(f"/borrower/loans/{loan}/terms").content.decode()
    assert "Waits for an answer" in waiting and 'id="ask"' not in waiting
    asked = requests_of(house.db, by=house.theirs, loan=loan)[0]
    assert phone.post(f"/borrower/loans/{loan}/terms/{asked.public_id}/withdrawal").status_code == 302
    assert "You took this request back" in phone.get(f"/borrower/loans/{loan}/terms").content.decode()


def test_figures_that_moved_are_shown_again_and_nothing_is_asked(house: House) -> None:
    loan = house.loan()
    phone = on_the_phone(house.borrower.public_id)
    answer = phone.post(f"/borrower/loans/{loan}/terms", {"change": json.dumps(ONE_MONTH), "shown": "0" * 64, "reason": "other"})
    page = answer.content.decode()
    assert answer.status_code == 422 and "has moved since" in page
    again = {"change": hidden(page, "change"), "shown": hidden(page, "shown"), "reason": "other"}
    assert phone.post(f"/borrower/loans/{loan}/terms", again).status_code == 302


def test_a_stranger_s_loan_is_not_there(house: House) -> None:
    loan = house.loan()
    phone = on_the_phone(house.person("李示例").public_id)
    assert phone.get(f"/borrower/loans/{loan}/terms").status_code == 404
    assert (
        phone.post(f"/borrower/loans/{loan}/terms", {"change": json.dumps(ONE_MONTH), "shown": "x", "reason": "other"}).status_code == 404
    )
    assert Client().get(f"/borrower/loans/{loan}/terms").status_code == 302
