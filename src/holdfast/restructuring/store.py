"""Where requests for other terms are kept, with what each person said to them."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any, Final

import psycopg

from holdfast.kernel import canonical
from holdfast.restructuring.model import Answer, Comparison, Request, RequestState, comparison_json, comparison_of

Db = psycopg.Connection[Any]

_OF_LOAN: Final = """
    SELECT f.public_id, f.request_no, l.public_id, f.state, f.reason, f.comparison, f.asked_on, f.asked_at, f.asked_by, f.asked_role,
           asker.name, f.asked_staff_id, asker.person_id, f.asked_seq, f.consented_at, f.consent_seq, f.decided_at, f.decided_seq,
           f.event_no, f.reversed_seq
      FROM restructuring f JOIN loan l USING (loan_id)
      LEFT JOIN staff asker ON asker.staff_id = f.asked_staff_id
     WHERE f.loan_id = %s ORDER BY f.request_no DESC"""
_ANSWERS: Final = """
    SELECT w.request_no, s.name, w.agreed, w.words, w.at, w.seq, w.staff_id FROM restructuring_answer w JOIN staff s USING (staff_id)
     WHERE w.loan_id = %s ORDER BY w.request_no, w.answer_no"""
_INSERT: Final = """
    INSERT INTO restructuring (loan_id, request_no, public_id, state, kind, reason, comparison, asked_on, asked_at, asked_by, asked_role,
                               asked_staff_id, asked_seq)
    VALUES (%s, (SELECT coalesce(max(request_no), 0) + 1 FROM restructuring WHERE loan_id = %s),
            %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"""
_ANSWER: Final = """
    INSERT INTO restructuring_answer (loan_id, request_no, answer_no, staff_id, agreed, words, at, seq)
    VALUES (%s, %s, (SELECT count(*) + 1 FROM restructuring_answer WHERE loan_id = %s AND request_no = %s), %s, %s, %s, %s, %s)"""
_MOVE: Final = "UPDATE restructuring SET state = %s WHERE loan_id = %s AND public_id = %s"
_CONSENT: Final = "UPDATE restructuring SET state = %s, consented_at = %s, consent_seq = %s WHERE loan_id = %s AND public_id = %s"
_CLOSE: Final = """
    UPDATE restructuring SET state = %s, decided_at = %s, decided_seq = %s, event_no = %s WHERE loan_id = %s AND public_id = %s"""
_REVERSE: Final = "UPDATE restructuring SET state = %s, reversed_seq = %s WHERE loan_id = %s AND public_id = %s"


def of_loan(db: Db, loan_id: int) -> list[Request]:
    """The loan's requests, newest first."""
    answers: dict[int, list[Answer]] = {}
    for request_no, *row in db.execute(_ANSWERS, [loan_id]).fetchall():
        answers.setdefault(request_no, []).append(Answer(*row))
    found = []
    for row in db.execute(_OF_LOAN, [loan_id]).fetchall():
        told = comparison_of(json.loads(row[5]))
        columns = [*row[:3], RequestState(row[3]), told.change, row[4], told, *row[6:], tuple(answers.get(row[1], ()))]
        found.append(Request(*columns))
    return found


def insert(
    db: Db, *, loan_id: int, public_id: str, state: RequestState, comparison: Comparison, reason: str, on: date, at: datetime, by: str,
    role: str, staff_id: int | None, seq: int,
) -> None:  # fmt: skip
    """Write a request down."""
    text = canonical.encode(comparison_json(comparison)).decode()
    kind = comparison.change.kind.value
    db.execute(_INSERT, [loan_id, loan_id, public_id, state, kind, reason, text, on, at, by, role, staff_id, seq])


def consent(db: Db, *, loan_id: int, public_id: str, state: RequestState, at: datetime, seq: int) -> None:
    """Write down that the borrower has agreed."""
    db.execute(_CONSENT, [state, at, seq, loan_id, public_id])


def answer(db: Db, *, loan_id: int, request_no: int, staff_id: int, agreed: bool, words: str, at: datetime, seq: int) -> None:
    """Write down what one person said."""
    db.execute(_ANSWER, [loan_id, request_no, loan_id, request_no, staff_id, agreed, words, at, seq])


def move(db: Db, *, loan_id: int, public_id: str, state: RequestState) -> None:
    """Write down where the request stands, while it is open."""
    db.execute(_MOVE, [state, loan_id, public_id])


def close(db: Db, *, loan_id: int, public_id: str, state: RequestState, at: datetime, seq: int, event_no: int | None) -> None:
    """Write down what became of a request."""
    db.execute(_CLOSE, [state, at, seq, event_no, loan_id, public_id])


def take_back(db: Db, *, loan_id: int, public_id: str, state: RequestState, seq: int) -> None:
    """Write down that what was agreed was taken back."""
    db.execute(_REVERSE, [state, seq, loan_id, public_id])
