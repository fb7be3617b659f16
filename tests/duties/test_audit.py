"""The audit names what was not done, and what somebody with the database's own keys has hidden.

The book is small and lives on 2026 dates: a loan of 1,200.00 without interest, paid out on 5 January, due on
the 5th of February, March, April and May, 300.00 each. Whoever tampers is the owner, with every check of the
database switched off (`session_replication_role = replica`).
"""

from __future__ import annotations

from datetime import date
from typing import Final

import pytest

from holdfast.contact import dispatch
from holdfast.duties.audit import Audit
from holdfast.kernel.money import Money
from holdfast.servicing import refund, reverse, write_off
from holdfast.servicing.night import record_contacts, run_night
from holdfast.wiring import CHANNELS
from tests.duties.books import CALLER, Book


@pytest.fixture
def worked(book: Book) -> tuple[Book, str]:
    """A loan whose first three reminders are done, with the fourth open on 5 February; and a second loan like it."""
    first, second = book.lend(), book.lend()
    for day in ("2026-01-29", "2026-02-02", "2026-02-04"):
        book.remind(first, day)
        book.remind(second, day)
    outcome = book.audit("2026-02-05")
    assert outcome.clean, outcome.as_json()
    return book, first


def findings(outcome: Audit) -> dict[str, list[tuple[str, str]]]:
    """The lists as (kind, due day in the lender's zone)."""
    return {
        name: [(each.kind, each.due_at.date().isoformat() if each.due_at else "") for each in getattr(outcome, name)]
        for name in ("missing", "late", "unproved")
        if getattr(outcome, name)
    }


# -- an honest book -------------------------------------------------------------------------------


def test_an_empty_book_is_clean(book: Book) -> None:
    assert book.audit("2026-02-01").as_json() == {
        "as_of": "2026-02-01",
        "loans": 0,
        "expected": 0,
        "missing": [],
        "late": [],
        "unproved": [],
    }


def test_a_loan_whose_duties_were_done_is_clean_and_each_moment_is_counted(worked: tuple[Book, str]) -> None:
    book, _ = worked
    outcome = book.audit("2026-02-05")
    assert (outcome.loans, outcome.expected) == (2, 8)


def test_a_loan_paid_off_and_released_is_clean_to_the_end_and_after(book: Book) -> None:
    loan = book.lend()
    book.pay(loan, 120_500, "2026-01-15")
    assert book.audit("2026-01-15").clean
    for kind in ("return_collateral", "credit_update", "settlement_certificate"):
        book.work(loan, kind, "2026-01-16")
        assert book.audit("2026-01-16").clean
    book.day = date(2026, 1, 19)
    refund(book.db, clock=book.clock, by=CALLER, loan=loan, amount=Money(500, "CNY"))
    assert book.one("SELECT state FROM loan")[0] == "settled"
    assert findings(book.audit("2027-01-01")) == {}


def test_a_reversed_pay_off_brings_the_reminders_back_and_is_clean(book: Book) -> None:
    loan = book.lend()
    book.pay(loan, 120_000, "2026-01-15")
    book.day = date(2026, 1, 16)
    reverse(book.db, clock=book.clock, by=CALLER, loan=loan, event_no=2, reason="示例")
    assert findings(book.audit("2026-01-29")) == {}
    book.remind(loan, "2026-01-29")
    assert findings(book.audit("2026-01-30")) == {}


def test_an_instalment_whose_day_passed_under_a_pay_off_that_was_reversed_is_billed_and_followed_up(book: Book) -> None:
    loan = book.lend()
    book.pay(loan, 120_000, "2026-02-04")
    book.day = date(2026, 2, 6)
    reverse(book.db, clock=book.clock, by=CALLER, loan=loan, event_no=2, reason="示例")
    book.work(loan, "follow_up", "2026-02-06")
    run_night(book.db, clock=book.clock, on=book.day)
    billed = book.one("SELECT kind, on_date, entered_on FROM loan_event WHERE event_no = 4")
    assert billed == ("instalment_due", date(2026, 2, 5), date(2026, 2, 6))
    assert findings(book.audit("2026-02-07")) == {}


def test_a_reminder_that_a_person_held_back_is_promised_refused_in_the_morning_and_proved_by_that(book: Book) -> None:
    loan = book.lend()
    book.db.execute("INSERT INTO staff (public_id, name, role, scope) VALUES ('st_holder', '示例', 'caller', 'all')")
    book.db.execute(
        "INSERT INTO tonight_hold SELECT l.loan_id, '2026-01-29', 'message', 'i1 T-7', '示例', s.staff_id, now() FROM loan l, staff s"
    )
    book.day = date(2026, 1, 28)
    run_night(book.db, clock=book.clock, on=book.day)
    assert findings(book.audit("2026-01-29")) == {}
    book.day = date(2026, 1, 29)
    record_contacts(book.db, dispatch(book.db, CHANNELS, clock=book.clock, limit=10), clock=book.clock)
    assert book.one("SELECT kind FROM record r JOIN loan USING (loan_id) WHERE public_id = %s AND seq = 2", loan) == ("contact.refused",)
    assert findings(book.audit("2026-01-30")) == {}


