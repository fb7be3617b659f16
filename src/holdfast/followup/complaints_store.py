"""Where complaints are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import psycopg

from holdfast.followup.complaints_model import OPEN, Complaint, ComplaintState, Step

Db = psycopg.Connection[Any]

_COLUMNS: Final = """
    SELECT c.public_id, c.complaint_no, l.public_id, l.contract_no, l.borrower_label, c.state, c.channel, c.about, c.taken_on, c.taken_at,
           c.taken_by, c.answer_by, c.in_duty, c.outcome, c.answered_on, c.answered_by, c.escalated_on,
           ARRAY(SELECT a.staff_id FROM complaint_against a WHERE a.loan_id = c.loan_id AND a.complaint_no = c.complaint_no ORDER BY 1)
      FROM complaint c JOIN loan l USING (loan_id)"""
_OF_LOAN: Final = f"{_COLUMNS} WHERE c.loan_id = %s ORDER BY c.complaint_no DESC"
# Promises: the register within somebody's sight, what is owed first and by its last day, then the newest.
_REGISTER: Final = """
     WHERE {sight} AND c.taken_on BETWEEN %(since)s::date AND %(until)s::date
       AND (NOT %(only_open)s::boolean OR c.state = ANY(%(open)s::text[]))
     ORDER BY (c.state = ANY(%(open)s::text[])) DESC, CASE WHEN c.state = ANY(%(open)s::text[]) THEN c.answer_by END, c.taken_at DESC
     LIMIT %(limit)s"""
_STEPS: Final = """
    SELECT s.complaint_no, s.what, s.at, coalesce(p.name, ''), s.seq, f.public_id,
           ARRAY(SELECT x.public_id FROM file x WHERE x.file_id = ANY(s.attached) ORDER BY x.file_id)
      FROM complaint_step s JOIN file f ON f.file_id = s.words_id LEFT JOIN staff p USING (staff_id)
     WHERE s.loan_id = %s ORDER BY s.complaint_no, s.step_no"""
_INSERT: Final = """
    INSERT INTO complaint (loan_id, complaint_no, public_id, state, channel, about, taken_on, taken_at, taken_by, taken_seq, answer_by,
                           in_duty)
    VALUES (%(loan)s, (SELECT coalesce(max(complaint_no), 0) + 1 FROM complaint WHERE loan_id = %(loan)s), %(public_id)s, 'open',
            %(channel)s, %(about)s, %(on)s, %(at)s, %(by)s, %(seq)s, %(answer_by)s, %(in_duty)s)
    RETURNING complaint_no"""
_INSERT_STEP: Final = """
    INSERT INTO complaint_step (loan_id, complaint_no, step_no, what, at, staff_id, seq, words_id, attached)
    VALUES (%(loan)s, %(no)s,
            (SELECT coalesce(max(step_no), 0) + 1 FROM complaint_step WHERE loan_id = %(loan)s AND complaint_no = %(no)s),
            %(what)s, %(at)s, %(by)s, %(seq)s, %(words)s, %(attached)s)"""
_AGAINST: Final = "INSERT INTO complaint_against (loan_id, complaint_no, staff_id) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
_MOVE: Final = """
    UPDATE complaint SET state = %(state)s, answer_by = coalesce(%(answer_by)s, answer_by), in_duty = coalesce(%(in_duty)s, in_duty),
           escalated_on = coalesce(%(escalated_on)s, escalated_on)
     WHERE loan_id = %(loan)s AND complaint_no = %(no)s"""
_ANSWER: Final = """
    UPDATE complaint SET state = %(state)s, outcome = %(outcome)s, answered_on = %(on)s, answered_by = coalesce(answered_by, %(by)s)
     WHERE loan_id = %(loan)s AND complaint_no = %(no)s"""
_OPEN_OF_PARTY: Final = """
    SELECT count(*) FROM complaint c JOIN loan l USING (loan_id) WHERE l.party_id = %s AND c.state = ANY(%s::text[])"""
_FIGURES: Final = """
    SELECT c.about, count(*), count(*) FILTER (WHERE c.state = ANY(%(open)s::text[])),
           count(*) FILTER (WHERE c.answer_by < CASE WHEN c.state = ANY(%(open)s::text[]) THEN %(today)s::date ELSE c.answered_on END),
           count(*) FILTER (WHERE c.escalated_on IS NOT NULL), count(*) FILTER (WHERE c.outcome IN ('upheld', 'partly'))
      FROM complaint c JOIN loan l USING (loan_id)
     WHERE {sight} AND c.taken_on BETWEEN %(since)s::date AND %(until)s::date
     GROUP BY c.about ORDER BY count(*) DESC, c.about"""
_OPEN_NAMES: Final = sorted(OPEN)


def of_loan(db: Db, loan_id: int) -> list[Complaint]:
    """The loan's complaints with all that was said, newest first."""
    steps: dict[int, list[Step]] = {}
    for no, what, at, by, seq, words, attached in db.execute(_STEPS, [loan_id]).fetchall():
        steps.setdefault(no, []).append(Step(what, at, by, seq, words, tuple(attached)))
    return [_complaint(row, tuple(steps.get(row[1], ()))) for row in db.execute(_OF_LOAN, [loan_id]).fetchall()]


