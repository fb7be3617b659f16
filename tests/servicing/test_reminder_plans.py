"""A reminder plan of a product: proposed by one, put live by another, binding from its day on; the audit agrees each day."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.contact import dispatch
from holdfast.duties.audit import examine
from holdfast.kernel.errors import BadInput, Forbidden, NotFound, Refusal
from holdfast.loans import loan_id_of
from holdfast.policy import Lender, note_night, shipped
from holdfast.policy.pack import Pack, of
from holdfast.servicing import expectations, reminder_plans
from holdfast.servicing.duties import follow_ups, next_reminder, plan_of, reminders
from holdfast.servicing.night import record_contacts, run_night
from holdfast.servicing.reminder_plan_model import LivePlan, PlannedMoment, eras, moments_of, plan_on
from holdfast.servicing.reminder_plans import Plan, answer, differences, propose
from holdfast.wiring import CHANNELS, EXPECTATIONS
from tests.servicing.house import DAY, House

EARLY: list[dict[str, Any]] = [
    {"days": -10, "channels": ["sms"]}, {"days": -2, "channels": ["sms", "voice", "person"]}, {"days": 0, "channels": ["sms", "voice"]},
    {"days": 2, "channels": ["person"]}, {"days": 9, "channels": ["person"]},
]  # fmt: skip


@pytest.fixture
def house(db: psycopg.Connection[Any]) -> House:
    return House(db, DAY).open()


def put_live(house: House, *, product: str | None = "phone", moments: list[dict[str, Any]] | None = None, after: int = 1) -> Plan:
    made = propose(
        house.db, clock=house.clock, by=house.people["risk"], name="早一点", product=product, moments=moments or EARLY,
        from_day=house.day + timedelta(days=after), words="reminders come too late",
    )  # fmt: skip
    return answer(house.db, clock=house.clock, by=house.people["approver"], plan=made.row.public_id, approved=True, words="")


def asked_of(house: House, loan: str, kind: str) -> list[tuple[str, date]]:
    rows = house.db.execute(
        "SELECT about, due_on FROM duty WHERE loan_id = %s AND kind = %s ORDER BY duty_no", [loan_id_of(house.db, loan), kind]
    ).fetchall()
    return [(row[0], row[1]) for row in rows]


def night_and_audit(house: House) -> None:
    """A night whose messages are all sent the next morning, and an audit before and after it that finds nothing."""
    found = examine(house.db, house.day, EXPECTATIONS)
    assert not (found.missing or found.unproved), found.as_json()
    run_night(house.db, clock=house.clock, on=house.day)
    yesterday = house.day
    house.walk(1)
    record_contacts(house.db, dispatch(house.db, CHANNELS, clock=house.clock, limit=1_000), clock=house.clock)
    for day in (yesterday, house.day):
        found = examine(house.db, day, EXPECTATIONS)
        assert not (found.missing or found.unproved), found.as_json()


def test_a_plan_that_two_people_put_live_moves_the_reminders_of_its_products_loans_from_its_day_on(house: House) -> None:
    loan = house.loan()  # 412.00 due on 2026-04-02
    assert asked_of(house, loan, "reminder") == [("i1 T-7", date(2026, 3, 26))]
    put_live(house, after=20)
    while house.day < date(2026, 4, 3):
        night_and_audit(house)
    assert asked_of(house, loan, "reminder")[1:4] == [
        ("i1 T-10", date(2026, 3, 23)), ("i1 T-2", date(2026, 3, 31)), ("i1 T-0", date(2026, 4, 2)),
    ]  # fmt: skip
    assert ("2026-04-02 T+2", date(2026, 4, 4)) in asked_of(house, loan, "follow_up")
    assert "reminder.replanned" in house.kinds(loan)


def test_a_day_before_its_first_is_judged_by_what_was_in_force_then(house: House) -> None:
    loan = house.loan()
    while house.day < date(2026, 3, 27):
        night_and_audit(house)
    put_live(house, after=4)  # from 31 March on
    while house.day < date(2026, 4, 2):
        night_and_audit(house)
    told = [about for about, _ in asked_of(house, loan, "reminder")]
    assert told[:4] == ["i1 T-7", "i1 T-3", "i1 T-2", "i1 T-0"]
    assert house.db.execute("SELECT count(*) FROM message WHERE state = 'delivered'").fetchone() == (4,)


def test_what_another_plan_takes_away_before_its_day_is_not_missed(house: House) -> None:
    house.loan()
    while house.day < date(2026, 3, 27):
        night_and_audit(house)
    put_live(house, after=3)  # 30 March would have been T-3
    while house.day < date(2026, 4, 2):
        night_and_audit(house)
    assert house.db.execute("SELECT count(*) FROM message WHERE state = 'delivered'").fetchone() == (
        3,
    )  # a week, two days before, and on the day


def test_an_act_between_the_second_yes_and_the_first_day_brings_the_loan_up_to_the_plan_and_the_audit_allows_both(house: House) -> None:
    touched, left = house.loan(), house.loan()
    put_live(house, after=15)
    house.pay(touched, 100)
    assert asked_of(house, touched, "reminder")[-1] == ("i1 T-10", date(2026, 3, 23))
    assert asked_of(house, left, "reminder")[-1] == ("i1 T-7", date(2026, 3, 26))
    while house.day < date(2026, 4, 2):
        night_and_audit(house)


def test_another_products_loans_and_loans_made_later_go_by_their_own_plan(house: House) -> None:
    put_live(house)
    other = house.lend(product="vehicle").public_id
    house.walk(2)
    later = house.loan()
    assert asked_of(house, other, "reminder")[-1][0] == "i1 T-7"
    assert asked_of(house, later, "reminder")[-1][0] == "i1 T-10"


def test_a_plan_for_all_products_binds_those_without_one_of_their_own(house: House) -> None:
    put_live(house, product=None, moments=[{"days": 0, "channels": ["voice"]}, {"days": 5, "channels": ["person"]}])
    put_live(house, product="phone")
    house.walk(1)
    assert asked_of(house, house.lend(product="vehicle").public_id, "reminder")[-1][0] == "i1 T-0"
    assert asked_of(house, house.loan(), "reminder")[-1][0] == "i1 T-10"


def test_the_night_touches_each_loan_once_for_a_plan_and_then_only_as_its_days_come(house: House) -> None:
    for _ in range(3):
        house.loan()
    put_live(house, after=2)
    touched = []
    for _ in range(5):
        touched.append(run_night(house.db, clock=house.clock, on=house.day).loans)
        house.walk(1)
    assert touched == [0, 3, 0, 0, 0]


def test_a_plan_is_in_force_only_with_a_second_persons_yes(house: House) -> None:
    made = propose(
        house.db, clock=house.clock, by=house.people["risk"], name="早一点", product="phone", moments=EARLY,
        from_day=house.day + timedelta(days=1), words="reminders come too late",
    )  # fmt: skip
    assert made.standing == "proposed"
    with pytest.raises(Forbidden):
        answer(house.db, clock=house.clock, by=house.people["risk"], plan=made.row.public_id, approved=True, words="")
    for role in ("officer", "caller", "auditor", "admin"):
        with pytest.raises(Forbidden):
            answer(house.db, clock=house.clock, by=house.people[role], plan=made.row.public_id, approved=True, words="")
    refused = answer(house.db, clock=house.clock, by=house.people["approver"], plan=made.row.public_id, approved=False, words="too early")
    assert refused.standing == "refused"
    assert reminder_plans.in_force(house.db, clock=house.clock, product="phone", on=house.day + timedelta(days=9))[0] is None


def test_one_person_under_two_log_ins_cannot_put_a_plan_live(house: House) -> None:
    who = house.person("李一人").party_id
    first, second = house.hire("risk", name="risk-a", person_id=who), house.hire("risk", name="risk-b", person_id=who)
    made = propose(
        house.db, clock=house.clock, by=first, name="早一点", product=None, moments=EARLY, from_day=house.day + timedelta(days=1),
        words="reminders come too late",
    )  # fmt: skip
    with pytest.raises(Forbidden):
        answer(house.db, clock=house.clock, by=second, plan=made.row.public_id, approved=True, words="")


@pytest.mark.parametrize("role", ["officer", "caller", "approver", "auditor", "admin", "custodian"])
def test_only_risk_proposes_a_plan(house: House, role: str) -> None:
    with pytest.raises(Forbidden):
        propose(
            house.db, clock=house.clock, by=house.people[role], name="早一点", product=None, moments=EARLY,
            from_day=house.day + timedelta(days=1), words="reminders come too late",
        )  # fmt: skip


def test_a_plan_never_begins_on_a_day_whose_eve_is_closed(house: House) -> None:
    risk, approver = house.people["risk"], house.people["approver"]

    def proposed(on: date) -> Plan:
        return propose(
            house.db, clock=house.clock, by=risk, name="早一点", product=None, moments=EARLY, from_day=on, words="too late as it is"
        )

    with pytest.raises(BadInput) as today:
        proposed(house.day)
    assert today.value.field == "from_day"
    made = proposed(house.day + timedelta(days=1))
    note_night(house.db, house.day)
    with pytest.raises(BadInput):
        proposed(house.day + timedelta(days=1))
    with pytest.raises(Refusal) as late:
        answer(house.db, clock=house.clock, by=approver, plan=made.row.public_id, approved=True, words="")
    assert late.value.code == "plan_too_late"


@pytest.mark.parametrize(
    ("moments", "field"),
    [
        ([], "moments"),
        ([{"days": -1, "channels": ["sms"]}, {"days": 3, "channels": ["person"]}], "moments"),
        ([{"days": 0, "channels": ["sms"]}], "moments"),
        ([{"days": 0, "channels": []}, {"days": 1, "channels": ["person"]}], "moments[0].channels"),
        ([{"days": 0, "channels": ["person"]}, {"days": 1, "channels": ["person"]}], "moments[0].channels"),
        ([{"days": 0, "channels": ["person", "sms"]}, {"days": 1, "channels": ["person"]}], "moments[0].channels"),
        ([{"days": 0, "channels": ["sms", "sms"]}, {"days": 1, "channels": ["person"]}], "moments[0].channels"),
        ([{"days": 0, "channels": ["pigeon"]}, {"days": 1, "channels": ["person"]}], "moments[0].channels"),
        ([{"days": 0, "channels": ["sms"]}, {"days": 0, "channels": ["sms"]}, {"days": 1, "channels": ["person"]}], "moments[1].days"),
        ([{"days": 0, "channels": ["sms"]}, {"days": 3, "channels": ["sms"]}], "moments[1].channels"),
        ([{"days": 0.5, "channels": ["sms"]}, {"days": 3, "channels": ["person"]}], "moments[0].days"),
        ([{"days": -61, "channels": ["sms"]}], "moments[0].days"),
    ],
)
def test_moments_that_do_not_hold_together_are_refused_by_name(moments: list[dict[str, Any]], field: str) -> None:
    with pytest.raises(BadInput) as refused:
        moments_of(moments)
    assert refused.value.field == field


def test_what_a_plan_changes_is_told_moment_by_moment() -> None:
    was = moments_of([{"days": 0, "channels": ["sms"]}, {"days": 1, "channels": ["person"]}])
    now = moments_of([{"days": -3, "channels": ["sms"]}, {"days": 0, "channels": ["sms", "voice"]}, {"days": 1, "channels": ["person"]}])
    told = [(each.days, each.was, each.now) for each in differences(was, now)]
    assert told == [(-3, (), ("sms", "person")), (0, ("sms", "person"), ("sms", "voice", "person"))]


def test_an_unknown_plan_is_not_found(house: House) -> None:
    with pytest.raises(NotFound):
        reminder_plans.one(house.db, clock=house.clock, plan="rp_none")


# -- the two ways of computing the same -----------------------------------------------------------------------------


def _rested(kinds: list[str]) -> Pack:
    raw = json.loads(shipped().content)
    next(rule for rule in raw["rules"] if rule["key"] == "contact.rest_days")["value"] = kinds
    return of(raw)


PACKS: dict[tuple[str, ...], Pack] = {kinds: _rested(list(kinds)) for kinds in ((), ("public_holiday",), ("public_holiday", "weekend"))}
LENDER = Lender(lender_type="micro_lender", region="CN")


@st.composite
def live_plans(draw: st.DrawFn) -> tuple[LivePlan, ...]:
    found = []
    for number in range(draw(st.integers(0, 4))):
        days = draw(st.sets(st.integers(-20, 40), max_size=6))
        moments = tuple(PlannedMoment(each, ("sms",)) for each in sorted(days | {0, draw(st.integers(1, 9))}))
        product = draw(st.sampled_from(["phone", None, "vehicle"]))
        found.append(LivePlan(number, f"rp_{number}", "x", number, product, DAY + timedelta(days=draw(st.integers(1, 90))), moments))
    return tuple(found)


@settings(max_examples=150, deadline=None)
@given(live_plans(), st.sampled_from(sorted(PACKS)), st.integers(0, 120))
def test_whatever_plans_follow_one_another_the_verbs_and_the_audit_name_the_same_days(
    live: tuple[LivePlan, ...], rests: tuple[str, ...], due_in: int
) -> None:
    due_on, until = DAY + timedelta(days=due_in), DAY + timedelta(days=260)
    plan = plan_of(PACKS[rests], LENDER, "phone", DAY, product="phone", live=live)
    demands = expectations._demands(PACKS[rests], LENDER, "phone", DAY, "phone", live)
    ours = [(each.due_on, each.about) for each in reminders([(1, due_on)], plan, after=date.min, through=until)]
    theirs = sorted((on, f"i1 T-{days}") for days, on in expectations._reminded(due_on, demands.days_before, demands))
    assert ours == theirs
    first = next_reminder([(1, due_on)], plan, after=date.min)
    assert (first.due_on, first.about) == ours[0] if first is not None else not ours
    late = [(each.due_on, each.about) for each in _until(follow_ups(due_on, plan, after=due_on), until)]
    assert late == [(on, f"{due_on} T+{days}") for days, on in _followed_until(due_on, demands, until) if on > due_on]


def _until(moments: Iterator[Any], last: date) -> Iterator[Any]:
    for each in moments:
        if each.due_on > last:
            return
        yield each


def _followed_until(due_on: date, demands: expectations.Demands, last: date) -> Iterator[tuple[int, date]]:
    for days, on in expectations._followed(due_on, demands):
        if on > last:
            return
        yield days, on


@settings(max_examples=100, deadline=None)
@given(live_plans(), st.integers(-5, 120))
def test_the_eras_of_a_product_are_the_plan_of_each_day(live: tuple[LivePlan, ...], after: int) -> None:
    on = DAY + timedelta(days=after)
    era = next(each for each in eras(live, "phone", days_before=(7,), days_past_due=(1,)) if each.holds(on))
    assert era.plan == plan_on(live, "phone", on)


# -- holidays ---------------------------------------------------------------------------------------------------------


def test_a_reminder_that_falls_on_a_holiday_goes_on_the_workday_before_and_the_due_days_own_on_the_due_day() -> None:
    spring = date(2026, 2, 18)  # within the Spring Festival, 15 to 23 February 2026
    plan = plan_of(PACKS["public_holiday",], LENDER, "phone", DAY, product="phone")
    told = [(days, on) for on, days in plan.reminded_on(spring)]
    # T-7 is a workday; T-3 (15th) and T-1 (17th) both come to the 14th, which is worked, and the nearer stands.
    assert told == [(7, date(2026, 2, 11)), (1, date(2026, 2, 14)), (0, spring)]


def test_a_follow_up_that_falls_on_a_holiday_is_done_on_the_first_day_that_is_none() -> None:
    plan = plan_of(PACKS["public_holiday",], LENDER, "phone", DAY, product="phone")
    moments = follow_ups(date(2026, 2, 13), plan, after=date(2026, 2, 13))
    first, second = next(moments), next(moments)
    assert (first.about, first.due_on) == ("2026-02-13 T+1", date(2026, 2, 14))  # a Saturday that is worked
    assert second.due_on == date(2026, 2, 24)


def test_the_shipped_pack_rests_on_no_day() -> None:
    plan = plan_of(shipped(), LENDER, "phone", DAY, product="phone")
    assert plan.rests == frozenset()
    assert (date(2026, 2, 15), 3) in plan.reminded_on(date(2026, 2, 18))


def test_a_kind_of_day_that_no_calendar_knows_is_refused_by_name() -> None:
    with pytest.raises(BadInput) as refused:
        plan_of(_rested(["full_moon"]), LENDER, "phone", DAY, product="phone")
    assert refused.value.field == "contact.rest_days"


def test_a_loan_is_reminded_around_holidays_and_the_audit_asks_for_the_same(db: psycopg.Connection[Any]) -> None:
    house = House(db, date(2026, 1, 17), pack=PACKS["public_holiday", "weekend"]).open()
    loan = house.loan()  # 412.00 due on 2026-02-17, a holiday
    while house.day < date(2026, 2, 26):
        night_and_audit(house)
    assert asked_of(house, loan, "reminder")[:3] == [
        ("i1 T-7", date(2026, 2, 10)), ("i1 T-1", date(2026, 2, 14)), ("i1 T-0", date(2026, 2, 17)),
    ]  # fmt: skip
    assert asked_of(house, loan, "follow_up")[0][1] == date(2026, 2, 24)
