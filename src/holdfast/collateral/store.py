"""Where things, their sealed numbers and the claims on them are kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import psycopg

from holdfast.collateral.model import Grade, Thing
from holdfast.parties import Scope

Db = psycopg.Connection[Any]

INSERT_THING: Final = """
    INSERT INTO thing (public_id, kind, party_id, model, storage_gb, colour, grade, described_on)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s) RETURNING thing_id"""
INSERT_IMEI: Final = "INSERT INTO thing_imei (thing_id, place, nonce, sealed, lookup, masked) VALUES (%s, %s, %s, %s, %s, %s)"
INSERT_EVIDENCE: Final = "INSERT INTO thing_evidence (thing_id, what, file_id) VALUES (%s, %s, %s)"
_THING: Final = """
    SELECT t.thing_id, t.public_id, t.kind, t.party_id, t.model, t.storage_gb, t.colour, t.grade, t.described_on,
           ARRAY(SELECT masked FROM thing_imei i WHERE i.thing_id = t.thing_id ORDER BY place),
           ARRAY(SELECT ARRAY[e.what, f.public_id] FROM thing_evidence e JOIN file f USING (file_id)
                  WHERE e.thing_id = t.thing_id ORDER BY e.what)
      FROM thing t"""
INSERT_OFFER: Final = "INSERT INTO thing_loan (loan_id, thing_id) VALUES (%s, %s) ON CONFLICT DO NOTHING"
SELECT_OF_LOAN: Final = f"{_THING} JOIN thing_loan k USING (thing_id) WHERE k.loan_id = %s ORDER BY t.thing_id"
SELECT_LOOKUPS: Final = "SELECT lookup FROM thing_imei WHERE thing_id = %s ORDER BY lookup"
SELECT_SEALED: Final = "SELECT place, nonce, sealed FROM thing_imei WHERE thing_id = %s ORDER BY place"
SELECT_CLAIMS: Final = "SELECT DISTINCT pledge FROM imei_claim WHERE lookup = ANY(%s) AND open ORDER BY pledge"
# Promise: of two that lay a claim on one IMEI at once, one waits for the other and then finds it taken.
INSERT_CLAIM: Final = """
    INSERT INTO imei_claim (lookup, pledge, open) VALUES (%s, %s, true) ON CONFLICT (lookup) WHERE open DO NOTHING"""
END_CLAIMS: Final = "UPDATE imei_claim SET open = false WHERE pledge = %s AND open"
IN_SIGHT: Final = "SELECT EXISTS (SELECT FROM thing_loan k JOIN loan l USING (loan_id) WHERE k.thing_id = %(thing)s AND {condition})"


def insert_thing(
    db: Db, *, public_id: str, kind: str, party_id: int, model: str, storage_gb: int, colour: str, grade: str, on: date
) -> int:  # fmt: skip
    """Write a thing; its number."""
    row = db.execute(INSERT_THING, [public_id, kind, party_id, model, storage_gb, colour, grade, on]).fetchone()
    assert row is not None
    return int(row[0])


def insert_imei(db: Db, thing_id: int, *, place: int, nonce: bytes, sealed: bytes, lookup: bytes, mask: str) -> None:
    """Write one sealed number."""
    db.execute(INSERT_IMEI, [thing_id, place, nonce, sealed, lookup, mask])


def insert_evidence(db: Db, thing_id: int, *, what: str, file_id: int) -> None:
    """Write what a file shows of a thing."""
    db.execute(INSERT_EVIDENCE, [thing_id, what, file_id])


def thing_where(db: Db, column: str, value: object) -> Thing | None:
    """The one thing with that value in a unique column."""
    row = db.execute(f"{_THING} WHERE t.{column} = %s", [value]).fetchone()
    return _thing(row) if row else None


def insert_offer(db: Db, *, loan_id: int, thing_id: int) -> None:
    """Link a thing to a loan."""
    db.execute(INSERT_OFFER, [loan_id, thing_id])


def things_of(db: Db, loan_id: int) -> list[Thing]:
    """The things offered for a loan."""
    return [_thing(row) for row in db.execute(SELECT_OF_LOAN, [loan_id]).fetchall()]


def lookups(db: Db, thing_id: int) -> list[bytes]:
    """The keyed hashes of a thing's numbers, in one order for all, so that two claims cannot wait on each other."""
    return [bytes(row[0]) for row in db.execute(SELECT_LOOKUPS, [thing_id]).fetchall()]


def sealed(db: Db, thing_id: int) -> list[tuple[int, bytes, bytes]]:
    """Place, nonce and sealed bytes of each number."""
    return [(row[0], bytes(row[1]), bytes(row[2])) for row in db.execute(SELECT_SEALED, [thing_id]).fetchall()]


def claims_on(db: Db, found_by: Sequence[bytes]) -> list[str]:
    """The pledges with an open claim on any of these."""
    return [row[0] for row in db.execute(SELECT_CLAIMS, [list(found_by)]).fetchall()]


def insert_claim(db: Db, *, lookup: bytes, pledge: str) -> bool:
    """Lay a claim; False if an open one lies there."""
    return bool(db.execute(INSERT_CLAIM, [lookup, pledge]).rowcount)


def end_claims(db: Db, *, pledge: str) -> None:
    """Close a pledge's claims."""
    db.execute(END_CLAIMS, [pledge])


def in_sight(db: Db, thing_id: int, scope: Scope) -> bool:
    """Whether a loan of the thing is within that scope."""
    condition, values = scope.condition("l")
    row = db.execute(IN_SIGHT.format(condition=condition), {"thing": thing_id, **values}).fetchone()
    return bool(row and row[0])


def _thing(row: Sequence[Any]) -> Thing:
    thing_id, public_id, kind, party_id, model, storage_gb, colour, grade, described_on, imeis, evidence = row
    return Thing(thing_id, public_id, kind, party_id, model, storage_gb, colour, Grade(grade), described_on, tuple(imeis), dict(evidence))
