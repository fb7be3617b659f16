from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from holdfast import pledges
from tests.books import Book
from tests.payments.house import House

MONDAY = date(2026, 3, 2)


@pytest.fixture
def delivered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every thing counts as delivered; what a pledge is, its own tests say."""
    monkeypatch.setattr(pledges, "pledge_of", lambda db, loan_id: SimpleNamespace(state="delivered"), raising=False)


@pytest.fixture
def house(db: psycopg.Connection[Any], delivered: None) -> House:
    return House(Book(db, MONDAY))
