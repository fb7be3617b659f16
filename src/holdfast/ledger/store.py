"""Where the general ledger's own rows are read and written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple

import psycopg

from holdfast.ledger.accrual import FLAT, Key, Level, Slope
from holdfast.ledger.chart import Account
from holdfast.ledger.rules import Line

Db = psycopg.Connection[Any]

ENTRY_COLUMNS: Final = (
    "on_date", "branch_id", "product_code", "debit_account", "credit_account", "amount", "currency", "source", "recorded_at",
)  # fmt: skip

# A day, or the first open one if its month is closed.
OPEN_DAY: Final = "GREATEST(%s::date, (SELECT closed_through + 1 FROM lender))"
# One night folds at a time.
LOCK_ACCRUAL: Final = "SELECT pg_advisory_xact_lock(hashtextextended('accrual', 0))"
LAST_RUN: Final = "SELECT run_id, on_date FROM accrual_run ORDER BY run_id DESC LIMIT 1"
LEVELS: Final = "SELECT branch_id, product_code, currency, kind, daily, constant, lost, minor FROM accrual_level WHERE run_id = %s"
_FRESH: Final = """
    SELECT delta_id, branch_id, product_code, currency, kind, daily, constant, lost, entered FROM accrual_delta d
     WHERE on_date BETWEEN coalesce(%(since)s::date, '-infinity') AND %(until)s
       AND NOT EXISTS (SELECT 1 FROM accrual_folded f WHERE f.delta_id = d.delta_id)
"""
# Promise: each delta is folded once, whenever its act has committed.
FOLD_NEW: Final = f"""
WITH fresh AS ({_FRESH}), marked AS (
    INSERT INTO accrual_folded (delta_id, run_id) SELECT delta_id, %(run)s FROM fresh
)
SELECT branch_id, product_code, currency, kind, sum(daily), sum(constant), sum(lost), sum(entered) FROM fresh GROUP BY 1, 2, 3, 4
"""
NOT_FOLDED: Final = f"""
SELECT branch_id, product_code, currency, kind, sum(daily), sum(constant), sum(lost), sum(entered)
  FROM ({_FRESH}) AS fresh GROUP BY 1, 2, 3, 4
"""
ALL_MOVES: Final = """
SELECT branch_id, product_code, currency, kind, sum(daily), sum(constant), sum(lost), sum(entered)
  FROM accrual_delta GROUP BY 1, 2, 3, 4
"""

FOLDED_MOVES: Final = """
SELECT branch_id, product_code, currency, kind, sum(daily), sum(constant), sum(lost), sum(entered)
  FROM accrual_delta JOIN accrual_folded USING (delta_id) GROUP BY 1, 2, 3, 4
"""
# Acts since the last night. One that took an earlier night for the last, for it was at work while that ran, may be out by its days' growth.
WAITING_MOVES: Final = """
SELECT branch_id, product_code, currency, kind, sum(entered), count(*),
       CASE WHEN NOT bool_or(stood_on IS NULL AND %(on)s::date IS NOT NULL)
            THEN coalesce(sum(abs(daily) * abs(stood_on - %(on)s::date)), 0) END
  FROM accrual_delta d WHERE NOT EXISTS (SELECT 1 FROM accrual_folded f WHERE f.delta_id = d.delta_id) GROUP BY 1, 2, 3, 4
