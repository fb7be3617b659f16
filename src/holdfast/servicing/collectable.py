"""What may be collected: the instalments that have fallen due and are not paid, as a direct debit asks for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import psycopg

from holdfast.kernel.money import Money

# Promises: each instalment of a loan that is being repaid, due by the day given and not paid, the oldest first.
_DUE: Final = """
SELECT i.n, i.due_on, i.principal + i.interest + i.fee + i.penalty - i.principal_paid - i.interest_paid - i.fee_paid - i.penalty_paid,
       l.currency
  FROM instalment i JOIN loan l USING (loan_id)
 WHERE i.loan_id = %s AND l.state = 'active' AND i.due_on <= %s AND i.paid_on IS NULL
   AND i.principal + i.interest + i.fee + i.penalty > i.principal_paid + i.interest_paid + i.fee_paid + i.penalty_paid
 ORDER BY i.due_on, i.n"""


@dataclass(frozen=True, slots=True)
class Collectable:
    """An instalment that is due, and what of it is not paid."""

    n: int
    due_on: date
    unpaid: Money


def collectable(db: psycopg.Connection[Any], loan_id: int, on: date) -> tuple[Collectable, ...]:
    """The instalments of a loan that are due by `on` and not paid, the oldest first; nothing of a loan that is not being repaid."""
    return tuple(Collectable(row[0], row[1], Money(row[2], row[3])) for row in db.execute(_DUE, [loan_id, on]))


def receipt_of(db: psycopg.Connection[Any], loan_id: int, source: str) -> int | None:
    """The number of the receipt that came by this way and was not taken back; None if there is none."""
    row = db.execute(
        """SELECT max(e.event_no) FROM loan_event e
            WHERE e.loan_id = %(loan)s AND e.kind = 'receipt' AND e.payload::jsonb ->> 'source' = %(source)s
              AND NOT EXISTS (SELECT 1 FROM loan_event r WHERE r.loan_id = e.loan_id AND r.kind = 'reversal'
                                 AND (r.payload::jsonb ->> 'event_no')::integer = e.event_no)""",
        {"loan": loan_id, "source": source},
    ).fetchone()
    return None if row is None or row[0] is None else int(row[0])


def received(db: psycopg.Connection[Any], loan_id: int, *, after_event: int) -> list[tuple[date, int]]:
    """Value date and minor units of each receipt that was entered after that event of the loan and not taken back."""
    return db.execute(
        """SELECT e.on_date, (e.payload::jsonb ->> 'amount')::bigint FROM loan_event e
            WHERE e.loan_id = %(loan)s AND e.kind = 'receipt' AND e.event_no > %(after)s
              AND NOT EXISTS (SELECT 1 FROM loan_event r WHERE r.loan_id = e.loan_id AND r.kind = 'reversal'
                                 AND (r.payload::jsonb ->> 'event_no')::integer = e.event_no)
            ORDER BY e.event_no""",
        {"loan": loan_id, "after": after_event},
    ).fetchall()
