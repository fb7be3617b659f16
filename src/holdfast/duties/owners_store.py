"""What is kept of owners: absences, who has left, duties that changed hands, and those put off."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import psycopg

from holdfast.duties.absences import Absence
from holdfast.parties import Scope

Db = psycopg.Connection[Any]

_ABSENCE: Final = "a.public_id, a.staff_id, a.from_on, a.until_on, a.stand_in, a.reason, a.placed_by, a.placed_at, a.back_on"
_INSERT_ABSENCE: Final = """
    INSERT INTO staff_absence (public_id, staff_id, from_on, until_on, stand_in, reason, placed_by, placed_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"""
# Promises: whatever of an absence is still to come on a day, or has not ended before it; the next one first.
_CURRENT: Final = f"""
    SELECT {_ABSENCE} FROM staff_absence a
     WHERE a.until_on >= %s AND (a.back_on IS NULL OR a.back_on > %s) ORDER BY a.from_on, a.absence_id"""
_ONE: Final = f"SELECT {_ABSENCE} FROM staff_absence a WHERE a.public_id = %s FOR UPDATE"
_HAND: Final = "UPDATE duty SET owner_id = %s WHERE loan_id = %s AND duty_no = %s AND open"
_SNOOZED: Final = "SELECT snoozes, snoozed_until FROM duty WHERE loan_id = %s AND duty_no = %s"
_SNOOZE: Final = "UPDATE duty SET snoozed_until = %s, snoozes = snoozes + 1 WHERE loan_id = %s AND duty_no = %s AND open"
_MOVE: Final = """
    UPDATE duty SET owner_id = %s WHERE loan_id = %s AND duty_no = %s AND open AND owner_id IS NOT DISTINCT FROM %s::bigint"""
_INSERT_MOVE: Final = """
    INSERT INTO duty_move (public_id, from_staff, to_staff, role, lines, digest, reason, moved_by, moved_at, record_seq)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING move_id"""


@dataclass(frozen=True, slots=True)
class MoveLine:
    """One open duty that would change hands; `seen` says that the person who would get it sees the loan. Its own owner is `owner_id`."""

    loan_id: int
    duty_no: int
    loan: str
    borrower: str
    kind: str
    about: str
    due_at: datetime
    owner_id: int | None
    seen: bool


def insert_absence(db: Db, absence: Absence) -> None:
    """Keep an absence."""
    db.execute(
        _INSERT_ABSENCE,
        [
            absence.public_id, absence.staff_id, absence.from_on, absence.until_on, absence.stand_in, absence.reason, absence.placed_by,
            absence.placed_at,
        ],
    )  # fmt: skip


def current_absences(db: Db, on: date) -> list[Absence]:
    """The absences that hold on a day or are to come."""
    return [Absence(*row) for row in db.execute(_CURRENT, [on, on]).fetchall()]


def absence(db: Db, public_id: str) -> Absence | None:
    """One absence, locked."""
    row = db.execute(_ONE, [public_id]).fetchone()
    return Absence(*row) if row else None


def end_absence(db: Db, public_id: str, back_on: date) -> None:
    """Keep that somebody is back earlier than planned."""
    db.execute("UPDATE staff_absence SET back_on = %s WHERE public_id = %s", [back_on, public_id])


def left(db: Db) -> list[int]:
    """Who has left for good."""
    return [row[0] for row in db.execute("SELECT staff_id FROM staff WHERE NOT active ORDER BY staff_id").fetchall()]


def hand(db: Db, loan_id: int, duty_no: int, to: int | None) -> None:
    """Write an open duty's owner."""
    db.execute(_HAND, [to, loan_id, duty_no])


def snoozed(db: Db, loan_id: int, duty_no: int) -> tuple[int, datetime | None]:
    """How often a duty was put off, and until when it is."""
    row = db.execute(_SNOOZED, [loan_id, duty_no]).fetchone()
    return (row[0], row[1]) if row else (0, None)


def holder(db: Db, loan_id: int, duty_no: int) -> tuple[int | None, datetime | None]:
    """The owner of a duty, and until when it is put off."""
    row = db.execute("SELECT owner_id, snoozed_until FROM duty WHERE loan_id = %s AND duty_no = %s", [loan_id, duty_no]).fetchone()
    return (row[0], row[1]) if row else (None, None)


def snooze(db: Db, loan_id: int, duty_no: int, until: datetime) -> None:
    """Put an open duty off."""
    db.execute(_SNOOZE, [until, loan_id, duty_no])


def lines_to_move(
    db: Db, *, sight: Scope, to_sight: Scope | None, role: str, owner: int | None, pool: Collection[int], kinds: Collection[str], most: int
) -> list[MoveLine]:
    """Open duties of a role within sight that are a person's, or nobody's (then also those of `pool`); the earliest due first."""
    condition, values = sight.condition("l")
    seen, more = to_sight.condition("l") if to_sight is not None else ("TRUE", {})
    # Two scopes in one statement: the second one's parameters go by names of their own.
    seen = seen.replace("%(scope_", "%(to_scope_")
    named = {**values, **{f"to_{name}": value for name, value in more.items()}}
    rows = db.execute(
        f"""
        SELECT d.loan_id, d.duty_no, l.public_id, l.borrower_label, d.kind, d.about, d.due_at, d.owner_id, coalesce({seen}, false)
          FROM duty d JOIN loan l USING (loan_id)
         WHERE d.open AND d.role = %(role)s AND {condition}
           AND CASE WHEN %(owner)s::bigint IS NULL THEN d.owner_id IS NULL OR d.owner_id = ANY(%(pool)s::bigint[])
                    ELSE d.owner_id = %(owner)s::bigint END
           AND (%(kinds)s::text[] = '{{}}' OR d.kind = ANY(%(kinds)s::text[]))
         ORDER BY d.due_at, d.loan_id, d.duty_no LIMIT %(most)s
        """.encode(),
        {**named, "role": role, "owner": owner, "pool": list(pool), "kinds": list(kinds), "most": most},
    )
    return [MoveLine(*row) for row in rows.fetchall()]


def move(db: Db, lines: Sequence[MoveLine], to: int | None) -> int:
    """Give each duty to somebody; how many were still as they were seen."""
    with db.cursor() as cursor:
        cursor.executemany(_MOVE, [(to, line.loan_id, line.duty_no, line.owner_id) for line in lines])
        return cursor.rowcount


def insert_move(
    db: Db, *, public_id: str, owner: int | None, to: int | None, role: str, lines: Sequence[MoveLine], digest: str, reason: str, by: int,
    at: datetime, record_seq: int,
) -> None:  # fmt: skip
    """Keep what changed hands, line by line."""
    row = db.execute(_INSERT_MOVE, [public_id, owner, to, role, len(lines), digest, reason, by, at, record_seq]).fetchone()
    assert row is not None
    with db.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO duty_move_line (loan_id, duty_no, move_id) VALUES (%s, %s, %s)",
            [(line.loan_id, line.duty_no, row[0]) for line in lines],
        )
