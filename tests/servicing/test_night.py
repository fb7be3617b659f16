"""The night on a real database: it touches what is due, promises tomorrow's reminders, and a second run does nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from holdfast.contact import dispatch
from holdfast.kernel.calendar import Unit
from holdfast.parties import register_party
from holdfast.products import Terms
from holdfast.servicing import Done
from holdfast.servicing.night import record_contacts, run_night
from holdfast.wiring import CHANNELS
from tests.books import OFFICER, Book, clock_on, round_terms
from tests.servicing.test_verbs import prove

START = date(2026, 3, 2)


@pytest.fixture
def book(db: psycopg.Connection[Any]) -> Book:
    return Book(db, START)


def live_until(book: Book, day: date) -> None:
    """Send each morning, close each evening, up to the evening of `day`."""
    while book.day <= day:
        record_contacts(book.db, dispatch(book.db, CHANNELS, clock=book.clock, limit=1_000), clock=book.clock)
        run_night(book.db, clock=book.clock, on=book.day)
        book.walk(1)
    book.walk(-1)


def test_a_reminder_is_promised_the_night_before_and_proved_in_the_morning(book: Book) -> None:
    loan = book.lend()
    live_until(book, date(2026, 3, 25))
    row = book.db.execute("SELECT state, on_date, body FROM message WHERE loan_id = %s", [loan.loan_id]).fetchone()
    assert row is not None and row[:2] == ("promised", date(2026, 3, 26))
    assert "412.00 元" in row[2] and row[2].startswith("【示例小额贷款】")
    live_until(book, date(2026, 3, 26))
    assert book.open_duties(loan.public_id) == [("reminder", "i1 T-3", date(2026, 3, 30))]
    prove(book)


def test_the_interest_of_an_instalment_is_earned_on_the_night_it_falls_due(book: Book) -> None:
    loan = book.lend()
    live_until(book, date(2026, 4, 2))
    row = book.db.execute("SELECT interest_earned FROM account WHERE loan_id = %s", [loan.loan_id]).fetchone()
    assert row == (1_200,)
    prove(book)


def test_arrears_open_a_follow_up_that_stays_until_someone_acts(book: Book) -> None:
    loan = book.lend()
    live_until(book, date(2026, 4, 2))
    assert ("follow_up", "2026-04-02 T+1", date(2026, 4, 3)) in book.open_duties(loan.public_id)
    live_until(book, date(2026, 4, 12))
    assert ("follow_up", "2026-04-02 T+1", date(2026, 4, 3)) in book.open_duties(loan.public_id)
    prove(book)


def lend_to_somebody(book: Book, terms: Terms | None = None) -> Done:
    """A loan whose borrower has a phone."""
    party = register_party(
        book.db, clock=book.clock, by=OFFICER, branch_id=book.branch_id, kind="person", private={"name": "示例张三", "phone": "13800000001"}
    )
    loan = book.lend(terms)
    book.db.execute("UPDATE loan SET party_id = %s WHERE loan_id = %s", [party.party_id, loan.loan_id])
    return loan


def contacts(book: Book, loan_id: int) -> list[tuple[str, str]]:
    """The messages of a loan, oldest first: template and state."""
    return book.db.execute("SELECT template, state FROM message WHERE loan_id = %s ORDER BY message_no", [loan_id]).fetchall()


def test_the_morning_after_a_missed_instalment_the_borrower_is_told_and_a_person_still_follows_up(book: Book) -> None:
    loan = lend_to_somebody(book)
    live_until(book, date(2026, 4, 3))
    assert contacts(book, loan.loan_id)[-1] == ("overdue", "delivered")
    assert [template for template, _ in contacts(book, loan.loan_id)].count("overdue") == 1
    assert ("follow_up", "2026-04-02 T+1", date(2026, 4, 3)) in book.open_duties(loan.public_id)
    told = book.db.execute(
        "SELECT body FROM record WHERE loan_id = %s AND kind = 'contact.sent' ORDER BY seq DESC", [loan.loan_id]
    ).fetchone()
    assert told is not None and b'"duties":[]' in told[0]
    live_until(book, date(2026, 4, 8))
    assert [template for template, _ in contacts(book, loan.loan_id)].count("overdue") == 1
    prove(book)


def test_who_pays_before_the_morning_is_not_told_that_they_are_late(book: Book) -> None:
    loan = lend_to_somebody(book)
    live_until(book, date(2026, 4, 2))
    book.walk(1)
    book.pay(loan.public_id, 412)
    record_contacts(book.db, dispatch(book.db, CHANNELS, clock=book.clock, limit=10), clock=book.clock)
    assert contacts(book, loan.loan_id)[-1] == ("overdue", "dropped")
    prove(book)


def test_two_messages_of_one_loan_in_one_morning_are_both_told(book: Book) -> None:
    loan = lend_to_somebody(book, replace(round_terms(book.day), every_count=1, every_unit=Unit.DAYS))
    live_until(book, book.day + timedelta(days=2))
    sent = book.db.execute("SELECT count(*) FROM record WHERE loan_id = %s AND kind LIKE 'contact.%%'", [loan.loan_id]).fetchone()
    assert sent == (len([1 for _, state in contacts(book, loan.loan_id) if state in ("delivered", "held")]),)
    prove(book)


def test_the_receipt_that_cures_arrears_closes_the_follow_up(book: Book) -> None:
    loan = book.lend()
    live_until(book, date(2026, 4, 3))
    book.walk(1)
    book.pay(loan.public_id, 412)
    assert [kind for kind, _, _ in book.open_duties(loan.public_id)] == ["reminder"]
    prove(book)


def test_a_second_run_of_the_same_night_does_nothing_more(book: Book) -> None:
    book.lend()
    live_until(book, date(2026, 4, 1))
    book.walk(1)
    first = run_night(book.db, clock=book.clock, on=book.day)
    again = run_night(book.db, clock=book.clock, on=book.day)
    # The interest that falls due, and what of it had accrued until last night.
    assert (first.loans, first.entries) == (1, 2)
    assert (again.loans, again.entries, again.messages, again.duties) == (0, 0, 0, 0)


def test_the_dry_run_names_what_the_night_then_does_and_writes_nothing(book: Book) -> None:
    book.lend()
    live_until(book, date(2026, 4, 1))
    book.walk(1)
    before = book.db.execute("SELECT count(*) FROM record").fetchone()
    dry = run_night(book.db, clock=book.clock, on=book.day, dry_run=True)
    assert book.db.execute("SELECT count(*) FROM record").fetchone() == before
    assert dry.lines and all(line.rule for line in dry.lines)
    assert dry.as_json() == run_night(book.db, clock=book.clock, on=book.day).as_json()


def entries_after(book: Book, entry_id: int) -> list[tuple[str, str, int]]:
    rows = book.db.execute("SELECT debit_account, credit_account, amount FROM gl_entry WHERE entry_id > %s", [entry_id]).fetchall()
    return sorted((debit, credit, int(amount)) for debit, credit, amount in rows)


def test_the_dry_run_names_every_entry_of_the_night_what_accrues_and_what_is_in_doubt_too(book: Book) -> None:
    book.lend()
    seen = set()
    for _ in range(125):
        dry = run_night(book.db, clock=book.clock, on=book.day, dry_run=True)
        named = [line.what for line in dry.lines if line.kind == "entry"]
        last = book.db.execute("SELECT coalesce(max(entry_id), 0) FROM gl_entry").fetchone()
        assert last is not None
        done = run_night(book.db, clock=book.clock, on=book.day)
        assert sorted((each["debit"], each["credit"], each["amount"]["minor"]) for each in named) == entries_after(book, last[0])
        assert dry.as_json() == done.as_json() and len(named) == done.entries
        seen |= {each["credit"] for each in named}
        book.walk(1)
    assert {"interest_income", "accrued_interest", "interest_suspense"} <= seen


def test_many_loans_pass_through_the_same_rule_as_one(book: Book) -> None:
    many = [book.lend() for _ in range(60)]
    live_until(book, date(2026, 4, 3))
    rows = book.db.execute("SELECT DISTINCT interest_earned, next_event_on FROM account").fetchall()
    assert len(rows) == 1
    assert len({tuple(book.open_duties(loan.public_id)) for loan in many}) == 1
    prove(book)


def test_a_person_with_a_phone_gets_the_message_and_the_duty_names_its_proof(book: Book) -> None:
    loan = lend_to_somebody(book)
    live_until(book, date(2026, 3, 26))
    row = book.db.execute("SELECT state, sent_at FROM message WHERE loan_id = %s", [loan.loan_id]).fetchone()
    assert row is not None and row[0] == "delivered" and row[1] == clock_on(date(2026, 3, 26)).now()
    proof = book.db.execute(
        "SELECT r.kind FROM duty d JOIN record r ON r.loan_id = d.loan_id AND r.seq = d.proof_seq WHERE d.loan_id = %s", [loan.loan_id]
    ).fetchall()
    assert proof == [("contact.sent",)]


def test_nights_left_out_are_made_good_one_by_one(book: Book) -> None:
    loan = book.lend()
    book.walk(40)
    day = START
    while day <= book.day:
        run_night(book.db, clock=clock_on(day), on=day)
        record_contacts(
            book.db, dispatch(book.db, CHANNELS, clock=clock_on(day + timedelta(days=1)), limit=10), clock=clock_on(day + timedelta(days=1))
        )
        day += timedelta(days=1)
    assert [kind for kind, _, _ in book.open_duties(loan.public_id)] == ["follow_up", "reminder"]
    prove(book)


def test_moments_long_gone_are_stepped_over_not_walked_through(book: Book) -> None:
    from holdfast.policy import lender
    from holdfast.servicing.duties import follow_ups, plan_of, recoveries

    plan = plan_of(book.pack, lender(book.db), "phone", START, product="phone")
    began = date(2026, 1, 1)

    def days(moments: Any, many: int) -> list[int]:
        return [(next(moments).due_on - began).days for _ in range(many)]

    assert days(follow_ups(began, plan, after=began), 8) == [1, 3, 7, 14, 21, 30, 45, 60]
    assert days(follow_ups(began, plan, after=began + timedelta(days=3)), 2) == [7, 14]
    assert days(follow_ups(began, plan, after=began + timedelta(days=45)), 2) == [60, 75]
    assert days(follow_ups(began, plan, after=began + timedelta(days=3_000)), 1) == [3_015]
    assert days(recoveries(began, plan, after=began + timedelta(days=90)), 2) == [180, 270]
    assert days(recoveries(began, plan, after=began + timedelta(days=89)), 1) == [90]
