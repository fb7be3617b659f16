"""What the console's screens read beyond `servicing.reading`: the desk's work, the day, the night, tapes and heads.

Named statements, values bound. Whatever belongs to a loan passes the person's sight.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from holdfast.kernel.errors import NotFound
from holdfast.loans import loan_of_number
from holdfast.servicing.pages import fetch
from holdfast.servicing.reading import loan_number
from holdfast.servicing.views import Look
from holdfast.web.console.desk import Db, Desk
from holdfast.web.console.pace import Told

Row = dict[str, Any]


def loan_named(db: Db, desk: Desk, text: str) -> str:
    """The public id of a loan within sight, by its contract number or its id, however it was typed; NotFound otherwise."""
    typed = text.strip()
    public_id = typed if typed.startswith("ln_") else loan_of_number(db, typed)
    if public_id is None:
        raise NotFound(f"no loan within your sight has the number {typed}", code="loan_not_found", field="loan")
    loan_number(db, desk.look, public_id)
    return public_id


# -- home -----------------------------------------------------------------------------------------

_COMING: Final = """
    d.open AND d.window_from >= %(begins)s AND d.role <> 'system'
    AND (d.owner_id = ANY(%(owners)s::bigint[])
         OR ((d.owner_id IS NULL OR d.owner_id = ANY(%(pool)s::bigint[])) AND d.role = ANY(%(roles)s::text[])))
"""


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose duties a person is shown: those of `owners`, and of these roles what nobody has, or what somebody absent left (`pool`)."""

    owners: Sequence[int]
    pool: Sequence[int]
    roles: Sequence[str]

    def values(self) -> Row:
        return {"owners": list(self.owners), "pool": list(self.pool), "roles": list(self.roles)}


def coming_duties(db: Db, look: Look, whose: Whose, begins: datetime, until: datetime, limit: int) -> list[Row]:
    """Open duties whose time begins then or later (`begins`), due before `until`; the earliest first."""
    sight, values = look.sight.condition("l")
    return fetch(
        db,
        f"""
        SELECT l.public_id, l.borrower_label, l.contract_no, l.currency, l.principal_out, p.name_zh, p.name_en,
               d.duty_no, d.kind, d.about, d.due_on, d.due_at, d.window_from, d.role, d.attempts, o.name AS owner
          FROM duty d JOIN loan l USING (loan_id) JOIN product p ON p.code = l.product_code LEFT JOIN staff o ON o.staff_id = d.owner_id
         WHERE {_COMING} AND d.due_at < %(until)s AND {sight}
         ORDER BY d.due_at, d.loan_id, d.duty_no LIMIT %(limit)s
        """,
        {**values, **whose.values(), "begins": begins, "until": until, "limit": limit},
    )


def count_coming_duties(db: Db, look: Look, whose: Whose, begins: datetime, until: datetime) -> int:
    """How many such duties there are; counting stops at 1,000."""
    sight, values = look.sight.condition("l")
    counted = f"SELECT 1 FROM duty d JOIN loan l USING (loan_id) WHERE {_COMING} AND d.due_at < %(until)s AND {sight} LIMIT 1000"
    sql = f"SELECT count(*) AS n FROM ({counted}) AS counted"
    return int(fetch(db, sql, {**values, **whose.values(), "begins": begins, "until": until})[0]["n"])


def records_to_the_money(db: Db, look: Look, newest: int) -> list[Told]:
    """The records of the newest loans within sight that were applied for and paid out.

    Found by the files of applications, so that a book of a million loans is not walked for it.
    """
    sight, values = look.sight.condition("l")
    rows = fetch(
        db,
        f"""
        SELECT r.loan_id, r.seq, r.kind, r.recorded_at AS at, told.body #>> '{{by,id}}' AS by, told.body #>> '{{by,role}}' AS role
          FROM (SELECT l.loan_id FROM application a JOIN loan l USING (loan_id) JOIN account USING (loan_id)
                 WHERE {sight} ORDER BY a.application_id DESC LIMIT %(newest)s) AS lent
          JOIN record r USING (loan_id) CROSS JOIN LATERAL (SELECT convert_from(r.body, 'UTF8')::json AS body) AS told
         ORDER BY r.loan_id, r.seq
        """,
        {**values, "newest": newest},
    )
    return [Told(**row) for row in rows]


def count_late_duties(db: Db, look: Look, now: datetime) -> int:
    """Open duties of anyone within sight whose time has passed."""
    sight, values = look.sight.condition("l")
    rows = fetch(
        db,
        f"SELECT count(*) AS n FROM duty d JOIN loan l USING (loan_id) WHERE d.open AND d.due_at < %(now)s AND {sight}",
        {**values, "now": now},
    )
    return int(rows[0]["n"])


def next_duty_at(db: Db, look: Look, whose: Whose, begins: datetime) -> datetime | None:
    """When the next duty whose time begins later is due: what an empty day says comes next."""
    sight, values = look.sight.condition("l")
    rows = fetch(
        db,
        f"SELECT d.due_at FROM duty d JOIN loan l USING (loan_id) WHERE {_COMING} AND {sight} ORDER BY d.due_at LIMIT 1",
        {**values, **whose.values(), "begins": begins},
    )
    at: datetime | None = rows[0]["due_at"] if rows else None
    return at


