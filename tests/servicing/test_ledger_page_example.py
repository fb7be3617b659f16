"""The worked example of docs/capabilities/ledger.md, line by line, read from the page itself."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg

from holdfast.ledger import Account
from holdfast.servicing.night import run_night
from tests.books import Book
from tests.servicing.test_accrual import balance

PAGE = Path(__file__).parents[2] / "docs" / "capabilities" / "ledger.md"
ROW = re.compile(r"^\| (\d+ \w+) \|[^|]*\|\s*([\d.]*)\s*\|\s*([\d.]*)\s*\|\s*([\d.]*)\s*\|$", re.MULTILINE)
MONTHS = {"March": 3, "April": 4}


def test_the_worked_example_of_the_page(db: psycopg.Connection[Any]) -> None:
    told = {}
    for day, accrued, due, income in ROW.findall(PAGE.read_text("utf-8")):
        number, month = day.split()
        told[date(2026, MONTHS[month], int(number))] = tuple(round(float(each or 0) * 100) for each in (accrued, due, income))
    assert len(told) == 5
    book = Book(db, date(2026, 3, 2))
    book.lend()
    while told:
        run_night(book.db, clock=book.clock, on=book.day)
        if book.day in told:
            held = (balance(book, Account.ACCRUED_INTEREST), balance(book, Account.INTEREST), -balance(book, Account.INTEREST_INCOME))
            assert held == told.pop(book.day), book.day
        book.day += timedelta(days=1)
