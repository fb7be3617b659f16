"""`read-loan`: one loan with a thousand events, read through the API in this process by Django's test client.

The figure is the median of the loan itself; its other pages stand in the detail. The floor is one SELECT of the
rows that the answer is made of, by their keys, over the same kind of connection.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import psycopg

from bench import book
from bench.scratch import Figure, say, scratch_book
from holdfast.database.connection import transaction
from holdfast.journal import SYSTEM
from holdfast.kernel.money import Money
from holdfast.parties import issue_token, staff
from holdfast.servicing import receive

EVENTS = 1_000
READS = 200
_PAGES = ("schedule", "events", "entries", "timeline")
_FLOOR = """
    SELECT * FROM loan JOIN account USING (loan_id) JOIN loan_terms USING (loan_id)
    LEFT JOIN duty d ON d.loan_id = loan.loan_id AND d.duty_no = loan.duty_no
    WHERE loan.loan_id = %s"""


def measure(scale: float) -> Figure:
    """Milliseconds to read the loan, beside the bare SELECT."""
    from django.test import Client

    reads = max(int(READS * scale), 20)
    with scratch_book() as scratch:
        with scratch.owner() as db:
            book.ground(db)
            loan, token = _long_loan(db)
        client = Client(headers={"Authorization": f"Bearer {token}"})

        def get(page: str) -> Callable[[], None]:
            def read() -> None:
                answer = client.get(f"/api/v1/loans/{loan}{page}", headers={"Host": "localhost"})
                assert answer.status_code == 200, answer.content.decode()

            return read

        with scratch.watch() as spent:
            times = _times(get(""), reads)
        pages = {page: round(median(_times(get(f"/{page}"), reads)), 3) for page in _PAGES}
        with transaction() as db:
            number = db.execute("SELECT loan_id FROM loan WHERE public_id = %s", [loan]).fetchone()
            floor = median(_times(lambda: db.execute(_FLOOR, number).fetchall(), reads))
    say(f"{median(times):.2f} ms, floor {floor:.2f} ms")
    return Figure(
        name="read-loan",
        figure=round(median(times), 3),
        unit="ms",
        floor=round(floor, 3),
        ratio=round(median(times) / floor, 2),
        n=reads,
        cpu_s=round(spent.cpu_s, 2),
        pg=scratch.version,
        detail={
            "events": EVENTS,
            "p99_ms": round(times[len(times) * 99 // 100], 3),
            "pages_ms": pages,
            "floor": "one SELECT of the loan, its account, terms and open duty by their keys",
        },
    )


def _long_loan(db: psycopg.Connection[Any]) -> tuple[str, str]:
    """A loan of thirty years with a thousand events, and the token of somebody who may read it."""
    loan = book.lend(db, book.DAY, "示例-long", instalments=360, principal=1_000_000_00)
    for _ in range(EVENTS - 1):
        receive(db, clock=book.morning(book.DAY), by=book.BY, loan=loan, amount=Money(5_000, "CNY"), received_on=book.DAY)
    db.execute("INSERT INTO staff (public_id, name, role, scope) VALUES ('st_bench', '示例', 'auditor', 'all')")
    token = issue_token(db, clock=book.morning(book.DAY), by=SYSTEM, staff=staff(db, "st_bench"), label="bench")
    db.commit()
    return loan, token


def _times(call: Callable[[], Any], count: int) -> list[float]:
    """Milliseconds of each call, in order of length; the first ones, which only warm up, are left out."""
    for _ in range(3):
        call()
    found = []
    for _ in range(count):
        begun = time.perf_counter()
        call()
        found.append((time.perf_counter() - begun) * 1000)
    return sorted(found)
