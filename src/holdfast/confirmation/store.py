"""Where confirmations, calls, answers and signs of fraud are kept."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import psycopg

from holdfast.confirmation.model import Answer, Call, CallOutcome, Confirmation, Failure
from holdfast.confirmation.states import ConfirmationState
from holdfast.kernel import canonical
from holdfast.kernel.sealing import Sealed

Db = psycopg.Connection[Any]

SELECT_CONFIRMATION: Final = "SELECT state, call_back_at, failure, facts, facts_digest FROM confirmation WHERE loan_id = %s"
SELECT_CALLS: Final = """
    SELECT c.loan_id, c.call_no, c.public_id, c.by_staff, s.name, c.language, c.script, c.script_version, c.script_digest, c.rule,
           c.dialled_at, c.answered_at, c.ended_at, c.outcome, c.recording, c.recording_file, c.code_id, c.bound
    FROM confirmation_call c JOIN staff s ON s.staff_id = c.by_staff WHERE c.loan_id = %s ORDER BY c.call_no"""
SELECT_ANSWERS: Final = """
    SELECT call_no, answer_no, step, code, passed, mark, sealed IS NOT NULL FROM confirmation_answer WHERE loan_id = %s
    ORDER BY call_no, answer_no"""
UPSERT_CONFIRMATION: Final = """
    INSERT INTO confirmation (loan_id, state, call_back_at, failure, facts, facts_digest) VALUES (%s, %s, %s, %s, %s, %s)
    ON CONFLICT (loan_id) DO UPDATE SET (state, call_back_at, failure, facts, facts_digest)
        = (excluded.state, excluded.call_back_at, excluded.failure, excluded.facts, excluded.facts_digest)"""
INSERT_CALL: Final = """
    INSERT INTO confirmation_call (loan_id, call_no, public_id, by_staff, language, script, script_version, script_digest, rule, dialled_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"""
UPDATE_CALL: Final = """
    UPDATE confirmation_call
    SET answered_at = %s, ended_at = %s, outcome = %s, recording = %s, recording_file = %s, code_id = %s, bound = %s
    WHERE loan_id = %s AND call_no = %s"""
INSERT_ANSWER: Final = """
    INSERT INTO confirmation_answer (loan_id, call_no, answer_no, step, code, passed, mark, nonce, sealed)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"""
SELECT_WORDS: Final = """
    SELECT answer_no, nonce, sealed FROM confirmation_answer WHERE loan_id = %s AND call_no = %s AND sealed IS NOT NULL"""
# Calls that ring now for this person, on any loan of theirs: they are in no ledger yet.
RINGING: Final = """
    SELECT count(*) FROM confirmation_call c JOIN loan l USING (loan_id)
    WHERE l.party_id = %s AND c.ended_at IS NULL AND c.answered_at IS NULL"""
INSERT_REPORT: Final = """
    INSERT INTO fraud_report (loan_id, report_no, sign, by_staff, call_no, seen_at, record_seq, nonce, sealed)
    SELECT %(loan)s, coalesce(max(report_no), 0) + 1, %(sign)s, %(staff)s, %(call)s::integer, %(at)s, %(seq)s, %(nonce)s, %(sealed)s
    FROM fraud_report WHERE loan_id = %(loan)s RETURNING report_no"""
SELECT_REPORTS: Final = """
    SELECT r.report_no, r.sign, r.by_staff, s.person_id, s.name, r.call_no, r.seen_at, r.record_seq, r.nonce, r.sealed
    FROM fraud_report r JOIN staff s ON s.staff_id = r.by_staff WHERE r.loan_id = %s ORDER BY r.report_no"""
# Promises: the loans within sight whose open duty is the confirmation call, with what bears on their turn; none that another stage has.
SELECT_QUEUE: Final = """
    SELECT l.public_id, l.loan_id, l.borrower_label, p.name_zh, p.name_en, l.currency, d.due_at, d.window_from, d.owner_id, o.name,
           coalesce(f.state, 'waiting'), f.call_back_at,
           (SELECT count(*) FROM confirmation_call c WHERE c.loan_id = l.loan_id
             AND c.outcome IN ('no_answer', 'busy', 'powered_off', 'wrong_number')),
           EXISTS (SELECT FROM loan_freeze z WHERE z.loan_id = l.loan_id AND z.lifted_seq IS NULL)
    FROM duty d JOIN loan l USING (loan_id) JOIN product p ON p.code = l.product_code
         LEFT JOIN confirmation f USING (loan_id) LEFT JOIN staff o ON o.staff_id = d.owner_id
    WHERE d.open AND d.kind = 'confirm' AND l.state = 'submitted' AND {sight}
    ORDER BY d.due_at, l.loan_id LIMIT %(limit)s"""


def confirmation(db: Db, loan_id: int) -> Confirmation:
    """Where the loan's confirmation stands; waiting, if nobody has begun it."""
    with db.pipeline():
        rows = db.execute(SELECT_CONFIRMATION, (loan_id,))
        calls = db.execute(SELECT_CALLS, (loan_id,))
        answers = db.execute(SELECT_ANSWERS, (loan_id,))
    of_call: dict[int, list[Answer]] = {}
    for call_no, *rest in answers.fetchall():
        of_call.setdefault(call_no, []).append(Answer(*rest))
    row = rows.fetchone() or ("waiting", None, None, None, None)
    return Confirmation(
        loan_id=loan_id, state=ConfirmationState(row[0]), calls=tuple(_call(each, of_call) for each in calls.fetchall()),
        call_back_at=row[1], failure=Failure(row[2]) if row[2] else None, facts=json.loads(row[3]) if row[3] else None, facts_digest=row[4],
    )  # fmt: skip


def write_confirmation(
    db: Db, loan_id: int, state: ConfirmationState, *, call_back_at: datetime | None = None, failure: Failure | None = None,
    facts: Mapping[str, Any] | None = None, facts_digest: str | None = None,
) -> None:  # fmt: skip
    """Write where it stands now."""
    text = canonical.encode(dict(facts)).decode() if facts is not None else None
    db.execute(UPSERT_CONFIRMATION, (loan_id, state, call_back_at, failure, text, facts_digest))


def insert_call(db: Db, call: Call) -> None:
    """Write a call that rings."""
    row = (
        call.loan_id, call.call_no, call.public_id, call.by_staff, call.language, call.script, call.script_version, call.script_digest,
        call.rule, call.dialled_at,
    )  # fmt: skip
    db.execute(INSERT_CALL, row)


def update_call(db: Db, call: Call) -> None:
    """Write what has become of a call."""
    row = (
        call.answered_at, call.ended_at, call.outcome.value if call.outcome else None, call.recording, call.recording_file, call.code_id,
        call.bound, call.loan_id, call.call_no,
    )  # fmt: skip
    db.execute(UPDATE_CALL, row)


def insert_answer(db: Db, call: Call, answer: Answer, words: Sealed | None) -> None:
    """Write an answer; `words` are the borrower's own, sealed."""
    nonce, sealed = (words.nonce, words.sealed) if words else (None, None)
    row = (call.loan_id, call.call_no, answer.answer_no, answer.step, answer.code, answer.passed, answer.mark, nonce, sealed)
    db.execute(INSERT_ANSWER, row)


def words(db: Db, call: Call) -> dict[int, Sealed]:
    """The borrower's sealed words of a call, by answer."""
    return {number: Sealed(bytes(nonce), bytes(sealed)) for number, nonce, sealed in db.execute(SELECT_WORDS, (call.loan_id, call.call_no))}


def ringing(db: Db, party_id: int) -> int:
    """How many calls to this person ring now."""
    row = db.execute(RINGING, (party_id,)).fetchone()
    assert row is not None
    return int(row[0])


def insert_report(
    db: Db, *, loan_id: int, sign: str, staff_id: int, call_no: int | None, at: datetime, record_seq: int, evidence: Sealed
) -> int:
    """Write a sign of fraud; its number within the loan."""
    row = db.execute(
        INSERT_REPORT,
        {"loan": loan_id, "sign": sign, "staff": staff_id, "call": call_no, "at": at, "seq": record_seq, "nonce": evidence.nonce,
         "sealed": evidence.sealed},
    ).fetchone()  # fmt: skip
    assert row is not None
    return int(row[0])


def reports(db: Db, loan_id: int) -> Sequence[Sequence[Any]]:
    """The signs of fraud seen on a loan, as they were written."""
    return db.execute(SELECT_REPORTS, (loan_id,)).fetchall()


def queue(db: Db, sight: str, values: Mapping[str, Any], *, limit: int) -> Sequence[Sequence[Any]]:
    """The loans that wait for their confirmation call, earliest deadline first."""
    return db.execute(SELECT_QUEUE.format(sight=sight), {**values, "limit": limit}).fetchall()


def _call(row: Sequence[Any], answers: Mapping[int, Sequence[Answer]]) -> Call:
    outcome = CallOutcome(row[13]) if row[13] else None
    return Call(*[*row[:13], outcome, *row[14:], tuple(answers.get(row[1], ()))])
