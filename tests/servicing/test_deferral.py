"""Deferral: what it costs, when the instalments fall due afterwards, and that it never makes late debt look young."""

from __future__ import annotations

from datetime import date
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.kernel.calendar import DayCount
from holdfast.kernel.errors import BadInput, Refusal
from holdfast.kernel.money import Money
from holdfast.kernel.rate import Per, Rate
from holdfast.products.terms import Method, PeriodInterest
from holdfast.servicing import Kind, Rearranged, Rearrangement, preview, rearrange, rearranged, reverse
from holdfast.servicing.fold import Event, fold, step
from holdfast.servicing.night import run_night
from holdfast.servicing.payoff import payoff, payoff_lines
from holdfast.servicing.verify import verify_books
from tests.books import OFFICER, Book
from tests.servicing.contracts import Story, contract, lent, stories

DAY = date(2026, 3, 2)


def by_months(months: int) -> Rearrangement:
    return Rearrangement(Kind.DEFER, months=months)


def planned(story: Story, on: date, months: int = 1, *, bears_interest: bool = True) -> Rearranged:
    return rearranged(story.state, story.events, by_months(months), loan="ln_x", on=on, bears_interest=bears_interest)


def agreed(story: Story, on: date, months: int = 1) -> Story:
    return story.tell("deferred", on, **planned(story, on, months).payload)


def rows(story: Story) -> list[tuple[int, str, int, int]]:
    return [(row.n, row.due_on.isoformat(), row.principal, row.interest) for row in story.state.instalments]


# ── the rule, by hand ──────────────────────────────────────────────────────────────────────────────────────


def test_every_instalment_not_yet_paid_falls_due_later_and_the_added_month_costs_the_months_interest_on_what_is_owed() -> None:
    # 1,200.00 at 12 % a year in 3: 400.00 each, interest 12.00, 8.00, 4.00. The first is paid; 800.00 is owed; 1 % of it is 8.00.
    story = agreed(lent(instalments=3).paid(41_200, date(2026, 2, 1)), date(2026, 2, 10))
    assert rows(story) == [(1, "2026-02-01", 40_000, 1_200), (2, "2026-04-01", 40_000, 800 + 800), (3, "2026-05-01", 40_000, 400)]


def test_two_months_cost_two_months_interest() -> None:
    assert planned(lent(instalments=3), date(2026, 1, 10), 2).extra_cost == Money(2_400, "CNY")


def test_what_is_part_paid_costs_interest_only_on_the_rest() -> None:
    # 12.00 of the 212.00 pays interest, 200.00 principal: 1,000.00 is owed, one month of it is 10.00.
    story = lent(instalments=3).paid(21_200, date(2026, 2, 1))
    assert planned(story, date(2026, 2, 2)).extra_cost == Money(1_000, "CNY")


def test_a_contract_that_counts_days_bears_interest_for_the_days_that_are_added() -> None:
    # From 1 February to 1 March are 28 days: 1,200.00 at 12 % a year on 365 days is 11.05.
    terms = contract(instalments=3, period_interest=PeriodInterest.DAILY, day_count=DayCount.ACTUAL_365)
    assert planned(lent(terms), date(2026, 1, 10)).extra_cost == Money(1_105, "CNY")
    daily = contract(instalments=3, rate=Rate(300_000, Per.DAY))
    assert planned(lent(daily), date(2026, 1, 10)).extra_cost == Money(28 * 36, "CNY")


def test_a_loan_that_may_take_no_new_charge_is_deferred_for_nothing() -> None:
    plan = planned(lent(instalments=3), date(2026, 1, 10), bears_interest=False)
    assert plan.extra_cost == Money(0, "CNY") and plan.after[0].due_on == date(2026, 3, 1)


def test_the_thirty_first_returns_after_february() -> None:
    story = agreed(lent(instalments=3, disbursed_on=date(2026, 1, 31)), date(2026, 2, 1))
    assert [row[1] for row in rows(story)] == ["2026-03-31", "2026-04-30", "2026-05-31"]
    again = agreed(story, date(2026, 3, 1))
    assert [row[1] for row in rows(again)] == ["2026-04-30", "2026-05-31", "2026-06-30"]