def test_a_debt_that_was_written_off_is_clean_while_it_is_reviewed(book: Book) -> None:
    loan = book.lend()
    book.day = date(2026, 1, 20)
    write_off(book.db, clock=book.clock, by=CALLER, loan=loan, reason="示例")
    assert findings(book.audit("2026-04-20")) == {}
    book.work(loan, "recovery", "2026-04-20")
    assert findings(book.audit("2026-07-19")) == {}
    assert findings(book.audit("2026-07-20")) == {"late": [("recovery", "2026-07-19")]}


def test_an_instalment_paid_early_needs_no_further_reminder(worked: tuple[Book, str]) -> None:
    book, first = worked
    book.pay(first, 30_000, "2026-02-05")
    assert findings(book.audit("2026-02-05")) == {}


# -- an honest book in which something was left undone --------------------------------------------


def test_a_duty_that_is_still_open_after_its_day_is_late(book: Book) -> None:
    book.lend()
    assert findings(book.audit("2026-01-29")) == {}
    assert findings(book.audit("2026-01-30")) == {"late": [("reminder", "2026-01-29")]}


def test_what_waits_behind_a_late_duty_is_late_too(book: Book) -> None:
    book.lend()
    assert findings(book.audit("2026-02-03")) == {"late": [("reminder", "2026-01-29"), ("reminder", "2026-02-02")]}


def test_one_record_proves_the_moments_that_went_by_before_it(book: Book) -> None:
    loan = book.lend()
    book.remind(loan, "2026-02-03")
    assert findings(book.audit("2026-02-04")) == {}


# -- tampering ------------------------------------------------------------------------------------


T7, T3, T1, T0 = 1, 2, 3, 4  # the numbers of the duties of the first loan

