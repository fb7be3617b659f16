"""Tonight and its morning through the API: the lines, holding one and letting it go, and what was promised against what was done."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from holdfast import days
from holdfast.database.connection import transaction
from holdfast.kernel.calendar import add_months
from holdfast.policy import clock
from tests.api.conftest import Api, refused, said, settled_in
from tests.books import round_terms

WHY = "借款人刚来电，明天不发（示例）"


def lent_so_that_due(on: date) -> date:
    """The latest day of a payout whose first instalment falls due by that day."""
    return max(day for day in (on - timedelta(days=n) for n in range(25, 35)) if add_months(day, 1) <= on)


@pytest.fixture
def book(committed_db: psycopg.Connection[Any]) -> Iterator[Api]:
    """A committed book with one loan whose reminder goes out tomorrow."""
    with transaction() as db:
        api = settled_in(db)
        today = clock(db).today()
        furthest = max(api.book.pack.numbers("reminder.days_before", on=today, lender_type="micro_lender"))
        paid_on = lent_so_that_due(today + timedelta(days=furthest + 1))
        api.book.lend(round_terms(paid_on))
    yield api


def line_of(api: Api) -> dict[str, Any]:
    lines: list[dict[str, Any]] = said(api.get("/night/lines", kind="message"))["lines"]
    assert lines, "tonight promises a message"
    return lines[0]


def test_a_line_of_tonight_is_held_with_a_reason_and_let_go_again(book: Api) -> None:
    line = line_of(book)
    assert line["rule"]
    named = {"loan": line["loan"], "on": line["what"]["send_on"], "about": line["about"]}
    held = said(book.post("/night/holds", {**named, "reason": WHY}))["held"]
    assert [(each["loan"], each["about"], each["reason"], each["by"]) for each in held] == [
        (line["loan"], line["about"], WHY, book.people["officer"].name)
    ]
    assert said(book.get("/night/lines"))["held"] == held
    records = [each["kind"] for each in said(book.get(f"/loans/{line['loan']}/journal"))["items"]]
    assert "night.held" in records
    assert said(book.post("/night/holds/let-go", named))["held"] == []
    refused(book.post("/night/holds/let-go", named), 404, "not_held")


def test_a_hold_needs_a_reason_a_role_and_sight(book: Api) -> None:
    line = line_of(book)
    named = {"loan": line["loan"], "on": line["what"]["send_on"], "about": line["about"]}
    assert said(book.post("/night/holds", {**named, "reason": "嗯"}), 422)["field"] == "reason"
    refused(book.post("/night/holds", {**named, "reason": WHY}, "caller"), 403, "role_may_not")
    with transaction() as db:
        book.db = db
        branch = db.execute(
            "INSERT INTO branch (public_id, code, name) VALUES ('br_e', 'E', '别处（示例）') RETURNING branch_id"
        ).fetchone()
        assert branch is not None
        book.hire("elsewhere", "officer", "branch", branch_id=branch[0])
    said(book.post("/night/holds", {**named, "reason": WHY}, "elsewhere"), 404)
    assert said(book.get("/night/lines", "elsewhere"))["lines"] == []


def test_the_morning_says_which_promise_was_held_and_not_sent(book: Api) -> None:
    line = line_of(book)
    on = line["what"]["send_on"]
    said(book.post("/night/holds", {"loan": line["loan"], "on": on, "about": line["about"], "reason": WHY}))
    with transaction() as db:
        today = clock(db).today()
    days.close_through(today)
    told = said(book.get("/night/morning", on=on))
    assert told["date"] == on
    assert (told["promised"], told["sent"], told["waiting"]) == (1, 0, 1)
    assert [(each["loan"], each["kind"]) for each in told["differences"]] == [(line["loan"], "reminder")]
    assert told["more"] == 0
    nobody = said(book.get("/night/morning", on="2020-01-01"))
    assert (nobody["promised"], nobody["differences"]) == (0, [])
