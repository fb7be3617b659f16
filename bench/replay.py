"""`replay`: a receipt that is learned of four years late, on a loan of five years.

The loan has lived sixty months, each instalment billed and paid by the real verbs. Then a receipt comes in whose value date lies in its
second year: `servicing.receive` reads all its events, folds them anew and posts the difference. The floor reads the same events
and writes the very rows that this left behind, in one pipeline and one commit, on the same connection.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import date, timedelta
from statistics import median
from typing import Any

import psycopg

from bench import book
from bench.scratch import FLOOR_RUNS, Figure, Scratch, columns_of, key_of, make_floor_tables, say, scratch_book
from holdfast.database.connection import transaction
from holdfast.kernel.calendar import add_months
from holdfast.kernel.money import Money
from holdfast.servicing import receive
from holdfast.servicing.night import record_contacts, run_night

LOANS = 400
MONTHS = 60
BEGUN = date(2026, 1, 15)
LATE_ON = date(2027, 3, 20)
_INSTALMENT = 26_693  # of 12,000.00 at 12 % over sixty months
_AMOUNT = 10_000
_TODAY = add_months(BEGUN, MONTHS - 1) + timedelta(days=3)
_WRITTEN = ("record", "loan_event", "allocation", "posting", "gl_entry", "instalment", "account", "loan")


def measure(scale: float) -> Figure:
    """Milliseconds of one replay, the median."""
    count = max(int(LOANS * scale), 20)
    with scratch_book() as scratch:
        with scratch.owner() as db:
            events = _live(db)
            template = db.execute("SELECT loan_id FROM loan").fetchall()[0][0]
            book.multiply(db, {template: count})
        with psycopg.connect(scratch.owner_url, autocommit=True) as db:
            db.execute("VACUUM ANALYZE")
            loans = [row[0] for row in db.execute("SELECT public_id FROM loan ORDER BY loan_id").fetchall()]
        say(f"{len(loans)} loans with {events} events each")
        clock = book.evening(_TODAY)
        times = []
        with scratch.watch() as spent:
            for loan in loans:
                begun = time.perf_counter()
                with transaction() as db:
                    receive(db, clock=clock, by=book.BY, loan=loan, amount=Money(_AMOUNT, "CNY"), received_on=LATE_ON)
                times.append(time.perf_counter() - begun)
        with scratch.owner() as db:
            work = _floor_work(db)
        floor = median(_floor(scratch, work) for _ in range(FLOOR_RUNS))
    figure = median(times)
    say(f"{figure * 1000:.1f} ms, floor {floor * 1000:.2f} ms")
    return Figure(
        name="replay",
        figure=round(figure * 1000, 2),
        unit="ms",
        floor=round(floor * 1000, 3),
        ratio=round(figure / floor, 2),
        n=len(loans),
        cpu_s=round(spent.cpu_s, 2),
        pg=scratch.version,
        detail={
            "events_each": events,
            "p99_ms": round(sorted(times)[len(times) * 99 // 100] * 1000, 2),
            "client_cpu_ms_each": round(spent.client_cpu_s * 1000 / len(times), 2),
            "rows_each": round(sum(len(rows) for rows in work.values()) / len(work), 1),
            "floor": "read the same events and INSERT the same rows, updated ones too, in one pipeline and one commit",
        },
    )


def _live(db: psycopg.Connection[Any]) -> int:
    """One loan of sixty months, billed by the night and paid on each due date but the last; how many events it has."""
    book.ground(db)
    loan = book.lend(db, BEGUN, "SAMPLE-REPLAY", instalments=MONTHS)
    for month in range(1, MONTHS):
        due = add_months(BEGUN, month)
        receive(db, clock=book.morning(due), by=book.BY, loan=loan, amount=Money(_INSTALMENT, "CNY"), received_on=due)
        run_night(db, clock=book.evening(due), on=due)
        record_contacts(db, book.reminders_of(db, due + timedelta(days=1)), clock=book.morning(due + timedelta(days=1)))
    db.execute("DELETE FROM outbox")
    db.commit()
    row = db.execute("SELECT count(*) FROM loan_event").fetchone()
    return int(row[0]) if row else 0


Line = tuple[str, Sequence[Any]]


def _floor_work(db: psycopg.Connection[Any]) -> dict[int, list[Line]]:
    """For each loan the INSERTs that would leave the same rows."""
    at = {"at": book.evening(_TODAY).now()}
    made = "SELECT loan_id, event_no FROM loan_event WHERE recorded_at = %(at)s"
    conditions = {
        "record": "recorded_at = %(at)s", "loan_event": "recorded_at = %(at)s", "gl_entry": "recorded_at = %(at)s",
        "account": f"loan_id IN (SELECT loan_id FROM ({made}) m)", "loan": f"loan_id IN (SELECT loan_id FROM ({made}) m)",
        "instalment": f"(loan_id, n) IN (SELECT loan_id, n FROM allocation WHERE (loan_id, event_no) IN ({made}))",
        "allocation": f"(loan_id, event_no) IN ({made})", "posting": f"(loan_id, event_no) IN ({made})",
    }  # fmt: skip
    work: dict[int, list[Line]] = {row[0]: [] for row in db.execute("SELECT loan_id FROM loan").fetchall()}
    for table in _WRITTEN:
        columns = columns_of(db, table)
        statement = f"INSERT INTO floor.{table} ({', '.join(columns)}) VALUES ({', '.join(['%s'] * len(columns))})"
        source = "loan_id" if "loan_id" in columns else "(SELECT loan_id FROM loan WHERE public_id = split_part(source, ' ', 1))"
        for loan_id, *values in db.execute(f"SELECT {source}, {', '.join(columns)} FROM {table} WHERE {conditions[table]}".encode(), at):
            work[loan_id].append((statement, values))
    return work


def _floor(scratch: Scratch, work: dict[int, list[Line]]) -> float:
    """THE FLOOR: seconds of one read of the events and one write of the rows, the median over the loans."""
    with scratch.owner() as db:
        make_floor_tables(db, {table: key_of(db, table) for table in _WRITTEN})
    times = []
    with psycopg.connect(scratch.owner_url, autocommit=True) as db:
        for loan_id, lines in work.items():
            begun = time.perf_counter()
            with db.transaction():
                with db.pipeline():
                    events = db.execute("SELECT event_no, kind, on_date, entered_on, payload FROM loan_event WHERE loan_id = %s", [loan_id])
                events.fetchall()
                with db.pipeline():
                    for statement, values in lines:
                        db.execute(statement.encode(), values)
            times.append(time.perf_counter() - begun)
    return median(times)
