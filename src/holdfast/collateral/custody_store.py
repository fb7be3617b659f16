"""Where shelves, items, seals and audits are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import psycopg

from holdfast.collateral.shelf import Item, Place, Shelf
from holdfast.collateral.states import ItemState
from holdfast.kernel import canonical

Db = psycopg.Connection[Any]

UPSERT_SHELF: Final = """
    INSERT INTO shelf (branch_id, code, levels, slots) VALUES (%s, %s, %s, %s)
    ON CONFLICT (branch_id, code) DO UPDATE SET (levels, slots) = (excluded.levels, excluded.slots)"""
SELECT_SHELVES: Final = "SELECT s.branch_id, b.name, s.code, s.levels, s.slots FROM shelf s JOIN branch b USING (branch_id)"
LOCK_SHELF: Final = "SELECT 1 FROM shelf WHERE branch_id = %s AND code = %s FOR UPDATE"
SELECT_FURTHEST: Final = "SELECT max(level), max(slot) FROM custody_item WHERE branch_id = %s AND shelf = %s AND of_place"
_ITEM: Final = """
    SELECT i.item_id, i.thing_id, t.public_id, i.state, i.branch_id, i.shelf, i.level, i.slot, i.seal_no, i.placed_at, i.changed_at
      FROM custody_item i JOIN thing t USING (thing_id)"""
INSERT_ITEM: Final = """
    INSERT INTO custody_item (thing_id, state, branch_id, shelf, level, slot, seal_no, placed_at, changed_at)
    VALUES (%s, 'expected', %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING item_id"""
INSERT_SEAL: Final = "INSERT INTO custody_seal (seal_no, item_id) VALUES (%s, %s) ON CONFLICT DO NOTHING"
LOCK_ITEM: Final = "SELECT 1 FROM custody_item WHERE item_id = %s FOR UPDATE"
UPDATE_STATE: Final = "UPDATE custody_item SET state = %s, changed_at = %s WHERE item_id = %s"
UPDATE_PLACE: Final = """
    UPDATE custody_item SET shelf = %s, level = %s, slot = %s, seal_no = %s, placed_at = %s, changed_at = %s WHERE item_id = %s"""
SELECT_FREE: Final = """
    SELECT NOT EXISTS (SELECT FROM custody_item
                        WHERE branch_id = %s AND shelf = %s AND level = %s AND slot = %s AND of_place AND item_id <> %s)"""
SELECT_LOANS: Final = "SELECT loan_id FROM thing_loan WHERE thing_id = %s ORDER BY loan_id"
INSERT_AUDIT: Final = """
    INSERT INTO shelf_audit (public_id, branch_id, shelf, opened_by, opened_at) VALUES (%s, %s, %s, %s, %s)
    ON CONFLICT (branch_id, shelf) WHERE closed_at IS NULL DO NOTHING RETURNING audit_id"""
_AUDIT: Final = """
    SELECT a.audit_id, a.public_id, a.branch_id, a.shelf, o.name, a.opened_at, c.name, a.closed_at, a.found
      FROM shelf_audit a JOIN staff o ON o.staff_id = a.opened_by LEFT JOIN staff c ON c.staff_id = a.closed_by"""
LOCK_AUDIT: Final = "SELECT 1 FROM shelf_audit WHERE audit_id = %s FOR UPDATE"
INSERT_SCAN: Final = """
    INSERT INTO shelf_scan (audit_id, seal_no, item_id, scanned_by, scanned_at) VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"""
SELECT_SCANS: Final = "SELECT seal_no, item_id, scanned_at FROM shelf_scan WHERE audit_id = %s ORDER BY scanned_at, seal_no"
SELECT_SEEN: Final = """
    SELECT s.scanned_at, p.name, a.public_id FROM shelf_scan s JOIN shelf_audit a USING (audit_id) JOIN staff p ON p.staff_id = s.scanned_by
     WHERE s.item_id = %s ORDER BY s.scanned_at DESC LIMIT 20"""
CLOSE_AUDIT: Final = "UPDATE shelf_audit SET closed_by = %s, closed_at = %s, found = %s WHERE audit_id = %s"
SELECT_BEARER: Final = f"{_ITEM} JOIN custody_seal c USING (item_id) WHERE c.seal_no = %s"


def put_shelf(db: Db, *, branch_id: int, code: str, levels: int, slots: int) -> None:
    """Write a shelf, or its new size."""
    db.execute(UPSERT_SHELF, [branch_id, code, levels, slots])


def shelves(db: Db, branch_id: int | None) -> list[Shelf]:
    """The shelves of a branch, or of all."""
    return [
        Shelf(*row)
        for row in db.execute(
            f"{SELECT_SHELVES} WHERE %(b)s::bigint IS NULL OR s.branch_id = %(b)s ORDER BY b.code, s.code", {"b": branch_id}
        )
    ]


def shelf(db: Db, branch_id: int, code: str) -> Shelf | None:
    """One shelf."""
    row = db.execute(f"{SELECT_SHELVES} WHERE s.branch_id = %s AND s.code = %s", [branch_id, code]).fetchone()
    return Shelf(*row) if row else None


def lock_shelf(db: Db, branch_id: int, code: str) -> None:
    """Let nobody else fill a slot of the shelf before this transaction ends."""
    db.execute(LOCK_SHELF, [branch_id, code])


def furthest(db: Db, branch_id: int, code: str) -> tuple[int, int]:
    """The highest level and slot that hold something."""
    row = db.execute(SELECT_FURTHEST, [branch_id, code]).fetchone()
    return (row[0] or 0, row[1] or 0) if row else (0, 0)


def insert_item(db: Db, *, thing_id: int, branch_id: int, place: Place, seal_no: str, at: datetime) -> int | None:
    """Expect a thing in a slot; None if the slot or the thing is taken."""
    row = db.execute(INSERT_ITEM, [thing_id, branch_id, place.shelf, place.level, place.slot, seal_no, at, at]).fetchone()
    return int(row[0]) if row else None


def insert_seal(db: Db, *, seal_no: str, item_id: int) -> bool:
    """Use up a seal's number; False if it was used."""
    return bool(db.execute(INSERT_SEAL, [seal_no, item_id]).rowcount)


def lock_item(db: Db, item_id: int) -> Item:
    """The item, so that nobody else changes it before this transaction ends."""
    db.execute(LOCK_ITEM, [item_id])
    row = db.execute(f"{_ITEM} WHERE i.item_id = %s", [item_id]).fetchone()
    assert row is not None
    return _item(row)


def item_where(db: Db, condition: str, *values: object) -> Item | None:
    """The newest item that meets the condition."""
    row = db.execute(f"{_ITEM} WHERE {condition} ORDER BY i.item_id DESC LIMIT 1", list(values)).fetchone()
    return _item(row) if row else None


def items_where(db: Db, condition: str, *values: object) -> list[Item]:
    """The items that meet the condition, by place."""
    return [
        _item(row) for row in db.execute(f"{_ITEM} WHERE {condition} ORDER BY i.shelf, i.level, i.slot, i.item_id", list(values)).fetchall()
    ]


def bearer(db: Db, seal_no: str) -> Item | None:
    """The item that bears, or ever bore, that seal."""
    row = db.execute(SELECT_BEARER, [seal_no]).fetchone()
    return _item(row) if row else None


def set_state(db: Db, item_id: int, state: ItemState, at: datetime) -> None:
    """Write where the item stands."""
    db.execute(UPDATE_STATE, [state, at, item_id])


def set_place(db: Db, item_id: int, place: Place, seal_no: str, at: datetime) -> None:
    """Write where the item lies and under which seal."""
    db.execute(UPDATE_PLACE, [place.shelf, place.level, place.slot, seal_no, at, at, item_id])


def is_free(db: Db, branch_id: int, place: Place, item_id: int) -> bool:
    """Whether no other item holds that slot."""
    row = db.execute(SELECT_FREE, [branch_id, place.shelf, place.level, place.slot, item_id]).fetchone()
    return bool(row and row[0])


def loans_of(db: Db, thing_id: int) -> list[int]:
    """The loans that a thing stands behind, in the order in which they are locked."""
    return [row[0] for row in db.execute(SELECT_LOANS, [thing_id]).fetchall()]


def insert_audit(db: Db, *, public_id: str, branch_id: int, shelf: str, opened_by: int, at: datetime) -> int | None:
    """Open an audit; None if one is open."""
    row = db.execute(INSERT_AUDIT, [public_id, branch_id, shelf, opened_by, at]).fetchone()
    return int(row[0]) if row else None


def audits_where(db: Db, condition: str, *values: object, limit: int = 20) -> list[tuple[Any, ...]]:
    """The rows of the audits that meet the condition, newest first."""
    return db.execute(f"{_AUDIT} WHERE {condition} ORDER BY a.audit_id DESC LIMIT %s", [*values, limit]).fetchall()


def lock_audit(db: Db, audit_id: int) -> None:
    """Let nobody scan into the audit or close it before this transaction ends."""
    db.execute(LOCK_AUDIT, [audit_id])


def insert_scan(db: Db, *, audit_id: int, seal_no: str, item_id: int | None, by: int, at: datetime) -> bool:
    """Write a scan; False if that seal was scanned in this audit."""
    return bool(db.execute(INSERT_SCAN, [audit_id, seal_no, item_id, by, at]).rowcount)


def scans(db: Db, audit_id: int) -> list[tuple[str, int | None, datetime]]:
    """Seal, item and moment of each scan."""
    return db.execute(SELECT_SCANS, [audit_id]).fetchall()


def seen(db: Db, item_id: int) -> list[tuple[datetime, str, str]]:
    """When the item was scanned, by whom, in which audit."""
    return db.execute(SELECT_SEEN, [item_id]).fetchall()


def close_audit(db: Db, audit_id: int, *, by: int, at: datetime, found: Mapping[str, Sequence[str]]) -> None:
    """Close the audit with what it found."""
    db.execute(CLOSE_AUDIT, [by, at, canonical.encode({name: list(values) for name, values in found.items()}).decode(), audit_id])


def _item(row: Sequence[Any]) -> Item:
    item_id, thing_id, thing, state, branch_id, shelf_code, level, slot, seal_no, placed_at, changed_at = row
    return Item(item_id, thing_id, thing, ItemState(state), branch_id, Place(shelf_code, level, slot), seal_no, placed_at, changed_at)