def due_on(db: Db, day: date, branch_id: int | None) -> list[Row]:
    """Instalments falling due on the day in a branch (None: all): how many, how much, how much of it is paid; by currency."""
    return fetch(
        db,
        """
        SELECT l.currency, count(*) AS loans, count(*) FILTER (WHERE i.paid_on IS NOT NULL) AS paid_loans,
               sum(i.principal + i.interest + i.fee + i.penalty)::bigint AS due,
               sum(i.principal_paid + i.interest_paid + i.fee_paid + i.penalty_paid)::bigint AS paid
          FROM instalment i JOIN loan l USING (loan_id)
         WHERE i.due_on = %(day)s AND l.state IN ('active', 'releasing', 'settled')
           AND (%(branch)s::bigint IS NULL OR l.branch_id = %(branch)s)
         GROUP BY l.currency ORDER BY l.currency
        """,
        {"day": day, "branch": branch_id},
    )


def received_on(db: Db, day: date, branch_id: int | None) -> list[Row]:
    """What came in on the day, from the general ledger: loans and sum, by currency."""
    return fetch(
        db,
        """
        SELECT currency, count(DISTINCT source) AS loans, sum(amount)::bigint AS amount
          FROM gl_entry
         WHERE on_date = %(day)s AND debit_account IN ('bank', 'cash')
           AND credit_account NOT IN ('takeover_clearing', 'cash', 'cash_difference')
           AND (%(branch)s::bigint IS NULL OR branch_id = %(branch)s)
         GROUP BY currency ORDER BY currency
        """,
        {"day": day, "branch": branch_id},
    )


def messages_on(db: Db, day: date, branch_id: int | None) -> Mapping[str, int]:
    """The day's messages by state."""
    rows = fetch(
        db,
        """
        SELECT m.state, count(*) AS n FROM message m JOIN loan l USING (loan_id)
         WHERE m.on_date = %(day)s AND (%(branch)s::bigint IS NULL OR l.branch_id = %(branch)s) GROUP BY m.state
        """,
        {"day": day, "branch": branch_id},
    )
    return {row["state"]: row["n"] for row in rows}


def loans_in(db: Db, states: Sequence[str], branch_id: int | None) -> int:
    """How many loans stand in these states."""
    rows = fetch(
        db,
        "SELECT count(*) AS n FROM loan l WHERE l.state = ANY(%(states)s) AND (%(branch)s::bigint IS NULL OR l.branch_id = %(branch)s)",
        {"states": list(states), "branch": branch_id},
    )
    return int(rows[0]["n"])


def loans_late(db: Db, day: date, branch_id: int | None) -> int:
    """How many loans owe an instalment whose day has passed."""
    rows = fetch(
        db,
        """
        SELECT count(*) AS n FROM account a JOIN loan l USING (loan_id)
         WHERE a.oldest_unpaid_due_on < %(day)s AND l.state = 'active' AND (%(branch)s::bigint IS NULL OR l.branch_id = %(branch)s)
        """,
        {"day": day, "branch": branch_id},
    )
    return int(rows[0]["n"])


def last_audit(db: Db) -> Row | None:
    """The latest audit of duties: its day, its figures and its first findings."""
    rows = fetch(
        db, "SELECT as_of, loans, expected, missing, late, unproved, findings, ran_at FROM duty_audit ORDER BY audit_id DESC LIMIT 1", {}
    )
    return {**rows[0], "findings": json.loads(rows[0]["findings"])} if rows else None


# -- loan list ------------------------------------------------------------------------------------


def products(db: Db) -> list[Row]:
    """All products, for a choice."""
    return fetch(db, "SELECT code, name_zh, name_en FROM product ORDER BY code", {})


def branches(db: Db) -> list[Row]:
    """All branches, for a choice."""
    return fetch(db, "SELECT public_id, code, name FROM branch ORDER BY code", {})


# -- the night ------------------------------------------------------------------------------------


def last_night(db: Db) -> Row | None:
    """The latest night that ran: its day and its counts."""
    rows = fetch(db, "SELECT on_date, summary, ran_at FROM night ORDER BY on_date DESC LIMIT 1", {})
    return {**rows[0], "summary": json.loads(rows[0]["summary"])} if rows else None


def count_due_loans(db: Db, day: date) -> int:
    """How many loans the night of a day must touch."""
    return int(fetch(db, "SELECT count(*) AS n FROM account WHERE next_event_on <= %(day)s", {"day": day})[0]["n"])


def next_due_on(db: Db, after: date) -> date | None:
    """The first day after `after` on which an unpaid instalment of any loan falls due."""
    rows = fetch(
        db,
        """
        SELECT min(a.next_due_on) AS day FROM account a JOIN loan l USING (loan_id)
         WHERE l.state = 'active' AND a.next_due_on > %(after)s
        """,
        {"after": after},
    )
    day: date | None = rows[0]["day"]
    return day


