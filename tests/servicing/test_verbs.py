"""The verbs of servicing on a real database: money, books, duties and the record move together or not at all."""

from __future__ import annotations

from datetime import date
from typing import Any

import psycopg
import pytest

from holdfast.journal import read_chain
from holdfast.kernel.errors import BadInput, Refusal
from holdfast.kernel.money import Money
from holdfast.life import LoanState
from holdfast.servicing import fulfil, note_duty, quote, receive, refund, reverse, write_off
from holdfast.servicing.verify import verify_books
from tests.books import OFFICER, Book

START = date(2026, 3, 2)


@pytest.fixture
def book(db: psycopg.Connection[Any]) -> Book:
    return Book(db, START)


def balances(book: Book, loan: str) -> tuple[int, int, int]:
    """Principal out, interest paid and over-payment of a loan."""
    row = book.db.execute(
        "SELECT l.principal_out, a.interest_paid, a.overpaid FROM loan l JOIN account a USING (loan_id) WHERE l.public_id = %s", [loan]
    ).fetchone()
    assert row is not None
    return row[0], row[1], row[2]


def prove(book: Book) -> None:
    """Every check of the books is green, and the database accepts the duties at commit."""
    book.db.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert [(check.name, check.differences) for check in verify_books(book.db) if not check.ok] == []


def test_a_new_loan_owes_its_principal_and_has_its_next_duty(book: Book) -> None:
    loan = book.lend()
    assert loan.principal_out == Money(120_000, "CNY")
    assert book.open_duties(loan.public_id) == [("reminder", "i1 T-7", date(2026, 3, 26))]
    prove(book)


def test_an_exact_receipt_pays_the_instalment_and_moves_the_reminder_on(book: Book) -> None:
    loan = book.lend()
    book.walk(31)
    book.pay(loan.public_id, 412)
    assert balances(book, loan.public_id) == (80_000, 1_200, 0)
    assert book.open_duties(loan.public_id) == [("reminder", "i2 T-7", date(2026, 4, 25))]
    prove(book)


def test_a_partial_receipt_pays_interest_first_and_leaves_the_duty_standing(book: Book) -> None:
    loan = book.lend()
    book.walk(24)
    book.pay(loan.public_id, 100)
    assert balances(book, loan.public_id) == (111_200, 1_200, 0)
    assert book.open_duties(loan.public_id)[0] == ("reminder", "i1 T-7", date(2026, 3, 26))
    prove(book)


def test_a_receipt_that_covers_the_pay_off_ends_the_debt_and_opens_the_release(book: Book) -> None:
    loan = book.lend()
    book.walk(10)
    total = quote(book.db, loan=loan.public_id, on=book.day).total
    assert total == Money(120_000 + 387, "CNY")  # 12.00 of interest for March's 31 days, 10 of them used
    done = receive(book.db, clock=book.clock, by=OFFICER, loan=loan.public_id, amount=total, received_on=book.day)
    assert done.state is LoanState.RELEASING and done.principal_out.minor == 0
    assert sorted(kind for kind, _, _ in book.open_duties(loan.public_id)) == [
        "credit_update",
        "return_collateral",
        "settlement_certificate",
    ]
    prove(book)


def test_a_loan_is_settled_when_its_last_release_duty_is_done(book: Book) -> None:
    loan = book.lend(product="none")
    book.pay(loan.public_id, 1200)
    for kind, told, state in (
        ("credit_update", "release.reported", LoanState.RELEASING), ("settlement_certificate", "release.certified", LoanState.SETTLED),
    ):  # fmt: skip
        done = fulfil(book.db, clock=book.clock, by=OFFICER, loan=loan.public_id, kinds={kind}, record_kind=told, says={})
        assert done.state is state
    with pytest.raises(Refusal, match="takes no receipt"):
        book.pay(loan.public_id, 1)
    prove(book)


@pytest.mark.parametrize("kind", ["settlement_certificate", "return_collateral", "credit_update"])
def test_what_a_release_must_do_is_never_closed_by_words(book: Book, kind: str) -> None:
    loan = book.lend()
    book.pay(loan.public_id, 1200)
    row = book.db.execute("SELECT duty_no FROM duty WHERE loan_id = %s AND open AND kind = %s", [loan.loan_id, kind]).fetchone()
    assert row is not None
    with pytest.raises(Refusal, match="closed by doing it"):
        note_duty(book.db, clock=book.clock, by=OFFICER, loan=loan.public_id, duty_no=row[0], outcome="done", words="手续已办")


