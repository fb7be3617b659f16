"""The daily coverage statement: what a day asked for and what was shown to be done by its end, in the house's own chain.

One a day, written once, when the day is over; sealed and anchored like every record. Whoever doubts it recomputes the day
from contracts, events, records, pack and calendar, and compares.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import psycopg

from holdfast.duties.audit import Provider
from holdfast.duties.period import Coverage, cover
from holdfast.journal import SYSTEM, Record
from holdfast.kernel.clock import Clock
from holdfast.policy import record_house_act

Db = psycopg.Connection[Any]

KIND: Final = "coverage.stated"
_COLUMNS: Final = "on_date, live, due, reminded, proved, late, missing, unproved, record_seq, stated_at"
_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtext('holdfast coverage'))"
_INSERT: Final = f"INSERT INTO coverage_statement ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
_SELECT: Final = f"SELECT {_COLUMNS} FROM coverage_statement WHERE on_date BETWEEN %s AND %s ORDER BY on_date DESC LIMIT %s"
# The statements as the house's chain has them, whatever stands in the table beside it.
_RECORDS: Final = "SELECT r.seq, r.body FROM record r JOIN lender h ON h.chain_id = r.loan_id WHERE r.kind = %s ORDER BY r.seq"


@dataclass(frozen=True, slots=True)
class Statement:
    """One day's statement as it was written, and the record in the house's chain that states it."""

    coverage: Coverage
    record_seq: int
    stated_at: datetime


@dataclass(frozen=True, slots=True)
class Difference:
    """A day on which statement and recomputation, or statement and record, do not agree."""

    on: date
    why: str


def state(db: Db, found: Coverage, *, clock: Clock) -> Record | None:
    """Write a day's statement; None if it is there already, for it is written once."""
    db.execute(_LOCK)
    if db.execute("SELECT 1 FROM coverage_statement WHERE on_date = %s", [found.on]).fetchone():
        return None
    record = record_house_act(db, clock=clock, by=SYSTEM, kind=KIND, says=found.as_json())
    row = (found.on, found.live, found.due, found.reminded, found.proved, found.late, found.missing, found.unproved)
    db.execute(_INSERT, [*row, record.seq, clock.now()])
    return record


def statements(db: Db, first: date = date.min, until: date = date.max, *, limit: int = 366) -> list[Statement]:
    """The statements of a period, the latest first."""
    return [Statement(Coverage(*row[:8]), row[8], row[9]) for row in db.execute(_SELECT, [first, until, limit]).fetchall()]


def stated_through(db: Db) -> date | None:
    """The latest day that has its statement."""
    row = db.execute("SELECT max(on_date) FROM coverage_statement").fetchone()
    return row[0] if row else None


def unlike_records(db: Db) -> list[Difference]:
    """Statements that their record does not state in the same figures, and records whose statement is gone."""
    told: dict[int, dict[str, Any]] = {}
    for seq, body in db.execute(_RECORDS, [KIND]).fetchall():
        told[seq] = json.loads(body)["says"]
    found = []
    for each in statements(db, limit=100_000):
        said = told.pop(each.record_seq, None)
        if said != each.coverage.as_json():
            found.append(Difference(each.coverage.on, f"record {each.record_seq} of the house does not state these figures"))
    return found + [
        Difference(date.fromisoformat(said["on"]), f"record {seq} states it, but the statement is gone") for seq, said in told.items()
    ]


def recompute(db: Db, first: date, until: date, providers: Sequence[Provider]) -> list[Difference]:
    """Compute the days of a period again and name each whose statement says something else. Call it in one snapshot."""
    found = []
    for each in statements(db, first, until):
        again = cover(db, each.coverage.on, providers)
        if again != each.coverage:
            told, now = each.coverage.as_json(), again.as_json()
            parts = ", ".join(f"{name} {told[name]}, now {now[name]}" for name in now if told[name] != now[name])
            found.append(Difference(each.coverage.on, f"stated and recomputed: {parts}"))
    return found
