"""A book that is older than daily accrual is given its lines once, and is then as if it had always accrued."""

from __future__ import annotations

from datetime import date
from typing import Any

import psycopg

from holdfast.journal import SYSTEM
from holdfast.ledger import Account
from holdfast.policy import note_night
from holdfast.servicing.laying import end_laying, lay_lines
from holdfast.servicing.verify import verify_books
from tests.books import Book
from tests.servicing.test_accrual import balance, night, nights
from tests.servicing.test_verbs import prove

START = date(2026, 3, 2)


def old_book(owner_db: psycopg.Connection[Any]) -> Book:
    """Three loans in the night of 11 March, one with 5.00 of interest paid ahead; nothing of it accrues, as before the second migration."""
    book = Book(owner_db, START)
    book.lend()
    book.lend(product="vehicle")
    book.pay(book.lend().public_id, 5)
    nights(book, date(2026, 3, 11))
    note_night(owner_db, date(2026, 3, 11))
    for table in ("accrual_folded", "accrual_level", "accrual_run", "accrual_delta"):
        owner_db.execute(f"DELETE FROM {table}".encode())
    owner_db.execute("DELETE FROM gl_entry WHERE 'accrued_interest' IN (debit_account, credit_account)")
    owner_db.execute("UPDATE account SET accrued_daily = 0, accrued_constant = 0")
    owner_db.execute("UPDATE lender SET accrued_through = NULL")
    return book


def lay(book: Book) -> int:
    lines, after = 0, -1
    while True:
        laid = lay_lines(book.db, clock=book.clock, by=SYSTEM, after=after)
        lines += laid.lines
        if laid.after is None:
            end_laying(book.db, clock=book.clock, by=SYSTEM, lines=lines)
            return lines
        after = laid.after


def test_a_book_from_before_daily_accrual_is_told_apart_by_its_proofs(owner_db: psycopg.Connection[Any]) -> None:
    book = old_book(owner_db)
    assert "accrued by loans = accrued by moves" in [check.name for check in verify_books(book.db) if not check.ok]


def test_laid_once_it_holds_what_every_loan_has_earned_and_what_was_paid_ahead_is_no_income_yet(owner_db: psycopg.Connection[Any]) -> None:
    book = old_book(owner_db)
    assert lay(book) == 3
    # 12.00 x 9 / 31 = 3.4838…, for each of three loans; 5.00 had been taken as income when they came.
    assert balance(book, Account.ACCRUED_INTEREST, "phone") == 697 - 500
    assert balance(book, Account.ACCRUED_INTEREST, "vehicle") == 348
    assert balance(book, Account.INTEREST_INCOME) == -(697 + 348)
    prove(book)


def test_laid_twice_it_lays_and_enters_nothing_more(owner_db: psycopg.Connection[Any]) -> None:
    book = old_book(owner_db)
    lay(book)
    before = book.db.execute("SELECT count(*) FROM gl_entry").fetchone()
    assert lay(book) == 0
    assert book.db.execute("SELECT count(*) FROM gl_entry").fetchone() == before
    night(book)
    prove(book)


def test_a_loan_that_changed_since_has_its_line_and_is_left_alone(owner_db: psycopg.Connection[Any]) -> None:
    book = old_book(owner_db)
    row = book.db.execute("SELECT public_id FROM loan ORDER BY loan_id LIMIT 1").fetchone()
    assert row is not None
    book.pay(row[0], 4)
    assert lay(book) == 2
    prove(book)
    nights(book, date(2026, 4, 3))
    prove(book)