TAMPERING: Final[dict[str, tuple[str, list[tuple[str, str]], str]]] = {
    "a closed duty deleted": (
        "DELETE FROM duty WHERE loan_id = {loan} AND duty_no = 2",
        [("missing", "reminder 2026-02-02")],
        "i1 T-3: there is no such duty",
    ),
    "the open duty deleted": (
        "DELETE FROM duty WHERE loan_id = {loan} AND open",
        [("missing", "reminder 2026-02-05"), ("missing", " 2026-02-05")],
        "i1 T-0: there is no such duty",
    ),
    "all duties deleted": (
        "DELETE FROM duty WHERE loan_id = {loan}",
        [
            ("missing", "reminder 2026-01-29"), ("missing", "reminder 2026-02-02"), ("missing", "reminder 2026-02-04"),
            ("missing", "reminder 2026-02-05"), ("missing", " 2026-02-05"),
        ],
        "the loan is live and has no open duty",
    ),
    "the open duty moved to a later time": (
        "UPDATE duty SET due_at = due_at + interval '3 days', due_on = due_on + 3 WHERE loan_id = {loan} AND open",
        [("missing", "reminder 2026-02-05"), ("missing", "reminder 2026-02-08"), ("unproved", "reminder 2026-02-08")],
        "i1 T-0: duty 4 is for 2026-02-08T13:00:00.000000Z instead",
    ),
    "the open duty and the loan's pointer moved together": (
        ("WITH moved AS (UPDATE loan SET next_action_at = next_action_at + interval '3 days' WHERE loan_id = {loan})"
        " UPDATE duty SET due_at = due_at + interval '3 days', due_on = due_on + 3 WHERE loan_id = {loan} AND open"),
        [("missing", "reminder 2026-02-05"), ("unproved", "reminder 2026-02-08")],
        "nothing in terms and events asks for it then",
    ),
    "a closed duty moved": (
        "UPDATE duty SET due_at = due_at + interval '1 hour' WHERE loan_id = {loan} AND duty_no = 3",
        [("missing", "reminder 2026-02-04")],
        "i1 T-1: duty 3 is for 2026-02-04T14:00:00.000000Z instead",
    ),
    "only the loan's pointer moved": (
        "UPDATE loan SET next_action_at = next_action_at + interval '1 day' WHERE loan_id = {loan}",
        [("missing", "reminder 2026-02-05")],
        "i1 T-0: the loan points at duty 4 at 2026-02-06T13:00:00.000000Z, not at its earliest open duty 4",
    ),
    "the loan pointed at a duty that is done": (
        "UPDATE loan SET duty_no = 3 WHERE loan_id = {loan}",
        [("missing", "reminder 2026-02-05")],
        "the loan points at duty 3",
    ),
    "the open duty closed early with the loan's newest record": (
        "UPDATE duty SET open = false, proof_seq = 4, closed_on = '2026-02-04', opened_seq = 3 WHERE loan_id = {loan} AND open",
        [("unproved", "reminder 2026-02-05"), ("missing", " 2026-02-05")],
        "record 4 does not name duty 4",
    ),
    "a duty given an unrelated record of its own loan": (
        "UPDATE duty SET proof_seq = 1, opened_seq = 0 WHERE loan_id = {loan} AND duty_no = 2",
        [("unproved", "reminder 2026-02-02")],
        "record 0 that is said to have opened it is not in the loan's chain",
    ),
    "a duty given the record that proves the next one": (
        "UPDATE duty SET proof_seq = 4, closed_on = '2026-02-04' WHERE loan_id = {loan} AND duty_no = 2",
        [("unproved", "reminder 2026-02-02")],
        "record 4 does not name duty 2",
    ),
    "a duty given a record that is nowhere": (
        "UPDATE duty SET proof_seq = 77 WHERE loan_id = {loan} AND duty_no = 2",
        [("unproved", "reminder 2026-02-02")],
        "record 77 that is said to prove it is not in the loan's chain",
    ),
    "another loan's proof copied into the loan's chain": (
        ("WITH copied AS (INSERT INTO record SELECT {loan}, 9, kind, body, leaf_hash, on_date, recorded_at FROM record"
        " WHERE loan_id = {other} AND seq = 3) UPDATE duty SET proof_seq = 9 WHERE loan_id = {loan} AND duty_no = 2"),
        [("unproved", "reminder 2026-02-02")],
        "record 9 belongs to",
    ),
    "a duty given away to another loan": (
        "UPDATE duty SET loan_id = {other}, duty_no = 50 WHERE loan_id = {loan} AND duty_no = 2",
        [("missing", "reminder 2026-02-02"), ("unproved", "reminder 2026-02-02")],
        "does not name duty 50",
    ),
    "a duty's kind changed": (
        "UPDATE duty SET kind = 'follow_up' WHERE loan_id = {loan} AND open",
        [("missing", "reminder 2026-02-05"), ("unproved", "follow_up 2026-02-05")],
        "i1 T-0: there is no such duty",
    ),
    "the loan marked settled and its open duty deleted": (
        ("WITH gone AS (DELETE FROM duty WHERE loan_id = {loan} AND open)"
        " UPDATE loan SET state = 'settled', principal_out = 0, duty_no = NULL, next_action_at = NULL WHERE loan_id = {loan}"),
        [("missing", "reminder 2026-02-05"), ("missing", " ")],
        "the loan is marked settled, but money is owed or a duty is undone",
    ),
    "the loan's row deleted": (
        "DELETE FROM loan WHERE loan_id = {loan}",
        [("missing", " ")],
        "the loan's row is gone",
    ),
    "the loan's terms deleted": (
        "DELETE FROM loan_terms WHERE loan_id = {loan}",
        [("missing", " ")],
        "the loan is live, but has no terms and events to tell what should be done",
    ),
    "a proof's bytes made unreadable": (
        "UPDATE record SET body = 'x', leaf_hash = sha256('\\x0078') WHERE loan_id = {loan} AND seq = 3",
        [("unproved", "reminder 2026-02-02")],
        "cannot be read",
    ),
}  # fmt: skip


@pytest.mark.parametrize("how", TAMPERING)
def test_tampering_behind_the_systems_back_is_named(worked: tuple[Book, str], how: str) -> None:
    book, first = worked
    statement, named, why = TAMPERING[how]
    loan, other = (row[0] for row in book.db.execute("SELECT loan_id FROM loan ORDER BY loan_id").fetchall())
    book.tamper(statement.format(loan=loan, other=other))
    outcome = book.audit("2026-02-05")
    told = [
        (name, f"{each.kind} {each.due_at.date() if each.due_at else ''}")
        for name in ("missing", "late", "unproved")
        for each in getattr(outcome, name)
    ]
    assert sorted(told) == sorted(named), outcome.as_json()
    findings_of_it = [*outcome.missing, *outcome.late, *outcome.unproved]
    assert any(why in each.why for each in findings_of_it), outcome.as_json()
    assert not outcome.clean
    assert how == "a duty given away to another loan" or {each.loan for each in findings_of_it} <= {first, f"chain {loan}"}


def test_a_certificate_proved_by_an_earlier_record_than_the_pay_off_is_named(book: Book) -> None:
    loan = book.lend()
    book.remind(loan, "2026-01-29")
    book.pay(loan, 120_000, "2026-01-30")
    book.tamper(
        "UPDATE duty SET open = false, opened_seq = 1, proof_seq = 2, closed_on = '2026-01-29' WHERE kind = 'settlement_certificate'"
    )
    outcome = book.audit("2026-01-30")
    assert [each.kind for each in outcome.unproved] == ["settlement_certificate"]
    assert "record 2 is contact.noted, which cannot prove a settlement_certificate" in outcome.unproved[0].why
