"""A house in an open transaction, and a client whose pages see it."""

from __future__ import annotations

import pytest

from tests.applications.people import Db
from tests.decisioning.house import House


@pytest.fixture
def house(db: Db) -> House:
    return House(db)
