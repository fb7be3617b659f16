"""What the audit reads: loans, duty rows and the records that opened and closed them, a stretch of the book at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import psycopg

# Loans in one stretch: large enough that queries cost little, small enough that a book of any size fits in memory.
_STRETCH: Final = 5_000
_LAST_ID: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class LoanRow:
    """What the ground row says of its own duties."""

    loan_id: int
    public_id: str
    state: str
    duty_no: int | None
    next_action_at: datetime | None


@dataclass(frozen=True, slots=True)
class Proof:
    """A journal record as its own bytes tell it; the columns beside the bytes are not believed."""

    chain: str
    seq: int
    kind: str
    on: date
    duties: frozenset[int]
    at: datetime | None = None
    by: str = ""
    role: str = ""


@dataclass(frozen=True, slots=True)
class DutyRow:
    """A duty row, the day of the record that opened it, and the record that closed it."""

    loan_id: int
    duty_no: int
    kind: str
    about: str
    due_on: date
    due_at: datetime
    window_on: date
    opened_seq: int
    open: bool
    proof_seq: int | None
    closed_on: date | None
    opened_on: date | None
    proof: Proof | None


def chunks(db: psycopg.Connection[Any]) -> Iterator[tuple[int, int]]:
    """The book cut into stretches of chain ids: `after` (excluded), `upto` (included); together they cover every id."""
    after = -1
    while True:
        # Promises: the id that ends the next stretch of loans, or nothing when fewer are left.
        row = db.execute("SELECT loan_id FROM loan WHERE loan_id > %s ORDER BY loan_id OFFSET %s LIMIT 1", [after, _STRETCH - 1]).fetchone()
        if row is None:
            yield after, _LAST_ID
            return
        yield after, row[0]
        after = row[0]


def loans_between(db: psycopg.Connection[Any], after: int, upto: int) -> Iterator[LoanRow]:
    """The ground rows of a stretch."""
    rows = db.execute(
        "SELECT loan_id, public_id, state, duty_no, next_action_at FROM loan WHERE loan_id > %s AND loan_id <= %s ORDER BY loan_id",
        [after, upto],
    )
    for row in rows:
        yield LoanRow(*row)


def duties_between(db: psycopg.Connection[Any], after: int, upto: int) -> Iterator[DutyRow]:
    """The duty rows of a stretch with their records, by loan and number."""
    # Promises: each duty row once, whether or not the records that it names exist.
    rows = db.execute(
        """
        SELECT d.loan_id, d.duty_no, d.kind, d.about, d.due_on, d.due_at,
               (d.window_from AT TIME ZONE coalesce((SELECT zone FROM lender), 'UTC'))::date,
               d.opened_seq, d.open, d.proof_seq, d.closed_on, o.on_date, p.body
        FROM duty d
        LEFT JOIN record o ON o.loan_id = d.loan_id AND o.seq = d.opened_seq
        LEFT JOIN record p ON p.loan_id = d.loan_id AND p.seq = d.proof_seq
        WHERE d.loan_id > %s AND d.loan_id <= %s
        ORDER BY d.loan_id, d.duty_no
        """,
        [after, upto],
    )
    for row in rows:
        columns = [*row[:-1], proof_in(row[-1]) if row[-1] is not None else None]
        yield DutyRow(*columns)


def proof_in(body: bytes) -> Proof | None:
    """A record's bytes as a proof; None if they cannot be read as one."""
    try:
        told = json.loads(body)
        duties = told["says"].get("duties", [])
        by, at = told["by"], datetime.fromisoformat(told["at"])
        return Proof(told["chain"], told["seq"], told["kind"], date.fromisoformat(told["on"]), frozenset(duties), at, by["id"], by["role"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
