"""Queues, owners, absences and past days at the desk: drawn in both languages, each form does its verb or says why not."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from holdfast import duties
from holdfast.duties.period import cover
from holdfast.duties.statements import state
from holdfast.wiring import EXPECTATIONS
from tests.servicing.house import DAY, House
from tests.web.screens import Person, form_of, live_at

WHY = "示例缘由"


@pytest.fixture
def house(db: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch) -> House:
    """A book on the day after an instalment fell due and was not paid, at noon."""
    house = House(db, DAY).open()
    house.loan()
    live_at(monkeypatch, house)
    house.sleep((date(2026, 4, 3) - house.day).days)
    return house


def at(house: House, name: str, role: str | None = None, **more: Any) -> Person:
    return Person(house.db, house.hire(role or name, name=name, **more))


def loan_of(house: House) -> str:
    return str(house.db.execute("SELECT public_id FROM loan").fetchone()[0])  # type: ignore[index]


def follow_up(house: House) -> int:
    duty = duties.take(house.db, loan_of(house), None, lock=False).open("follow_up")
    assert duty is not None
    return duty.duty_no


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_page_is_drawn_in_both_languages(house: House, language: str) -> None:
    caller, above, risk = at(house, "one", "caller"), at(house, "above", "approver"), at(house, "over", "risk")
    loan, no = loan_of(house), follow_up(house)
    for view in ("open", "mine", "role", "snoozed"):
        caller.see(f"/duties?view={view}", language)
    above.see("/duties?view=told", language)
    caller.see("/duties/away", language)
    above.see("/duties/move?role=caller&to=", language)
    caller.see(f"/loans/{loan}/duties/{no}/owner", language)
    caller.see("/", language)
    risk.see("/coverage", language)
    risk.see("/coverage/period?first=2026-03-02&until=2026-04-02", language)
    caller.see(f"/coverage/period?first=2026-03-02&until=2026-04-02&loan={loan}", language)


def test_a_line_says_in_plain_words_why_it_stands_where_it_does(house: House) -> None:
    page = at(house, "one", "caller").see("/duties")
    assert "1 day past due +5" in page and "CNY 1,200.00 at stake +10" in page and "15 points" in page


def test_a_duty_is_taken_put_off_and_given_back_on_its_page(house: House) -> None:
    caller, page = at(house, "one", "caller"), f"/loans/{loan_of(house)}/duties/{follow_up(house)}/owner"
    assert "Nobody has taken it yet." in caller.see(page)
    caller.send(page, "/take")
    assert "one" in caller.see(page) or "does it." in caller.see(page)
    caller.send(page, "/snooze", until="2026-04-03T23:00", reason=WHY, status=422)
    caller.send(page, "/snooze", until="2026-04-03T15:00", reason=WHY)
    assert "hidden from the queue until" in caller.see(page)
    assert "You have put nothing off." not in caller.see("/duties?view=snoozed")
    assert "Nothing is to be done here now." in caller.see("/duties?view=mine")
    caller.send(page, "/back", reason=WHY)
    assert "Nobody has taken it yet." in caller.see(page)


def test_a_supervisor_assigns_a_duty_and_moves_many(house: House) -> None:
    above = at(house, "above", "approver")
    first, second = house.hire("caller", name="first"), house.hire("caller", name="second")
    page = f"/loans/{loan_of(house)}/duties/{follow_up(house)}/owner"
    where, carried = form_of(above.see(page), "/assign")
    assert above.client.post(where, {**carried, "to": first.public_id, "reason": WHY}).status_code == 302
    wanted = f"/duties/move?role=caller&from={first.public_id}&to={second.public_id}"
    assert "1 duty" in above.see(wanted)
    above.send(wanted, "duties/move", reason="", status=422)
    above.send(wanted, "duties/move", reason=WHY)
    assert "There is no such duty open." in above.see(wanted)
    owner = house.db.execute("SELECT owner_id FROM duty WHERE duty_no = %s", [follow_up(house)]).fetchone()
    assert owner == (second.staff_id,)


def test_somebody_enters_that_they_are_away_and_is_back(house: House) -> None:
    who = house.hire("caller", name="one")
    caller = Person(house.db, who)
    day = house.day.isoformat()
    caller.send("/duties/away", staff=who.public_id, from_on=day, until_on=(house.day - timedelta(days=1)).isoformat(), stand_in="",
                reason=WHY, status=422)  # fmt: skip
    caller.send("/duties/away", staff=who.public_id, from_on=day, until_on=day, stand_in="", reason=WHY)
    assert "back to the queue" in caller.see("/duties/away")
    caller.send("/duties/away", "/end")
    assert "Everybody is there." in caller.see("/duties/away")


def test_who_works_no_queue_finds_no_form(house: House) -> None:
    auditor, page = at(house, "look", "auditor"), f"/loans/{loan_of(house)}/duties/{follow_up(house)}/owner"
    assert "There is nothing for you to change here" in auditor.see(page)
    auditor.see("/duties/move?role=caller", status=403)
    far = at(house, "far", "caller", reach="branch")
    far.see(page, status=404)
    assert "Nothing is to be done here now." in far.see("/duties")


def test_each_day_s_statement_stands_on_the_page_of_coverage_for_who_oversees_the_book(house: House) -> None:
    day = house.day - timedelta(days=1)
    found = cover(house.db, day, EXPECTATIONS)
    state(house.db, found, clock=house.clock)
    page = at(house, "over", "risk").see("/coverage")
    assert "2 Apr 2026" in page and "Each day's statement" in page
    assert "Each day's statement" not in at(house, "one", "caller").see("/coverage")
    at(house, "two", "caller").see("/coverage/period", status=403)


def test_the_audit_of_past_days_becomes_a_sealed_paper(house: House) -> None:
    risk = at(house, "over", "risk")
    loan = loan_of(house)
    for path in ("/coverage/period?first=2026-03-02&until=2026-04-02", f"/coverage/period?first=2026-03-02&until=2026-04-02&loan={loan}"):
        made = risk.send(path, "coverage/period")
        paper = risk.client.get(made["Location"])
        assert paper.status_code == 200 and paper.content.startswith(b"%PDF")
    assert "事项核查单" in risk.see("/coverage")
    assert "Only days that are over can be audited." in risk.see(f"/coverage/period?until={house.day}", status=422)
