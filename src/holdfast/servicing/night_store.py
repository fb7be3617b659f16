"""What the night asks of the database: which loans its day has come for, what it may promise, and which parts of it are done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple

import psycopg

from holdfast.kernel import canonical

Db = psycopg.Connection[Any]

# Stretches of loans, in their order; the night of a day touches at most so many in each.
_PARTS: Final = """
SELECT min(loan_id), max(loan_id) FROM (
    SELECT loan_id, (row_number() OVER (ORDER BY loan_id) - 1) / %(most)s AS part FROM account WHERE next_event_on <= %(on)s
) AS due GROUP BY part ORDER BY part
"""
_DUE: Final = "SELECT loan_id FROM account WHERE next_event_on <= %(on)s AND loan_id BETWEEN %(first)s AND %(last)s ORDER BY loan_id"
# Before and apart from the reading: a statement that waits for a lock joins what it read before it waited.
_LOCK: Final = "SELECT 1 FROM loan WHERE loan_id = ANY(%s) ORDER BY loan_id FOR UPDATE"
# Promise: whoever has been served in the meantime is left out.
_TOUCHED: Final = """
SELECT a.loan_id, l.public_id, l.contract_no, l.currency, l.party_id, a.promised_for,
       (SELECT min(i.due_on) FROM instalment i WHERE i.loan_id = a.loan_id AND i.due_on > a.billed_through),
       d.duty_no, d.about, d.due_on, l.product_code, a.next_event_on
  FROM account a JOIN loan l USING (loan_id)
  LEFT JOIN duty d ON d.loan_id = a.loan_id AND d.open AND d.kind = 'reminder'
 WHERE a.loan_id = ANY(%s) AND a.next_event_on <= %s ORDER BY a.loan_id
"""
_UNPAID: Final = """
SELECT i.loan_id, i.due_on,
       i.principal + i.interest + i.fee + i.penalty - i.principal_paid - i.interest_paid - i.fee_paid - i.penalty_paid
  FROM unnest(%s::bigint[], %s::integer[]) AS asked (loan_id, n) JOIN instalment i USING (loan_id, n)
"""
_CLASSES: Final = """
SELECT l.public_id, a.oldest_unpaid_due_on FROM account a JOIN loan l USING (loan_id)
 WHERE a.oldest_unpaid_due_on = ANY(%s) AND a.pauses IS NULL AND l.state = 'active' ORDER BY a.loan_id
"""
_PAUSED: Final = """
SELECT l.public_id, a.oldest_unpaid_due_on, a.pauses FROM account a JOIN loan l USING (loan_id)
 WHERE a.pauses IS NOT NULL AND l.state = 'active' ORDER BY a.loan_id
"""


def reminds_of(about: str) -> int:
    """The number of the instalment that the reminder `i3 T-7` is about."""
    return int(about[1:].split(" ", 1)[0])


class Touched(NamedTuple):
    """A loan whose night has come: the due date of its first instalment not yet billed, and its open reminder, if it has one."""

    loan_id: int
    public_id: str
    contract_no: str
    currency: str
    party_id: int | None
    promised_for: date
    falls_due_on: date | None
    duty_no: int | None
    about: str | None
    remind_on: date | None
    product: str
    next_event_on: date | None

    @property
    def reminds_of(self) -> int:
        """The number of the instalment that the reminder `i3 T-7` is about; 0 without one."""
        return reminds_of(self.about) if self.about else 0

    @property
    def days(self) -> int:
        """How far from the due date the reminder `i3 T-7` is meant to be: -7; 0 without one."""
        return -int(self.about.rsplit("T-", 1)[1]) if self.about else 0


def parts(db: Db, on: date, *, most: int) -> list[tuple[int, int]]:
    """First and last loan of each stretch that the night of `on` touches."""
    return [(row[0], row[1]) for row in db.execute(_PARTS, {"on": on, "most": most}).fetchall()]


def due_loans(db: Db, on: date, *, first: int = 0, last: int = 2**63 - 1) -> list[int]:
    """The loans from `first` to `last` that the night of `on` must touch, in their order."""
    return [row[0] for row in db.execute(_DUE, {"on": on, "first": first, "last": last}).fetchall()]


def touched(db: Db, loan_ids: Sequence[int], on: date, *, lock: bool) -> list[Touched]:
    """What the night must know of those loans to decide what it does with each; locked in their order if asked."""
    ids = list(loan_ids)
    with db.pipeline():
        if lock:
            db.execute(_LOCK, [ids])
        found = db.execute(_TOUCHED, [ids, on])
    return [Touched(*row) for row in found.fetchall()]


def unpaid(db: Db, instalments: Sequence[tuple[int, int]]) -> dict[int, tuple[date, int]]:
    """Due date and what is unpaid of one instalment (loan, number) of each loan."""
    rows = db.execute(_UNPAID, [[loan_id for loan_id, _ in instalments], [n for _, n in instalments]]).fetchall()
    return {loan_id: (due_on, int(amount)) for loan_id, due_on, amount in rows}


def unpaid_since(db: Db, days: Sequence[date]) -> list[tuple[str, date]]:
    """Active loans that count every day and whose oldest unpaid due date is one of those days: public id and that date."""
    return [(row[0], row[1]) for row in db.execute(_CLASSES, [list(days)]).fetchall()]


def paused(db: Db) -> list[tuple[str, date | None, str]]:
    """Active loans whose count of days late has stood still: public id, oldest unpaid due date, pauses."""
    return [(row[0], row[1], row[2]) for row in db.execute(_PAUSED).fetchall()]


def branches(db: Db) -> dict[int, str]:
    """The public id of each branch."""
    return {row[0]: row[1] for row in db.execute("SELECT branch_id, public_id FROM branch").fetchall()}


def note_part(db: Db, *, on: date, first: int, last: int, summary: Mapping[str, Any], at: datetime) -> None:
    """Remember what one part of a night did, with what it did."""
    db.execute(
        "INSERT INTO night_part (on_date, first_loan, last_loan, summary, ran_at) VALUES (%s, %s, %s, %s, %s)",
        [on, first, last, canonical.encode(dict(summary)).decode(), at],
    )


def parts_done(db: Db, on: date) -> list[Mapping[str, Any]]:
    """What the parts of that night did, whichever run did them."""
    return [
        canonical.decode(row[0].encode())
        for row in db.execute("SELECT summary FROM night_part WHERE on_date = %s ORDER BY part_no", [on]).fetchall()
    ]
