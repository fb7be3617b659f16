"""Calls about a late loan: the rules are asked before anybody's telephone rings, and each call is one line of the ledger."""

from __future__ import annotations

import json
from datetime import time, timedelta
from typing import Any

import pytest

from holdfast import contact
from holdfast.contact import pause
from holdfast.followup import calls, promises
from holdfast.followup.promises_model import Part
from holdfast.kernel.clock import FixedClock, instant_on
from holdfast.kernel.errors import BadInput, Forbidden, NotFound, Refusal
from holdfast.kernel.money import Money
from holdfast.loans import loan_id_of
from holdfast.servicing import Done, note_duty
from tests.servicing.house import DAY, House

LATE = timedelta(days=34)  # the first instalment fell due three days before
ZONE = "Asia/Shanghai"


@pytest.fixture
def house(db: object) -> House:
    return House(db, DAY).open()  # type: ignore[arg-type]


@pytest.fixture
def loan(house: House) -> str:
    loan = house.loan()
    house.sleep(LATE.days)
    return loan


def at(house: House, hour: int) -> FixedClock:
    return FixedClock(instant_on(house.day, time(hour), ZONE), ZONE)


def dial(house: House, loan: str, *, role: str = "caller", hour: int = 10) -> calls.Dialled:
    return calls.dial(house.db, clock=at(house, hour), by=house.people[role], loan=loan)


def note(house: House, loan: str, outcome: str = "reached", *, how: str = "called", role: str = "caller", hour: int = 10) -> Done:
    row = house.db.execute(
        "SELECT duty_no FROM duty WHERE loan_id = %s AND kind = 'follow_up' AND open", [loan_id_of(house.db, loan)]
    ).fetchone()
    assert row is not None
    return note_duty(
        house.db,
        clock=at(house, hour),
        by=house.people[role],
        loan=loan,
        duty_no=row[0],
        outcome=outcome,
        words="近期会还（示例）",
        how=how,
    )


def ledger(house: House) -> list[tuple[Any, ...]]:
    return house.db.execute(
        "SELECT purpose, channel, outcome, rule FROM contact_ledger WHERE channel = 'voice' ORDER BY loan_id, entry_no"
    ).fetchall()


def test_a_call_is_asked_of_the_rules_rings_and_is_one_line_once_it_is_noted(house: House, loan: str) -> None:
    rings = dial(house, loan)
    assert (rings.number, rings.purpose) == ("13800000001", "collection")
    assert ledger(house) == [], "nobody has answered yet"
    noted = note(house, loan)
    assert ledger(house) == [("collection", "voice", "reached", rings.rule)]
    assert calls.ringing(house.db, by=house.people["caller"], loan=loan) is None
    assert json.loads(noted.record.body)["says"]["how"] == "called"
    assert "call.dialled" in house.kinds(loan)
    revealed = house.db.execute("SELECT count(*) FROM record WHERE loan_id = %s AND kind = 'party.revealed'", [house.borrower.party_id])
    assert revealed.fetchone() == (1,), "who saw the number is on the person's own chain"


def test_nothing_is_noted_of_a_call_that_was_not_dialled_here_by_this_person(house: House, loan: str) -> None:
    with pytest.raises(Refusal) as refused:
        note(house, loan)
    assert refused.value.code == "not_dialled"
    dial(house, loan, role="officer")
    with pytest.raises(Refusal, match="Call first"):
        note(house, loan)
    other = house.loan()
    with pytest.raises(Refusal) as another:
        dial(house, other, role="officer")
    assert another.value.code == "another_call_rings"
    assert ledger(house) == []


def test_a_borrower_who_came_was_not_called_and_was_reached(house: House, loan: str) -> None:
    with pytest.raises(BadInput) as wrong:
        note(house, loan, "not_reached", how="came")
    assert wrong.value.field == "outcome"
    with pytest.raises(BadInput) as unsaid:
        note(house, loan, how="")
    assert unsaid.value.field == "how"
    note(house, loan, how="came")
    assert ledger(house) == []


