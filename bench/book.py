"""A generated book of any size, in the real tables.

Thirty loans are lived through the real verbs, one paid out on each of thirty days, until the evening before
`DAY`. Then each is multiplied by SQL: every row of it again under a new number and public id, every
journal record chained and hashed again. What comes out is a book that the verbs could have made, in which a
thirtieth of the loans fall due on any day. The copies' records are not in the sealer's tree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, time, timedelta
from typing import Any, Final

import psycopg

from bench.scratch import Scratch, columns_of, say
from holdfast.contact import Accepted, Dispatched, Handed
from holdfast.contact.model import Due
from holdfast.days import Answered
from holdfast.journal import Actor
from holdfast.kernel.clock import FixedClock, instant_on
from holdfast.kernel.rate import Per, Rate
from holdfast.ledger import Slope, Sum, entries_of
from holdfast.policy import lender, pack_in_force
from holdfast.products import Method, Terms
from holdfast.servicing import originate
from holdfast.servicing.night import record_contacts, run_night

Db = psycopg.Connection[Any]
ZONE: Final = "Asia/Shanghai"
# The first of the thirty falls due on this day, one month after it was paid out.
DAY: Final = date(2026, 6, 30)
COHORTS: Final = 30
INSTALMENTS: Final = 12
SENDS_AT_ONCE: Final = 2_000
_PHONE: Final = "13900000000"
BY: Final = Actor("st_bench", "officer")

# Each row of these tables belongs to one loan and is copied as it is, but for the loan's number.
_LOAN_TABLES: Final = ("loan_terms", "loan_event", "instalment", "allocation", "account", "duty", "posting", "message")


def evening(day: date) -> FixedClock:
    return FixedClock(instant_on(day, time(22), ZONE), ZONE)


def morning(day: date) -> FixedClock:
    return FixedClock(instant_on(day, time(10), ZONE), ZONE)


def ground(db: Db) -> None:
    """A lender, a branch and a product without collateral."""
    db.execute(
        "INSERT INTO lender (name, lender_type, licence_no, regulator, region) VALUES ('示例', 'micro_lender', '示例', '示例', 'CN')"
        " ON CONFLICT (only_one) DO UPDATE SET lender_type = excluded.lender_type, region = excluded.region"
    )
    db.execute("INSERT INTO branch (branch_id, public_id, code, name) OVERRIDING SYSTEM VALUE VALUES (1, 'br_bench', 'bench', '示例')")
    db.execute("INSERT INTO product (code, name_zh, name_en, collateral) VALUES ('mobile', '示例', 'sample', 'none')")
    db.execute("INSERT INTO product_version (product_code, version, terms, from_date) VALUES ('mobile', 1, '{}', '2026-01-01')")


def lend(db: Db, day: date, contract_no: str, *, instalments: int = INSTALMENTS, principal: int = 1_200_000) -> str:
    """Pay out one loan of 12 % a year on `day`; its public id."""
    clock = morning(day)
    terms = Terms("CNY", principal, Method.EQUAL_INSTALMENT, Rate(120_000_000, Per.YEAR), instalments, day)
    done = originate(
        db, clock=clock, by=BY, officer_id=None, branch_id=1, party_id=None, borrower_label="示*", product_code="mobile",
        product_version=1, contract_no=contract_no, terms=terms, pack=pack_in_force(db, clock),
    )  # fmt: skip
    return done.public_id


def reminders_of(db: Db, day: date) -> list[Dispatched]:
    """That day's promised messages as the dispatcher hands them on when a carrier has taken all of them."""
    rows = db.execute(
        "SELECT loan_id, message_no, duty_no FROM message WHERE on_date = %s AND duty_no IS NOT NULL ORDER BY loan_id", [day]
    ).fetchall()
    return [Dispatched(loan_id, message_no, duty_no, "sent", "contact.sms_hours") for loan_id, message_no, duty_no in rows]


