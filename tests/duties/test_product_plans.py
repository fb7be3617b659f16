"""A rule of the pack that names a product gives its loans reminders and follow-ups of their own, and the audit asks for the same."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import psycopg

from holdfast.duties.audit import examine
from holdfast.policy import shipped
from holdfast.policy.pack import Pack, of
from holdfast.servicing.night import run_night
from holdfast.wiring import EXPECTATIONS
from tests.books import Book, clock_on

DAY = date(2026, 1, 5)


def two_plans() -> Pack:
    """The shipped pack, and for the product `vehicle` reminders ten and two days before, follow-ups two and nine days after."""
    raw = json.loads(shipped().content)
    for key, value in (("reminder.days_before", [10, 2]), ("followup.days_past_due", [2, 9])):
        general = next(rule for rule in raw["rules"] if rule["key"] == key)
        raw["rules"].append({**general, "value": value, "scope": {"product": ["vehicle"]}})
    return of(raw)


def plan_days(book: Book, loan: int, kind: str) -> list[str]:
    rows = book.db.execute(
        "SELECT about FROM duty WHERE loan_id = %s AND kind = %s ORDER BY due_on, duty_no LIMIT 3", [loan, kind]
    ).fetchall()
    return [row[0].split(" ")[-1] for row in rows]


def test_each_product_is_reminded_and_followed_up_on_its_own_days_and_the_audit_is_clean(db: psycopg.Connection[Any]) -> None:
    book = Book(db, DAY, pack=two_plans())
    phone, vehicle = (book.lend(product=product).loan_id for product in ("phone", "vehicle"))
    while book.day < date(2026, 2, 20):
        run_night(db, clock=clock_on(book.day, 14), on=book.day)
        db.execute("DELETE FROM outbox")
        book.day = date.fromordinal(book.day.toordinal() + 1)
    assert plan_days(book, vehicle, "reminder")[0] == "T-10"
    assert plan_days(book, phone, "reminder")[0] == "T-7"
    assert plan_days(book, vehicle, "follow_up")[0] == "T+2"
    assert plan_days(book, phone, "follow_up")[0] == "T+1"
    assert examine(db, book.day, EXPECTATIONS).missing == []
