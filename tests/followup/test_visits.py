"""Field visits: by two people, within the rules, told to nobody else, and confirmed by the one who did not write the report."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from itertools import product
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast import files
from holdfast.duties import take
from holdfast.followup import complaints, visits
from holdfast.followup.kept_files import kept_file
from holdfast.followup.visits_model import LIFE, Point, Visit, VisitEvent, VisitState, after
from holdfast.journal import Actor
from holdfast.kernel.clock import instant_on
from holdfast.kernel.errors import BadInput, Forbidden, NotFound, Refusal
from holdfast.parties import PrivateKind, change_private
from tests.books import OFFICER
from tests.servicing.house import DAY, House

WHY = "多次未能联系上（示例）"
HOME = "杭州市西湖区文三路 1 号 示例"
PHOTO = b"\xff\xd8\xff\xe1\x00\x10Exif\x00\x00GPS here\xff\xda\x00\x02door"


@pytest.fixture
def house(db: psycopg.Connection[Any]) -> House:
    house = House(db, DAY).open()
    change_private(db, clock=house.clock, by=OFFICER, party=house.borrower, kind=PrivateKind.ADDRESS, text=HOME)
    for role in ("caller", "officer"):
        house.hire(role) if role not in house.people else None
    return house


def at(house: House, hour: int, days: int = 1) -> datetime:
    return instant_on(house.day + timedelta(days), time(hour), "Asia/Shanghai")


def planned(house: House, loan: str, **more: Any) -> Visit:
    two = [house.people["caller"].public_id, house.people["officer"].public_id]
    told = {"reason": "arrears", "words": WHY, "planned_for": at(house, 10), "visitors": two, **more}
    return visits.plan(house.db, clock=house.clock, by=house.people["caller"], loan=loan, **told)


def begun(house: House, loan: str, **more: Any) -> Visit:
    found = planned(house, loan, **more)
    house.walk(1)
    return visits.begin(house.db, clock=house.clock, by=house.people["caller"], loan=loan, visit=found.public_id)


def reported(house: House, visit: Visit, **more: Any) -> Visit:
    told = {"met": "borrower", "told": "borrower", "outcome": "promised", "words": "月底还（示例）", "stood": Point(30.2741, 120.1551, 12),
            "photos": [PHOTO], **more}  # fmt: skip
    return visits.report(house.db, clock=house.clock, by=house.people["caller"], loan=visit.loan, visit=visit.public_id, **told)


@pytest.mark.parametrize(("state", "event"), list(product(VisitState, VisitEvent)))
def test_what_is_not_in_the_life_of_a_visit_is_refused(state: VisitState, event: VisitEvent) -> None:
    if (state, event) in LIFE:
        assert after(state, event) is LIFE[state, event]
    else:
        with pytest.raises(Refusal) as refused:
            after(state, event)
        assert refused.value.code == "visit_state"


def test_a_thousandth_of_a_degree_north_is_a_hundred_and_eleven_metres() -> None:
    assert Point(30.0, 120.0).metres_to(Point(30.001, 120.0)) == 111


@given(st.floats(-89, 89), st.floats(-179, 179), st.floats(-89, 89), st.floats(-179, 179))
def test_a_distance_is_the_same_both_ways_and_never_more_than_half_the_earth(a: float, b: float, c: float, d: float) -> None:
    one, other = Point(a, b), Point(c, d)
    assert one.metres_to(other) == other.metres_to(one)
    assert 0 <= one.metres_to(other) <= 20_100_000


def test_a_planned_visit_is_a_duty_of_the_first_of_the_two_and_the_borrower_is_told_no_debt(house: House) -> None:
    loan = house.loan()
    planned(house, loan)
    duty = take(house.db, loan, None, lock=False).open("visit")
    assert duty is not None
    assert duty.owner_id == house.people["caller"].staff_id
    row = house.db.execute("SELECT template, body FROM message ORDER BY message_no DESC LIMIT 1").fetchone()
    assert row is not None
    assert row[0] == "visit_planned"
    assert "元" not in row[1]
    house.clean()


def test_a_visit_is_begun_reported_by_one_and_confirmed_by_the_other(house: House) -> None:
    loan = house.loan()
    found = reported(house, begun(house, loan, point=Point(30.2741, 120.1561, None, True)))
    assert found.state is VisitState.REPORTED
    caller = house.people["caller"]
    with pytest.raises(Forbidden) as refused:
        visits.confirm(house.db, clock=house.clock, by=caller, loan=loan, visit=found.public_id)
    assert refused.value.code == "visit_own_report"
    done = visits.confirm(house.db, clock=house.clock, by=house.people["officer"], loan=loan, visit=found.public_id)
    assert done.state is VisitState.CONFIRMED
    assert take(house.db, loan, None, lock=False).open("visit") is None
    assert house.kinds(loan)[-4:] == ["visit.planned", "visit.begun", "visit.reported", "visit.confirmed"]
    line = house.db.execute("SELECT channel, purpose, outcome FROM contact_ledger ORDER BY entry_no DESC LIMIT 1").fetchone()
    assert line == ("visit", "collection", "reached")
    told = visits.opened(house.db, by=caller, visit=done)
    assert told is not None
    assert (told.address, told.why, told.metres_off) == (HOME, WHY, 96)
    house.clean()


def test_the_photo_is_kept_without_what_the_camera_wrote_into_it(house: House) -> None:
    loan = house.loan()
    found = reported(house, begun(house, loan))
    (photo,) = found.photos
    kept, data = kept_file(house.db, by=house.people["officer"], loan=loan, file=photo)
    assert b"GPS" not in data
    assert data.endswith(b"door")
    with pytest.raises(NotFound):  # what staff saw at a door is not the borrower's to open as a complaint's file
        kept_file(house.db, by=Actor(house.borrower.public_id, "borrower"), loan=loan, file=photo)
    row = house.db.execute("SELECT body FROM record r JOIN loan l USING (loan_id) WHERE l.public_id = %s ORDER BY seq DESC LIMIT 1", [loan])
    body = bytes(row.fetchone()[0]).decode()  # type: ignore[index]
    assert kept.digest in body
    assert "文三路" not in body
    assert files.get(house.db, found.place).party_id == house.borrower.party_id


def test_two_log_ins_of_one_person_make_no_visit(house: House) -> None:
    loan = house.loan()
    person = house.person("李示例").party_id
    one = house.hire("caller", name="one", person_id=person)
    other = house.hire("officer", name="other", person_id=person)
    for two in ([one.public_id, other.public_id], [one.public_id, one.public_id]):
        with pytest.raises(Refusal) as refused:
            planned(house, loan, visitors=two)
        assert refused.value.code == "visit_one_person"


def test_visitors_see_the_loan_and_may_make_visits(house: House) -> None:
    loan = house.loan()
    away, auditor = house.hire("caller", name="away", reach="branch"), house.hire("auditor")
    for wrong in ([house.people["caller"].public_id], [house.people["caller"].public_id, away.public_id],
                  [house.people["caller"].public_id, auditor.public_id], ["st_none", away.public_id]):  # fmt: skip
        with pytest.raises(BadInput) as refused:
            planned(house, loan, visitors=wrong)
        assert refused.value.field == "visitors"
    with pytest.raises(Forbidden):
        visits.plan(house.db, clock=house.clock, by=auditor, loan=loan, reason="arrears", words=WHY, planned_for=at(house, 10), visitors=[])


def test_no_visit_at_night_and_the_rule_is_named(house: House) -> None:
    loan = house.loan()
    for hour in (22, 23, 7):
        with pytest.raises(Refusal) as refused:
            planned(house, loan, planned_for=at(house, hour))
        assert (refused.value.code, refused.value.facts["rule"]) == ("visit_refused", "contact.quiet_hours")
    found = planned(house, loan)
    with pytest.raises(Refusal) as refused:
        visits.move(house.db, clock=house.clock, by=house.people["caller"], loan=loan, visit=found.public_id, planned_for=at(house, 22))
    assert refused.value.facts["rule"] == "contact.quiet_hours"


def test_no_visit_for_money_while_a_complaint_waits_also_not_one_that_was_planned_before(house: House) -> None:
    loan = house.loan()
    found = planned(house, loan)
    complaints.take_in(
        house.db, clock=house.clock, by=house.people["officer"], loan=loan, channel="phone", about="collection", words="别再上门（示例）"
    )
    house.walk(1)
    with pytest.raises(Refusal) as refused:
        visits.begin(house.db, clock=house.clock, by=house.people["caller"], loan=loan, visit=found.public_id)
    assert refused.value.facts["rule"] == "contact.pauses"
    assert take(house.db, loan, None, lock=False).open("visit") is not None


def test_a_visit_begins_on_its_day_and_within_the_packs_time(house: House) -> None:
    loan = house.loan()
    with pytest.raises(Refusal) as late:
        planned(house, loan, planned_for=at(house, 10, days=8))
    assert late.value.code == "visit_too_late"
    with pytest.raises(BadInput):
        planned(house, loan, planned_for=house.clock.now())
    found = planned(house, loan, planned_for=at(house, 10, days=2))
    with pytest.raises(Refusal) as other:
        visits.begin(house.db, clock=house.clock, by=house.people["caller"], loan=loan, visit=found.public_id)
    assert other.value.code == "visit_other_day"
    moved = visits.move(
        house.db, clock=house.clock, by=house.people["caller"], loan=loan, visit=found.public_id, planned_for=at(house, 10, days=1)
    )
    assert moved.planned_for == at(house, 10, days=1)


def test_a_visit_that_is_called_off_is_told_and_its_duty_is_done(house: House) -> None:
    loan = house.loan()
    found = planned(house, loan)
    done = visits.cancel(
        house.db, clock=house.clock, by=house.people["caller"], loan=loan, visit=found.public_id, words="已约好来门店（示例）"
    )
    assert done.state is VisitState.CANCELLED
    assert take(house.db, loan, None, lock=False).open("visit") is None
    assert house.db.execute("SELECT template FROM message ORDER BY message_no DESC LIMIT 1").fetchone() == ("visit_cancelled",)
    house.clean()


def test_only_the_two_go_and_only_they_and_the_planner_read_where(house: House) -> None:
    loan = house.loan()
    found = planned(house, loan)
    stranger = house.hire("caller", name="third")
    house.walk(1)
    with pytest.raises(Forbidden) as refused:
        visits.begin(house.db, clock=house.clock, by=stranger, loan=loan, visit=found.public_id)
    assert refused.value.code == "visit_not_yours"
    assert visits.opened(house.db, by=stranger, visit=found) is None


def test_a_report_needs_a_photo_and_says_nothing_impossible(house: House) -> None:
    loan = house.loan()
    visit = begun(house, loan)
    wrongs: dict[str, dict[str, Any]] = {
        "photos": {"photos": []}, "told": {"met": "nobody", "told": "borrower"}, "met": {"met": "ghost"}, "outcome": {"outcome": "x"},
        "words": {"words": "x"},
    }  # fmt: skip
    for field, wrong in wrongs.items():
        with pytest.raises(BadInput) as refused:
            reported(house, visit, **wrong)
        assert refused.value.field == field
    with pytest.raises(BadInput) as refused:
        reported(house, visit, photos=[b"no picture at all"])
    assert refused.value.field == "photos"
    with pytest.raises(BadInput):
        Point(91, 0)


def test_that_somebody_else_was_told_of_the_debt_stands_in_the_record(house: House) -> None:
    loan = house.loan()
    found = reported(house, begun(house, loan), met="somebody_else", told="somebody_else", outcome="nothing")
    assert found.told == "somebody_else"
    row = house.db.execute("SELECT outcome FROM contact_ledger ORDER BY entry_no DESC LIMIT 1").fetchone()
    assert row == ("not_reached",)
