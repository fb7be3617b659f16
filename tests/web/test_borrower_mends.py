"""The borrower's pages name no rule by its key, offer nothing before its time, and say where the money goes."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from holdfast import confirmation, payments, pledges
from holdfast.web.borrower import desk as borrower_desk
from tests.books import Book
from tests.confirmation.desk import CallDesk
from tests.payments.house import House, yuan
from tests.web.screens import on_the_phone

Db = psycopg.Connection[Any]


def test_the_cost_page_tells_the_ceiling_without_a_rule_s_key_and_counts_its_steps_right(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = CallDesk(db)
    monkeypatch.setattr(borrower_desk, "clock", lambda _db: desk.clock)
    page = on_the_phone(desk.shop.person("13800138000").public_id).get("/borrower/apply").content.decode()
    assert "rate.cap" not in page and "No lender of our kind may take more than 24.00%" in page
    assert "six short steps" in page and "five" not in page


def test_nothing_is_offered_to_be_confirmed_before_the_call_has_sent_its_code(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = CallDesk(db)
    monkeypatch.setattr(borrower_desk, "clock", lambda _db: desk.clock)
    phone, offer = on_the_phone(desk.party.public_id), "Confirm what was read to you"
    assert offer not in phone.get("/borrower/").content.decode()
    desk.talk()
    desk.say()
    assert offer not in phone.get("/borrower/").content.decode()
    confirmation.send_code(db, clock=desk.clock, by=desk.caller, loan=desk.loan)
    assert offer in phone.get("/borrower/").content.decode()


def test_who_pays_by_transfer_reads_to_which_account(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pledges, "pledge_of", lambda db, loan_id: SimpleNamespace(state="delivered"))
    house = House(Book(db, date(2026, 3, 2)))
    house.staff["admin"] = house.hire("admin", "admin", house.book.branch_id)
    monkeypatch.setattr(borrower_desk, "clock", lambda _db: house.clock)
    loan = house.paid()
    actor = house.borrower_of(loan)
    owed = payments.intend(db, clock=house.clock, by=actor, loan=loan, what="instalment", amount=yuan(412))
    phone = on_the_phone(actor.id)
    before = phone.get(f"/borrower/loans/{loan}/pay").content.decode()
    assert "as in your contract" in before and owed.code in before
    asked = payments.ask_house_account(
        db, clock=house.clock, by=house["admin"], holder="示例小额贷款有限公司", account="33100000000000012345", bank="示例银行东岸支行",
        bank_code="", words="对公收款账户",
    )  # fmt: skip
    payments.answer_house_account(db, clock=house.clock, by=house["risk"], request=asked.public_id, approved=True, words="已核对开户许可")
    page = phone.get(f"/borrower/loans/{loan}/pay").content.decode()
    assert "3310 0000 0000 0001 2345" in page and "示例银行东岸支行" in page and "示例小额贷款有限公司" in page
