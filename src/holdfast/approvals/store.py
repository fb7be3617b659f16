"""Where requests, answers and uses are kept; all three only grow."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import psycopg

from holdfast.approvals.model import Answer, Request
from holdfast.kernel import canonical

Db = psycopg.Connection[Any]

LOCK_REQUEST: Final = "SELECT pg_advisory_xact_lock(hashtextextended('approval ' || %s, 0))"
INSERT_REQUEST: Final = """
    INSERT INTO approval_request (public_id, act, loan_id, inputs, needed, barred, maker_id, reason, asked_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING request_id"""
INSERT_ANSWER: Final = "INSERT INTO approval_answer (request_id, staff_id, approved, words, answered_at) VALUES (%s, %s, %s, %s, %s)"
# Promise: an approval is spent once; the second finds the row there.
INSERT_USE: Final = "INSERT INTO approval_use (request_id, used_at) VALUES (%s, %s) ON CONFLICT DO NOTHING"
SELECT_REQUESTS: Final = """
    SELECT r.request_id, r.public_id, r.act, r.loan_id, r.inputs, r.needed, r.barred, r.maker_id, m.person_id, m.name, r.reason,
           r.asked_at, u.used_at
    FROM approval_request r JOIN staff m ON m.staff_id = r.maker_id LEFT JOIN approval_use u USING (request_id)"""
SELECT_ANSWERS: Final = """
    SELECT a.request_id, a.staff_id, s.person_id, s.name, a.approved, a.words, a.answered_at
    FROM approval_answer a JOIN staff s USING (staff_id) WHERE a.request_id = ANY(%s) ORDER BY a.answered_at, a.staff_id"""
SELECT_PERSONS: Final = "SELECT person_id FROM staff WHERE staff_id = ANY(%s) AND person_id IS NOT NULL"
# Requests of loans within sight, and those about no loan, newest first.
SELECT_IN_SIGHT: Final = (
    SELECT_REQUESTS
    + """
    LEFT JOIN loan l ON l.loan_id = r.loan_id
    WHERE (r.loan_id IS NULL OR {condition}) AND (%(loan)s::bigint IS NULL OR r.loan_id = %(loan)s)
      AND (%(act)s::text IS NULL OR r.act = %(act)s)
    ORDER BY r.asked_at DESC, r.request_id DESC LIMIT %(limit)s"""
)


def lock(db: Db, public_id: str) -> None:
    """Let no other transaction answer or spend this request before this one ends."""
    db.execute(LOCK_REQUEST, (public_id,))


def insert_request(
    db: Db, *, public_id: str, act: str, loan_id: int | None, inputs: Mapping[str, Any], needed: int, barred: Sequence[int],
    maker_id: int, reason: str, at: datetime,
) -> int:  # fmt: skip
    """Write a request; its number."""
    text = canonical.encode(dict(inputs)).decode()
    row = db.execute(INSERT_REQUEST, (public_id, act, loan_id, text, needed, list(barred), maker_id, reason, at)).fetchone()
    assert row is not None
    return int(row[0])


def insert_answer(db: Db, *, request_id: int, staff_id: int, approved: bool, words: str, at: datetime) -> None:
    """Write one person's answer."""
    db.execute(INSERT_ANSWER, (request_id, staff_id, approved, words, at))


def insert_use(db: Db, request_id: int, at: datetime) -> bool:
    """Spend an approval; False if it was spent."""
    return bool(db.execute(INSERT_USE, (request_id, at)).rowcount)


def request(db: Db, public_id: str) -> Request | None:
    """The request of that public id with its answers."""
    return next(iter(_with_answers(db, db.execute(f"{SELECT_REQUESTS} WHERE r.public_id = %s", (public_id,)).fetchall())), None)


def requests(db: Db, condition: str, values: Mapping[str, Any], *, loan_id: int | None, act: str | None, limit: int) -> list[Request]:
    """Requests whose loan meets the condition, and those about no loan."""
    rows = db.execute(SELECT_IN_SIGHT.format(condition=condition), {**values, "loan": loan_id, "act": act, "limit": limit}).fetchall()
    return _with_answers(db, rows)


def persons(db: Db, staff_ids: Sequence[int]) -> frozenset[int]:
    """The parties behind those log-ins."""
    return frozenset(row[0] for row in db.execute(SELECT_PERSONS, (list(staff_ids),)).fetchall())


def _with_answers(db: Db, rows: Sequence[Sequence[Any]]) -> list[Request]:
    answers: dict[int, list[Answer]] = {}
    for request_id, *rest in db.execute(SELECT_ANSWERS, ([row[0] for row in rows],)).fetchall():
        answers.setdefault(request_id, []).append(Answer(*rest))
    found = []
    for number, public_id, act, loan_id, text, needed, barred, maker_id, maker_person_id, maker_name, reason, asked_at, used_at in rows:
        inputs = json.loads(text)
        found.append(
            Request(
                request_id=number, public_id=public_id, act=act, loan_id=loan_id, inputs=inputs, inputs_digest=canonical.digest(inputs),
                needed=needed, barred=frozenset(barred), maker_id=maker_id, maker_person_id=maker_person_id, maker_name=maker_name,
                reason=reason, asked_at=asked_at, answers=tuple(answers.get(number, ())), used_at=used_at,
            )
        )  # fmt: skip
    return found
