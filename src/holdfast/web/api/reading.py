"""What the API reads besides loans: packs, products, staff, nights. Reads only."""

from __future__ import annotations

import json
from typing import Any, Final

from holdfast.servicing.pages import Db, Page, cursor_after, fetch, page_size, read_cursor

PACKS: Final = "SELECT name, version, effective_from, digest, loaded_at FROM policy_pack ORDER BY effective_from DESC, name, version DESC"
PRODUCTS: Final = """
SELECT DISTINCT ON (p.code) p.code, p.name_zh, p.name_en, p.collateral, v.version, v.from_date, v.terms
  FROM product p JOIN product_version v ON v.product_code = p.code
 ORDER BY p.code, v.version DESC
"""
STAFF: Final = """
SELECT s.staff_id, s.public_id AS id, s.name, s.role, b.code AS branch, s.team, s.scope, s.active
  FROM staff s LEFT JOIN branch b USING (branch_id)
 WHERE s.staff_id > %(after)s::bigint AND s.role <> 'system' ORDER BY s.staff_id LIMIT %(limit)s
"""
NIGHTS: Final = "SELECT on_date, summary FROM night WHERE on_date < %(before)s::date ORDER BY on_date DESC LIMIT %(limit)s"
RECORDS: Final = """
SELECT seq, kind, on_date AS on, recorded_at, encode(leaf_hash, 'hex') AS leaf_hash, body
  FROM record WHERE loan_id = %(chain)s AND seq > %(after)s::integer ORDER BY seq LIMIT %(limit)s
"""


def packs(db: Db) -> list[dict[str, Any]]:
    """The stored versions of policy packs, newest first."""
    return fetch(db, PACKS, {})


def products(db: Db) -> list[dict[str, Any]]:
    """Each product with its newest version."""
    return [{**row, "terms": json.loads(row["terms"])} for row in fetch(db, PRODUCTS, {})]


def staff(db: Db, *, cursor: str | None, limit: int) -> Page[dict[str, Any]]:
    """Everybody who has a log-in, in the order in which they came."""
    after = read_cursor(cursor, "staff", "bigint")[0] if cursor is not None else "0"
    rows = fetch(db, STAFF, {"after": after, "limit": page_size(limit) + 1})
    return Page(rows[:limit], cursor_after(rows, limit, "staff", "staff_id"))


def nights(db: Db, *, cursor: str | None, limit: int) -> Page[dict[str, Any]]:
    """The nights that have run, newest first."""
    before = read_cursor(cursor, "nights", "date")[0] if cursor is not None else "infinity"
    rows = fetch(db, NIGHTS, {"before": before, "limit": page_size(limit) + 1})
    return Page([json.loads(row["summary"]) for row in rows[:limit]], cursor_after(rows, limit, "nights", "on_date"))


def branch_code(db: Db, branch_id: int | None) -> str | None:
    """The code of a person's branch; None for one who has none."""
    rows = fetch(db, "SELECT code FROM branch WHERE branch_id = %(branch)s", {"branch": branch_id})
    return rows[0]["code"] if rows else None


def records(db: Db, chain: int, *, cursor: str | None, limit: int) -> Page[dict[str, Any]]:
    """A chain's records, first to last."""
    after = read_cursor(cursor, "records", "integer")[0] if cursor is not None else "0"
    rows = fetch(db, RECORDS, {"chain": chain, "after": after, "limit": page_size(limit) + 1})
    items = [{**row, "body": bytes(row["body"]).decode()} for row in rows[:limit]]
    return Page(items, cursor_after(rows, limit, "records", "seq"))


def branch_number(db: Db, code: str) -> int | None:
    """The number of the branch with that code; None if there is none."""
    rows = fetch(db, "SELECT branch_id FROM branch WHERE code = %(branch)s", {"branch": code})
    return int(rows[0]["branch_id"]) if rows else None
