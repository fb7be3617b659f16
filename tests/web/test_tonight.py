"""Tonight at the desk: what each line is and what happens if it fails, night by pages, and in the morning promised against done."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from holdfast import contact
from holdfast.servicing import reminder_plans
from holdfast.servicing.night import record_contacts, run_night
from holdfast.web.console import tonight
from holdfast.wiring import CHANNELS
from tests.servicing.house import DAY, House
from tests.web.screens import Person, live_at


@pytest.fixture
def house(db: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch) -> House:
    """A book of two loans, on the evening before their first reminders."""
    house = House(db, DAY).open()
    house.loan()
    house.loan()
    live_at(monkeypatch, house)
    first = db.execute("SELECT due_on FROM duty WHERE open AND kind = 'reminder'").fetchone()
    assert first is not None
    house.sleep((first[0] - house.day).days - 1)
    return house


def reminder_of(house: House) -> tuple[int, str, date]:
    row = house.db.execute("SELECT loan_id, about, due_on FROM duty WHERE open AND kind = 'reminder'").fetchone()
    assert row is not None
    return row[0], row[1], row[2]


def shown(house: House, language: str = "en", query: str = "kind=message") -> str:
    return house_officer(house).see(f"/tonight?{query}", language)


def house_officer(house: House) -> Person:
    return Person(house.db, house.hire("officer", name=f"officer {house.db.execute('SELECT count(*) FROM staff').fetchone()}"))


def test_a_line_tells_its_moment_its_channel_its_hours_and_what_happens_if_it_fails(house: House) -> None:
    page = shown(house, "en")
    assert "by text message. Nothing leaves if it is paid before" in page and "instalment 1, T-7" in page
    assert "If that fails: a person." in page
    page = shown(house, "zh")
    assert "失败后：人工" in page


def test_a_line_names_the_plan_and_version_that_asks_for_it_and_each_channel_that_follows(house: House) -> None:
    moments = [{"days": -7, "channels": ["voice", "sms"]}, {"days": 0, "channels": ["sms"]}, {"days": 1, "channels": ["person"]}]
    made = reminder_plans.propose(
        house.db, clock=house.clock, by=house.people["risk"], name="先打电话", product=None, moments=moments,
        from_day=house.day + timedelta(days=1), words="nobody reads texts",
    )  # fmt: skip
    reminder_plans.answer(house.db, clock=house.clock, by=house.people["approver"], plan=made.row.public_id, approved=True, words="")
    page = shown(house)
    assert f'/plans/{made.row.public_id}">先打电话</a> version 1' in page
    assert "by robot call. Nothing leaves if it is paid before. If that fails: text message, then a person." in page
    assert "方式：语音电话。此前还款则不发。失败后：短信，再由人工。" in shown(house, "zh")


def test_in_the_morning_a_held_line_stands_among_the_differences_and_with_whom_it_is(house: House) -> None:
    loan_id, about, on = reminder_of(house)
    contact.hold_line(
        house.db, clock=house.clock, by=house.hire("officer", name="holder"), loan_id=loan_id, on=on, kind="message", about=about,
        reason="客户刚来过电话",
    )  # fmt: skip
    house.sleep(1)
    assert "still to go, within its hours" in shown(house)
    ended, _, _ = contact.claim(house.db, CHANNELS, clock=house.clock, limit=10)
    record_contacts(house.db, ended, clock=house.clock)
    found, ended = contact.undelivered(house.db, clock=house.clock)
    for each in found:
        contact.hand_to_a_person(house.db, each, clock=house.clock)
    assert [each.loan_id for each in found] == [loan_id] and not ended
    page = shown(house)
    assert "held by a person · with a caller now" in page
    assert "人工暂缓 · 已转电话员" in shown(house, "zh")


def test_a_large_night_is_told_whole_by_product_and_line_by_line_on_pages(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tonight, "_LOOKED_AT", 1)
    page = shown(house, "en")
    assert "The whole night by product" in page
    whole = run_night(house.db, clock=house.clock, on=house.day, dry_run=True)
    pages = [run_night(house.db, clock=house.clock, on=house.day, dry_run=True, most=1, skip=skip) for skip in range(3)]
    assert whole.messages == sum(each.messages for each in pages)
    assert [line for line in whole.lines if line.kind == "message"] == [
        line for each in pages for line in each.lines if line.kind == "message"
    ]