def register(
    db: Db, sight: str, values: Mapping[str, Any], *, since: date, until: date, only_open: bool, limit: int
) -> list[Complaint]:  # fmt: skip
    """The register, without the steps."""
    given = {**values, "since": since, "until": until, "only_open": only_open, "open": _OPEN_NAMES, "limit": limit}
    return [_complaint(row, ()) for row in db.execute((_COLUMNS + _REGISTER.format(sight=sight)).encode(), given).fetchall()]


def figures(
    db: Db, sight: str, values: Mapping[str, Any], *, since: date, until: date, today: date
) -> list[tuple[str, int, int, int, int, int]]:
    """Per what they are about: how many came, are open, are or were late, went further, and were found right at least in part."""
    given = {**values, "since": since, "until": until, "today": today, "open": _OPEN_NAMES}
    return db.execute(_FIGURES.format(sight=sight).encode(), given).fetchall()


def insert(
    db: Db, *, loan_id: int, public_id: str, channel: str, about: str, on: date, at: datetime, by: int | None, seq: int, answer_by: date,
    in_duty: bool, against: Sequence[int],
) -> int:  # fmt: skip
    """Write a complaint down; its number within the loan."""
    row = db.execute(
        _INSERT,
        {"loan": loan_id, "public_id": public_id, "channel": channel, "about": about, "on": on, "at": at, "by": by, "seq": seq,
         "answer_by": answer_by, "in_duty": in_duty},
    ).fetchone()  # fmt: skip
    assert row is not None
    add_against(db, loan_id=loan_id, complaint_no=row[0], against=against)
    return int(row[0])


def add_against(db: Db, *, loan_id: int, complaint_no: int, against: Sequence[int]) -> None:
    """Write down whom it is against besides those that stand there."""
    for staff_id in against:
        db.execute(_AGAINST, [loan_id, complaint_no, staff_id])


def insert_step(
    db: Db, *, loan_id: int, complaint_no: int, what: str, at: datetime, by: int | None, seq: int, words_id: int, attached: Sequence[int]
) -> None:
    """Write down what was said or done."""
    given = {"loan": loan_id, "no": complaint_no, "what": what, "at": at, "by": by, "seq": seq, "words": words_id, "attached": [*attached]}
    db.execute(_INSERT_STEP, given)


def move(
    db: Db, *, loan_id: int, complaint_no: int, state: ComplaintState, answer_by: date | None = None, in_duty: bool | None = None,
    escalated_on: date | None = None,
) -> None:  # fmt: skip
    """Write down where it stands, while an answer is owed."""
    given = {"loan": loan_id, "no": complaint_no, "state": state, "answer_by": answer_by, "in_duty": in_duty, "escalated_on": escalated_on}
    db.execute(_MOVE, given)


def answer(db: Db, *, loan_id: int, complaint_no: int, state: ComplaintState, outcome: str, on: date, by: int) -> None:
    """Write down the answer."""
    db.execute(_ANSWER, {"loan": loan_id, "no": complaint_no, "state": state, "outcome": outcome, "on": on, "by": by})


def open_of_party(db: Db, party_id: int) -> int:
    """How many complaints of this person wait for an answer, on all of their loans."""
    row = db.execute(_OPEN_OF_PARTY, [party_id, _OPEN_NAMES]).fetchone()
    assert row is not None
    return int(row[0])


def _complaint(row: Sequence[Any], steps: tuple[Step, ...]) -> Complaint:
    columns = [*row[:5], ComplaintState(row[5]), *row[6:17], tuple(row[17]), steps]
    return Complaint(*columns)
