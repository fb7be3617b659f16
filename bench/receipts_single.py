"""`receipts-single`: receipts posted one by one, each its own durable transaction, over four connections below HTTP.

Each connection is a process that calls `servicing.receive` for loans of its own. The floor is four processes that
INSERT the very rows that these receipts left behind (updated rows too), one pipeline and one commit for each.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from statistics import median
from typing import Any

import psycopg

from bench import book
from bench.processes import together
from bench.scratch import FLOOR_RUNS, Figure, Scratch, columns_of, key_of, make_floor_tables, say, scratch_book

CONNECTIONS = 4
RECEIPTS = 8_000
LOANS = 100_000
_AMOUNT = 110_000  # an instalment (106,619) and a little of the next
_TODAY = book.DAY + timedelta(days=1)
# What a receipt writes or updates, and how its rows are found again.
_WRITTEN = {
    "record": "recorded_at = %(at)s",
    "seal_queue": "true",
    "loan_event": "recorded_at = %(at)s",
    "allocation": "(loan_id, event_no) IN (SELECT loan_id, event_no FROM loan_event WHERE recorded_at = %(at)s)",
    "posting": "(loan_id, event_no) IN (SELECT loan_id, event_no FROM loan_event WHERE recorded_at = %(at)s)",
    "gl_entry": "recorded_at = %(at)s",
    "duty": "(loan_id, opened_seq) IN (SELECT loan_id, seq FROM record WHERE recorded_at = %(at)s)"
    " OR (loan_id, proof_seq) IN (SELECT loan_id, seq FROM record WHERE recorded_at = %(at)s)",
    "instalment": "(loan_id, n) IN"
    " (SELECT loan_id, n FROM allocation JOIN loan_event USING (loan_id, event_no) WHERE recorded_at = %(at)s)",
    "account": "loan_id IN (SELECT loan_id FROM loan_event WHERE recorded_at = %(at)s)",
    "loan": "loan_id IN (SELECT loan_id FROM loan_event WHERE recorded_at = %(at)s)",
}

Line = tuple[str, list[Any]]


def measure(scale: float) -> Figure:
    """Receipts a second, beside the bare writes a second."""
    with scratch_book() as scratch:
        loans = book.generate(scratch, book.evenly(int(LOANS * min(scale, 1.0))))
        with scratch.owner() as db:
            count = min(int(RECEIPTS * scale), loans)
            ids = [row[0] for row in db.execute("SELECT public_id FROM loan ORDER BY md5(public_id) LIMIT %s", [count]).fetchall()]
        shares = [ids[number::CONNECTIONS] for number in range(CONNECTIONS)]
        with scratch.watch() as spent:
            seconds, latencies, client_cpu_s = together(_post, [(share,) for share in shares])
        say(f"{count} receipts in {seconds:.2f} s")
        with scratch.owner() as db:
            work = _floor_work(db, shares)
        floor_seconds = median(_floor(scratch, work)[0] for _ in range(FLOOR_RUNS))
        say(f"floor: {floor_seconds:.2f} s")
    latencies.sort()
    rows = sum(len(lines) for each in work for lines in each) / count
    return Figure(
        name="receipts-single",
        figure=round(count / seconds, 1),
        unit="receipts/s",
        floor=round(count / floor_seconds, 1),
        ratio=round(seconds / floor_seconds, 2),
        n=count,
        cpu_s=round(client_cpu_s + spent.server_cpu_s, 2),
        pg=scratch.version,
        detail={
            "connections": CONNECTIONS,
            "book": loans,
            "p50_ms": round(latencies[len(latencies) // 2] * 1000, 2),
            "p99_ms": round(latencies[len(latencies) * 99 // 100] * 1000, 2),
            "client_cpu_ms_each": round(client_cpu_s * 1000 / count, 2),
            "server_cpu_ms_each": round(spent.server_cpu_s * 1000 / count, 2),
            "rows_each": round(rows, 1),
            "floor": "INSERT of the same rows, updated ones too, into tables with only a primary key; one commit each",
        },
    )


def _post(loans: Sequence[str]) -> Iterator[float]:
    """One connection's receipts: ready at the first value, then the seconds of each."""
    from holdfast.database.connection import app_url, point_django_at, transaction
    from holdfast.database.migrate import configure_django
    from holdfast.kernel.money import Money
    from holdfast.servicing import receive

    configure_django()
    point_django_at(app_url())
    clock = book.evening(_TODAY)
    with transaction() as db:
        db.execute("SELECT 1")
    yield 0.0
    for loan in loans:
        begun = time.perf_counter()
        with transaction() as db:
            receive(db, clock=clock, by=book.BY, loan=loan, amount=Money(_AMOUNT, "CNY"), received_on=_TODAY)
        yield time.perf_counter() - begun


def _floor_work(db: psycopg.Connection[Any], shares: Sequence[Sequence[str]]) -> list[list[list[Line]]]:
    """For each connection, for each receipt, the INSERTs that would leave the same rows."""
    at = {"at": book.evening(_TODAY).now()}
    number_of = dict(db.execute("SELECT public_id, loan_id FROM loan").fetchall())
    lines: dict[int, list[Line]] = {number_of[loan]: [] for share in shares for loan in share}
    for table, condition in _WRITTEN.items():
        columns = columns_of(db, table)
        statement = f"INSERT INTO floor.{table} ({', '.join(columns)}) VALUES ({', '.join(['%s'] * len(columns))})"
        # A line of the general ledger names its loan in words.
        source = "loan_id" if "loan_id" in columns else "(SELECT loan_id FROM loan WHERE public_id = split_part(source, ' ', 1))"
        for loan_id, *values in db.execute(f"SELECT {source}, {', '.join(columns)} FROM {table} WHERE {condition}".encode(), at):
            if loan_id in lines:
                lines[loan_id].append((statement, values))
    return [[lines[number_of[loan]] for loan in share] for share in shares]


def _floor(scratch: Scratch, work: Sequence[Sequence[Sequence[Line]]]) -> tuple[float, list[float], float]:
    """THE FLOOR: the same rows, one pipeline and one commit for each receipt, over as many connections."""
    with scratch.owner() as db:
        tables: Mapping[str, Sequence[str]] = {table: key_of(db, table) for table in _WRITTEN}
        make_floor_tables(db, tables)
    return together(_insert, [(scratch.owner_url, each) for each in work])


def _insert(url: str, receipts: Sequence[Sequence[Line]]) -> Iterator[float]:
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("SELECT 1")
        yield 0.0
        for lines in receipts:
            begun = time.perf_counter()
            with db.pipeline(), db.transaction():
                for statement, values in lines:
                    db.execute(statement.encode(), values)
            yield time.perf_counter() - begun
