"""The general ledger's pages: read by those who oversee, a month closed and opened again by two, files as CSV."""

from __future__ import annotations

import re
from typing import Any

import psycopg
import pytest

from holdfast.parties import Reach, Role
from tests.books import Book
from tests.servicing.test_closing import MARCH, START, nights, somebody
from tests.web.screens import Person, live_at


@pytest.fixture
def book(db: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch) -> Book:
    book = Book(db, START)
    book.lend()
    nights(book, MARCH)
    live_at(monkeypatch, book)
    return book


def test_the_trial_balance_leads_to_an_account_and_to_its_entries_as_csv(book: Book) -> None:
    person = Person(book.db, somebody(book, Role.AUDITOR))
    page = person.see("/ledger?date=2026-03-12")
    assert "it balances" in page and "Interest accrued, not yet due" in page and "3.87" in page
    assert "试算平衡表" in person.see("/ledger", "zh") and "应计利息" in person.see("/ledger?by=product", "zh")
    account = person.see("/ledger/accounts/accrued_interest?since=2026-03-10&until=2026-03-12")
    assert "Brought forward" in account and "Interest income" in account and "3.87" in account
    csv = person.see("/ledger/entries.csv?account=accrued_interest&until=2026-03-31")
    assert csv.startswith("\ufeffentry,date,branch") and csv.count("\n") == 1 + 29
    person.see("/ledger/accounts/petty", status=422)


def test_a_month_is_closed_and_opened_again_by_clicking(book: Book) -> None:
    risk, other = Person(book.db, somebody(book)), Person(book.db, somebody(book))
    page = risk.see("/ledger/months?month=2026-03&check=1")
    assert page.count("s-done") >= 6
    risk.send("/ledger/months?month=2026-03&check=1", "/ledger/months/close")
    assert "2026-03" in risk.see("/ledger/months")
    snapshot = re.search(r'href="(/ledger/snapshots/[^"]+)"', risk.see("/ledger/months"))
    assert snapshot is not None
    assert "1,200.00" in risk.see(snapshot[1]) and "12.00" in risk.see(f"{snapshot[1]}/loans.csv")
    risk.send("/ledger/months", "/ledger/months/2026-03/reopening", reason="示例：有漏记的收款")
    assert "never the one who asked" in risk.see("/ledger/months")
    other.send("/ledger/months", "/ledger/months/2026-03/decision", answer="yes", words="")
    assert "opened again" in risk.see("/ledger/months")


def test_a_month_that_is_not_ready_says_why(book: Book) -> None:
    risk = Person(book.db, somebody(book))
    page = risk.see("/ledger/months?month=2026-04&check=1")
    assert "not so" in page and 'action="/ledger/months/close"' not in page
    refused = risk.client.post("/ledger/months/close", {"key": "k" * 20, "month": "2026-04"}, headers={"Accept-Language": "en"})
    assert refused.status_code == 422 and "cannot be closed yet" in refused.content.decode()


@pytest.mark.parametrize("role", [Role.CALLER, Role.OFFICER, Role.APPROVER, Role.CUSTODIAN])
def test_who_may_not_look_at_the_ledger(book: Book, role: Role) -> None:
    person = Person(book.db, somebody(book, role))
    for path in ("/ledger", "/ledger/accounts/bank", "/ledger/entries.csv", "/ledger/months"):
        person.see(path, status=403)
    assert 'href="/ledger"' not in person.see("/")


def test_whoever_sees_one_branch_is_shown_its_part_of_the_ledger_only(book: Book) -> None:
    book.db.execute("INSERT INTO branch (public_id, code, name) VALUES ('br_other', 'OTHER', '示例二部')")
    person = Person(book.db, somebody(book, Role.AUDITOR, reach=Reach.BRANCH))
    assert "it balances" in person.see("/ledger?branch=OTHER")  # their own, whatever is asked for
    assert "<h2>OTHER</h2>" not in person.see("/ledger?branch=OTHER&by=branch")
    person.see("/ledger/months", status=403)
