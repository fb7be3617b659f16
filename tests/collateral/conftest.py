from __future__ import annotations

from datetime import date
from typing import Any

import psycopg
import pytest

from tests.pledges.lives import House


@pytest.fixture
def house(db: psycopg.Connection[Any]) -> House:
    return House(db, date(2026, 11, 20))
