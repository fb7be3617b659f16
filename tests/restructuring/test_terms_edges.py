"""Other terms at the desk, on the phone and by API: compared, asked, agreed to with a code, decided by two, taken back by two."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import psycopg
import pytest

from holdfast.policy import clock, set_business_date
from holdfast.restructuring import RequestState, requests_of
from holdfast.servicing import Kind, Rearrangement, receive
from tests.api.conftest import Api, refused, said
from tests.books import OFFICER
from tests.restructuring.house import House, yuan
from tests.restructuring.test_terms import EXTEND, agree, agreed, digits_of
from tests.servicing.house import DAY
from tests.web.screens import desk, hidden, on_the_phone

KEY = "a-key-of-twelve-or-more"


@pytest.fixture
def house(db: psycopg.Connection[Any]) -> House:
    house = House(db, DAY).open()
    set_business_date(db, DAY)
    return house


def the(house: House, loan: str) -> Any:
    return requests_of(house.db, by=house.theirs, loan=loan)[0]


# ── at the desk ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.REAMORTISE])
def test_each_kind_is_compared_as_soon_as_it_is_chosen(house: House, kind: Kind) -> None:
    loan = house.loan(instalments=12)
    page = desk(house, "caller").get(f"/loans/{loan}/terms?kind={kind.value}")
    told = page.content.decode()
    assert page.status_code == 200 and "Both plans at a glance" in told and hidden(told, "shown")
    assert json.loads(hidden(told, "change"))["kind"] == kind.value


def test_a_figure_that_does_not_hold_or_a_kind_that_does_not_fit_is_told_in_place_of_the_comparison(house: House) -> None:
    loan = house.loan()
    caller = desk(house, "caller")
    for query, why in (
        ("kind=extend&instalments=0", "instalments"), ("kind=extend&instalments=x", "instalments"),
        ("kind=reamortise", "Nothing is overdue"),
        ("kind=due_dates&from_n=1&due_on=2026-02-30", "due_on"), ("kind=due_date&from_n=9&due_on=2026-05-05", "not there"),
        ("kind=new_rate&rate=99", "% a year; rule"), ("kind=holiday&periods=3&asks=nothing", "leaves one instalment"),
    ):  # fmt: skip
        page = caller.get(f"/loans/{loan}/terms?{query}")
        told = page.content.decode()
        assert page.status_code == 200 and why in told and 'name="shown"' not in told, query


def test_asked_at_the_desk_agreed_to_on_the_phone_decided_by_two_and_taken_back_by_two(house: House) -> None:
    loan = house.loan()
    caller, approver, risk, phone = (
        desk(house, "caller"),
        desk(house, "approver"),
        desk(house, "risk"),
        on_the_phone(house.borrower.public_id),
    )
    page = caller.get(f"/loans/{loan}/terms?kind=extend&instalments=3").content.decode()
    for figure in ("412.00", "212.00", "1,224.00", "1,242.00", "18.00", "2 Sep 2026", "agrees on their own page with a code"):
        assert figure in page, figure
    sent = {"key": hidden(page, "key"), "change": hidden(page, "change"), "shown": hidden(page, "shown"), "reason": "income_less"}
    assert caller.post(f"/loans/{loan}/terms", sent).status_code == 302
    asked = the(house, loan).public_id
    path = f"/borrower/loans/{loan}/terms"
    waiting = approver.get(f"/loans/{loan}").content.decode()
    assert "the borrower&#x27;s yes" in waiting and 'value="yes">Agree as the first of two' not in waiting
    # On the phone: both plans, the code, a wrong one, the right one.
    shown = phone.get(path).content.decode()
    assert "We propose this" in shown and "Send me the code" in shown
    sent_code = phone.post(f"{path}/{asked}/agreement", {}).content.decode()
    code_id, digits = hidden(sent_code, "code_id"), digits_of(house, clock(house.db))
    assert "138****0001" in sent_code
    wrong = phone.post(f"{path}/{asked}/agreement", {"code_id": code_id, "code": f"{(int(digits) + 1) % 10**6:06}"})
    assert wrong.status_code == 422 and "not the digits" in wrong.content.decode()
    assert phone.post(f"{path}/{asked}/agreement", {"code_id": code_id, "code": digits}).status_code == 302
    assert the(house, loan).state is RequestState.ASKED
    # At the desk: one, and another.
    decision = f"/loans/{loan}/terms/{asked}/decision"
    assert "Agree as the first of two" in risk.get(f"/loans/{loan}").content.decode()
    assert risk.post(decision, {"key": KEY, "agreed": "yes", "words": "同意（示例）"}).status_code == 302
    assert risk.post(decision, {"key": KEY + "2", "agreed": "yes", "words": "再同意（示例）"}).status_code == 403
    assert "Agree as the second person" in approver.get(f"/loans/{loan}").content.decode()
    assert approver.post(decision, {"key": KEY, "agreed": "yes", "words": "同意（示例）"}).status_code == 302
    assert the(house, loan).state is RequestState.AGREED
    assert "2 Sep 2026" in caller.get(f"/loans/{loan}").content.decode()
    assert "Agreed" in phone.get(path).content.decode()
    # And back.
    assert risk.post(f"/loans/{loan}/terms/{asked}/reversal", {"key": KEY + "3", "reason": "谈错了（示例）"}).status_code == 302
    page = approver.get(f"/loans/{loan}").content.decode()
    assert "asks to take these terms back" in page
    answer = page.split("/terms/reversals/")[1].split('"')[0]
    assert risk.post(f"/loans/{loan}/terms/reversals/{answer}", {"key": KEY + "4", "approved": "yes", "words": ""}).status_code == 403
    assert approver.post(f"/loans/{loan}/terms/reversals/{answer}", {"key": KEY + "4", "approved": "yes", "words": ""}).status_code == 302
    assert the(house, loan).state is RequestState.REVERSED
    assert "terms of before hold again" in phone.get(path).content.decode()
    house.clean()


def test_the_fresh_figures_stand_beside_the_old_ones_once_the_loan_has_moved(house: House) -> None:
    loan = house.loan()
    asked = house.ask(loan, by=house.people["caller"], change=EXTEND)
    agree(house, loan, asked)
    receive(house.db, clock=house.clock, by=OFFICER, loan=loan, amount=yuan(100), received_on=DAY)
    page = desk(house, "approver").get(f"/loans/{loan}").content.decode()
    assert "has moved since this was asked" in page and "1,124.00" in page and "Agree as the first" not in page
    refusal = desk(house, "approver").post(f"/loans/{loan}/terms/{asked.public_id}/decision", {"key": KEY, "agreed": "yes", "words": ""})
    assert refusal.status_code == 409 and "has moved since" in refusal.content.decode()


def test_a_change_that_nobody_was_shown_is_not_taken_from_a_form(house: House) -> None:
    loan = house.loan()
    caller = desk(house, "caller")
    page = caller.get(f"/loans/{loan}/terms?kind=extend&instalments=3").content.decode()
    sent = {"key": hidden(page, "key"), "shown": hidden(page, "shown"), "reason": "income_less"}
    for change in ("", "{", "[1]", '{"kind": "gift"}', '{"kind": "extend", "instalments": "many"}', '{"kind": "extend", "instalments": 2}'):
        assert caller.post(f"/loans/{loan}/terms", {**sent, "change": change}).status_code == 422, change
    assert requests_of(house.db, by=house.theirs, loan=loan) == []


# ── on the phone ───────────────────────────────────────────────────────────────────────────────────────────


def test_the_borrower_asks_for_another_day_and_says_yes_with_a_code(house: House) -> None:
    loan = house.loan()
    phone, path = on_the_phone(house.borrower.public_id), f"/borrower/loans/{loan}/terms"
    page = phone.get(f"{path}?kind=due_dates&from_n=1&due_on=2026-04-12").content.decode()
    assert "12 Apr 2026" in page and "12 Jun 2026" in page
    assert phone.post(path, {"change": hidden(page, "change"), "shown": hidden(page, "shown"), "reason": "income_late"}).status_code == 302
    asked = the(house, loan)
    assert asked.state is RequestState.PROPOSED and "One step is left" in phone.get(path).content.decode()
    sent = phone.post(f"{path}/{asked.public_id}/agreement", {}).content.decode()
    done = phone.post(
        f"{path}/{asked.public_id}/agreement", {"code_id": hidden(sent, "code_id"), "code": digits_of(house, clock(house.db))}
    )
    assert done.status_code == 302 and the(house, loan).state is RequestState.ASKED


def test_the_borrower_cannot_ask_for_what_staff_propose(house: House) -> None:
    loan = house.loan()
    rate = Rearrangement.from_json({"kind": "new_rate", "rate": {"ppb": 0, "per": "year"}})
    shown = house.compare(loan, by=house.people["caller"], change=rate).shown
    sent = {"change": json.dumps(rate.to_json()), "shown": shown, "reason": "other"}
    answer = on_the_phone(house.borrower.public_id).post(f"/borrower/loans/{loan}/terms", sent)
    assert answer.status_code == 422 and "we propose it" in answer.content.decode()


# ── by API ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_two_people_decide_and_two_take_back_by_api(house: House) -> None:
    api = Api(house.db, house)
    for name, role in (("ring", "caller"), ("check", "approver"), ("watch", "risk"), ("look", "auditor")):
        api.hire(name, role)
    loan, change = house.loan(), {"kind": "extend", "instalments": 3}
    told = said(api.post(f"/loans/{loan}/terms/comparison", {"change": change}, "look"))
    assert told["extra_cost"]["minor"] == 1_800 and told["wants_consent"] and told["instalments"][5]["was_due_on"] is None
    wrong = api.post(f"/loans/{loan}/terms/comparison", {"change": {"kind": "extend"}}, "look")
    refused(wrong, 422, "bad_input", "change.instalments")
    asked = said(api.post(f"/loans/{loan}/terms", {"change": change, "reason": "income_less", "shown": told["shown"]}, "ring"), 201)
    path = f"/loans/{loan}/terms/{asked['id']}"
    refused(api.post(f"{path}/decision", {"agreed": True}, "check"), 409, "restructuring_no_consent")
    agree(house, loan, the(house, loan))
    assert said(api.post(f"{path}/decision", {"agreed": True}, "watch"))["state"] == "seconded"
    done = said(api.post(f"{path}/decision", {"agreed": True}, "check"))
    assert (done["state"], [each["by"] for each in done["answers"]]) == ("agreed", ["watch 示例", "check 示例"])
    for who in ("ring", "look"):
        assert api.post(f"{path}/reversal", {"reason": "谈错了（示例）"}, who).status_code == 403
    waits = said(api.post(f"{path}/reversal", {"reason": "谈错了（示例）"}, "watch"), 201)
    assert api.post(f"/terms/reversals/{waits['id']}", {"approved": True}, "watch").status_code == 403
    assert said(api.post(f"/terms/reversals/{waits['id']}", {"approved": True}, "check"))["standing"] == "spent"
    assert said(api.get(f"/loans/{loan}/terms", "look"))["items"][0]["state"] == "reversed"


def test_a_calendar_follows_new_terms_under_the_same_names(house: House) -> None:
    from tests.web.test_papers import entries

    loan = house.loan()
    caller = desk(house, "caller")
    before = entries(caller.get(f"/loans/{loan}/repayments.ics").content)
    agreed(house, loan, Rearrangement(Kind.DEFER, months=1))
    after = entries(caller.get(f"/loans/{loan}/repayments.ics").content)
    assert before.keys() == after.keys()
    assert [(each["DTSTART"].dt, each["SEQUENCE"]) for each in after.values()] == [
        (date(2026, 5, 2), 1), (date(2026, 6, 2), 1), (date(2026, 7, 2), 1),
    ]  # fmt: skip
