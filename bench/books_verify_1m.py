"""`books-verify-1m`: every proof of the books over a million loans of twelve instalments, a month into their lives.

`days.verify_now` folds each loan's events from its terms and compares rows, postings and ledger. The floor reads every row
that it must look at once: a sum over each of these tables, in one connection. `--scale 0.1` takes a hundred thousand loans.
"""

from __future__ import annotations

import time
from statistics import median
from typing import Any

import psycopg

from bench import book
from bench.scratch import FLOOR_RUNS, Figure, say, scratch_book
from holdfast.days import verify_now

LOANS = 1_000_000
_READ = {
    "loan": "principal_out", "loan_terms": "length(terms)", "account": "principal_paid + interest_earned",
    "instalment": "principal + interest + principal_paid + interest_paid", "loan_event": "length(payload)",
    "allocation": "principal + interest", "posting": "amount", "gl_entry": "amount",
}  # fmt: skip


def measure(scale: float) -> Figure:
    """Seconds of one whole run."""
    with scratch_book() as scratch:
        loans = book.generate(scratch, book.evenly(int(LOANS * scale)))
        with scratch.watch() as spent:
            checks = verify_now()
        wrong = [check.name for check in checks if not check.ok]
        if wrong:
            raise RuntimeError(f"the generated book does not agree with itself: {', '.join(wrong)}")
        with scratch.owner() as db:
            floor = median(_floor(db) for _ in range(FLOOR_RUNS))
            rows = {table: db.execute(f"SELECT count(*) FROM {table}".encode()).fetchall()[0][0] for table in _READ}
    say(f"{spent.wall_s:.1f} s, floor {floor:.2f} s")
    return Figure(
        name="books-verify-1m",
        figure=round(spent.wall_s, 2),
        unit="s",
        floor=round(floor, 3),
        ratio=round(spent.wall_s / floor, 1),
        n=loans,
        cpu_s=round(spent.cpu_s, 2),
        pg=scratch.version,
        detail={
            "loans_per_s": round(loans / spent.wall_s, 1),
            "client_cpu_s": round(spent.client_cpu_s, 2),
            "server_cpu_s": round(spent.server_cpu_s, 2),
            "compared": {check.name: check.compared for check in checks},
            "rows": rows,
            "floor": "one sum over each table that is looked at",
        },
    )


def _floor(db: psycopg.Connection[Any]) -> float:
    """THE FLOOR: seconds to read every row once."""
    begun = time.perf_counter()
    for table, value in _READ.items():
        db.execute(f"SELECT sum({value}) FROM {table}".encode()).fetchall()
    return time.perf_counter() - begun
