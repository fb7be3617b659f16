"""What the books ask of the database: which loans are in doubt, the pass over the book at a month's end, closes and their undoing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import psycopg

Db = psycopg.Connection[Any]
CHUNK: Final = 5_000

# Loans that had been paid out or taken over by the day, with the row that servicing keeps, and whether anything was entered since.
LOANS_AFTER: Final = f"""
SELECT l.loan_id, l.public_id, l.branch_id, l.product_code, l.currency, l.state, l.principal_out,
       a.interest_earned - a.interest_paid - a.interest_written_off, a.accrued_daily, a.accrued_constant, a.oldest_unpaid_due_on,
       a.class_floor, a.observe_until, a.pauses, a.paid_off_on, a.written_off_on, a.non_accrual_since,
       EXISTS (SELECT 1 FROM loan_event e WHERE e.loan_id = a.loan_id AND e.entered_on > %(on)s)
  FROM account a JOIN loan l USING (loan_id)
 WHERE a.loan_id > %(after)s AND (l.state IN ('active', 'releasing', 'written_off') OR EXISTS (
           SELECT 1 FROM loan_event e WHERE e.loan_id = a.loan_id AND e.entered_on > %(on)s))
 ORDER BY a.loan_id LIMIT {CHUNK}
"""

SNAPSHOT_COLUMNS: Final = (
    "loan_id", "snapshot_id", "public_id", "branch_id", "product_code", "currency", "state", "principal", "interest_due", "accrued",
    "suspended", "days_late", "class", "provision",
)  # fmt: skip

# A balance of an asset or, turned round, of a liability on a day, by branch, product and currency.
BALANCES: Final = """
SELECT branch_id, product_code, currency, sum(amount) FROM (
    SELECT branch_id, product_code, currency, amount FROM gl_entry WHERE debit_account = %(account)s AND on_date <= %(on)s
    UNION ALL
    SELECT branch_id, product_code, currency, -amount FROM gl_entry WHERE credit_account = %(account)s AND on_date <= %(on)s
) AS side GROUP BY 1, 2, 3
"""

# What the ledger holds up to a day, as one digest: entry by entry in their order.
ENTRIES_DIGEST: Final = """
SELECT count(*), encode(sha256(coalesce(string_agg(hashed, ''::bytea ORDER BY entry_id), ''::bytea)), 'hex') FROM (
    SELECT entry_id, sha256(convert_to(concat_ws('|', entry_id, on_date, branch_id, product_code, debit_account, credit_account,
                                                 amount, currency, source), 'UTF8')) AS hashed
      FROM gl_entry WHERE on_date > coalesce(%(since)s::date, '-infinity') AND on_date <= %(on)s
) AS entries
"""

CLOSES: Final = """
SELECT c.close_id, c.chain_id, c.month_ends, c.was_through, c.entries, c.digest, c.suspense, s.name, c.closed_at, m.public_id,
       r.reason, r.reopened_at, w.name
  FROM period_close c JOIN staff s ON s.staff_id = c.closed_by JOIN month_end m USING (snapshot_id)
  LEFT JOIN period_reopen r USING (close_id) LEFT JOIN staff w ON w.staff_id = r.reopened_by
 ORDER BY c.close_id DESC
"""

# Loans that may have become impaired: none that has not is left out, which of them have is decided in `impaired`.
MAY_BEGIN: Final = """
SELECT a.loan_id FROM account a JOIN loan l USING (loan_id)
 WHERE a.oldest_unpaid_due_on <= %(oldest)s AND a.non_accrual_since IS NULL AND l.state = 'active'
UNION
SELECT a.loan_id FROM account a JOIN loan l USING (loan_id)
 WHERE a.class_floor <> 'pass' AND a.class_floor = ANY(%(classes)s) AND a.non_accrual_since IS NULL AND l.state = 'active'
 ORDER BY 1
