"""Where visits are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import psycopg

from holdfast.followup.visits_model import OPEN, Visit, VisitState

Db = psycopg.Connection[Any]

_SELECT: Final = """
    SELECT v.public_id, v.visit_no, l.public_id, l.contract_no, l.borrower_label, v.state, v.reason, v.planned_for, v.planned_at,
           v.planned_by,
           v.first_id, v.second_id, p.public_id, v.begun_at, v.rule, v.reported_at, v.reported_by, v.met, v.told, v.outcome, s.public_id,
           w.public_id, v.confirmed_at, v.confirmed_by, v.ended_why,
           ARRAY(SELECT f.public_id FROM visit_photo x JOIN file f USING (file_id) WHERE x.loan_id = v.loan_id AND x.visit_no = v.visit_no
                  ORDER BY f.file_id)
      FROM visit v JOIN loan l USING (loan_id) JOIN file p ON p.file_id = v.place_id
      LEFT JOIN file s ON s.file_id = v.said_id LEFT JOIN file w ON w.file_id = v.seen_id"""
_OF_LOAN: Final = f"{_SELECT} WHERE v.loan_id = %s ORDER BY v.visit_no DESC"
# Promises: the visits within sight; what is still to be done first, by its day.
_LISTED: Final = """
     WHERE {sight} AND (NOT %(only_open)s::boolean OR v.state = ANY(%(open)s::text[]))
     ORDER BY (v.state = ANY(%(open)s::text[])) DESC, CASE WHEN v.state = ANY(%(open)s::text[]) THEN v.planned_for END, v.planned_for DESC
     LIMIT %(limit)s"""
_INSERT: Final = """
    INSERT INTO visit (loan_id, visit_no, public_id, state, reason, planned_for, planned_at, planned_by, first_id, second_id, place_id)
    VALUES (%(loan)s, (SELECT coalesce(max(visit_no), 0) + 1 FROM visit WHERE loan_id = %(loan)s), %(public_id)s, 'planned', %(reason)s,
            %(planned_for)s, %(at)s, %(by)s, %(first)s, %(second)s, %(place)s)"""
_MOVE: Final = "UPDATE visit SET planned_for = %s WHERE loan_id = %s AND visit_no = %s"
_BEGIN: Final = "UPDATE visit SET state = 'begun', begun_at = %s, rule = %s WHERE loan_id = %s AND visit_no = %s"
_REPORT: Final = """
    UPDATE visit SET state = 'reported', reported_at = %(at)s, reported_by = %(by)s, met = %(met)s, told = %(told)s, outcome = %(outcome)s,
           said_id = %(said)s, seen_id = %(seen)s
     WHERE loan_id = %(loan)s AND visit_no = %(no)s"""
_CONFIRM: Final = "UPDATE visit SET state = 'confirmed', confirmed_at = %s, confirmed_by = %s WHERE loan_id = %s AND visit_no = %s"
_CANCEL: Final = "UPDATE visit SET state = 'cancelled', ended_why = %s WHERE loan_id = %s AND visit_no = %s"
_PHOTO: Final = "INSERT INTO visit_photo (loan_id, visit_no, file_id) VALUES (%s, %s, %s)"


def of_loan(db: Db, loan_id: int) -> list[Visit]:
    """The loan's visits, newest first."""
    return [_visit(row) for row in db.execute(_OF_LOAN, [loan_id]).fetchall()]


def listed(db: Db, sight: str, values: Mapping[str, Any], *, only_open: bool, limit: int) -> list[Visit]:
    """Visits within sight."""
    given = {**values, "only_open": only_open, "open": sorted(OPEN), "limit": limit}
    return [_visit(row) for row in db.execute((_SELECT + _LISTED.format(sight=sight)).encode(), given).fetchall()]


def insert(
    db: Db, *, loan_id: int, public_id: str, reason: str, planned_for: datetime, at: datetime, by: int, first: int, second: int, place: int
) -> None:
    """Write a planned visit down."""
    given = {"loan": loan_id, "public_id": public_id, "reason": reason, "planned_for": planned_for, "at": at, "by": by, "first": first,
             "second": second, "place": place}  # fmt: skip
    db.execute(_INSERT, given)


def move(db: Db, *, loan_id: int, visit_no: int, planned_for: datetime) -> None:
    """Write another time down."""
    db.execute(_MOVE, [planned_for, loan_id, visit_no])


def begin(db: Db, *, loan_id: int, visit_no: int, at: datetime, rule: str) -> None:
    """Write down that it began, and by which rule of contact it might."""
    db.execute(_BEGIN, [at, rule, loan_id, visit_no])


def report(
    db: Db, *, loan_id: int, visit_no: int, at: datetime, by: int, met: str, told: str, outcome: str, said: int, seen: int,
    photos: Sequence[int],
) -> None:  # fmt: skip
    """Write down what was found, with its photos."""
    given = {"loan": loan_id, "no": visit_no, "at": at, "by": by, "met": met, "told": told, "outcome": outcome, "said": said, "seen": seen}
    db.execute(_REPORT, given)
    for file_id in photos:
        db.execute(_PHOTO, [loan_id, visit_no, file_id])


def confirm(db: Db, *, loan_id: int, visit_no: int, at: datetime, by: int) -> None:
    """Write down that the second person says the same."""
    db.execute(_CONFIRM, [at, by, loan_id, visit_no])


def cancel(db: Db, *, loan_id: int, visit_no: int, why: str) -> None:
    """Write down that it does not take place."""
    db.execute(_CANCEL, [why, loan_id, visit_no])


def _visit(row: Sequence[Any]) -> Visit:
    columns = [*row[:5], VisitState(row[5]), *row[6:25], tuple(row[25])]
    return Visit(*columns)
