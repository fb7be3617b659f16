"""The call desk that the confirmation's tests sit at."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from tests.confirmation.desk import CallDesk


@pytest.fixture
def desk(db: psycopg.Connection[Any]) -> CallDesk:
    return CallDesk(db)
