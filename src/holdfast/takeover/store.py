"""What a takeover keeps: each tape that was read, the job that reads one, and what names its rows have in the book."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import psycopg

from holdfast.kernel import canonical
from holdfast.kernel.errors import NotFound
from holdfast.kernel.ids import new_id

Db = psycopg.Connection[Any]

# Taken before anything else of a chunk is read: two imports of one tape must not both find a row new.
LOCK: Final = "SELECT pg_advisory_xact_lock(hashtext('holdfast takeover'))"
ANY_LOAN: Final = "SELECT EXISTS (SELECT FROM loan)"
# What the book holds of these rows: principal as it was taken over, outstanding today, and where the loan stands.
IN_THE_BOOK: Final = """
    SELECT r.key, l.public_id, l.state, l.principal_out, e.payload
      FROM loan_registry r
      JOIN loan l USING (loan_id)
      JOIN loan_event e ON e.loan_id = r.loan_id AND e.event_no = 1
     WHERE r.kind = 'tape' AND r.key = ANY(%s)"""
INSERT_TAPE: Final = "INSERT INTO tape (public_id, digest, map_name, as_of, outcome, read_at) VALUES (%s, %s, %s, %s, %s, %s)"
SELECT_TAPE: Final = "SELECT public_id, digest, map_name, as_of, outcome, read_at FROM tape WHERE public_id = %s"
INSERT_JOB: Final = """
    INSERT INTO tape_job (public_id, map_name, as_of, path, file_name, state, started_by, asked_at, purpose)
    VALUES (%s, %s, %s, %s, %s, 'waiting', %s, %s, %s)"""
SELECT_JOB: Final = """
    SELECT public_id, map_name, as_of, path, file_name, rows_done, rows_all, state, why, tape_public_id, started_by, purpose
      FROM tape_job WHERE public_id = %s"""
# Jobs to be worked, oldest first; one that is being read by a worker that died is read again from the start.
UNFINISHED: Final = "SELECT public_id FROM tape_job WHERE state IN ('waiting', 'reading') ORDER BY asked_at, public_id"
PROGRESS: Final = "UPDATE tape_job SET state = 'reading', rows_done = %s, rows_all = %s WHERE public_id = %s"
DONE: Final = "UPDATE tape_job SET state = 'done', rows_done = %s, rows_all = %s, tape_public_id = %s WHERE public_id = %s"
FAILED: Final = "UPDATE tape_job SET state = 'failed', why = %s WHERE public_id = %s"


@dataclass(frozen=True, slots=True)
class InBook:
    """A row of a tape as the book holds it; amounts in minor units. `taken_over` is what was outstanding when it came in."""

    loan: str
    state: str
    principal_out: int
    taken_over: int


@dataclass(frozen=True, slots=True)
class Tape:
    """One reading of a tape; `outcome` is its reconciliation."""

    public_id: str
    digest: str
    map_name: str
    as_of: date
    outcome: dict[str, Any]
    read_at: datetime


@dataclass(frozen=True, slots=True)
class Job:
    """A file that is to be read, or is being read. `purpose` is import (a tape) or compare (an export); `tape` is what it made."""

    public_id: str
    map_name: str
    as_of: date | None
    path: str
    file_name: str
    rows_done: int
    rows_all: int | None
    state: str
    why: str
    tape: str | None
    started_by: int | None
    purpose: str


def alone(db: Db) -> None:
    """Let no other import book rows until this transaction ends."""
    db.execute(LOCK)


def is_empty(db: Db) -> bool:
    """Whether the book has no loan at all."""
    row = db.execute(ANY_LOAN).fetchone()
    return row is not None and not row[0]


def in_the_book(db: Db, identities: Sequence[str]) -> dict[str, InBook]:
    """Those of the rows that the book holds, by identity."""
    found = db.execute(IN_THE_BOOK, [list(identities)]).fetchall()
    return {key: InBook(loan, state, principal_out, json.loads(payload)["balance"]) for key, loan, state, principal_out, payload in found}


def keep_tape(db: Db, public_id: str, digest: str, map_name: str, as_of: date, outcome: dict[str, Any], at: datetime) -> None:
    """Record that a tape was read, and what came of it."""
    db.execute(INSERT_TAPE, [public_id, digest, map_name, as_of, canonical.encode(outcome).decode(), at])


def tape(db: Db, public_id: str) -> Tape:
    """One reading of a tape; NotFound if there is none of this id."""
    row = db.execute(SELECT_TAPE, [public_id]).fetchone()
    if row is None:
        raise NotFound(f"there is no tape {public_id}", field="tape")
    return Tape(row[0], row[1], row[2], row[3], json.loads(row[4]), row[5])


def ask(
    db: Db, *, map_name: str, as_of: date | None, path: str, file_name: str, started_by: int | None, at: datetime, purpose: str = "import"
) -> str:
    """Queue the file at `path` to be read by the worker; gives the job's public id."""
    public_id = new_id("tj")
    db.execute(INSERT_JOB, [public_id, map_name, as_of, path, file_name, started_by, at, purpose])
    return public_id


def job(db: Db, public_id: str) -> Job:
    """A job and how far it is; NotFound if there is none of this id."""
    row = db.execute(SELECT_JOB, [public_id]).fetchone()
    if row is None:
        raise NotFound(f"there is no tape being read under {public_id}", field="job")
    return Job(*row)


def unfinished(db: Db) -> list[str]:
    """The jobs that are still to be worked, oldest first."""
    return [row[0] for row in db.execute(UNFINISHED).fetchall()]


def note_progress(db: Db, public_id: str, *, rows_done: int, rows_all: int) -> None:
    """Say how far a job is."""
    db.execute(PROGRESS, [rows_done, rows_all, public_id])


def note_done(db: Db, public_id: str, *, rows: int, tape: str) -> None:
    """Say that a job has ended and which reconciliation it made."""
    db.execute(DONE, [rows, rows, tape, public_id])


def note_failed(db: Db, public_id: str, why: str) -> None:
    """Say that a job cannot be done, and why."""
    db.execute(FAILED, [why, public_id])
