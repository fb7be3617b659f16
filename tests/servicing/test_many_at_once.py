"""Receipts of a bank's file go many at a time: what they leave in the book is what as many single receipts leave."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import psycopg
import pytest

from holdfast.journal import SYSTEM
from holdfast.kernel.money import Money
from holdfast.servicing import Arrival, Done, receive_many
from holdfast.servicing.verify import verify_books
from holdfast.servicing.writing import SET_FROM
from tests.books import CNY, Book

DAY = date(2026, 3, 2)
# Part of an instalment, one and a bit of the next, all but the last fen, all, and too much.
AMOUNTS = (10_000, 41_200, 45_000, 121_199, 121_200, 130_000)
_WRITTEN = {
    "instalment": "loan_id, n",
    "account": "loan_id",
    "duty": "loan_id, duty_no",
    "allocation": "loan_id, event_no, n",
    "posting": "loan_id, event_no, line",
    "loan_event": "loan_id, event_no",
    "loan": "loan_id",
}
# What names a loan or follows from its name.
_ITS_OWN = ("loan_id", "public_id", "contract_no", "head_hash")


def left_behind(db: psycopg.Connection[Any], loans: list[int]) -> dict[str, list[dict[str, Any]]]:
    """The rows of those loans, table by table, without what tells one loan from another."""
    found: dict[str, list[dict[str, Any]]] = {}
    for table, order in _WRITTEN.items():
        rows = db.execute(f"SELECT to_jsonb(t)::text FROM {table} t WHERE loan_id = ANY(%s) ORDER BY {order}".encode(), [loans]).fetchall()
        found[table] = [{name: value for name, value in json.loads(row[0]).items() if name not in _ITS_OWN} for row in rows]
    return found


@pytest.mark.parametrize("count", [SET_FROM - 2, SET_FROM + 2])
def test_receipts_of_a_file_leave_the_same_rows_as_single_ones(db: psycopg.Connection[Any], count: int) -> None:
    book = Book(db, DAY)
    single, together = ([book.lend() for _ in range(count)] for _ in range(2))
    book.walk(10)
    amounts = [AMOUNTS[number % len(AMOUNTS)] for number in range(count)]
    for loan, amount in zip(single, amounts, strict=True):
        book.pay(loan.public_id, str(amount / 100))
    arrivals = [Arrival(loan.loan_id, Money(amount, CNY), book.day, "") for loan, amount in zip(together, amounts, strict=True)]
    done = receive_many(db, arrivals, clock=book.clock, by=SYSTEM, label="bank file")
    assert all(isinstance(each, Done) for each in done)
    assert left_behind(db, [loan.loan_id for loan in together]) == left_behind(db, [loan.loan_id for loan in single])
    assert [check.name for check in verify_books(db) if not check.ok] == []
