"""The page on which contact with a borrower is paused and goes on again."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from django.test import Client

from holdfast import contact
from holdfast.policy import set_business_date
from tests.servicing.house import DAY, House
from tests.web.screens import desk, form_of

WHY = "客户来电说明（示例）"


@pytest.fixture
def house(db: psycopg.Connection[Any]) -> House:
    house = House(db, DAY).open()
    set_business_date(db, DAY)
    for role in ("caller", "auditor"):
        house.hire(role)
    return house


def carried(client: Client, page: str, to: str) -> dict[str, str]:
    return form_of(client.get(page).content.decode(), to)[1]


def test_a_caller_pauses_and_a_colleague_lifts_and_the_pauser_is_told_no(house: House) -> None:
    loan = house.loan()
    caller, page = desk(house, "caller"), f"/loans/{loan}/contact"
    assert caller.post(page, {**carried(caller, page, "/contact"), "reason": "dispute", "because": WHY}).status_code == 302
    assert "The debt is disputed" in caller.get(f"/loans/{loan}").content.decode()
    lift = f"{page}/dispute/lift"
    refused = caller.post(lift, {**carried(caller, page, "/lift"), "because": "ready again"})
    assert refused.status_code == 422
    assert "Another person lifts it" in refused.content.decode()
    officer = desk(house, "officer")
    assert officer.post(lift, {**carried(officer, page, "/lift"), "because": "ready again"}).status_code == 302
    assert "Nothing rests" in officer.get(page).content.decode()


def test_whoever_may_not_pause_sees_what_rests_and_no_form(house: House) -> None:
    loan = house.loan()
    contact.pause(house.db, clock=house.clock, by=house.people["caller"], loan=loan, reason="hardship", because=WHY)
    page = desk(house, "auditor").get(f"/loans/{loan}/contact").content.decode()
    assert WHY in page
    assert '<form class="form' not in page