# -- journal --------------------------------------------------------------------------------------


def journal_state(db: Db) -> Row:
    """How large the journal is: records, batches, what waits for the sealer, and the copies of heads that left the house."""
    return fetch(
        db,
        """
        SELECT (SELECT count(*) FROM seal_queue) AS waiting,
               (SELECT count(*) FROM head_copy) AS copies, (SELECT max(given_at) FROM head_copy) AS copied_at
        """,
        {},
    )[0]


def record(db: Db, loan_id: int, seq: int) -> Row | None:
    """One record of a chain, whole. The caller has passed the sight."""
    rows = fetch(
        db,
        """
        SELECT r.seq, r.kind, r.body, r.leaf_hash, r.recorded_at, r.batch_line, t.position
          FROM record r
          LEFT JOIN tree_leaf t
            ON t.loan_id = coalesce(r.batch_id, r.loan_id) AND t.seq = CASE WHEN r.batch_id IS NULL THEN r.seq ELSE 1 END
         WHERE r.loan_id = %(loan)s AND r.seq = %(seq)s
        """,
        {"loan": loan_id, "seq": seq},
    )
    return rows[0] if rows else None


def latest_records(db: Db, look: Look, limit: int) -> list[Row]:
    """The newest sealed records of loans within sight."""
    sight, values = look.sight.condition("l")
    return fetch(
        db,
        f"""
        SELECT t.position, l.public_id, l.borrower_label, r.seq, r.kind, r.leaf_hash, r.recorded_at
          FROM tree_leaf t JOIN record r USING (loan_id, seq) JOIN loan l USING (loan_id)
         WHERE {sight} ORDER BY t.position DESC LIMIT %(limit)s
        """,
        {**values, "limit": limit},
    )


def loans_named(db: Db, look: Look, public_ids: Sequence[str]) -> Mapping[str, Row]:
    """Borrower, their language and product of those of the loans that are within sight, by public id."""
    sight, values = look.sight.condition("l")
    rows = fetch(
        db,
        f"""
        SELECT l.public_id, l.borrower_label, l.contract_no, l.currency, p.name_zh, p.name_en, coalesce(y.language, 'zh-hans') AS language
          FROM loan_registry r JOIN loan l USING (loan_id) JOIN product p ON p.code = l.product_code
          LEFT JOIN party y ON y.party_id = l.party_id
         WHERE r.kind = 'public_id' AND r.key = ANY(%(ids)s) AND {sight}
        """,
        {**values, "ids": list(public_ids)},
    )
    return {row["public_id"]: row for row in rows}


def loans_numbered(db: Db, look: Look, numbers: Sequence[int]) -> Mapping[int, Row]:
    """Public id and borrower of those of the loans that are within sight, by number."""
    sight, values = look.sight.condition("l")
    rows = fetch(
        db,
        f"""
        SELECT l.loan_id, l.public_id, l.borrower_label, l.contract_no FROM loan l
         WHERE l.loan_id = ANY(%(numbers)s::bigint[]) AND {sight}
        """,
        {**values, "numbers": list(numbers)},
    )
    return {row["loan_id"]: row for row in rows}


def night_by_product(db: Db, look: Look, day: date) -> list[Row]:
    """The whole of a night by product and branch within sight: loans that it touches, and reminders that it promises for the next day."""
    sight, values = look.sight.condition("l")
    return fetch(
        db,
        f"""
        SELECT p.name_zh, p.name_en, b.name AS branch, count(*) AS loans, count(d.loan_id) AS reminders
          FROM account a JOIN loan l USING (loan_id) JOIN product p ON p.code = l.product_code JOIN branch b USING (branch_id)
          LEFT JOIN duty d ON d.loan_id = l.loan_id AND d.open AND d.kind = 'reminder' AND d.due_on = %(day)s + 1
         WHERE a.next_event_on <= %(day)s AND {sight}
         GROUP BY p.code, p.name_zh, p.name_en, b.branch_id, b.name ORDER BY p.code, b.branch_id
        """,
        {**values, "day": day},
    )


# -- tapes ----------------------------------------------------------------------------------------


def tapes(db: Db, limit: int) -> list[Row]:
    """Tapes that were read, newest first, each with its reconciliation."""
    rows = fetch(
        db, "SELECT public_id, digest, map_name, as_of, outcome, read_at FROM tape ORDER BY tape_id DESC LIMIT %(limit)s", {"limit": limit}
    )
    return [{**row, "outcome": json.loads(row["outcome"])} for row in rows]


def tape_jobs(db: Db) -> list[Row]:
    """Tapes that wait or are being read, and the latest that could not be."""
    return fetch(
        db,
        """
        SELECT public_id, map_name, file_name, rows_done, rows_all, state, why, asked_at
          FROM tape_job WHERE state <> 'done' ORDER BY asked_at DESC LIMIT 20
        """,
        {},
    )
