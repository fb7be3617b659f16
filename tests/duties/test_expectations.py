"""What should have been done, worked out by hand for one small loan: 1,200.00 over four months, without interest.

It is paid out on 5 January 2026 and falls due on the 5th of February, March, April and May, 300.00 each.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest

from holdfast.duties.audit import Expectation
from holdfast.kernel.rate import Per, Rate
from holdfast.products.terms import Method, Terms
from holdfast.servicing.expectations import Demands, expectation
from holdfast.servicing.fold import Event

PAID_OUT = date(2026, 1, 5)
TERMS = Terms(
    currency="CNY",
    principal=120_000,
    method=Method.EQUAL_PRINCIPAL,
    rate=Rate(0, Per.YEAR),
    instalments=4,
    disbursed_on=PAID_OUT,
)
DEMANDS = Demands(
    remind_days_before=(7, 3, 1, 0),
    follow_up_days=(1, 3, 7, 14, 21, 30),
    follow_up_every=15,
    recover_every=90,
    refund_workdays=3,
    certificate_workdays=3,
    return_workdays=1,
    bureau_workdays=1,
    region="CN",
    zone="Asia/Shanghai",
)


def story(*lines: tuple[str, str, dict[str, int]] | tuple[str, str, dict[str, int], str]) -> list[Event]:
    """Events from (kind, business date, payload) and, if it was backdated, the value date."""
    events = [Event(1, "disbursed", PAID_OUT, PAID_OUT, {"amount": 120_000})]
    for line in lines:
        entered_on = date.fromisoformat(line[1])
        on = date.fromisoformat(line[3]) if len(line) > 3 else entered_on
        events.append(Event(len(events) + 1, line[0], on, entered_on, line[2]))
    return events


def expected(as_of: str, events: Sequence[Event], kind: str, *, demands: Demands = DEMANDS) -> list[tuple[str, str]]:
    """The demanded moments of a kind as (day, about)."""
    found = expectation(TERMS, events, demands, date.fromisoformat(as_of))
    return [(each.due_on.isoformat(), each.about) for each in found.moments if each.kind == kind and each.demanded]


def test_each_instalment_is_announced_seven_three_one_and_no_days_before_it_falls_due() -> None:
    assert expected("2026-02-20", story(("receipt", "2026-02-05", {"amount": 30_000})), "reminder") == [
        ("2026-01-29", "i1 T-7"),
        ("2026-02-02", "i1 T-3"),
        ("2026-02-04", "i1 T-1"),
        ("2026-02-26", "i2 T-7"),
    ]


def test_the_next_reminder_is_expected_even_before_any_has_come() -> None:
    assert expected("2026-01-06", story(), "reminder") == [("2026-01-29", "i1 T-7")]


def test_what_falls_on_the_audits_own_day_is_expected_with_the_one_after_it() -> None:
    assert expected("2026-02-02", story(), "reminder") == [("2026-01-29", "i1 T-7"), ("2026-02-02", "i1 T-3"), ("2026-02-04", "i1 T-1")]


def test_a_reminder_before_the_loan_began_is_not_expected() -> None:
    late_start = [Event(1, "disbursed", PAID_OUT, date(2026, 2, 2), {"amount": 120_000})]
    assert expected("2026-02-03", late_start, "reminder") == [("2026-02-04", "i1 T-1")]


def test_an_instalment_paid_early_is_not_announced_any_more() -> None:
    paid = story(("receipt", "2026-01-30", {"amount": 30_000}))
    assert expected("2026-02-10", paid, "reminder") == [("2026-01-29", "i1 T-7"), ("2026-02-26", "i2 T-7")]


def test_a_part_payment_leaves_the_instalment_to_be_announced() -> None:
    paid = story(("receipt", "2026-01-30", {"amount": 29_999}))
    assert ("2026-02-02", "i1 T-3") in expected("2026-02-10", paid, "reminder")


def test_what_was_paid_on_the_very_day_of_a_reminder_did_not_need_it() -> None:
    paid = story(("receipt", "2026-02-02", {"amount": 30_000}))
    assert expected("2026-02-10", paid, "reminder") == [("2026-01-29", "i1 T-7"), ("2026-02-26", "i2 T-7")]


def test_a_receipt_entered_late_does_not_excuse_a_reminder_that_was_due_before_anyone_knew() -> None:
    backdated = story(("receipt", "2026-02-10", {"amount": 30_000}, "2026-01-20"))
    assert ("2026-02-02", "i1 T-3") in expected("2026-02-20", backdated, "reminder")


def test_arrears_are_followed_up_from_the_first_day_on_until_they_are_paid() -> None:
    assert expected("2026-02-20", story(("receipt", "2026-02-13", {"amount": 30_000})), "follow_up") == [
        ("2026-02-06", "2026-02-05 T+1"),
        ("2026-02-08", "2026-02-05 T+3"),
        ("2026-02-12", "2026-02-05 T+7"),
    ]


def test_after_thirty_days_arrears_are_followed_up_every_fifteen() -> None:
    days = [on for on, _ in expected("2026-04-20", story(), "follow_up")]
    assert days[5:] == ["2026-03-07", "2026-03-22", "2026-04-06", "2026-04-21"]


def test_paying_the_oldest_instalment_moves_the_arrears_to_the_next_one() -> None:
    paid = story(("receipt", "2026-03-10", {"amount": 30_000}))
    assert expected("2026-03-13", paid, "follow_up")[-2:] == [("2026-03-12", "2026-03-05 T+7"), ("2026-03-19", "2026-03-05 T+14")]


def test_nobody_is_followed_up_before_anything_is_overdue_but_a_follow_up_may_stand_ready() -> None:
    found = expectation(TERMS, story(), DEMANDS, date(2026, 2, 5)).moments
    ready = [each for each in found if each.kind == "follow_up"]
    assert [(each.about, each.demanded) for each in ready] == [("2026-02-05 T+1", False)]


def test_a_loan_taken_over_in_arrears_is_followed_up_from_the_first_moment_after_it_came() -> None:
    taken = [Event(1, "taken_over", date(2026, 3, 1), date(2026, 3, 1), {"balance": 120_000, "first_unpaid_n": 1})]
    assert expected("2026-03-01", taken, "follow_up") == [("2026-03-07", "2026-02-05 T+30")]


def test_a_loan_taken_over_without_a_balance_asks_for_nothing() -> None:
    taken = [Event(1, "taken_over", date(2026, 3, 1), date(2026, 3, 1), {"balance": 0, "first_unpaid_n": 5})]
    assert expectation(TERMS, taken, DEMANDS, date(2026, 6, 1)) == Expectation(owed=False, moments=[])


def test_a_loan_that_was_paid_off_asks_for_its_certificate_its_thing_and_its_credit_record() -> None:
    # Thursday 15 January 2026: one workday later is the 16th, three later the 20th.
    paid = story(("receipt", "2026-01-15", {"amount": 120_000}))
    assert expected("2026-01-15", paid, "settlement_certificate") == [("2026-01-20", "paid off 2026-01-15")]
    assert expected("2026-01-15", paid, "return_collateral") == [("2026-01-16", "paid off 2026-01-15")]
    assert expected("2026-01-15", paid, "credit_update") == [("2026-01-16", "paid off 2026-01-15")]
    assert not expectation(TERMS, paid, DEMANDS, date(2026, 1, 15)).owed


def test_nothing_is_given_back_where_nothing_was_pledged() -> None:
    unsecured = Demands(**{**{name: getattr(DEMANDS, name) for name in Demands.__slots__}, "return_workdays": None})
    paid = story(("receipt", "2026-01-15", {"amount": 120_000}))
    assert expected("2026-01-15", paid, "return_collateral", demands=unsecured) == []


def test_what_was_paid_too_much_goes_back_within_the_packs_workdays() -> None:
    paid = story(("receipt", "2026-01-15", {"amount": 120_500}))
    assert expected("2026-01-15", paid, "refund") == [("2026-01-20", "over-payment 2026-01-15")]


def test_a_reversal_in_time_takes_back_what_the_receipt_had_asked_for() -> None:
    undone = story(("receipt", "2026-01-15", {"amount": 120_500}), ("reversal", "2026-01-16", {"event_no": 2}))
    for kind in ("settlement_certificate", "return_collateral", "credit_update", "refund"):
        assert expected("2026-01-30", undone, kind) == []
    assert expected("2026-01-30", undone, "reminder") == [("2026-01-29", "i1 T-7"), ("2026-02-02", "i1 T-3")]


def test_while_a_receipt_stood_its_instalment_needed_no_follow_up_even_if_it_is_reversed_later() -> None:
    undone = story(("receipt", "2026-02-05", {"amount": 30_000}), ("reversal", "2026-02-10", {"event_no": 2}))
    assert expected("2026-02-11", undone, "follow_up") == [("2026-02-12", "2026-02-05 T+7")]


def test_a_debt_that_was_written_off_is_looked_at_every_ninety_days_and_nothing_else_is_asked() -> None:
    lost = story(("written_off", "2026-01-20", {}))
    assert expected("2026-08-01", lost, "recovery") == [
        ("2026-04-20", "2026-01-20 +90"),
        ("2026-07-19", "2026-01-20 +180"),
        ("2026-10-17", "2026-01-20 +270"),
    ]
    found = expectation(TERMS, lost, DEMANDS, date(2026, 8, 1))
    assert {each.kind for each in found.moments} == {"recovery"}
    assert found.owed


@pytest.mark.parametrize(("kind", "hour"), [("reminder", 21), ("follow_up", 18)])
def test_a_moment_ends_with_the_hours_of_its_kind_in_the_lenders_zone(kind: str, hour: int) -> None:
    found = next(each for each in expectation(TERMS, story(), DEMANDS, date(2026, 2, 8)).moments if each.kind == kind)
    shanghai_hour = datetime(found.due_on.year, found.due_on.month, found.due_on.day, hour, tzinfo=UTC) - timedelta(hours=8)
    assert found.due_at == shanghai_hour


def test_events_entered_after_the_audits_date_are_not_known_to_it() -> None:
    paid = story(("receipt", "2026-02-20", {"amount": 120_000}))
    assert expectation(TERMS, paid, DEMANDS, date(2026, 2, 10)) == expectation(TERMS, story(), DEMANDS, date(2026, 2, 10))
