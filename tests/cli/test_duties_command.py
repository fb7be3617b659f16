"""`holdfast duties period` and `duties coverage`, `journal verify`, and the worker's daily statement, on a book that is committed."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from holdfast import days, files
from holdfast.cli import main as cli
from holdfast.database.connection import transaction
from holdfast.duties import papers
from holdfast.kernel.places import keys_folder
from holdfast.policy import set_business_date
from holdfast.worker.loop import seal_now
from tests.books import Book
from tests.servicing.house import DAY


@pytest.fixture
def book(committed_db: psycopg.Connection[Any]) -> Book:
    """A loan of 2 March, and the evening of 26 March: a reminder was due today."""
    with transaction() as db:
        book = Book(db, DAY)
        book.lend()
        set_business_date(db, DAY + timedelta(days=24))
    return book


def wake_up(later: int) -> None:
    with transaction() as db:
        set_business_date(db, DAY + timedelta(days=24 + later))


def test_each_day_that_is_over_is_stated_once_and_none_is_left_out(book: Book) -> None:
    first = DAY + timedelta(days=23)
    assert days.state_coverage() == [first]
    assert days.state_coverage() == []
    wake_up(3)
    assert days.state_coverage() == [first + timedelta(days=1), first + timedelta(days=2), first + timedelta(days=3)]
    assert days.state_coverage() == []


def test_the_command_recomputes_the_statements_and_names_a_day_that_was_bent(
    book: Book, fresh_urls: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    days.state_coverage()
    wake_up(1)
    days.state_coverage()
    assert cli.main(["duties", "coverage"]) == 0
    assert "2 statements recomputed; 0 differ" in capsys.readouterr().out
    with psycopg.connect(fresh_urls.owner) as owner:
        owner.execute("UPDATE coverage_statement SET live = live + 1 WHERE on_date = %s", [DAY + timedelta(days=24)])
    assert cli.main(["duties", "coverage"]) == 1
    assert "DIFFERS  2026-03-26" in capsys.readouterr().out


def test_verifying_the_journal_compares_each_statement_with_its_record(
    book: Book, fresh_urls: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    days.state_coverage()
    seal_now(keys_folder())
    assert cli.main(["journal", "verify"]) == 0
    assert "ok      coverage statements" in capsys.readouterr().out
    with psycopg.connect(fresh_urls.owner) as owner:
        owner.execute("UPDATE coverage_statement SET proved = proved + 1, due = due + 1")
    assert cli.main(["journal", "verify"]) == 1
    assert "BROKEN  coverage statements" in capsys.readouterr().out


def test_past_days_are_told_line_by_line_and_what_was_not_done_ends_with_1(book: Book, capsys: pytest.CaptureFixture[str]) -> None:
    wake_up(1)
    assert cli.main(["duties", "period", "--from", "2026-03-02", "--until", "2026-03-26", "--json"]) == 1
    *lines, counts = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(each["about"], each["verdict"]) for each in lines] == [("i1 T-7", "open")]
    assert (counts["loans"], counts["open"], counts["proved"]) == (1, 1, 0)
    assert cli.main(["duties", "period", "--from", "2026-03-02", "--until", "2026-03-25"]) == 0
    assert cli.main(["duties", "period", "--from", "2026-03-02", "--until", "2026-03-27"]) == 2


def test_the_paper_of_the_whole_book_is_sealed_and_says_where_its_list_is(book: Book, capsys: pytest.CaptureFixture[str]) -> None:
    wake_up(1)
    assert cli.main(["duties", "paper", "--from", "2026-03-02", "--until", "2026-03-26"]) == 1
    said, listed = capsys.readouterr().out.splitlines()
    assert "1 loans, 1 things not done on their day" in said
    with transaction() as db:
        paper, listing = papers.issued_of_book(db)
        data = files.read(listing)
    assert paper.media_type == "application/pdf"
    assert listed == f"list: SHA-256 {hashlib.sha256(data).hexdigest()}"
    assert json.loads(data)["about"] == "i1 T-7"
    assert cli.main(["duties", "paper", "--from", "2026-03-02", "--until", "2026-03-27"]) == 2, "that day is not over"
