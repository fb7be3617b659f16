"""The pages of what borrowers write: the phone answers at any hour, the desk answers the rest."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import psycopg
import pytest

from holdfast import contact
from holdfast.contact import Inbound, inbound
from holdfast.policy import set_business_date
from holdfast.servicing import answers
from tests.servicing.house import DAY, House
from tests.web.screens import desk, form_of, on_the_phone

ASKED = "可以提前还一部分吗（示例）"


@pytest.fixture
def house(db: psycopg.Connection[Any]) -> House:
    house = House(db, DAY).open()
    set_business_date(db, DAY)
    for role in ("caller", "custodian"):
        house.hire(role)
    return house


def write(house: House, text: str, number: str) -> None:
    contact.keep_heard(lambda: nullcontext(house.db), lambda _: house.clock)("carrier", [Inbound(text, number, "106", text)])
    contact.take_inbound(house.db, clock=house.clock, answers=answers.stands)


@pytest.mark.parametrize(
    ("about", "words"),
    [("balance", "1,200.00"), ("plan", "412.00"), ("payoff", "1,200.00"), ("release", "your ID card")],
)
def test_the_phone_answers_the_same_questions_at_once(house: House, about: str, words: str) -> None:
    page = on_the_phone(house.borrower.public_id).get(f"/borrower/loans/{house.loan()}/ask?about={about}").content.decode()
    assert words in page


def test_a_pay_off_is_told_for_any_day_ahead_and_a_day_gone_says_why_not(house: House) -> None:
    phone, loan = on_the_phone(house.borrower.public_id), house.loan()
    page = phone.get(f"/borrower/loans/{loan}/ask?about=payoff&on=2026-03-12").content.decode()
    assert "Pays the loan off on 12 Mar 2026" in page
    assert "1,203.87" in page, "1,200.00 and 10 of 31 days of 12.00"
    gone = phone.get(f"/borrower/loans/{loan}/ask?about=payoff&on=2026-03-01")
    assert gone.status_code == 422
    assert "choose a day" in gone.content.decode()


def test_a_question_from_the_phone_is_answered_at_the_desk_and_read_on_the_phone(house: House) -> None:
    phone, loan = on_the_phone(house.borrower.public_id), house.loan()
    assert phone.post(f"/borrower/loans/{loan}/ask", {"words": "x"}).status_code == 422
    assert phone.post(f"/borrower/loans/{loan}/ask", {"words": ASKED}).status_code == 302
    assert "answer by 3 Mar 2026" in phone.get(f"/borrower/loans/{loan}/ask").content.decode()
    caller = desk(house, "caller")
    assert loan in caller.get("/inbound").content.decode()
    assert "What the borrower asked" in caller.get(f"/loans/{loan}").content.decode()
    page = caller.get(f"/loans/{loan}/inbound").content.decode()
    assert ASKED in page
    assert "on their page, logged in" in page
    assert caller.post(f"/loans/{loan}/inbound", {**form_of(page)[1], "words": "可以（示例）"}).status_code == 302
    assert "可以（示例）" in phone.get(f"/borrower/loans/{loan}/ask").content.decode()
    custodian = desk(house, "custodian").get(f"/loans/{loan}/inbound").content.decode()
    assert "Answer the borrower" not in custodian


def test_a_message_from_an_unknown_number_is_put_on_a_loan_by_a_person(house: House) -> None:
    loan = house.loan()
    write(house, ASKED, "13700000009")
    caller = desk(house, "caller")
    page = caller.get("/inbound").content.decode()
    assert ASKED in page
    assert "unknown number" in page
    (found,) = inbound.queue(house.db, by=house.people["caller"])
    to = f"/inbound/{found.public_id}/link"
    key = form_of(page, "/link")[1]
    wrong = caller.post(to, {**key, "loan": "ln_none", "why": "电话核对（示例）"})
    assert wrong.status_code == 422
    assert caller.post(to, {**form_of(wrong.content.decode(), "/link")[1], "loan": loan, "why": "电话核对（示例）"}).status_code == 302
    page = caller.get(f"/loans/{loan}/inbound").content.decode()
    assert "by text message, unproved" in page


def test_a_message_that_is_nobodys_is_set_aside(house: House) -> None:
    house.loan()
    write(house, "广告（示例）", "13700000009")
    caller = desk(house, "caller")
    (found,) = inbound.queue(house.db, by=house.people["caller"])
    key = form_of(caller.get("/inbound").content.decode(), "/aside")[1]
    assert caller.post(f"/inbound/{found.public_id}/aside", {**key, "why": "广告（示例）"}).status_code == 302
    assert "广告（示例）" not in caller.get("/inbound").content.decode()


def test_stop_on_the_phone_stops_and_another_borrower_cannot(house: House) -> None:
    loan = house.loan()
    other = house.person("李示例", phone="13800000002")
    assert on_the_phone(other.public_id).post(f"/borrower/loans/{loan}/leave-alone").status_code == 404
    assert on_the_phone(other.public_id).get(f"/borrower/loans/{loan}/ask?about=balance").status_code == 404
    assert on_the_phone(house.borrower.public_id).post(f"/borrower/loans/{loan}/leave-alone").status_code == 302
    asked = contact.may_call(house.db, clock=house.clock, party_id=house.borrower.party_id, purpose="collection")
    assert asked.rule == "contact.opt_out"
