"""Interest that follows what is truly owed: what early and late money does, by hand and by chance.

The loan by hand: 1,200.00 at 12 % a year from 1 January 2026, by days over 365 unless months are named, so that a day
of 1,200.00 costs 0.3945.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.kernel.calendar import DayCount
from holdfast.kernel.errors import BadInput, Refusal
from holdfast.kernel.money import Money
from holdfast.kernel.rate import Rate
from holdfast.products.terms import Early, Excess, Method, OverdueInterest, PayoffInterest, PeriodInterest, Rest, Terms
from holdfast.servicing import receive
from holdfast.servicing.fold import fold
from holdfast.servicing.payoff import payoff
from holdfast.servicing.recalculation import standing
from holdfast.servicing.rescheduling import Kind
from holdfast.servicing.verify import verify_books
from tests.books import OFFICER, Book, round_terms
from tests.servicing.contracts import Story, contract, contracts, lent
from tests.servicing.test_rearrangements import agreed

FIRST = date(2026, 2, 1)


def equal(**other: Any) -> Terms:
    """1,200.00 in six equal instalments of 207.06 at 1 % a month."""
    return contract(method=Method.EQUAL_INSTALMENT, instalments=6, early=Early.REDUCE, **other)


def rows(story: Story) -> list[tuple[int, int]]:
    return [(row.principal, row.interest) for row in story.state.instalments]


# ── early money ────────────────────────────────────────────────────────────────────────────────────────────


def test_the_instalment_that_repeats() -> None:
    # 12.00 interest and 195.06; 10.05 and 197.01; 8.08 and 198.98; 6.09 and 200.97; 4.08 and 202.98; 2.05 and 205.00.
    assert rows(lent(equal())) == [(19_506, 1_200), (19_701, 1_005), (19_898, 808), (20_097, 609), (20_298, 408), (20_500, 205)]


def test_reduce_asks_for_less_each_time() -> None:
    # On the first due date 607.06 come: 207.06 are due, 400.00 go to principal. 604.94 in five at 1 %: 124.64 each.
    story = lent(equal()).paid(60_706, FIRST)
    assert rows(story) == [(59_506, 1_200), (11_859, 605), (11_978, 486), (12_097, 367), (12_218, 246), (12_342, 123)]


def test_shorten_asks_for_the_same_and_ends_sooner() -> None:
    # 604.94 at 207.06 a month: 6.05 and 201.01; 4.04 and 203.02; 2.01 and the 200.91 that are left.
    story = lent(replace(equal(), early=Early.SHORTEN)).paid(60_706, FIRST)
    assert rows(story) == [(59_506, 1_200), (20_101, 605), (20_302, 404), (20_091, 201), (0, 0), (0, 0)]


def test_next_asks_for_that_much_less_the_next_times() -> None:
    # Of the 400.00 the second instalment gives its 201.01 of principal and the third its next 198.99.
    story = lent(replace(equal(), early=Early.NEXT)).paid(60_706, FIRST)
    assert rows(story) == [(59_506, 1_200), (0, 605), (202, 605), (20_103, 603), (20_304, 402), (19_885, 199)]


def test_the_borrower_chooses_with_the_receipt() -> None:
    chosen = lent(equal()).tell("receipt", FIRST, amount=60_706, early="shorten")
    assert rows(chosen) == rows(lent(replace(equal(), early=Early.SHORTEN)).paid(60_706, FIRST))


def test_money_before_its_day_saves_the_interest_of_the_days_that_are_left() -> None:
    # 31 days of 1,200.00 are 12.23. On 11 January 100.00 come: 10 days of 1,200.00, 3.95, and 21 of 1,100.00, 7.59.
    terms = equal(period_interest=PeriodInterest.DAILY, day_count=DayCount.ACTUAL_365)
    story = lent(terms)
    assert story.state.instalments[0].interest == 1_223
    assert story.paid(10_000, date(2026, 1, 11)).state.instalments[0].interest == 395 + 759
    # Where interest is reckoned at due dates only, they are saved from the next one on.
    rest = lent(replace(terms, rest=Rest.DUE_DATE)).paid(10_000, date(2026, 1, 11))
    assert rest.state.instalments[0].interest == 1_223


def test_a_pay_off_owes_interest_for_its_days_or_for_the_running_period() -> None:
    # On 11 January 10 days of 1,200.00 are 3.95.
    terms = equal(period_interest=PeriodInterest.DAILY, day_count=DayCount.ACTUAL_365)
    assert payoff(lent(terms).state, date(2026, 1, 11)) == 120_000 + 395
    whole = replace(terms, payoff_interest=PayoffInterest.RUNNING_PERIOD)
    assert payoff(lent(whole).state, date(2026, 1, 11)) == 120_000 + 1_223


# ── money that pays instalments to come in their order ──


def in_order(**other: Any) -> Terms:
    """1,200.00 in six of 207.06 at 1 % a month, where early money pays instalments in their order, principal first."""
    order = ("principal", "interest", "fee", "penalty")
    return replace(equal(allocation=order, **other), early=Early.LAST)


def test_an_instalment_that_is_paid_whole_before_its_day_owes_interest_to_the_day_only() -> None:
    # 17 January: 16 of 31 days of 12.00 are 6.19; of 207.06 the other 200.87 are principal. The 15 days that are left of
    # the month, on 999.13 at 1 %, are 4.83 and come with the next: with February's 9.99 and nothing lost, 14.83 in one rounding.
    story = lent(in_order()).paid(20_706, date(2026, 1, 17))
    assert rows(story)[:2] == [(20_087, 619), (20_706 - 1_483, 1_483)]
    assert story.state.instalments[0].paid_on == date(2026, 1, 17)


def test_money_for_a_part_of_it_is_principal_and_bears_no_more_interest() -> None:
    # 100.00 on 17 January: 6.19, and 15 days of 1,100.00, 5.32. The instalment stays 207.06.
    story = lent(in_order()).paid(10_000, date(2026, 1, 17))
    assert rows(story)[0] == (20_706 - 1_151, 1_151)


def test_the_last_first_shortens_from_the_end_and_the_last_that_is_unpaid_takes_the_rest() -> None:
    # 205.00 on the due date of the first pay the last: 1,004.94 - 205.00 bear interest in February.
    story = lent(replace(in_order(), excess=Excess.LAST)).paid(20_706 + 20_500, FIRST)
    parts = rows(story)
    assert parts[1] == (20_706 - 800, 800)
    assert parts[-1] == (20_500, 0)
    assert sum(principal for principal, _ in parts) == 120_000
    # The fifth, now the last to pay, asks for less than what repeats.
    assert parts[-2][0] + parts[-2][1] < 20_706


def test_a_pay_off_after_money_ahead_asks_for_no_day_twice() -> None:
    story = lent(in_order()).paid(20_706, date(2026, 1, 17))
    # 999.13 bear 1 % a month: nothing on the day itself, 4.83 to 1 February.
    assert payoff(story.state, date(2026, 1, 17)) == 99_913
    assert payoff(story.state, FIRST) == 99_913 + 483


# ── agreements and the cooling-off period ──


def test_another_rate_is_the_rate_at_which_interest_follows_what_is_owed() -> None:
    story = agreed(lent(equal()), date(2026, 1, 10), Kind.NEW_RATE, rate=Rate(240_000_000), from_n=3)
    # 807.93 at 2 % from the third on: 16.16; a receipt on its day changes nothing of it.
    assert rows(story)[1:3] == [(19_701, 1_005), (19_602, 1_616)]
    assert rows(story.paid(20_706, FIRST)) == rows(story)


def test_what_is_withdrawn_in_the_cooling_off_period_bears_no_interest_until_it_has_come_back() -> None:
    story = lent(equal()).tell("waived", date(2026, 1, 10))
    assert payoff(story.state, date(2026, 1, 20)) == 120_000
    part = story.paid(50_000, date(2026, 1, 12))
    assert payoff(part.state, date(2026, 1, 20)) == 70_000
    assert [interest for _, interest in rows(part)] == [0] * 6


# ── overdue principal ──────────────────────────────────────────────────────────────────────────────────────


def test_overdue_principal_bears_interest_only_if_the_contract_says_so() -> None:
    none = lent(equal())
    always = lent(replace(equal(), overdue_interest=OverdueInterest.ALWAYS))
    # Nothing is paid to 1 March: the second month costs 12.00 on 1,200.00 rather than 10.05 on 1,004.94.
    on = date(2026, 3, 1)
    assert standing(none.state, on).instalments[1].interest == 1_005
    assert standing(always.state, on).instalments[1].interest == 1_200
    # The instalment stays 207.06, so its principal is less, and the last is more.
    assert standing(always.state, on).instalments[1].principal == 19_506
    # On top of interest that is overdue: 1,212.00 bear it.
    compounds = lent(replace(equal(), overdue_interest=OverdueInterest.ALWAYS, compounding=True))
    assert standing(compounds.state, on).instalments[1].interest == 1_212


def test_running_counts_from_the_due_date_before_the_day_on_which_money_comes() -> None:
    # Money comes on 1 April. February passes as planned; in March the overdue 195.06 and 197.01 bear 1 % too: 3.92.
    story = lent(replace(equal(), overdue_interest=OverdueInterest.RUNNING)).paid(20_706, date(2026, 4, 1))
    assert [row.interest for row in story.state.instalments[:3]] == [1_200, 1_005, 808 + 392]


# ── by chance ──────────────────────────────────────────────────────────────────────────────────────────────


@st.composite
def recalculating(draw: st.DrawFn) -> Story:
    terms = draw(contracts().filter(lambda terms: terms.method is not Method.FLAT))
    overdue = draw(st.sampled_from(OverdueInterest))
    terms = replace(
        terms, interest_grace=0, early=draw(st.sampled_from(Early)), overdue_interest=overdue,
        compounding=overdue is not OverdueInterest.NONE and draw(st.booleans()), rest=draw(st.sampled_from(Rest)),
        payoff_interest=draw(st.sampled_from(PayoffInterest)),
    )  # fmt: skip
    story = lent(terms)
    last = story.state.instalments[-1].due_on
    for day in sorted(draw(st.lists(st.integers(0, (last - terms.disbursed_on).days + 40), max_size=6))):
        on = terms.disbursed_on + timedelta(days=day)
        choice = draw(st.sampled_from([None, "reduce", "shorten", "next"])) if terms.early is not Early.AHEAD else None
        amount = draw(st.integers(1, terms.principal * 2 // 3 + 1))
        story = story.tell("receipt", on, amount=amount, **({"early": choice} if choice else {}))
    return story.due(*range(1, draw(st.integers(0, terms.instalments)) + 1))


@given(recalculating())
def test_principal_is_never_made_or_lost_and_nothing_is_paid_beyond_what_is_asked(story: Story) -> None:
    state = story.state
    assert sum(row.principal for row in state.instalments) == story.terms.principal
    assert all(0 <= row.principal_paid <= row.principal and 0 <= row.interest_paid <= row.interest for row in state.instalments)
    received = sum(event.payload["amount"] for event in story.events if event.kind == "receipt")
    totals = state.totals
    assert received == totals.principal_paid + totals.interest_paid + totals.overpaid
    assert totals.principal_paid == sum(row.principal_paid for row in state.instalments)


@given(recalculating(), st.data())
def test_a_pay_off_ends_the_loan_and_all_that_was_earned_was_asked_for(story: Story, data: st.DataObject) -> None:
    on = max(event.on for event in story.events) + timedelta(days=data.draw(st.integers(0, 60)))
    before = story.state
    if before.closed:
        return
    paid = story.paid(payoff(before, on), on).state
    assert paid.paid_off_on == on and paid.principal_out == 0 and paid.totals.overpaid == before.totals.overpaid
    assert paid.totals.interest_earned == sum(row.interest for row in paid.instalments) == paid.totals.interest_paid


@given(recalculating(), st.data())
def test_events_in_any_order_give_the_same_state(story: Story, data: st.DataObject) -> None:
    assert fold(story.terms, data.draw(st.permutations(story.events))) == story.state


@given(recalculating(), st.integers(1, 400))
def test_looking_changes_nothing(story: Story, days: int) -> None:
    state = story.state
    standing(state, story.terms.disbursed_on + timedelta(days=days))
    assert state == story.state


# ── what is refused, and the books ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"method": Method.FLAT}, "terms.early"),
        ({"compounding": True}, "terms.compounding"),
        ({"interest_grace": 2}, "terms.interest_grace"),
    ],
)
def test_terms_that_contradict_themselves_are_refused(change: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as refused:
        replace(equal(), **change)
    assert refused.value.field == field


def test_terms_that_recalculate_are_written_and_read_back_the_same() -> None:
    terms = equal(overdue_interest=OverdueInterest.ALWAYS, compounding=True, rest=Rest.DUE_DATE)
    assert Terms.from_json(terms.to_json()) == terms


@pytest.fixture
def book(db: psycopg.Connection[Any]) -> Book:
    return Book(db, date(2026, 3, 2))


def proved(book: Book) -> None:
    for check in verify_books(book.db):
        assert check.ok, (check.name, check.differences)


def test_a_receipt_names_the_choice_and_the_books_hold(book: Book) -> None:
    terms = round_terms(
        book.day, method=Method.EQUAL_INSTALMENT, instalments=6, early=Early.REDUCE, overdue_interest=OverdueInterest.ALWAYS
    )
    loan = book.lend(terms).public_id
    book.walk(20)
    receive(book.db, clock=book.clock, by=OFFICER, loan=loan, amount=Money(30_000, "CNY"), received_on=book.day, early="shorten")
    proved(book)
    book.walk(60)
    book.pay(loan, 100)
    proved(book)
    book.walk(200)
    book.pay(loan, 3_000)
    proved(book)


def test_where_the_contract_gives_no_choice_none_is_taken(book: Book) -> None:
    loan = book.lend().public_id
    with pytest.raises(Refusal) as refused:
        receive(book.db, clock=book.clock, by=OFFICER, loan=loan, amount=Money(1, "CNY"), received_on=book.day, early="reduce")
    assert refused.value.code == "no_early_choice"