def test_weeks_are_moved_by_whole_months_too() -> None:
    from holdfast.kernel.calendar import Unit

    story = agreed(lent(instalments=2, every_unit=Unit.WEEKS, every_count=2), date(2026, 1, 5))
    assert [row[1] for row in rows(story)] == ["2026-02-15", "2026-02-28"]


def test_arrears_move_with_the_rest_and_what_had_been_earned_is_earned_again_when_it_falls_due() -> None:
    late = lent(instalments=3).due(1)
    assert late.state.totals.interest_earned == 1_200
    story = agreed(late, date(2026, 2, 10))
    assert story.state.totals.interest_earned == 0
    assert story.state.oldest_unpaid_due_on == date(2026, 3, 1)
    billed = story.tell("instalment_due", date(2026, 3, 1), n=1)
    assert billed.state.totals.interest_earned == 2_400


def test_a_pay_off_after_a_deferral_owes_interest_for_the_days_the_money_was_used() -> None:
    # The first period now runs from 1 January to 1 March, 59 days, and asks for 24.00; by 31 January, 30 days, 12.20.
    story = agreed(lent(instalments=3), date(2026, 1, 10))
    assert payoff(story.state, date(2026, 1, 31)) == 120_000 + 1_220
    lines = {line.part: (line.amount, line.days, line.period_days) for line in payoff_lines(story.state, date(2026, 1, 31))}
    assert lines["interest_running"] == (1_220, 30, 59)
    # The second runs from 1 March: half of it is 15 of 31 days of 8.00.
    assert payoff(story.paid(42_400, date(2026, 3, 1)).state, date(2026, 3, 16)) == 80_000 + 387


def test_a_receipt_that_is_learned_of_later_changes_the_interest_by_the_same_rule() -> None:
    story = agreed(lent(instalments=3), date(2026, 2, 10))
    before = Event(9, "receipt", date(2026, 2, 1), date(2026, 2, 20), {"amount": 41_200})
    state = fold(story.terms, [*story.events, before])
    # 800.00 was owed on the 10th, so the month cost 8.00; it is due with the first instalment that was not paid.
    assert [(row.due_on.isoformat(), row.interest) for row in state.instalments] == [
        ("2026-03-01", 1_200), ("2026-04-01", 1_600), ("2026-05-01", 400),
    ]  # fmt: skip


def test_a_deferral_of_a_debt_that_turns_out_to_be_paid_does_nothing() -> None:
    story = agreed(lent(instalments=3), date(2026, 2, 10))
    paid = Event(9, "receipt", date(2026, 2, 5), date(2026, 2, 20), {"amount": 121_355})
    state = fold(story.terms, [*story.events, paid])
    assert state.paid_off_on == date(2026, 2, 5) and state.principal_out == 0


def test_months_that_bring_the_oldest_part_only_to_a_day_that_is_gone_are_too_few() -> None:
    with pytest.raises(Refusal, match="only to 2026-03-01") as refused:
        planned(lent(instalments=3), date(2026, 3, 1))
    assert refused.value.code == "deferral_too_short"


def test_less_than_a_month_is_no_deferral() -> None:
    with pytest.raises(BadInput, match="months: write a whole number from 1"):
        planned(lent(instalments=3), DAY, 0)


def test_what_is_paid_off_cannot_be_deferred() -> None:
    with pytest.raises(Refusal, match="no instalment"):
        planned(lent(instalments=3).paid(200_000, date(2026, 1, 5)), DAY)


def test_the_first_term_had_once_more_is_the_longest() -> None:
    plan = planned(lent(instalments=3), date(2026, 1, 10), 3)
    assert (plan.ends_on, plan.longest_until) == (date(2026, 7, 1), date(2026, 7, 1))


@given(stories(), st.integers(1, 4), st.data())
def test_a_deferral_moves_no_principal_and_keeps_the_instalments_in_order(story: Story, months: int, data: st.DataObject) -> None:
    last = max(event.on for event in story.events)
    try:
        plan = planned(story, last, months)
    except Refusal:
        return
    assert sum(row.principal for row in plan.after) == sum(row.principal for row in plan.before)
    assert [row.due_on for row in plan.after] == sorted(row.due_on for row in plan.after)
    assert all(after.due_on >= before.due_on for before, after in zip(plan.before, plan.after, strict=True))
    assert plan.extra_cost.minor >= 0
    # Paid to the end, nothing of the added interest is lost, and what was earned is what was asked for.
    state = step(story.state.copy(), Event(99, "deferred", last, last, plan.payload))
    total = sum(row.unpaid for row in state.instalments)
    state = step(state, Event(100, "receipt", plan.ends_on, plan.ends_on, {"amount": total}))
    assert sum(row.unpaid for row in state.instalments) == 0
    assert state.totals.interest_earned == sum(row.interest for row in state.instalments)


