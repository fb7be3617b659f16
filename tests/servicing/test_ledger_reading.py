"""The trial balance on any day, by product and by branch; an account page by page; entries as CSV."""

from __future__ import annotations

from datetime import date
from typing import Any

import psycopg
import pytest

from holdfast.kernel.errors import BadInput
from holdfast.ledger import Account
from holdfast.ledger.reading import account_entries, account_named, entries_csv, trial_balance
from tests.books import Book
from tests.servicing.test_accrual import nights

START = date(2026, 3, 2)
TYPE = "micro_lender"


@pytest.fixture
def book(db: psycopg.Connection[Any]) -> Book:
    return Book(db, START)


def nets(book: Book, on: date, **filters: Any) -> dict[str, int]:
    return {each.title.account.value: each.net for each in trial_balance(book.db, on, lender_type=TYPE, **filters)}


def test_the_trial_balance_of_a_past_day_is_what_it_was_on_that_day(book: Book) -> None:
    book.lend()
    nights(book, date(2026, 4, 10))
    assert nets(book, START) == {"bank": -120_000, "principal_receivable": 120_000}
    assert nets(book, date(2026, 3, 12)) == {
        "bank": -120_000, "principal_receivable": 120_000, "accrued_interest": 387, "interest_income": -387,
    }  # fmt: skip
    assert sum(nets(book, book.day).values()) == 0


def test_by_product_each_part_balances_by_itself(book: Book) -> None:
    book.lend()
    book.lend(product="vehicle")
    nights(book, date(2026, 3, 5))
    found = trial_balance(book.db, book.day, lender_type=TYPE, by="product")
    assert {each.part for each in found} == {"phone", "vehicle"}
    for part in ("phone", "vehicle"):
        assert sum(each.net for each in found if each.part == part) == 0
    assert nets(book, book.day, product="vehicle")["principal_receivable"] == 120_000
    assert {each.part for each in trial_balance(book.db, book.day, lender_type=TYPE, by="branch")} == {"T"}
    with pytest.raises(BadInput, match="by"):
        trial_balance(book.db, book.day, lender_type=TYPE, by="colour")  # type: ignore[arg-type]


def test_an_account_is_read_page_by_page_and_each_page_says_what_stood_before(book: Book) -> None:
    book.lend()
    nights(book, date(2026, 3, 8))
    wanted = {"lender_type": TYPE, "since": date(2026, 3, 4), "until": date(2026, 3, 8)}
    first = account_entries(book.db, Account.ACCRUED_INTEREST, limit=3, **wanted)  # type: ignore[arg-type]
    assert first.before == {"CNY": 39}  # one day had been earned before the 4th
    assert [each.on.day for each in first.entries] == [4, 5, 6] and first.next
    rest = account_entries(book.db, Account.ACCRUED_INTEREST, limit=3, after=first.next, **wanted)  # type: ignore[arg-type]
    assert [each.on.day for each in rest.entries] == [7, 8] and rest.next is None
    assert rest.before["CNY"] == 39 + sum(each.amount for each in first.entries)
    with pytest.raises(BadInput, match="next"):
        account_entries(book.db, Account.BANK, after="nonsense", **wanted)  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="limit"):
        account_entries(book.db, Account.BANK, limit=0, **wanted)  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="there is no account 'petty'"):
        account_named("petty")


def test_the_entries_as_csv_name_both_accounts_by_number_and_word(book: Book) -> None:
    book.lend()
    nights(book, date(2026, 3, 3))
    lines = list(entries_csv(book.db, lender_type=TYPE, since=START, until=date(2026, 3, 3), zh=True))
    assert lines[0].startswith("entry,date,branch,product,debit_code,debit,")
    assert "2026-03-02,T,phone,1303,发放贷款及垫款,1002,银行存款,1200.00,CNY" in lines[1]
    assert "2026-03-03,T,phone,1132.02,应计利息,6011,利息收入,0.39,CNY,accrual 2026-03-03 earned" in lines[2]
