"""What ranks a duty, and what people who are away leave behind: pure rules, without a database."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.duties.absences import Absence, away_on, flows, ladder_of, marks_at, sees_as_much, snooze_rules
from holdfast.duties.ranking import Stake, Steps, Weights, rank, weights_of
from holdfast.parties import Reach, Role, Staff
from holdfast.policy import Lender, shipped

DAY = date(2026, 3, 2)
LENDER = Lender(name="示例", lender_type="micro_lender", licence_no="1", regulator="示例", region="CN")
WEIGHTS = weights_of(shipped(), LENDER, DAY)
NOTHING = Stake(exposure=0, days_past_due=0, time_used=0, days_overdue=0)


def away(person: int, stand_in: int | None, first: int = 0, last: int = 0, back: int | None = None) -> Absence:
    def day(offset: int) -> date:
        return DAY + timedelta(days=offset)

    placed = datetime(2026, 3, 1, tzinfo=UTC)
    return Absence("ab", person, day(first), day(last), stand_in, "示例", 1, placed, day(back) if back is not None else None)


def test_the_points_of_a_duty_are_the_sum_of_its_reasons_and_the_heaviest_stands_first() -> None:
    found = rank(Stake(exposure=120_000, days_past_due=12, time_used=60, days_overdue=0, promise=date(2026, 11, 3)), WEIGHTS)
    assert [(each.name, each.points, each.figure) for each in found.reasons] == [
        ("promise_broken", 25, date(2026, 11, 3)), ("days_past_due", 20, 12), ("exposure", 10, 120_000), ("time_used", 5, 60),
    ]  # fmt: skip
    assert found.points == 60


def test_what_is_worth_nothing_is_no_reason() -> None:
    assert rank(NOTHING, WEIGHTS).reasons == ()


def test_each_signal_of_the_thing_and_each_freeze_counts_by_its_own_weight() -> None:
    found = rank(Stake(0, 0, 0, 0, thing_missing=True, thing_short=True, frozen=True), WEIGHTS)
    assert {each.name: each.points for each in found.reasons} == {"thing_missing": 30, "thing_short": 15, "frozen": 10}


def test_a_step_begins_at_its_own_figure() -> None:
    steps = Steps.of({"8": 20, "1": 5, "4": 10})
    assert [steps.read(days) for days in (0, 1, 3, 4, 7, 8, 1_000)] == [0, 5, 5, 10, 10, 20, 20]


@given(st.integers(0, 10**12), st.integers(0, 400), st.integers(0, 100), st.integers(0, 400), st.integers(1, 10**6))
def test_more_at_stake_never_ranks_lower(exposure: int, late: int, used: int, overdue: int, more: int) -> None:
    base = rank(Stake(exposure, late, used, overdue), WEIGHTS).points
    assert rank(Stake(exposure + more, late, used, overdue), WEIGHTS).points >= base
    assert rank(Stake(exposure, late + more, used, overdue), WEIGHTS).points >= base
    assert rank(Stake(exposure, late, used, overdue + more), WEIGHTS).points >= base
    assert rank(Stake(exposure, late, used, overdue, promise=DAY), WEIGHTS).points > base


def test_the_weights_are_the_pack_s_and_nobody_else_s() -> None:
    one = Weights(Steps((0,), (7,)), Steps((), ()), Steps((), ()), Steps((), ()), {})
    assert rank(Stake(1, 99, 99, 99, promise=DAY), one).points == 7


def test_the_duties_of_who_is_away_go_to_the_stand_in_and_of_who_has_none_back_to_the_queue() -> None:
    assert flows({1: 2, 3: None}) == {1: 2, 3: None}


def test_a_stand_in_who_is_away_as_well_has_a_stand_in_of_their_own() -> None:
    assert flows({1: 2, 2: 3}) == {1: 3, 2: 3}
    assert flows({1: 2, 2: None}) == {1: None, 2: None}


def test_two_who_stand_in_for_each_other_leave_their_duties_to_the_queue() -> None:
    assert flows({1: 2, 2: 1, 3: 1}) == {1: None, 2: None, 3: None}


def test_an_absence_holds_on_its_first_and_last_day_and_not_from_the_day_somebody_is_back() -> None:
    absence = away(1, 2, first=0, last=3)
    assert [absence.holds(DAY + timedelta(days=day)) for day in (-1, 0, 3, 4)] == [False, True, True, False]
    assert [away(1, 2, 0, 3, back=2).holds(DAY + timedelta(days=day)) for day in (1, 2)] == [True, False]


def test_who_has_left_for_good_is_away_without_a_stand_in() -> None:
    assert away_on([away(1, 2)], [5], DAY) == {5: None, 1: 2}


def person(reach: Reach, branch: int | None = 1, team: str | None = "a") -> Staff:
    return Staff(1, "st", None, None, "示例", Role.CALLER, branch, team, reach, True)


@pytest.mark.parametrize(
    ("one", "other", "fits"),
    [
        (person(Reach.ALL, None), person(Reach.ALL), True),
        (person(Reach.BRANCH), person(Reach.BRANCH), True),
        (person(Reach.BRANCH, 2), person(Reach.BRANCH, 1), False),
        (person(Reach.BRANCH), person(Reach.ALL), False),
        (person(Reach.TEAM), person(Reach.OWN), True),
        (person(Reach.TEAM, team="b"), person(Reach.OWN), False),
        (person(Reach.OWN), person(Reach.OWN), False),
    ],
)  # fmt: skip
def test_a_stand_in_sees_all_that_the_other_sees(one: Staff, other: Staff, fits: bool) -> None:
    assert sees_as_much(one, other) is fits


def test_the_owner_hears_at_50_the_supervisor_at_80_and_risk_at_100_percent() -> None:
    ladder = ladder_of(shipped(), LENDER, DAY)
    assert [ladder.told("caller", used) for used in (49, 50, 79, 80, 99, 100)] == [
        (), ("owner",), ("owner",), ("owner", "approver"), ("owner", "approver"), ("owner", "approver", "risk"),
    ]  # fmt: skip
    assert ladder.hears("approver") == {"caller": 80, "officer": 80, "custodian": 80}
    assert ladder.hears("risk")["caller"] == 100 and ladder.hears("risk")["approver"] == 80
    assert ladder.hears("caller") == {}


def test_the_marks_fall_at_their_share_of_the_allowed_time() -> None:
    nine = datetime(2026, 3, 2, 1, tzinfo=UTC)
    assert marks_at(nine, nine + timedelta(hours=10)) == {
        50: nine + timedelta(hours=5), 80: nine + timedelta(hours=8), 100: nine + timedelta(hours=10),
    }  # fmt: skip


def test_only_risk_the_administrator_and_a_role_s_own_supervisor_hand_its_duties_out() -> None:
    ladder = ladder_of(shipped(), LENDER, DAY)
    assert [ladder.supervises(role, "caller") for role in ("approver", "risk", "admin", "officer", "caller")] == [
        True,
        True,
        True,
        False,
        False,
    ]
    assert not ladder.supervises("approver", "approver")


def test_what_is_owed_to_a_borrower_or_a_regulator_is_never_put_off() -> None:
    rules = snooze_rules(shipped(), LENDER, DAY)
    assert rules.allows("follow_up") and rules.allows("confirm")
    for kind in ("refund", "return_collateral", "settlement_certificate", "credit_update", "cooling_off", "fraud_review", "reminder"):
        assert not rules.allows(kind), kind
