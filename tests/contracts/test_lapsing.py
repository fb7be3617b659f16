"""Offers that nobody signed end by themselves, in the morning after their last day."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from holdfast import days
from holdfast.adapters.local_ca import LocalNotary
from holdfast.database.connection import transaction
from holdfast.kernel.clock import FixedClock
from tests.books import Book, clock_on
from tests.contracts.offers import DAY, Desk, left_by_earlier_stages


def test_the_morning_after_ends_what_was_not_signed_and_leaves_the_rest(
    committed_db: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    loans = []
    with transaction() as db:
        desk = Desk(Book(db, DAY), LocalNotary())
        left_by_earlier_stages(monkeypatch, desk)
        desk.hire("officer", "officer")
        for state in ("offered", "borrower_signed", "drafted"):
            desk.decided()
            desk.bring_to(state)
            loans.append(desk.loan)

    def states() -> list[str]:
        return [row[0] for loan in loans for row in committed_db.execute("SELECT state FROM loan WHERE public_id = %s", [loan]).fetchall()]

    last: FixedClock = clock_on(DAY.replace(month=12, day=1))
    assert days.end_offers(last) == 0
    assert days.end_offers(clock_on(DAY.replace(month=12, day=2))) == 1
    assert states() == ["withdrawn", "decided", "decided"]
    assert days.end_offers(clock_on(DAY.replace(month=12, day=3))) == 0