# ── the verb ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def book(db: psycopg.Connection[Any]) -> Book:
    return Book(db, DAY)


def proved(book: Book) -> None:
    for check in verify_books(book.db):
        assert check.ok, (check.name, check.differences)


def account(book: Book, loan: str) -> tuple[Any, ...]:
    row = book.db.execute(
        """SELECT a.class_floor, a.observe_until, a.oldest_unpaid_due_on, a.interest_earned FROM account a
             JOIN loan_registry r USING (loan_id) WHERE r.key = %s""",
        [loan],
    ).fetchone()
    assert row is not None
    return (*row,)


def test_deferring_moves_the_dates_the_reminders_and_the_class_and_the_books_hold(book: Book) -> None:
    loan = book.lend().public_id
    book.walk(10)
    rearrange(book.db, clock=book.clock, by=OFFICER, loan=loan, change=by_months(1))
    assert account(book, loan) == ("special_mention", date(2027, 3, 12), date(2026, 5, 2), 0)
    assert book.open_duties(loan) == [("reminder", "i1 T-7", date(2026, 4, 25))]
    proved(book)


def test_a_class_that_arrears_had_reached_is_kept(book: Book) -> None:
    loan = book.lend().public_id
    for _ in range(31 + 95):
        run_night(book.db, clock=book.clock, on=book.day)
        book.walk(1)
    rearrange(book.db, clock=book.clock, by=OFFICER, loan=loan, change=by_months(4))
    assert account(book, loan)[:3] == ("substandard", date(2027, 7, 6), date(2026, 8, 2))
    proved(book)


def test_a_deferral_that_is_taken_back_leaves_the_old_dates_and_the_watch(book: Book) -> None:
    loan = book.lend().public_id
    book.walk(10)
    done = rearrange(book.db, clock=book.clock, by=OFFICER, loan=loan, change=by_months(1))
    book.walk(1)
    reverse(book.db, clock=book.clock, by=OFFICER, loan=loan, event_no=done.event_no, reason="登记错误（示例）")
    assert account(book, loan)[:3] == ("special_mention", date(2027, 3, 12), date(2026, 4, 2))
    assert preview(book.db, loan=loan, change=by_months(1), on=book.day).after[0].due_on == date(2026, 5, 2)
    proved(book)


def test_receipts_backdated_before_a_deferral_and_reversed_after_it_leave_the_books_whole(book: Book) -> None:
    loan = book.lend().public_id
    book.walk(20)
    rearrange(book.db, clock=book.clock, by=OFFICER, loan=loan, change=by_months(1))
    book.walk(3)
    paid = book.pay(loan, 412, on=date(2026, 3, 10))
    proved(book)
    book.walk(50)
    run_night(book.db, clock=book.clock, on=book.day)
    reverse(book.db, clock=book.clock, by=OFFICER, loan=loan, event_no=paid.event_no, reason="银行退票（示例）")
    proved(book)


def test_only_a_loan_that_is_being_repaid_is_deferred(book: Book) -> None:
    loan = book.lend().public_id
    book.walk(1)
    book.pay(loan, 2_000)
    with pytest.raises(Refusal, match="releasing"):
        rearrange(book.db, clock=book.clock, by=OFFICER, loan=loan, change=by_months(1))


def test_two_methods_and_a_second_deferral_end_paid_off(book: Book) -> None:
    from tests.books import round_terms

    loan = book.lend(round_terms(book.day, method=Method.EQUAL_INSTALMENT, instalments=6)).public_id
    for months in (1, 2):
        book.walk(15)
        rearrange(book.db, clock=book.clock, by=OFFICER, loan=loan, change=by_months(months))
    assert account(book, loan)[2] == date(2026, 7, 2)
    proved(book)
    book.walk(400)
    book.pay(loan, 3_000)
    proved(book)
