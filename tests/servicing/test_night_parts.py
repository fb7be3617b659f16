"""A large night is closed in parts: by whom and in how many pieces changes nothing, and what a killed one left is gone on with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from holdfast.database.connection import transaction
from holdfast.days import close_book
from holdfast.policy import lender
from holdfast.servicing import night
from holdfast.servicing.night import close_part, parts_of, run_night
from holdfast.servicing.verify import verify_books
from tests.books import Book, clock_on

START, DUE = date(2026, 3, 2), date(2026, 4, 2)
LOANS = 23


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(night, "PART", 4)


@pytest.fixture
def book(committed_db: psycopg.Connection[Any], small_parts: None) -> Iterator[Book]:
    """Loans whose first instalment falls due tonight, some of them with a reminder of another promised too."""
    book = Book(committed_db, START)
    for number in range(LOANS):
        book.lend()
        book.walk(1 if number in (14, 18) else 0)
    committed_db.commit()
    day = START
    while day < DUE:
        with transaction() as db:
            run_night(db, clock=clock_on(day), on=day)
        day += timedelta(days=1)
    yield book


def counts(on: date) -> dict[str, Any]:
    with transaction() as db:
        row = db.execute("SELECT summary FROM night WHERE on_date = %s", [on]).fetchone()
    assert row is not None
    return dict(json.loads(row[0]))


def sound(book: Book) -> None:
    with transaction() as db:
        assert [(check.name, check.differences) for check in verify_books(db) if not check.ok] == []
        assert lender(db).last_night_on == DUE


def test_the_parts_of_a_night_do_what_the_whole_would_have_done(book: Book) -> None:
    with transaction() as db:
        whole = run_night(db, clock=clock_on(DUE), on=DUE, dry_run=True)
        assert len(parts_of(db, DUE)) > 3
    assert close_book(DUE, clock_on(DUE)).as_json() == whole.as_json() == counts(DUE)
    assert whole.entries > 0 and whole.messages > 0
    sound(book)


def test_a_night_that_was_killed_is_gone_on_with_and_tells_of_all_that_it_did(book: Book) -> None:
    with transaction() as db:
        whole = run_night(db, clock=clock_on(DUE), on=DUE, dry_run=True)
        parts = parts_of(db, DUE)
    for first, last in parts[1:3]:
        with transaction() as db:
            close_part(db, clock=clock_on(DUE), on=DUE, first=first, last=last)
    with pytest.raises(KeyboardInterrupt), transaction() as db:
        close_part(db, clock=clock_on(DUE), on=DUE, first=parts[0][0], last=parts[0][1])
        raise KeyboardInterrupt  # killed before the part was committed: nothing of it is kept
    assert close_book(DUE, clock_on(DUE)).as_json() == whole.as_json() == counts(DUE)
    sound(book)


def test_a_part_that_is_closed_already_is_not_closed_again(book: Book) -> None:
    with transaction() as db:
        first, last = parts_of(db, DUE)[0]

    def close() -> dict[str, int]:
        with transaction() as db:
            return close_part(db, clock=clock_on(DUE), on=DUE, first=first, last=last)

    assert close()["loans"] > 0
    assert set(close().values()) == {0}
