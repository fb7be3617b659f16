"""`holdfast ledger ...` on a book of its own: what it prints, and with which exit code it ends."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import date
from typing import Any

import psycopg
import pytest

from holdfast.cli.main import main
from holdfast.ledger.reading import trial_balance
from holdfast.parties import Reach, Role
from holdfast.policy import note_night, set_business_date
from holdfast.servicing.night import run_night
from tests.books import Book
from tests.conftest import Urls
from tests.servicing.test_closing import somebody

MARCH_2 = date(2026, 3, 2)
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def people(fresh_urls: Urls) -> dict[str, str]:
    """1,200.00 lent on 2 March at 12 %, every night of March run; the ids of those who may try to close it."""
    with psycopg.connect(fresh_urls.app) as db:
        set_business_date(db, MARCH_2)
        book = Book(db, MARCH_2)
        book.lend()
        book.lend(product="vehicle")
        while book.day < date(2026, 4, 1):
            run_night(db, clock=book.clock, on=book.day)
            note_night(db, book.day)
            book.walk(1)
        set_business_date(db, book.day)
        return {
            "risk": somebody(book, Role.RISK).public_id,
            "officer": somebody(book, Role.OFFICER).public_id,
            "one_branch": somebody(book, Role.RISK, reach=Reach.BRANCH).public_id,
        }


@pytest.fixture
def run(people: dict[str, str], capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(["ledger", *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def last(out: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(out.splitlines()[-1])
    return told


def test_the_trial_balance_is_printed_and_told_as_json_whole_by_product_and_by_branch(run: Run) -> None:
    code, out, _ = run("trial-balance", "--date", "2026-03-12", "--json")
    told = last(out)
    assert (code, told["as_of"], told["balanced"]) == (0, "2026-03-12", True)
    assert {each["code"]: each["balance"] for each in told["items"]}["accrued_interest"] == 2 * 387
    for by, parts in (("product", {"phone", "vehicle"}), ("branch", {"T"})):
        items = last(run("trial-balance", "--by", by, "--json")[1])["items"]
        assert {each["part"] for each in items} == parts
        for part in parts:
            assert sum(each["balance"] for each in items if each["part"] == part) == 0
    code, out, _ = run("trial-balance")
    assert code == 0 and "Interest accrued, not yet due" in out and "2,400.00" in out.replace("2400.00", "2,400.00")


def test_a_day_that_is_none_is_bad_input(run: Run) -> None:
    code, _, err = run("trial-balance", "--date", "12 March")
    assert code == 2 and "--date" in err


def test_a_ledger_that_does_not_balance_ends_with_one(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("holdfast.cli.ledger.trial_balance", lambda *args, **kwargs: trial_balance(*args, **kwargs)[1:])
    code, out, _ = run("trial-balance", "--json")
    assert (code, last(out)["balanced"]) == (1, False)


def test_the_entries_of_a_month_as_csv_sum_to_the_trial_balance(run: Run) -> None:
    code, out, _ = run("entries", "2026-03")
    rows = list(csv.DictReader(io.StringIO(out.lstrip("\ufeff"))))
    assert code == 0 and len(rows) == 2 * (1 + 29)
    columns = set(rows[0])
    assert {"entry", "date", "branch"} <= columns
    assert {row["date"][:7] for row in rows} == {"2026-03"}
    assert run("entries", "2026-3")[0] == 2


def test_a_month_is_checked_then_closed_by_somebody_who_may_and_only_once(run: Run, people: dict[str, str]) -> None:
    code, out, _ = run("close", "2026-03", "--dry-run", "--json")
    assert (code, last(out)["ready"]) == (0, True)
    for who, why in (("officer", "officer"), ("one_branch", "whole book")):
        code, _, err = run("close", "2026-03", "--by", people[who])
        assert code == 1 and why in err
    assert run("close", "2026-03")[0] == 1
    code, out, _ = run("close", "2026-03", "--by", people["risk"], "--json")
    assert (code, last(out)["month"]) == (0, "2026-03")
    code, _, err = run("close", "2026-03", "--by", people["risk"])
    assert code == 1 and "cannot be closed" in err
    code, out, _ = run("close", "2026-04", "--dry-run")
    assert code == 1 and "NOT SO" in out


def test_lines_are_laid_once_and_in_a_book_that_has_them_none(run: Run, fresh_urls: Urls) -> None:
    assert last(run("lay-lines", "--json")[1]) == {"lines": 0}
    with psycopg.connect(fresh_urls.owner) as db:
        for table in ("accrual_folded", "accrual_level", "accrual_run", "accrual_delta"):
            db.execute(f"DELETE FROM {table}".encode())
        db.execute("DELETE FROM gl_entry WHERE 'accrued_interest' IN (debit_account, credit_account)")
        db.execute("UPDATE account SET accrued_daily = 0, accrued_constant = 0")
        db.execute("UPDATE lender SET accrued_through = NULL")
    assert last(run("lay-lines", "--json")[1]) == {"lines": 2}
    assert last(run("lay-lines", "--json")[1]) == {"lines": 0}
    balances = {each["code"]: each["balance"] for each in last(run("trial-balance", "--json")[1])["items"]}
    assert (balances["accrued_interest"], balances["interest_income"]) == (2 * 1_123, -2 * 1_123)