def test_over_payment_is_held_for_the_borrower_and_asks_to_be_returned(book: Book) -> None:
    loan = book.lend()
    book.pay(loan.public_id, 1250)
    assert balances(book, loan.public_id) == (0, 0, 5_000)
    assert "refund" in [kind for kind, _, _ in book.open_duties(loan.public_id)]
    refund(book.db, clock=book.clock, by=OFFICER, loan=loan.public_id, amount=Money(5_000, "CNY"))
    assert "refund" not in [kind for kind, _, _ in book.open_duties(loan.public_id)]
    prove(book)


def test_a_backdated_receipt_falls_as_if_it_had_been_entered_on_its_day(book: Book) -> None:
    loan, twin = book.lend(), book.lend()
    book.walk(31)
    book.pay(twin.public_id, 412)
    book.pay(loan.public_id, 8)
    book.walk(1)
    book.pay(loan.public_id, 404, on=date(2026, 4, 2))
    assert balances(book, loan.public_id) == balances(book, twin.public_id)
    prove(book)


def test_a_reversed_receipt_leaves_the_loan_as_if_it_had_never_come(book: Book) -> None:
    loan = book.lend()
    book.walk(31)
    before = balances(book, loan.public_id)
    paid = book.pay(loan.public_id, 412)
    reverse(book.db, clock=book.clock, by=OFFICER, loan=loan.public_id, event_no=paid.event_no, reason="bounced")
    assert balances(book, loan.public_id) == before
    with pytest.raises(Refusal, match="reversed already"):
        reverse(book.db, clock=book.clock, by=OFFICER, loan=loan.public_id, event_no=paid.event_no, reason="bounced")
    prove(book)


def test_a_reversed_pay_off_brings_the_loan_back_to_life_with_its_duties(book: Book) -> None:
    loan = book.lend()
    paid = book.pay(loan.public_id, 1200)
    assert paid.state is LoanState.RELEASING
    done = reverse(book.db, clock=book.clock, by=OFFICER, loan=loan.public_id, event_no=paid.event_no, reason="bounced")
    assert done.state is LoanState.ACTIVE
    assert [kind for kind, _, _ in book.open_duties(loan.public_id)] == ["reminder"]
    prove(book)


def test_a_written_off_loan_stays_live_and_what_comes_in_is_recovery(book: Book) -> None:
    loan = book.lend()
    book.walk(400)
    assert write_off(book.db, clock=book.clock, by=OFFICER, loan=loan.public_id, reason="示例").state is LoanState.WRITTEN_OFF
    assert [kind for kind, _, _ in book.open_duties(loan.public_id)] == ["recovery"]
    book.pay(loan.public_id, 100)
    assert balances(book, loan.public_id)[0] == 0
    prove(book)


@pytest.mark.parametrize(
    ("amount", "on", "field"),
    [
        (Money(0, "CNY"), date(2026, 3, 2), "amount"),
        (Money(-5, "CNY"), date(2026, 3, 2), "amount"),
        (Money(100, "USD"), date(2026, 3, 2), "amount.currency"),
        (Money(100, "CNY"), date(2026, 3, 3), "received_on"),
        (Money(100, "CNY"), date(2026, 3, 1), "received_on"),
    ],
)
def test_a_receipt_that_cannot_be_is_refused_by_its_field(book: Book, amount: Money, on: date, field: str) -> None:
    loan = book.lend()
    with pytest.raises(BadInput) as caught:
        receive(book.db, clock=book.clock, by=OFFICER, loan=loan.public_id, amount=amount, received_on=on)
    assert caught.value.field == field


def test_the_chain_and_the_loan_row_end_at_the_same_record(book: Book) -> None:
    loan = book.lend()
    book.walk(5)
    book.pay(loan.public_id, 50)
    chain = read_chain(book.db, loan.loan_id)
    row = book.db.execute("SELECT head_seq, head_hash FROM loan WHERE loan_id = %s", [loan.loan_id]).fetchone()
    assert row is not None
    assert [record.kind for record in chain] == ["loan.disbursed", "receipt.posted"]
    assert (row[0], bytes(row[1])) == (chain[-1].seq, chain[-1].leaf_hash)


def test_a_contract_above_the_ceiling_is_refused(book: Book) -> None:
    from holdfast.kernel.rate import Per, Rate
    from tests.books import round_terms

    with pytest.raises(Refusal, match="24 %"):
        book.lend(round_terms(START, rate=Rate(240_000_001, Per.YEAR)))


def test_a_duty_is_not_noted_before_its_day(book: Book) -> None:
    loan = book.lend()
    with pytest.raises(Refusal, match="from that day on"):
        note_duty(book.db, clock=book.clock, by=OFFICER, loan=loan.public_id, duty_no=1, outcome="reached", words="")
    assert book.open_duties(loan.public_id) == [("reminder", "i1 T-7", date(2026, 3, 26))]
