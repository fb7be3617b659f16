"""The book that the audit's tests stand on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from holdfast.policy import SHIPPED, shipped, store_pack
from tests.duties.books import Book


@pytest.fixture
def book(owner_db: psycopg.Connection[Any]) -> Book:
    owner_db.execute(
        "INSERT INTO lender (name, lender_type, licence_no, regulator, region) VALUES ('示例', 'micro_lender', '示例', '示例', 'CN')"
    )
    owner_db.execute("INSERT INTO branch (branch_id, public_id, code, name) OVERRIDING SYSTEM VALUE VALUES (1, 'br_example', 'X', '示例')")
    owner_db.execute("INSERT INTO product VALUES ('phone', '示例', 'sample', 'phone')")
    owner_db.execute("INSERT INTO product_version VALUES ('phone', 1, '{}', '2026-01-01')")
    store_pack(owner_db, shipped(SHIPPED), at=datetime(2026, 1, 1, tzinfo=UTC))
    return Book(owner_db)
