"""Where requests for more time are kept; one changes once, when it is decided or taken back."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any, Final

import psycopg

from holdfast.kernel import canonical
from holdfast.restructuring.model import Comparison, Deferral, DeferralState, comparison_json, comparison_of

Db = psycopg.Connection[Any]

_OF_LOAN: Final = """
    SELECT f.public_id, f.deferral_no, l.public_id, f.state, f.months, f.reason, f.comparison, f.asked_on, f.asked_at, f.asked_by,
           f.asked_role, asker.name, f.asked_staff_id, asker.person_id, f.asked_seq, f.decided_at, decider.name, f.decided_seq, f.words,
           f.event_no
      FROM deferral f JOIN loan l USING (loan_id)
      LEFT JOIN staff asker ON asker.staff_id = f.asked_staff_id
      LEFT JOIN staff decider ON decider.staff_id = f.decided_staff_id
     WHERE f.loan_id = %s ORDER BY f.deferral_no DESC"""
_INSERT: Final = """
    INSERT INTO deferral (loan_id, deferral_no, public_id, state, months, reason, comparison, asked_on, asked_at, asked_by, asked_role,
                          asked_staff_id, asked_seq)
    VALUES (%s, (SELECT coalesce(max(deferral_no), 0) + 1 FROM deferral WHERE loan_id = %s),
            %s, 'asked', %s, %s, %s, %s, %s, %s, %s, %s, %s)"""
_DECIDE: Final = """
    UPDATE deferral SET state = %s, decided_at = %s, decided_staff_id = %s, decided_seq = %s, words = %s, event_no = %s
     WHERE loan_id = %s AND public_id = %s"""


def of_loan(db: Db, loan_id: int) -> list[Deferral]:
    """The loan's requests, newest first."""
    found = []
    for row in db.execute(_OF_LOAN, [loan_id]).fetchall():
        columns = list(row)
        columns[3], columns[6] = DeferralState(row[3]), comparison_of(json.loads(row[6]))
        found.append(Deferral(*columns))
    return found


def insert(
    db: Db, *, loan_id: int, public_id: str, comparison: Comparison, reason: str, on: date, at: datetime, by: str, role: str,
    staff_id: int | None, seq: int,
) -> None:  # fmt: skip
    """Write a request down."""
    text = canonical.encode(comparison_json(comparison)).decode()
    db.execute(_INSERT, [loan_id, loan_id, public_id, comparison.months, reason, text, on, at, by, role, staff_id, seq])


def decide(
    db: Db, *, loan_id: int, public_id: str, state: DeferralState, at: datetime, staff_id: int | None, seq: int, words: str,
    event_no: int | None,
) -> None:  # fmt: skip
    """Write down what became of a request."""
    db.execute(_DECIDE, [state, at, staff_id, seq, words, event_no, loan_id, public_id])
