"""Two clerks on one loan at the same moment: both receipts count, one after the other."""

from __future__ import annotations

import threading
from datetime import date
from typing import Any

import psycopg

from holdfast.database.connection import app_url
from holdfast.journal import read_chain
from holdfast.servicing.verify import verify_books
from tests.books import Book

CLERKS, RECEIPTS = 4, 15


def test_receipts_of_several_clerks_on_one_loan_all_count_and_none_counts_twice(committed_db: psycopg.Connection[Any]) -> None:
    book = Book(committed_db, date(2026, 3, 2))
    loan = book.lend()
    committed_db.commit()
    refused: list[Exception] = []

    def clerk() -> None:
        with psycopg.connect(app_url()) as mine:
            desk = Book.__new__(Book)
            desk.db, desk.day, desk.pack, desk.branch_id, desk.loans = mine, book.day, book.pack, book.branch_id, 0
            for _ in range(RECEIPTS):
                try:
                    desk.pay(loan.public_id, 1)
                    mine.commit()
                except psycopg.Error as error:
                    refused.append(error)
                    mine.rollback()

    clerks = [threading.Thread(target=clerk) for _ in range(CLERKS)]
    for each in clerks:
        each.start()
    for each in clerks:
        each.join()
    assert refused == []
    assert [record.seq for record in read_chain(committed_db, loan.loan_id)] == list(range(1, CLERKS * RECEIPTS + 2))
    assert all(check.ok for check in verify_books(committed_db))