"""
# Impaired loans that may have recovered, likewise.
MAY_END: Final = """
SELECT a.loan_id FROM account a JOIN loan l USING (loan_id)
 WHERE a.non_accrual_since IS NOT NULL AND l.state = 'active'
   AND (a.oldest_unpaid_due_on IS NULL OR a.oldest_unpaid_due_on > %(oldest)s OR a.pauses IS NOT NULL)
 ORDER BY 1
"""

LOCK_CLOSING: Final = "SELECT pg_advisory_xact_lock(hashtextextended('closing', 0))"


def lock_closing(db: Db) -> None:
    """One month is closed or opened at a time."""
    db.execute(LOCK_CLOSING)


def loans(db: Db, on: date) -> Iterator[list[tuple[Any, ...]]]:
    """The pass over the book, chunk by chunk, in order of loan."""
    after = -1
    while chunk := db.execute(LOANS_AFTER, {"on": on, "after": after}).fetchall():
        yield chunk
        after = chunk[-1][0]


def accounts_after(db: Db, after: int, limit: int) -> list[int]:
    """The numbers of the next loans that servicing keeps, in their order."""
    rows = db.execute("SELECT loan_id FROM account WHERE loan_id > %s ORDER BY loan_id LIMIT %s", [after, limit]).fetchall()
    return [row[0] for row in rows]


def insert_snapshot(db: Db, *, public_id: str, chain_id: int, on: date, at: datetime, rows: Sequence[Sequence[Any]], root: str) -> int:
    """Write a snapshot and its lines (`SNAPSHOT_COLUMNS` without the snapshot's number); its number."""
    found = db.execute(
        """INSERT INTO month_end (public_id, chain_id, month_ends, loans, root, taken_at)
           VALUES (%s, %s, %s, %s, %s, %s) RETURNING snapshot_id""",
        [public_id, chain_id, on, len(rows), root, at],
    ).fetchone()
    assert found is not None
    number = int(found[0])
    with db.cursor() as cursor, cursor.copy(f"COPY month_end_loan ({', '.join(SNAPSHOT_COLUMNS)}) FROM STDIN".encode()) as copy:
        for row in rows:
            copy.write_row((row[0], number, *row[1:]))
    return number


def snapshots(db: Db, public_id: str | None = None) -> list[tuple[Any, ...]]:
    """Number, public id, chain, month's end, loans, root and instant of each snapshot, newest first."""
    return db.execute(
        """SELECT snapshot_id, public_id, chain_id, month_ends, loans, root, taken_at FROM month_end
            WHERE %(id)s::text IS NULL OR public_id = %(id)s ORDER BY snapshot_id DESC""",
        {"id": public_id},
    ).fetchall()


def snapshot_rows(db: Db, snapshot_id: int, *, after: int = -1, limit: int = CHUNK) -> list[tuple[Any, ...]]:
    """Lines of a snapshot in order of loan, as `SNAPSHOT_COLUMNS` without its number."""
    columns = ", ".join(name for name in SNAPSHOT_COLUMNS if name != "snapshot_id")
    return db.execute(
        f"SELECT {columns} FROM month_end_loan WHERE snapshot_id = %s AND loan_id > %s ORDER BY loan_id LIMIT %s".encode(),
        [snapshot_id, after, limit],
    ).fetchall()


def recorded_root(db: Db, snapshot_id: int) -> str | None:
    """The root in the snapshot's own record."""
    row = db.execute(
        "SELECT convert_from(r.body, 'UTF8')::json -> 'says' ->> 'root' FROM month_end m JOIN record r ON r.loan_id = m.chain_id"
        " WHERE m.snapshot_id = %s AND r.kind = 'month_end.taken'",
        [snapshot_id],
    ).fetchone()
    return None if row is None else row[0]


def snapshot_sums(db: Db, snapshot_id: int) -> list[tuple[Any, ...]]:
    """Currency, class, loans, principal, interest due, accrued, suspended and provision of a snapshot, by currency and class."""
    rows = db.execute(
        """SELECT currency, class, count(*), sum(principal), sum(interest_due), sum(accrued), sum(suspended), sum(provision)
             FROM month_end_loan WHERE snapshot_id = %s GROUP BY 1, 2""",
        [snapshot_id],
    ).fetchall()
    return [(row[0], row[1], *(int(part) for part in row[2:])) for row in rows]


def balances(db: Db, account: str, on: date) -> dict[tuple[int, str, str], int]:
    """Debits less credits of an account up to a day, by branch, product and currency."""
    return {(row[0], row[1], row[2]): int(row[3]) for row in db.execute(BALANCES, {"account": account, "on": on}).fetchall()}


def entries_digest(db: Db, *, since: date | None, on: date) -> tuple[int, str]:
    """How many entries stand after `since` up to `on`, and the digest over them."""
    row = db.execute(ENTRIES_DIGEST, {"since": since, "on": on}).fetchone()
    assert row is not None
    return int(row[0]), str(row[1])


def drawers_not_closed(db: Db, before: datetime) -> list[str]:
    """Drawers that were opened before an instant and are not closed by two."""
    return [
        row[0]
        for row in db.execute(
            "SELECT public_id FROM drawer WHERE opened_at < %s AND state <> 'closed' ORDER BY public_id", [before]
        ).fetchall()
    ]


def suspense(db: Db, on: date) -> list[tuple[str, str, int, str]]:
    """What stood in suspense at the end of a day: line of a bank file, branch's code, amount, currency."""
    rows = db.execute(
        """SELECT l.public_id, b.code, sum(CASE WHEN p.credit_account = 'suspense' THEN p.amount ELSE -p.amount END), p.currency
             FROM suspense_posting p JOIN bank_line l USING (line_id) JOIN branch b ON b.branch_id = p.branch_id
            WHERE p.on_date <= %s GROUP BY l.public_id, b.code, p.currency
           HAVING sum(CASE WHEN p.credit_account = 'suspense' THEN p.amount ELSE -p.amount END) <> 0 ORDER BY l.public_id""",
        [on],
    ).fetchall()
    return [(row[0], row[1], int(row[2]), row[3]) for row in rows]


def first_entry_on(db: Db) -> date | None:
    """The day of the ledger's first entry."""
    row = db.execute("SELECT min(on_date) FROM gl_entry").fetchone()
    return None if row is None else row[0]


def closes(db: Db) -> list[tuple[Any, ...]]:
    """Every close, newest first, with what reopened it."""
    return db.execute(CLOSES).fetchall()


def insert_close(db: Db, values: Mapping[str, Any]) -> None:
    """Write that a month is closed."""
    db.execute(
        """INSERT INTO period_close (chain_id, month_ends, was_through, snapshot_id, entries, digest, suspense, closed_by, closed_at)
           VALUES (%(chain)s, %(month_ends)s, %(was_through)s, %(snapshot)s, %(entries)s, %(digest)s, %(suspense)s, %(by)s, %(at)s)""",
        values,
    )


def insert_reopen(db: Db, *, close_id: int, reason: str, approval: str, by: int, at: datetime) -> None:
    """Write that a closed month is open again."""
    db.execute(
        "INSERT INTO period_reopen (close_id, reason, approval, reopened_by, reopened_at) VALUES (%s, %s, %s, %s, %s)",
        [close_id, reason, approval, by, at],
    )


def may_be_impaired(db: Db, values: Mapping[str, Any]) -> list[int]:
    """Loans that are not impaired and may have to be: unpaid since `oldest`, or held in one of `classes`."""
    return [row[0] for row in db.execute(MAY_BEGIN, values).fetchall()]


def may_have_recovered(db: Db, values: Mapping[str, Any]) -> list[int]:
    """Impaired loans with nothing unpaid since `oldest`."""
    return [row[0] for row in db.execute(MAY_END, values).fetchall()]
