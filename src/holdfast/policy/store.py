"""Where packs and the lender are kept. A pack's version, once stored, never changes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final

import psycopg

from holdfast.journal import Actor, Record, write_record
from holdfast.kernel import canonical
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import Fault, NotFound, Refusal
from holdfast.policy.pack import Pack, of, shipped

# Promises: a version is written once; a second write of the same name and version changes nothing.
INSERT_PACK: Final = """
    INSERT INTO policy_pack (name, version, effective_from, content, digest, loaded_at)
    VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (name, version) DO NOTHING"""
SELECT_PACK: Final = "SELECT content, digest FROM policy_pack WHERE name = %s AND version = %s"
# The version in force: the latest that has begun; before the first one begins, the first.
SELECT_IN_FORCE: Final = """
    SELECT content, digest FROM policy_pack WHERE name = %s
    ORDER BY effective_from <= %s DESC,
             CASE WHEN effective_from <= %s THEN effective_from END DESC NULLS LAST, effective_from, loaded_at DESC
    LIMIT 1"""
SELECT_LENDER: Final = """
    SELECT name, lender_type, licence_no, regulator, region, zone, currency, pack_name, offset_days, sample, last_night_on,
           closed_through, accrued_through FROM lender"""
UPSERT_LENDER: Final = """
    INSERT INTO lender (name, lender_type, licence_no, regulator, region, zone, currency, pack_name, sample)
    VALUES (%(name)s, %(lender_type)s, %(licence_no)s, %(regulator)s, %(region)s, %(zone)s, %(currency)s, %(pack_name)s, %(sample)s)
    ON CONFLICT (only_one) DO UPDATE SET
        (name, lender_type, licence_no, regulator, region, zone, currency, pack_name, sample)
        = (excluded.name, excluded.lender_type, excluded.licence_no, excluded.regulator, excluded.region,
           excluded.zone, excluded.currency, excluded.pack_name, excluded.sample)"""
UPSERT_OFFSET: Final = """
    INSERT INTO lender (offset_days) VALUES (%s) ON CONFLICT (only_one) DO UPDATE SET offset_days = excluded.offset_days"""
# Promise: the house has one chain; whoever asks first gives it its number.
HOUSE_CHAIN: Final = """
    INSERT INTO lender (chain_id) VALUES (nextval('chain_id_seq'))
    ON CONFLICT (only_one) DO UPDATE SET chain_id = COALESCE(lender.chain_id, excluded.chain_id) RETURNING chain_id"""
UPSERT_LAST_NIGHT: Final = """
    INSERT INTO lender (last_night_on) VALUES (%s) ON CONFLICT (only_one) DO UPDATE SET last_night_on = excluded.last_night_on"""


def store_pack(db: psycopg.Connection[Any], pack: Pack, *, at: datetime) -> bool:
    """Keep a pack; True if this version is new. Refusal if the version is known with other content."""
    row = (pack.name, pack.version, pack.effective_from, pack.content, pack.digest, at)
    if db.execute(INSERT_PACK, row).rowcount:
        return True
    kept = db.execute(SELECT_PACK, (pack.name, pack.version)).fetchone()
    if kept is None or kept[1] != pack.digest:
        raise Refusal(
            f"pack {pack.name} {pack.version} is already stored with other content; give the changed pack a new version",
            code="pack_version_reused", name=pack.name, version=pack.version,
        )  # fmt: skip
    return False


def read_pack(db: psycopg.Connection[Any], name: str, version: str) -> Pack:
    """The pack of exactly this version, as it was stored."""
    row = db.execute(SELECT_PACK, (name, version)).fetchone()
    if row is None:
        raise NotFound(f"no pack {name} {version} is stored", code="no_pack")
    return _parsed(*row)


def pack_in_force(db: psycopg.Connection[Any], clock: Clock) -> Pack:
    """The lender's pack on the business date; the shipped pack is stored first if none of its name is.

    A book that lives before the first version began is governed by that first version.
    """
    lender_row = read_lender(db)
    name = lender_row[7] if lender_row else "cn-baseline"
    today = clock.today()
    row = db.execute(SELECT_IN_FORCE, (name, today, today)).fetchone()
    if row is None:
        pack = shipped(name)
        store_pack(db, pack, at=clock.now())
        return pack
    return _parsed(*row)


@lru_cache(maxsize=32)
def _parsed(content: str, digest: str) -> Pack:
    pack = of(canonical.decode(content.encode()))
    if pack.digest != digest:
        raise Fault(f"pack {pack.name} {pack.version} was changed in the database: its digest is not the stored one", code="pack_changed")
    return pack


def ask_lender(db: psycopg.Connection[Any]) -> psycopg.Cursor[Any]:
    """The lender's row, if there is one, in the order of `Lender`."""
    return db.execute(SELECT_LENDER)


def read_lender(db: psycopg.Connection[Any]) -> tuple[Any, ...] | None:
    """The same, read at once."""
    return ask_lender(db).fetchone()


def write_lender(db: psycopg.Connection[Any], **fields: Any) -> None:
    """Write the lender's own fields."""
    db.execute(UPSERT_LENDER, fields)


def write_offset(db: psycopg.Connection[Any], offset_days: int) -> None:
    """Write the distance of the book's clock from the machine's."""
    db.execute(UPSERT_OFFSET, (offset_days,))


def record_house_act(
    db: psycopg.Connection[Any], *, clock: Clock, by: Actor, kind: str, says: Mapping[str, Any], seals: Mapping[str, str] | None = None
) -> Record:
    """Write what was done to the house itself, or what the house states of itself, into its own chain."""
    row = db.execute(HOUSE_CHAIN).fetchone()
    assert row is not None
    return write_record(db, clock=clock, by=by, chain_id=row[0], chain="lender", kind=kind, says=says, seals=seals or {})


def write_closed_through(db: psycopg.Connection[Any], through: date | None) -> None:
    """Remember the latest day of the months that are closed."""
    db.execute("UPDATE lender SET closed_through = %s", (through,))


def write_last_night(db: psycopg.Connection[Any], on: date) -> None:
    """Write the latest business date whose night has run."""
    db.execute(UPSERT_LAST_NIGHT, (on,))