def taken(db: Db, day: date) -> list[Answered]:
    """That day's promised messages of duties as a carrier has taken all of them, in the order in which they are claimed."""
    rows = db.execute(
        "SELECT queue_id, loan_id, message_no, duty_no, purpose, body, send_until FROM outbox JOIN message USING (loan_id, message_no)"
        " WHERE on_date = %s AND duty_no IS NOT NULL ORDER BY message.send_from, queue_id", [day],
    ).fetchall()  # fmt: skip
    return [
        (Handed(Due(queue_id, loan_id, number, duty_no, None, purpose, "sms", body, until, True, None), "contact.sms_hours", _PHONE, body),
         Accepted(f"{loan_id}:{number}", None, "sent"))
        for queue_id, loan_id, number, duty_no, purpose, body, until in rows
    ]  # fmt: skip


def evenly(loans: int, cohorts: Sequence[int] = tuple(range(COHORTS))) -> dict[int, int]:
    """So many loans shared out over the cohorts; cohort 0 falls due on `DAY`, cohort 1 on the day after it."""
    return {cohort: max(loans // len(cohorts), 1) for cohort in cohorts}


def generate(scratch: Scratch, sizes: Mapping[int, int]) -> int:
    """Fill an empty book with so many loans of each cohort; how many there are."""
    say(f"generating a book of {sum(sizes.values())} loans")
    with scratch.owner() as db:
        ground(db)
        templates = _live_templates(db, sorted(sizes))
        count = multiply(db, dict(zip(templates, (sizes[cohort] for cohort in sorted(sizes)), strict=True)))
    with psycopg.connect(scratch.owner_url, autocommit=True) as db:
        db.execute("VACUUM ANALYZE")
        db.execute("CHECKPOINT")
    return count


def _live_templates(db: Db, cohorts: Sequence[int]) -> list[int]:
    first = DAY - timedelta(days=COHORTS)
    day = first
    while day < DAY:
        record_contacts(db, reminders_of(db, day), clock=morning(day))
        if (day - first).days in cohorts:
            lend(db, day, f"SAMPLE-{(day - first).days}")
        run_night(db, clock=evening(day), on=day)
        day += timedelta(days=1)
    record_contacts(db, reminders_of(db, DAY), clock=morning(DAY))
    db.execute("DELETE FROM outbox")
    db.commit()
    assert lender(db).region == "CN"
    return [row[0] for row in db.execute("SELECT loan_id FROM loan ORDER BY loan_id").fetchall()]


def multiply(db: Db, wanted: Mapping[int, int]) -> int:
    """Copy each template until there are as many as wanted; the loans of one day get numbers that follow each other, as in life."""
    # Nothing is checked row by row: the copies keep every promise that their templates keep.
    db.execute("SET session_replication_role = replica")
    db.execute("CREATE TEMPORARY TABLE clone (template_id bigint, loan_id bigint PRIMARY KEY, public_id text, old_id text)")
    for template, number in wanted.items():
        db.execute(
            "INSERT INTO clone SELECT l.loan_id, n.id, 'ln_' || substr(md5('bench ' || n.id), 1, 20), l.public_id"
            " FROM loan l, (SELECT nextval('chain_id_seq') AS id FROM generate_series(1, %s)) n WHERE l.loan_id = %s",
            [number - 1, template],
        )
    db.execute("ANALYZE clone")
    _copy_loans(db)
    for table in _LOAN_TABLES:
        columns = [name for name in columns_of(db, table) if name != "loan_id"]
        db.execute(
            f"INSERT INTO {table} (loan_id, {', '.join(columns)}) SELECT c.loan_id, {', '.join('t.' + name for name in columns)}"
            f" FROM clone c JOIN {table} t ON t.loan_id = c.template_id ORDER BY c.loan_id, t.{columns[0]}".encode()
        )
    db.execute(
        "INSERT INTO loan_registry SELECT 'public_id', public_id, loan_id FROM clone"
        " UNION ALL SELECT 'contract_no', 'SAMPLE-C' || loan_id, loan_id FROM clone"
    )
    _copy_records(db)
    db.execute(
        "INSERT INTO gl_entry (on_date, branch_id, product_code, debit_account, credit_account, amount, currency, source, recorded_at)"
        " SELECT p.on_date, 1, 'mobile', debit_account, credit_account, sum(amount), p.currency, 'bench', min(e.recorded_at)"
        " FROM posting p JOIN clone USING (loan_id) JOIN loan_event e USING (loan_id, event_no) GROUP BY 1, 4, 5, 7"
    )
    _copy_accruals(db)
    db.execute("DROP TABLE clone")
    db.execute("SET session_replication_role = origin")
    db.commit()
    row = db.execute("SELECT count(*) FROM loan").fetchone()
    return int(row[0]) if row else 0


def _copy_accruals(db: Db) -> None:
    """What the copies accrue, as one act after the last night: entered as of that night, and folded by the next."""
    run = db.execute("SELECT on_date, recorded_at FROM accrual_run ORDER BY run_id DESC LIMIT 1").fetchone()
    rows = db.execute(
        """SELECT l.branch_id, l.product_code, l.currency, sum(a.accrued_daily), sum(a.accrued_constant), max(e.recorded_at), max(e.on_date)
             FROM clone JOIN account a USING (loan_id) JOIN loan l USING (loan_id), (SELECT max(recorded_at) AS recorded_at,
                  max(on_date) AS on_date FROM accrual_delta) e GROUP BY 1, 2, 3"""
    ).fetchall()
    for branch, product, currency, daily, constant, at, on in rows:
        line = Slope(int(daily), int(constant))
        moved = Sum(line, stood=line.at(run[0]) if run else 0)
        db.execute(
            """INSERT INTO accrual_delta (on_date, branch_id, product_code, currency, kind, daily, constant, lost, stood_on, entered,
                                          source, recorded_at)
               VALUES (%s, %s, %s, %s, 'accrued', %s, %s, 0, %s, %s, 'bench', %s)""",
            [on, branch, product, currency, daily, constant, run[0] if run else None, moved.entered, at],
        )
        for entry in entries_of("accrued", moved):
            db.execute(
                """INSERT INTO gl_entry (on_date, branch_id, product_code, debit_account, credit_account, amount, currency, source,
                                         recorded_at)
                   VALUES (%s, %s, %s, %s, %s, %s, %s, 'bench', %s)""",
                [on, branch, product, entry.debit, entry.credit, entry.amount, currency, at],
            )


def _copy_loans(db: Db) -> None:
    columns = [name for name in columns_of(db, "loan") if name not in ("loan_id", "public_id", "contract_no")]
    db.execute(
        f"INSERT INTO loan (loan_id, public_id, contract_no, {', '.join(columns)})"
        f" SELECT c.loan_id, c.public_id, 'SAMPLE-C' || c.loan_id, {', '.join('t.' + name for name in columns)}"
        " FROM clone c JOIN loan t ON t.loan_id = c.template_id ORDER BY c.loan_id".encode()
    )


def _copy_records(db: Db) -> None:
    """Chain the copies' records: each names its own loan and the hash of the copy before it."""
    row = db.execute("SELECT max(seq) FROM record JOIN clone ON template_id = record.loan_id").fetchone()
    for seq in range(1, int(row[0] or 0) + 1 if row else 1):
        db.execute(
            """
            INSERT INTO record (loan_id, seq, kind, body, leaf_hash, on_date, recorded_at)
            SELECT loan_id, seq, kind, body, sha256('\\x00'::bytea || body), on_date, recorded_at
            FROM (
                SELECT c.loan_id, t.seq, t.kind, t.on_date, t.recorded_at,
                       convert_to(replace(
                           replace(convert_from(t.body, 'UTF8'), c.old_id, c.public_id),
                           coalesce(encode(before.leaf_hash, 'hex'), '-'), coalesce(encode(own.leaf_hash, 'hex'), '-')
                       ), 'UTF8') AS body
                FROM clone c
                JOIN record t ON t.loan_id = c.template_id AND t.seq = %(seq)s
                LEFT JOIN record before ON before.loan_id = c.template_id AND before.seq = %(seq)s - 1
                LEFT JOIN record own ON own.loan_id = c.loan_id AND own.seq = %(seq)s - 1
                ORDER BY c.loan_id
            ) copied""",
            {"seq": seq},
        )
    db.execute(
        "UPDATE loan l SET head_hash = r.leaf_hash FROM clone c JOIN record r USING (loan_id)"
        " WHERE l.loan_id = c.loan_id AND r.seq = l.head_seq"
    )