def test_nobody_is_dialled_at_night_while_contact_rests_or_beyond_the_day_s_calls(house: House, loan: str) -> None:
    with pytest.raises(Refusal) as night:
        dial(house, loan, hour=22)
    assert (night.value.code, night.value.facts["rule"]) == ("contact_refused", "contact.quiet_hours")
    assert contact.rings(house.db, by=house.people["caller"]) is None
    for _ in range(3):
        dial(house, loan)
        contact.spoke(house.db, by=house.people["caller"], loan_id=loan_id_of(house.db, loan), how="called", outcome="reached")
    with pytest.raises(Refusal) as enough:
        dial(house, loan)
    assert enough.value.facts["rule"] == "contact.voice_effective_per_day"
    house.walk(1)
    pause(house.db, clock=house.clock, by=house.people["officer"], loan=loan, reason="hardship", because="住院（示例）", until=None)
    with pytest.raises(Refusal) as rests:
        dial(house, loan)
    assert rests.value.facts["rule"] == "contact.pauses"


def test_a_call_that_rings_counts_for_whoever_dials_next(house: House, loan: str) -> None:
    for n in range(6):
        house.hire("caller", name=f"caller{n}")
        dial(house, loan, role=f"caller{n}")
    with pytest.raises(Refusal) as enough:
        dial(house, loan)
    assert enough.value.facts["rule"] in ("contact.voice_attempts_per_day", "contact.per_day_all_channels")
    assert contact.calls_today(house.db, clock=at(house, 10), party_id=house.borrower.party_id).made == 6


def test_what_is_dialled_and_never_noted_is_tried_and_the_day_s_end_says_so(house: House, loan: str) -> None:
    rings = dial(house, loan)
    calls.hang_up(house.db, clock=at(house, 10), by=house.people["caller"], loan=loan)
    with pytest.raises(Refusal, match="Call first"):
        calls.hang_up(house.db, clock=at(house, 10), by=house.people["caller"], loan=loan)
    dial(house, loan)
    assert contact.end_calls(house.db, on=house.day - timedelta(days=1)) == 0
    assert contact.end_calls(house.db, on=house.day) == 1
    assert ledger(house) == [("collection", "voice", "not_reached", rings.rule)] * 2


def test_dialled_again_it_is_the_same_call(house: House, loan: str) -> None:
    first = dial(house, loan)
    assert dial(house, loan, hour=11) == first
    assert house.kinds(loan).count("call.dialled") == 1


def test_a_wrong_number_reached_nobody(house: House, loan: str) -> None:
    house.sleep(0)
    dial(house, loan)
    contact.spoke(house.db, by=house.people["caller"], loan_id=loan_id_of(house.db, loan), how="called", outcome="wrong_number")
    assert [line[2] for line in ledger(house)] == ["not_reached"]


def test_a_broken_promise_is_spoken_of_in_a_call_that_was_dialled(house: House, loan: str) -> None:
    parts = [Part(house.day, Money(100, "CNY"))]
    promises.make(house.db, clock=house.clock, by=house.people["caller"], loan=loan, parts=parts, identified=True)
    for _ in range(2):
        day, clock = house.day, house.clock
        house.sleep(1)
        promises.judge_all(house.db, clock=clock, on=day)
    about: dict[str, Any] = {"by": house.people["caller"], "loan": loan, "outcome": "reached", "words": "已说明（示例）"}
    with pytest.raises(Refusal, match="Call first"):
        promises.speak(house.db, clock=at(house, 10), how="called", **about)
    dial(house, loan)
    promises.speak(house.db, clock=at(house, 10), how="called", **about)
    assert len(ledger(house)) == 1


@pytest.mark.parametrize("role", ["approver", "auditor", "risk", "admin"])
def test_who_has_no_duty_to_speak_with_borrowers_dials_nobody(house: House, loan: str, role: str) -> None:
    with pytest.raises(Forbidden):
        dial(house, loan, role=role)
    house.hire("caller", name="far", reach="branch")
    with pytest.raises(NotFound):
        dial(house, loan, role="far")
