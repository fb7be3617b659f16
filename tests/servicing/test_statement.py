"""Statement of account, pay-off statement, due dates: to the fen what the fold says, by hand and over thousands of lives."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from holdfast.kernel.errors import BadInput, NotFound, Refusal
from holdfast.kernel.money import Money
from holdfast.products.terms import PayoffInterest, Penalty, PenaltyBase
from holdfast.servicing import receive, reverse, write_off
from holdfast.servicing.account_statement import ACCRUED, SIDES, AccountStatement, account_statement, balance_of, drawn
from holdfast.servicing.due_dates import due_dates, due_dates_of
from holdfast.servicing.fold import Event, Totals, fold
from holdfast.servicing.night import run_night
from holdfast.servicing.payoff import payoff
from holdfast.servicing.payoff_statement import good_until, lines_on, payoff_statement, sum_on
from holdfast.servicing.reading import look_of
from holdfast.servicing.views import LoanRow, Look
from tests.books import OFFICER, Book
from tests.servicing.contracts import Story, contract, lent, stories

DAY = date(2026, 1, 1)
ROW = LoanRow(
    "ln_x", "T-1", "张*", "phone", "手机质押贷", "Phone loan", "phone", "T", "示例营业部", None, "active", "CNY", Money(0, "CNY"), 0,
    "pass", None, None, None, None, DAY,
)  # fmt: skip


def told(story: Story, start: date, until: date) -> AccountStatement:
    return drawn(story.terms, story.events, ROW, start=start, until=until)


def learned(story: Story, kind: str, on: date, entered_on: date, **payload: Any) -> Story:
    """The story with something that the book learned of only on `entered_on`."""
    return Story(story.terms, [*story.events, Event(len(story.events) + 1, kind, on, entered_on, payload)])


# ── by hand ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_statement_adds_what_fell_due_and_takes_what_was_paid_line_by_line() -> None:
    # 1,200.00 at 12 % a year in 3: 412.00, 408.00, 404.00. Paid out; 12.00 interest fell due; 412.00 paid; 100.00 paid ahead.
    story = lent(instalments=3).due(1).paid(41_200, date(2026, 2, 1)).paid(10_000, date(2026, 2, 10))
    found = told(story, DAY, date(2026, 2, 28))
    assert [(line.kind, line.added.told(), line.taken.told(), line.balance) for line in found.lines] == [
        ("loan.disbursed", {"principal": 120_000}, {}, 120_000),
        ("instalment.due", {"interest": 1_200}, {}, 121_200),
        ("receipt.posted", {}, {"principal": 40_000, "interest": 1_200}, 80_000),
        # 8.00 of it pays interest of the second instalment before its day, so that interest is owed and paid at once.
        ("receipt.posted", {"interest": 800}, {"principal": 9_200, "interest": 800}, 70_800),
    ]
    assert (found.opening, found.added.total, found.taken.total, found.closing) == (0, 122_000, 51_200, 70_800)
    assert (found.fallen_due, found.oldest_on, found.days_late) == (0, None, 0)
    assert (found.next_on, found.next_due) == (date(2026, 3, 1), 40_800 - 10_000)


def test_a_period_opens_with_what_the_one_before_closed_with() -> None:
    story = lent(instalments=3).due(1).paid(41_200, date(2026, 2, 1))
    january, february = told(story, DAY, date(2026, 1, 31)), told(story, date(2026, 2, 1), date(2026, 2, 28))
    assert january.closing == february.opening == 120_000 and february.closing == 80_000
    assert [line.event_no for line in february.lines] == [2, 3]


def test_what_is_overdue_is_named_with_its_day() -> None:
    found = told(lent(instalments=3).due(1).paid(20_000, date(2026, 2, 1)), DAY, date(2026, 2, 11))
    assert (found.fallen_due, found.oldest_on, found.days_late, found.next_on) == (21_200, date(2026, 2, 1), 10, date(2026, 3, 1))


def test_a_receipt_that_is_learned_of_later_stands_on_the_day_it_was_learned_of_and_names_its_own() -> None:
    story = learned(lent(instalments=3).due(1), "receipt", date(2026, 1, 31), date(2026, 2, 20), amount=41_200)
    line = told(story, date(2026, 2, 1), date(2026, 2, 28)).lines[-1]
    assert (line.on, line.value_on, line.taken.total, line.balance) == (date(2026, 2, 20), date(2026, 1, 31), 41_200, 80_000)


def test_a_statement_of_a_period_that_is_over_is_the_same_whenever_it_is_drawn() -> None:
    story = lent(instalments=3).due(1).paid(41_200, date(2026, 2, 1))
    january = told(story, DAY, date(2026, 2, 10))
    later = learned(story, "receipt", date(2026, 1, 20), date(2026, 2, 20), amount=10_000)
    later = learned(later, "reversal", date(2026, 3, 1), date(2026, 3, 1), event_no=3, reason="错")
    again = told(later, DAY, date(2026, 2, 10))
    assert again == january


def test_a_receipt_taken_back_is_a_line_of_its_own_and_the_first_one_says_so() -> None:
    story = lent(instalments=3).due(1).paid(41_200, date(2026, 2, 1))
    story = learned(story, "reversal", date(2026, 2, 5), date(2026, 2, 5), event_no=3, reason="错")
    found = told(story, DAY, date(2026, 2, 28))
    assert found.lines[2].undone_by == 4 and found.lines[3].kind == "receipt.reversed"
    assert found.lines[3].taken.told() == {"principal": -40_000, "interest": -1_200}
    assert found.closing == 121_200


def test_penalty_interest_since_the_last_event_is_told_and_the_next_period_opens_with_it() -> None:
    # 400.00 overdue from 1 February at 0.05 % a day: 0.20 a day; ten days are 2.00, twenty 4.00.
    terms = contract(instalments=3, penalty=Penalty(base=PenaltyBase.PRINCIPAL, ppb=500_000))
    story = lent(terms).due(1)
    first, second = told(story, DAY, date(2026, 2, 11)), told(story, date(2026, 2, 12), date(2026, 2, 21))
    assert (first.lines[-1].kind, first.lines[-1].added.told()) == (ACCRUED, {"penalty": 200})
    assert first.closing == second.opening == 121_400
    assert second.lines[-1].added.told() == {"penalty": 200} and second.closing == 121_600 and second.fallen_due == 41_600


def test_debt_that_was_written_off_is_still_owed_and_what_comes_back_is_taken_off() -> None:
    story = lent(instalments=3).due(1).tell("written_off", date(2026, 6, 1), reason="失联").paid(1_200, date(2026, 7, 1))
    found = told(story, DAY, date(2026, 7, 31))
    assert found.closing == 121_200 - 1_200
    assert [line.balance for line in found.lines[-2:]] == [121_200, 120_000]


def test_every_running_total_of_a_loan_has_its_side() -> None:
    assert set(SIDES) == {each.name for each in fields(Totals)}


# ── the pay-off ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_pay_off_grows_by_a_day_s_interest_until_the_period_ends() -> None:
    # The first period has 31 days and asks for 12.00: by 11 January, 10 days, 3.87; by the 12th, 4.26.
    state = lent(instalments=3).state
    assert (sum_on(state, date(2026, 1, 11)), sum_on(state, date(2026, 1, 12))) == (120_387, 120_426)
    assert good_until(state, date(2026, 1, 11)) == date(2026, 1, 11)


def test_a_pay_off_of_the_whole_scheduled_interest_is_the_same_for_a_month() -> None:
    state = lent(contract(instalments=3, payoff_interest=PayoffInterest.SCHEDULED)).state
    assert sum_on(state, date(2026, 1, 5)) == sum_on(state, date(2026, 1, 25)) == 122_400
    assert good_until(state, date(2026, 1, 5)) == date(2026, 2, 5)


def test_of_a_debt_written_off_the_claim_is_what_ends_it() -> None:
    state = lent(instalments=3).due(1).tell("written_off", date(2026, 6, 1), reason="失联").paid(1_200, date(2026, 7, 1)).state
    assert sum_on(state, date(2026, 8, 1)) == 120_000 and [line.part for line in lines_on(state, date(2026, 8, 1))] == ["claim"]


# ── due dates ──────────────────────────────────────────────────────────────────────────────────────────────


def test_due_dates_keep_their_numbers_and_count_their_changes() -> None:
    story = lent(instalments=3)
    assert [(each.n, each.due_on, each.amount, each.changes) for each in due_dates(story.terms, story.events)] == [
        (1, date(2026, 2, 1), 41_200, 0), (2, date(2026, 3, 1), 40_800, 0), (3, date(2026, 4, 1), 40_400, 0),
    ]  # fmt: skip
    story = story.due(1).paid(20_000, date(2026, 2, 1)).paid(21_200, date(2026, 2, 3))
    found = due_dates(story.terms, story.events)
    assert [(each.n, each.amount, each.changes, each.stands) for each in found] == [
        (1, 0, 2, False), (2, 40_800, 0, True), (3, 40_400, 0, True),
    ]  # fmt: skip
    assert found[0].due_on == date(2026, 2, 1) and found[0].changed_on == date(2026, 2, 3)


def test_a_receipt_taken_back_brings_its_instalment_back_under_a_higher_number_of_changes() -> None:
    story = lent(instalments=3).due(1).paid(41_200, date(2026, 2, 1))
    story = learned(story, "reversal", date(2026, 2, 5), date(2026, 2, 5), event_no=3, reason="错")
    first = due_dates(story.terms, story.events)[0]
    assert (first.due_on, first.amount, first.changes, first.stands) == (date(2026, 2, 1), 41_200, 2, True)


def test_a_loan_that_is_paid_off_has_no_due_date_left() -> None:
    story = lent(instalments=3).paid(200_000, date(2026, 1, 10))
    assert not any(each.stands for each in due_dates(story.terms, story.events))


# ── over thousands of lives ────────────────────────────────────────────────────────────────────────────────


@st.composite
def lives(draw: st.DrawFn) -> Story:
    """A story with things learned of late, some taken back, and perhaps penalty interest; in the order in which they were entered."""
    told = draw(stories())
    terms = told.terms
    if draw(st.booleans()):
        terms = replace(terms, penalty=Penalty(base=draw(st.sampled_from(PenaltyBase)), ppb=500_000))
    events: list[Event] = []
    late = {event.event_no: timedelta(days=event.event_no % 3 * 4) for event in told.events if event.kind == "receipt"}
    for event in sorted(told.events, key=lambda each: (each.on + late.get(each.event_no, timedelta(0)), each.event_no)):
        entered = event.on + late.get(event.event_no, timedelta(0))
        entered = max(entered, events[-1].entered_on) if events else entered
        events.append(replace(event, event_no=len(events) + 1, entered_on=entered))
    receipts = [event.event_no for event in events if event.kind == "receipt"]
    for event_no in draw(st.lists(st.sampled_from(receipts), unique=True, max_size=2)) if receipts else []:
        on = events[-1].entered_on + timedelta(days=draw(st.integers(0, 20)))
        events.append(Event(len(events) + 1, "reversal", on, on, {"event_no": event_no, "reason": "x"}))
    return Story(terms, events)


@given(lives(), st.data())
def test_a_statement_is_the_fold_to_the_minor_unit_whatever_happened(story: Story, data: st.DataObject) -> None:
    try:
        fold(story.terms, story.events)
    except Refusal:
        assume(False)
    begins, ends = story.events[0].entered_on, story.events[-1].entered_on
    cut = begins + timedelta(days=data.draw(st.integers(0, (ends - begins).days)))
    whole = told(story, begins, ends)
    known = [event for event in story.events if event.entered_on <= ends]
    from holdfast.servicing.charging import as_of

    assert whole.closing == balance_of(as_of(fold(story.terms, known), ends).totals)
    assert whole.opening + whole.added.total - whole.taken.total == whole.closing
    running = whole.opening
    for line in whole.lines:
        running += line.added.total - line.taken.total
        assert line.balance == running
    first, second = told(story, begins, cut), told(story, cut + timedelta(days=1), max(ends, cut + timedelta(days=1)))
    assert second.opening == first.closing
    assert [line.event_no for line in (*first.lines, *second.lines) if line.event_no] == [event.event_no for event in known]


@given(lives(), st.integers(0, 200))
def test_what_a_pay_off_statement_quotes_is_what_a_receipt_of_that_day_settles(story: Story, days: int) -> None:
    try:
        state = story.state
    except Refusal:
        assume(False)
    last = max(event.on for event in story.events)
    on = last + timedelta(days=days)
    quoted = sum_on(state, on)
    assert sum(line.amount for line in lines_on(state, on)) == quoted or quoted == 0
    assume(not state.closed and quoted > 0)
    # The nights in between bill what falls due; that changes nothing about what ends the loan.
    later = story
    for row in state.instalments:
        if state.through < row.due_on <= on and 1 <= row.n <= story.terms.instalments:
            later = Story(
                story.terms, [*later.events, Event(len(later.events) + 1, "instalment_due", row.due_on, row.due_on, {"n": row.n})]
            )
    later = Story(story.terms, [*later.events])
    settled = later.paid(quoted, on).state
    assert settled.paid_off_on == on and settled.totals.overpaid == state.totals.overpaid
    if quoted > 1:
        assert later.paid(quoted - 1, on).state.paid_off_on is None
    assert payoff(later.state, on) == quoted


@given(lives())
def test_due_dates_are_the_unpaid_rows_of_the_fold_and_never_go_back_in_their_changes(story: Story) -> None:
    try:
        state = story.state
    except Refusal:
        assume(False)
    standing = {each.n: (each.due_on, each.amount) for each in due_dates(story.terms, story.events) if each.stands}
    assert standing == ({} if state.closed else {row.n: (row.due_on, row.unpaid) for row in state.instalments if row.unpaid})
    seen: dict[int, int] = {}
    for count in range(1, len(story.events) + 1):
        for each in due_dates(story.terms, story.events[:count]):
            assert each.changes >= seen.get(each.n, 0)
            seen[each.n] = each.changes


# ── from the book ──────────────────────────────────────────────────────────────────────────────────────────


class All:
    """The sight of somebody who sees every loan."""

    def condition(self, alias: str) -> tuple[str, dict[str, Any]]:
        return "TRUE", {}


class Nobody:
    """The sight of another branch."""

    def condition(self, alias: str) -> tuple[str, dict[str, Any]]:
        return "FALSE", {}


@pytest.fixture
def book(db: psycopg.Connection[Any]) -> Book:
    return Book(db, date(2026, 3, 2))


def look(book: Book) -> Look:
    return look_of(book.db, All(), book.clock)


def test_a_statement_agrees_with_the_loan_s_sub_ledger(book: Book) -> None:
    loan = book.lend().public_id
    for _ in range(45):
        run_night(book.db, clock=book.clock, on=book.day)
        book.walk(1)
    book.pay(loan, 300)
    book.pay(loan, "50.50", on=date(2026, 3, 20))
    number = book.db.execute("SELECT loan_id FROM loan WHERE public_id = %s", [loan]).fetchone()
    assert number is not None
    found = account_statement(book.db, look(book), loan)
    held = dict.fromkeys(("principal_receivable", "interest_receivable", "borrower_credit"), 0)
    for debit, credit, amount in book.db.execute("SELECT debit_account, credit_account, amount FROM posting WHERE loan_id = %s", number):
        if debit in held:
            held[debit] += amount
        if credit in held:
            held[credit] -= amount
    assert found.closing == sum(held.values()) and found.closing == 121_200 - 35_050
    assert found.fallen_due == 41_200 - 35_050 and found.days_late == 14


def test_a_statement_reaches_to_today_at_most_and_begins_before_it_ends(book: Book) -> None:
    loan = book.lend().public_id
    with pytest.raises(BadInput, match="has not come yet"):
        account_statement(book.db, look(book), loan, until=date(2026, 3, 3))
    with pytest.raises(BadInput, match="begins before it ends"):
        account_statement(book.db, look(book), loan, start=date(2026, 3, 3), until=date(2026, 3, 2))
    with pytest.raises(Refusal, match="no account yet"):
        account_statement(book.db, look(book), loan, start=date(2026, 2, 1), until=date(2026, 3, 1))


def test_nobody_else_s_loan_has_a_statement(book: Book) -> None:
    loan = book.lend().public_id
    far = look_of(book.db, Nobody(), book.clock)
    for reading in (account_statement, payoff_statement, due_dates_of):
        with pytest.raises(NotFound):
            reading(book.db, far, loan)


def test_a_pay_off_statement_is_for_today_or_later_and_its_sum_settles_the_loan(book: Book) -> None:
    loan = book.lend().public_id
    with pytest.raises(BadInput, match="a day after it"):
        payoff_statement(book.db, look(book), loan, on=date(2026, 3, 1))
    with pytest.raises(BadInput, match="ten years"):
        payoff_statement(book.db, look(book), loan, on=date(2037, 3, 1))
    ahead = payoff_statement(book.db, look(book), loan, on=date(2026, 4, 12))
    assert sum(line.amount for line in ahead.lines) == ahead.total.minor
    assert ahead.following[0] == (date(2026, 4, 13), Money(ahead.total.minor + ahead.a_day_more.minor, "CNY"))
    for _ in range(41):
        run_night(book.db, clock=book.clock, on=book.day)
        book.walk(1)
    done = receive(book.db, clock=book.clock, by=OFFICER, loan=loan, amount=ahead.total, received_on=book.day)
    assert done.state == "releasing"
    with pytest.raises(Refusal, match="nothing is owed"):
        payoff_statement(book.db, look(book), loan)


def test_a_written_off_loan_has_a_pay_off_statement_of_the_claim(book: Book) -> None:
    loan = book.lend().public_id
    write_off(book.db, clock=book.clock, by=OFFICER, loan=loan, reason="失联（示例）")
    found = payoff_statement(book.db, look(book), loan)
    assert (found.total, found.a_day_more, found.good_until) == (Money(120_000, "CNY"), Money(0, "CNY"), date(2026, 4, 2))


def test_the_calendar_of_a_loan_follows_what_is_taken_back(book: Book) -> None:
    loan = book.lend().public_id
    receipt = book.pay(loan, 412)
    assert not due_dates_of(book.db, look(book), loan)[0].stands
    reverse(book.db, clock=book.clock, by=OFFICER, loan=loan, event_no=receipt.event_no, reason="付错了（示例）")
    first = due_dates_of(book.db, look(book), loan)[0]
    assert first.stands and first.changes == 2
