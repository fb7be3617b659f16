"""The pages of a strategy: written row by row, its problems shown at the rows, tried, put live by another; and what a loan is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.test import Client

from holdfast.followup import strategies
from holdfast.policy import set_business_date
from tests.servicing.house import DAY, House
from tests.web.screens import desk, form_of

WHY = "试行新的分工（示例）"


@pytest.fixture
def house(db: psycopg.Connection[Any]) -> House:
    house = House(db, DAY).open()
    set_business_date(db, DAY)
    for role in ("risk", "approver", "caller"):
        house.hire(role)
    return house


def sent(client: Client, page: str, to: str, **fields: str) -> Any:
    """What comes back for a form of a page, filled in."""
    return client.post(*_filled(client, page, to, fields))


def _filled(client: Client, page: str, to: str, fields: dict[str, str]) -> tuple[str, dict[str, str]]:
    where, carried = form_of(client.get(page).content.decode(), to)
    return where, {**carried, **fields}


ROW = {
    "place": "3", "step": "call", "role": "caller", "script": "ask_what_happened", "points": "30", "why": "先打电话",
    "days_past_due_from": "4", "days_past_due_to": "12", "promises_broken_from": "0", "promises_broken_to": "0", "paused": "false",
}  # fmt: skip


def test_a_row_is_changed_its_gap_is_shown_and_mended_and_a_second_person_puts_it_live(house: House) -> None:
    risk = desk(house, "risk")
    begun = sent(risk, "/strategies", "/begin", name="夏季策略")
    draft = begun["Location"]
    assert sent(risk, f"{draft}/rows/r3", "/rows/r3", **ROW).status_code == 302
    page = risk.get(draft).content.decode()
    assert "Days late: 13 to 14, Broken promises: 0, Collection is paused: no" in page
    assert 'acts/propose"' not in page
    assert sent(risk, f"{draft}/rows/r3", "/rows/r3", **{**ROW, "days_past_due_to": "15"}).status_code == 302
    assert "Two rows speak of the same loans (row 3 and row 4): Days late: 15" in risk.get(draft).content.decode()
    assert sent(risk, f"{draft}/rows/r3", "/rows/r3", **{**ROW, "days_past_due_to": "14"}).status_code == 302
    first = str(house.day + timedelta(days=1))
    asked = sent(risk, draft, "/acts/propose", from_day=first, reason=WHY)
    assert 'acts/answer"' not in risk.get(asked["Location"]).content.decode()
    approver = desk(house, "approver")
    assert sent(approver, asked["Location"], "/acts/answer", approved="yes", words="").status_code == 302
    assert strategies.in_force(house.db, house.day + timedelta(days=1)).version == 1


def test_a_step_without_what_is_said_and_an_end_before_its_beginning_come_back_at_their_fields(house: House) -> None:
    risk = desk(house, "risk")
    draft = sent(risk, "/strategies", "/begin", name="夏季策略")["Location"]
    back = sent(risk, f"{draft}/rows/new", "/rows/new", **{**ROW, "script": "none", "days_past_due_to": "3"})
    assert back.status_code == 422
    assert "Name what is said." in back.content.decode()
    assert "This is less than where it begins." in back.content.decode()


def test_a_row_is_added_and_taken_out_again(house: House) -> None:
    risk = desk(house, "risk")
    draft = sent(risk, "/strategies", "/begin", name="夏季策略")["Location"]
    assert sent(risk, f"{draft}/rows/new", "/rows/new", **{**ROW, "exposure_from": "1,000.50"})["Location"].endswith("#r12")
    assert "1,000.50" in risk.get(draft).content.decode()
    assert sent(risk, f"{draft}/rows/r12", "/r12/out").status_code == 302
    assert "row 12" not in risk.get(draft).content.decode()
    assert risk.get(f"{draft}/rows/r12").status_code == 404


def test_the_trial_shows_what_would_change_and_a_caller_does_not_see_it(house: House) -> None:
    loan = house.loan()
    house.walk(70)
    set_business_date(house.db, house.day)
    risk = desk(house, "risk")
    draft = sent(risk, "/strategies", "/begin", name="夏季策略")["Location"]
    assert "Every loan gets the same answer as now." in risk.get(f"{draft}/trial?month=2026-04").content.decode()
    assert risk.get(f"{draft}/trial?month=2026-99").status_code == 422
    assert desk(house, "caller").get(f"{draft}/trial").status_code == 403
    sent(risk, f"{draft}/rows/r3", "/r3/out")
    sent(risk, f"{draft}/rows/r4", "/r4/out")
    assert "Refer to an approver" in risk.get(f"{draft}/trial?month=2026-04").content.decode()
    assert loan in risk.get(f"{draft}/trial?month=2026-04").content.decode()


def test_a_late_loan_shows_what_to_do_and_why_and_the_note_keeps_it(house: House) -> None:
    loan = house.loan()
    house.walk(34)
    house.sleep(1)
    set_business_date(house.db, house.day)
    caller = desk(house, "caller")
    page = caller.get(f"/loans/{loan}").content.decode()
    assert "What to do about the arrears" in page
    assert "A call finds the reason while a small sum is late" in page
    assert "Follow-up strategy of November 2026" in page
    today = caller.get("/strategies/today?role=caller").content.decode()
    assert loan in today
    assert loan not in caller.get("/strategies/today?role=officer").content.decode()
    assert "Call the borrower · Caller" in caller.get("/duties").content.decode()
