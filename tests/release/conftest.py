"""The house that these tests work in."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from tests.release.houses import House


@pytest.fixture
def house(db: psycopg.Connection[Any]) -> House:
    return House(db)
