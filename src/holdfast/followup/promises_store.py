"""Where promises to pay are kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import psycopg

from holdfast.followup.promises_model import Part, Promise, PromiseState
from holdfast.kernel.money import Money
from holdfast.servicing.collectable import received

Db = psycopg.Connection[Any]

_OF_LOAN: Final = """
    SELECT p.public_id, p.promise_no, l.public_id, p.state, p.made_on, s.name, p.after_event, p.grace_days, p.seq, p.ended_on, l.currency
      FROM promise p JOIN loan l USING (loan_id) JOIN staff s ON s.staff_id = p.made_by WHERE p.loan_id = %s ORDER BY p.promise_no DESC"""
_PARTS: Final = "SELECT promise_no, pay_by, amount FROM promise_part WHERE loan_id = %s ORDER BY promise_no, part_no"
_INSERT: Final = """
    INSERT INTO promise (loan_id, promise_no, public_id, state, made_on, made_by, after_event, grace_days, seq)
    VALUES (%(loan)s, (SELECT coalesce(max(promise_no), 0) + 1 FROM promise WHERE loan_id = %(loan)s), %(public_id)s, 'live', %(on)s,
            %(by)s, (SELECT coalesce(max(event_no), 0) FROM loan_event WHERE loan_id = %(loan)s), %(grace)s, %(seq)s)
    RETURNING promise_no"""
_INSERT_PART: Final = "INSERT INTO promise_part (loan_id, promise_no, part_no, pay_by, amount) VALUES (%s, %s, %s, %s, %s)"
_END: Final = "UPDATE promise SET state = %s, ended_on = %s WHERE loan_id = %s AND promise_no = %s"
_LIVE: Final = "SELECT loan_id FROM promise WHERE state = 'live' AND made_on <= %s ORDER BY loan_id"
_STANDING: Final = "SELECT loan_id FROM duty WHERE open AND kind = 'promise_broken' ORDER BY loan_id"


def of_loan(db: Db, loan_id: int) -> list[Promise]:
    """The loan's promises with what came in since each was made, newest first."""
    rows = db.execute(_OF_LOAN, [loan_id]).fetchall()
    parts: dict[int, list[Part]] = {}
    for no, pay_by, amount in db.execute(_PARTS, [loan_id]).fetchall():
        parts.setdefault(no, []).append(Part(pay_by, Money(amount, rows[0][10])))
    return [
        Promise(
            row[0], row[1], row[2], PromiseState(row[3]), row[4], row[5], row[6], row[7], row[8], row[9], tuple(parts[row[1]]),
            sum(minor for on, minor in received(db, loan_id, after_event=row[6]) if row[9] is None or on <= row[9]),
        )
        for row in rows
    ]  # fmt: skip


def insert(db: Db, *, loan_id: int, public_id: str, on: date, by: int, grace_days: int, seq: int, parts: Sequence[Part]) -> None:
    """Write a promise down; what has come in before does not count for it."""
    given = {"loan": loan_id, "public_id": public_id, "on": on, "by": by, "grace": grace_days, "seq": seq}
    row = db.execute(_INSERT, given).fetchone()
    assert row is not None
    for number, part in enumerate(parts, 1):
        db.execute(_INSERT_PART, [loan_id, row[0], number, part.pay_by, part.amount.minor])


def end(db: Db, *, loan_id: int, promise_no: int, state: PromiseState, on: date) -> None:
    """A live promise comes to its end."""
    db.execute(_END, [state, on, loan_id, promise_no])


def loans_with_live(db: Db, on: date) -> list[int]:
    """The loans on which a promise made by `on` is live."""
    return [row[0] for row in db.execute(_LIVE, [on]).fetchall()]


def loans_to_speak_to(db: Db) -> list[int]:
    """The loans with an open duty about a broken promise."""
    return [row[0] for row in db.execute(_STANDING).fetchall()]
