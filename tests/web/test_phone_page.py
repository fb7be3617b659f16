"""The phone in the console: with a carrier it shows what became of each message, within sight, and no code."""

from __future__ import annotations

from datetime import date
from typing import Any

import psycopg
import pytest

from holdfast import contact
from holdfast.contact import Promise
from holdfast.loans import loan_id_of
from holdfast.wiring import CHANNELS
from tests.contact.test_receipts import Gateway
from tests.servicing.house import House
from tests.web.screens import desk

Db = psycopg.Connection[Any]


def test_each_message_stands_with_what_the_carrier_told_of_it(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    house = House(db, date(2026, 11, 23)).open()
    loan_id = loan_id_of(db, house.loan())
    at = house.clock.now()
    for number in ("13900000001", "13900000002"):
        says = {"what": "login", "code": "123456"}
        contact.promise(
            db,
            Promise(loan_id, None, None, "code", "sms", "code", says, house.clock.today(), at, at.replace(hour=23), number=number),
        )  # fmt: skip
    gateway = Gateway("sent")
    monkeypatch.setitem(CHANNELS, "sms", gateway)
    _, handed, _ = contact.claim(db, CHANNELS, clock=house.clock, limit=1)
    contact.take_answers(db, CHANNELS, contact.hand_over(CHANNELS, handed, at), clock=house.clock)
    gateway.says = "failed"
    _, handed, _ = contact.claim(db, CHANNELS, clock=house.clock, limit=1)
    contact.take_answers(db, CHANNELS, contact.hand_over(CHANNELS, handed, at), clock=house.clock)
    page = desk(house, "officer").get("/phone").content.decode()
    assert "Messages leave over test carrier (itself)" in page
    assert "Failed" in page
    assert "Sent" in page
    assert "123456" not in page
