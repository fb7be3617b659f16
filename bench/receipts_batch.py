"""`receipts-batch`: 100,000 lines of a bank's file, from its bytes to posted receipts.

One person hands the file in (`load_bank_file`); two processes match its lines and post them, chunk by chunk, by the function that the
worker calls (`payments.match_lines` with `wiring.receive_many`). Each line names its contract in the remark. The floor is one COPY of the
very rows that this left behind, updated ones too.
"""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg

from bench import book
from bench.processes import together
from bench.scratch import Figure, Rows, bare_copy, say, scratch_book, take_rows
from holdfast.database.connection import transaction
from holdfast.parties import staff

PROCESSES = 2
LINES = 100_000
_AMOUNT = "1100.00"  # an instalment (1,066.19) and a little of the next
_TODAY = book.DAY + timedelta(days=1)


def measure(scale: float) -> Figure:
    """Lines a second, from the file's bytes to the last commit."""
    with scratch_book() as scratch:
        count = book.generate(scratch, book.evenly(int(LINES * scale)))
        with scratch.owner() as db:
            db.execute("INSERT INTO staff (public_id, name, role, branch_id, scope) VALUES ('st_bench', '示例', 'officer', 1, 'all')")
            numbers = [row[0] for row in db.execute("SELECT contract_no FROM loan ORDER BY md5(public_id)").fetchall()]
        data = _file(numbers)
        with scratch.watch() as loading, transaction() as db:
            _hand_in(db, data)
        say(f"{count} lines read in {loading.wall_s:.2f} s")
        with scratch.watch() as matching:
            seconds, chunks, client_cpu_s = together(_match, [()] * PROCESSES)
        say(f"matched and posted in {seconds:.2f} s")
        with scratch.owner() as db:
            posted = _count(db)
            rows = _rows(db)
            floor = bare_copy(db, rows)
    whole = loading.wall_s + seconds
    return Figure(
        name="receipts-batch",
        figure=round(posted / whole, 1),
        unit="lines/s",
        floor=round(posted / floor, 1),
        ratio=round(whole / floor, 2),
        n=posted,
        cpu_s=round(loading.cpu_s + client_cpu_s + matching.server_cpu_s, 2),
        pg=scratch.version,
        detail={
            "processes": PROCESSES,
            "book": count,
            "lines_without_a_loan": count - posted,
            "file_bytes": len(data),
            "load_s": round(loading.wall_s, 2),
            "match_and_post_s": round(seconds, 2),
            "match_and_post_per_s": round(posted / seconds, 1),
            "chunks": len(chunks),
            "client_cpu_s": round(loading.client_cpu_s + client_cpu_s, 2),
            "server_cpu_s": round(loading.server_cpu_s + matching.server_cpu_s, 2),
            "rows": {each.table: each.count for each in rows},
            "floor": "COPY of the same rows, updated ones too, into tables with only a primary key",
        },
    )


def _file(numbers: list[str]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["入账日期", "交易金额", "借贷标志", "对方户名", "对方账号", "附言", "交易流水号"])
    for n, number in enumerate(numbers):
        writer.writerow([_TODAY.isoformat(), _AMOUNT, "贷", "示例", f"62220000{n:011d}", f"还款 {number}", f"B{n:09d}"])
    return text.getvalue().encode()


def _hand_in(db: psycopg.Connection[Any], data: bytes) -> None:
    from holdfast import payments

    payments.load_bank_file(db, clock=book.evening(_TODAY), by=staff(db, "st_bench"), name="bench.csv", data=data, map_name="generic")


def _match() -> Iterator[float]:
    """One process: ready at the first value, then the seconds of each chunk until no line waits."""
    from holdfast import payments, wiring
    from holdfast.database.connection import app_url, point_django_at
    from holdfast.database.migrate import configure_django

    configure_django()
    point_django_at(app_url())
    clock = book.evening(_TODAY)
    with transaction() as db:
        db.execute("SELECT 1")
    yield 0.0
    while True:
        begun = time.perf_counter()
        with transaction() as db:
            seen = payments.match_lines(db, clock=clock, receive=wiring.receive_many, answer=wiring.take_answer)
        if not seen:
            return
        yield time.perf_counter() - begun


def _count(db: psycopg.Connection[Any]) -> int:
    row = db.execute("SELECT count(*) FROM bank_line WHERE state = 'matched'").fetchone()
    return int(row[0]) if row else 0


def _rows(db: psycopg.Connection[Any]) -> list[Rows]:
    """All rows that the file left behind or changed."""
    at = {"at": book.evening(_TODAY).now()}
    db.execute("CREATE TEMPORARY TABLE made AS SELECT loan_id, event_no, record_seq FROM loan_event WHERE recorded_at = %(at)s", at)
    db.execute("CREATE INDEX ON made (loan_id)")
    db.execute("ANALYZE made")
    of_event = "(loan_id, event_no) IN (SELECT loan_id, event_no FROM made)"
    of_record = "SELECT loan_id, record_seq FROM made"
    of_loan = "loan_id IN (SELECT loan_id FROM made)"
    conditions = {
        "bank_file": "true", "bank_line": "true", "record": "recorded_at = %(at)s", "batch_node": "true",
        "loan_event": "recorded_at = %(at)s", "allocation": of_event, "posting": of_event, "gl_entry": "recorded_at = %(at)s",
        "duty": f"(loan_id, opened_seq) IN ({of_record}) OR (loan_id, proof_seq) IN ({of_record})",
        "instalment": "(loan_id, n) IN (SELECT loan_id, n FROM allocation WHERE " + of_event + ")", "account": of_loan, "loan": of_loan,
    }  # fmt: skip
    return [take_rows(db, table, condition, at) for table, condition in conditions.items()]
