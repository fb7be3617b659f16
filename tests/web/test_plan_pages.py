"""Reminder plans at the desk: proposed row by row, wrong rows named, put live by another person, and the same in both languages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from holdfast.servicing import reminder_plans
from tests.servicing.house import DAY, House
from tests.web.screens import Person, live_at

WORDS = "短信太晚（示例）"


@pytest.fixture
def house(db: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch) -> House:
    house = House(db, DAY).open()
    live_at(monkeypatch, house)
    return house


def proposed(house: House) -> str:
    made = reminder_plans.propose(
        house.db, clock=house.clock, by=house.people["risk"], name="提前提醒", product="phone", from_day=house.day + timedelta(days=2),
        moments=[{"days": -5, "channels": ["sms", "voice"]}, {"days": 0, "channels": ["sms"]}, {"days": 1, "channels": ["person"]}],
        words=WORDS,
    )  # fmt: skip
    return made.row.public_id


def test_the_page_tells_each_product_what_binds_it_and_only_risk_has_the_form(house: House) -> None:
    page = Person(house.db, house.people["risk"]).see("/plans", "zh")
    assert "政策包" in page and "T-7，T-3，T-1，T0，T+1" in page and "/plans/propose" in page
    assert "/plans/propose" not in Person(house.db, house.people["officer"]).see("/plans", "en")


def test_a_version_shows_what_a_borrower_gets_and_what_differs_and_the_second_person_has_the_answer(house: House) -> None:
    plan = proposed(house)
    page = Person(house.db, house.people["approver"]).see(f"/plans/{plan}", "en")
    assert "5 days before" in page and "text message, then robot call, then a person" in page
    assert "no person is speaking" in page
    assert "Against the policy pack" in page and "is left out" in page
    assert f"/plans/{plan}/answer" in page
    own = Person(house.db, house.people["risk"]).see(f"/plans/{plan}", "zh")
    assert f"/plans/{plan}/answer" not in own
    assert "到期前 5 天" in own and "短信，再由语音电话，再由人工" in own
