"""Arrears and class follow from dates alone."""

from __future__ import annotations

from datetime import date

import pytest

from holdfast.kernel.errors import BadInput
from holdfast.servicing.arrears import Bucket, bucket_of, days_past_due, five_tier, paused_days
from holdfast.servicing.state import Pause

FLOORS = {"special_mention": 1, "substandard": 91, "doubtful": 271, "loss": 361}
DUE = date(2026, 3, 1)


@pytest.mark.parametrize(("today", "days"), [(date(2026, 2, 28), 0), (DUE, 0), (date(2026, 3, 2), 1), (date(2026, 3, 31), 30)])
def test_days_past_due_count_from_the_day_after_the_due_date(today: date, days: int) -> None:
    assert days_past_due(DUE, today) == days


def test_a_loan_with_nothing_unpaid_is_not_late() -> None:
    assert days_past_due(None, date(2026, 3, 31)) == 0


@pytest.mark.parametrize(
    ("days", "name"),
    [
        (0, "pass"),
        (1, "special_mention"),
        (90, "special_mention"),
        (91, "substandard"),
        (270, "substandard"),
        (271, "doubtful"),
        (360, "doubtful"),
        (361, "loss"),
    ],
)
def test_the_class_is_the_worst_whose_floor_is_reached(days: int, name: str) -> None:
    assert five_tier(days, FLOORS) == name


def test_a_loan_is_never_classed_better_than_its_own_floor() -> None:
    assert five_tier(0, FLOORS, "substandard") == "substandard"
    assert five_tier(400, FLOORS, "substandard") == "loss"


def test_a_class_that_does_not_exist_is_refused() -> None:
    with pytest.raises(BadInput, match="class_floor"):
        five_tier(0, FLOORS, "fine")


def test_buckets_hold_their_first_and_last_day() -> None:
    buckets = (Bucket("early", 1, 30), Bucket("late", 31, None))
    assert [bucket_of(buckets, days) for days in (0, 1, 30, 31, 999)] == [None, "early", "early", "late", "late"]


def test_a_pause_stops_the_count_until_it_ends() -> None:
    pause = Pause(date(2026, 3, 6), date(2026, 3, 30))
    assert [paused_days([pause], date(2026, 3, day)) for day in (5, 6, 16, 30, 31)] == [0, 0, 10, 24, 24]
    assert [pause.covers(date(2026, 3, day)) for day in (5, 6, 30, 31)] == [False, True, True, False]
