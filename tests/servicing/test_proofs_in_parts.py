"""The proofs of a large book are shared out; what is found does not depend on who looked, or in how many pieces."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple

import psycopg
import pytest

from holdfast import days
from holdfast.database.connection import transaction
from holdfast.servicing import verify
from holdfast.servicing.night import run_night
from holdfast.servicing.verify import verify_books
from tests.books import Book, clock_on

START = date(2026, 3, 2)


class Urls(NamedTuple):
    """The addresses of the test's own database."""

    owner: str
    app: str


@pytest.fixture
def loans(committed_db: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Thirteen loans in parts of three, a few of which have paid."""
    book = Book(committed_db, START)
    lent = [book.lend().public_id for _ in range(13)]
    committed_db.commit()
    for number in range(2):
        with transaction() as db:
            run_night(db, clock=clock_on(START + timedelta(days=number)), on=START + timedelta(days=number))
    book.walk(2)
    for loan in lent[::4]:
        book.pay(loan, 100)
    committed_db.commit()
    monkeypatch.setattr(verify, "PART", 3)
    yield lent


def whole() -> list[dict[str, Any]]:
    with transaction() as db:
        return [check.as_json() for check in verify_books(db)]


def test_the_proofs_shared_out_find_what_one_process_finds(loans: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(days, "hands_for", lambda parts: 2)
    found = [check.as_json() for check in days.verify_now()]
    assert found == whole()
    assert all(check["ok"] for check in found)
    assert [check["compared"] for check in found if check["name"] == "loan rows = fold of events"] == [13]


def test_a_row_that_was_changed_is_found_in_whichever_part_it_lies(loans: list[str], fresh_urls: Urls) -> None:
    with psycopg.connect(fresh_urls.owner) as owner:
        owner.execute("UPDATE account SET next_due_amount = next_due_amount + 1 FROM loan l WHERE l.loan_id = account.loan_id"
                      " AND l.public_id = ANY(%s)", [[loans[0], loans[7], loans[12]]])  # fmt: skip
    found = {check.name: check for check in days.verify_now()}
    rows = found["loan rows = fold of events"]
    assert [(each["loan"], each["field"]) for each in rows.differences] == [
        (loan, "next_due_amount") for loan in (loans[0], loans[7], loans[12])
    ]
    assert rows.found == 3 and found["totals = postings"].ok


def test_only_so_many_differences_are_listed_and_all_are_counted(
    loans: list[str], fresh_urls: Urls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "_MOST_LISTED", 5)
    with psycopg.connect(fresh_urls.owner) as owner:
        owner.execute("UPDATE account SET next_due_amount = next_due_amount + 1")
    rows = next(check for check in days.verify_now() if check.name == "loan rows = fold of events")
    assert (len(rows.differences), rows.found) == (5, 13)