"""
# The balances of the accounts of accrual: what has accrued as an asset, what is suspended as a liability.
ACCRUAL_BALANCES: Final = """
SELECT branch_id, product_code, currency, kind, sum(amount) FROM (
    SELECT branch_id, product_code, currency, 'accrued' AS kind, amount FROM gl_entry WHERE debit_account = 'accrued_interest'
    UNION ALL SELECT branch_id, product_code, currency, 'accrued', -amount FROM gl_entry WHERE credit_account = 'accrued_interest'
    UNION ALL SELECT branch_id, product_code, currency, 'suspended', amount FROM gl_entry WHERE credit_account = 'interest_suspense'
    UNION ALL SELECT branch_id, product_code, currency, 'suspended', -amount FROM gl_entry WHERE debit_account = 'interest_suspense'
) AS side GROUP BY 1, 2, 3, 4
"""


class LastRun(NamedTuple):
    """The newest fold."""

    run_id: int
    on: date


class Folded(NamedTuple):
    """Deltas of one key together: their line, what of it was lost, and what their acts entered at once, in minor units."""

    by: Slope = FLAT
    lost: int = 0
    entered: int = 0


class Waiting(NamedTuple):
    """Acts of one key that no night has folded: what they entered, how many they are, and by how many parts they may be out at most.

    `out_by` is None where one of them knew of no night at all.
    """

    entered: int = 0
    acts: int = 0
    out_by: int | None = 0


def lock_accrual(db: Db) -> None:
    """Wait until no other night folds."""
    db.execute(LOCK_ACCRUAL)


def last_run(db: Db) -> LastRun | None:
    """The newest fold; None in a book whose first night has not run."""
    row = db.execute(LAST_RUN).fetchone()
    return None if row is None else LastRun(*row)


def insert_run(db: Db, *, on: date, at: datetime) -> int:
    """Begin a fold; its number."""
    row = db.execute("INSERT INTO accrual_run (on_date, recorded_at) VALUES (%s, %s) RETURNING run_id", [on, at]).fetchone()
    assert row is not None
    return int(row[0])


def levels(db: Db, run_id: int) -> dict[Key, Level]:
    """Where a fold left each key."""
    return {
        (branch, product, currency, kind): Level(Slope(int(daily), int(constant)), int(lost), int(minor))
        for branch, product, currency, kind, daily, constant, lost, minor in db.execute(LEVELS, [run_id]).fetchall()
    }


def fold_new(db: Db, run_id: int, *, since: date | None, until: date) -> dict[Key, Folded]:
    """The deltas of those days that no fold has taken yet, summed by key; from now on this one has."""
    return _moves(db.execute(FOLD_NEW, {"run": run_id, "since": since, "until": until}).fetchall())


def not_folded(db: Db, *, since: date | None, until: date) -> dict[Key, Folded]:
    """The deltas of those days that no fold has taken yet, summed by key; they stay so."""
    return _moves(db.execute(NOT_FOLDED, {"since": since, "until": until}).fetchall())


def all_moves(db: Db) -> dict[Key, Folded]:
    """All deltas ever written, summed by key."""
    return _moves(db.execute(ALL_MOVES).fetchall())


def folded_moves(db: Db) -> dict[Key, Folded]:
    """The deltas that some night has folded, summed by key."""
    return _moves(db.execute(FOLDED_MOVES).fetchall())


def waiting_moves(db: Db, on: date | None) -> dict[Key, Waiting]:
    """The deltas that no night has folded, by key; `on` is the day of the last fold."""
    rows = db.execute(WAITING_MOVES, {"on": on}).fetchall()
    return {(row[0], row[1], row[2], row[3]): Waiting(int(row[4]), int(row[5]), None if row[6] is None else int(row[6])) for row in rows}


def note_accrued(db: Db, on: date) -> None:
    """Remember the day up to which interest is in the ledger: what an act moves, it enters as of that day."""
    db.execute(
        "INSERT INTO lender (accrued_through) VALUES (%s) ON CONFLICT (only_one) DO UPDATE SET accrued_through = excluded.accrued_through",
        [on],
    )


def accrual_balances(db: Db) -> dict[Key, int]:
    """What the general ledger holds of each key, in minor units."""
    return {(row[0], row[1], row[2], row[3]): int(row[4]) for row in db.execute(ACCRUAL_BALANCES).fetchall()}


def insert_levels(db: Db, run_id: int, after: Mapping[Key, Level]) -> None:
    """Write where a fold left each key; one that has come to nothing is let go."""
    rows = [
        (run_id, *key, level.line.daily, level.line.constant, level.lost, level.minor)
        for key, level in after.items()
        if level.line.daily or level.line.constant or level.lost or level.minor
    ]
    with db.cursor() as cursor:
        cursor.executemany(
            """INSERT INTO accrual_level (run_id, branch_id, product_code, currency, kind, daily, constant, lost, minor)
               VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)""",
            rows,
        )


def insert_entries(db: Db, rows: Sequence[Sequence[Any]]) -> None:
    """Write lines of the general ledger, as `ENTRY_COLUMNS` names them."""
    with db.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO gl_entry ({', '.join(ENTRY_COLUMNS)}) VALUES ({', '.join(['%s'] * len(ENTRY_COLUMNS))})".encode(), rows
        )


def open_day(db: Db, on: date) -> date:
    """The day of an entry: `on`, or the first day that is open if its month is closed."""
    row = db.execute(f"SELECT {OPEN_DAY}".encode(), [on]).fetchone()
    assert row is not None
    day: date = row[0]
    return day


def post_house(
    db: Db, *, about: str, branch_id: int, product: str, lines: Sequence[Line], currency: str, on: date, at: datetime, source: str
) -> None:
    """Enter what is no loan's: sub-ledger and general ledger alike, on the first open day if `on` is closed."""
    for line in lines:
        row = [on, branch_id, product, line.debit, line.credit, line.amount, currency]
        db.execute(
            f"""INSERT INTO house_posting (about, on_date, branch_id, product_code, debit_account, credit_account, amount, currency)
                VALUES (%s, {OPEN_DAY}, %s, %s, %s, %s, %s, %s)""",
            [about, *row],
        )
        db.execute(
            f"""INSERT INTO gl_entry
                    (on_date, branch_id, product_code, debit_account, credit_account, amount, currency, source, recorded_at)
                VALUES ({OPEN_DAY}, %s, %s, %s, %s, %s, %s, %s, %s)""",
            [*row, source, at],
        )


def house_posted(db: Db, *, about: str, debit: Account) -> bool:
    """Whether something of this thing was entered on that side of an account."""
    return db.execute("SELECT 1 FROM house_posting WHERE about = %s AND debit_account = %s LIMIT 1", [about, debit]).fetchone() is not None


def _moves(rows: Sequence[Sequence[Any]]) -> dict[Key, Folded]:
    return {(row[0], row[1], row[2], row[3]): Folded(Slope(int(row[4]), int(row[5])), int(row[6]), int(row[7])) for row in rows}
