"""`release-sms`: from the commit of the receipt that pays a loan off to the moment its message is handed to the carrier, in open hours.

The sender is the worker's own job at its own pace, in a thread of this process; the carrier is the local outbox. The floor is
one row committed by one connection and marked by another that looks for it at the same pace.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from threading import Event, Thread
from typing import Any, Final

import psycopg

from bench import book
from bench.scratch import Figure, say, scratch_book
from holdfast import days, servicing
from holdfast.database.connection import transaction
from holdfast.journal import SYSTEM
from holdfast.kernel.money import Money
from holdfast.kernel.rate import Per, Rate
from holdfast.loans import loan_id_of
from holdfast.parties import register_party
from holdfast.policy import pack_in_force
from holdfast.products import Method, Terms
from holdfast.servicing import originate
from holdfast.wiring import carry
from holdfast.worker.loop import SEND_SECONDS, Job, turn

Db = psycopg.Connection[Any]
PAY_OFFS: Final = 40
_LONGEST_WAIT_S: Final = 30.0


def measure(scale: float) -> Figure:
    """Milliseconds from commit to carrier, the median; the longest stands in the detail."""
    count = max(int(PAY_OFFS * scale), 5)
    now = book.morning(book.DAY)
    with scratch_book() as scratch:
        with scratch.owner() as db:
            book.ground(db)
            db.commit()
        with transaction() as db:
            loans = [_lend(db, number) for number in range(count)]
        stop = Event()
        sender = Thread(target=turn, args=([Job("send", SEND_SECONDS, lambda: days.send_due(now))], stop))
        sender.start()
        try:
            with scratch.watch() as spent:
                times = sorted(_once(scratch.owner_url, loan) for loan in loans)
        finally:
            stop.set()
            sender.join()
        floor = median(_floor(scratch.owner_url, count))
    say(f"{median(times):.0f} ms, longest {times[-1]:.0f} ms; floor {floor:.0f} ms")
    return Figure(
        name="release-sms", figure=round(median(times), 1), unit="ms", floor=round(floor, 1), ratio=round(median(times) / floor, 2),
        n=count, cpu_s=round(spent.cpu_s, 2), pg=scratch.version, detail={"longest_ms": round(times[-1], 1), "aim_ms": 2000},
    )  # fmt: skip


def _lend(db: Db, number: int) -> str:
    now = book.morning(book.DAY)
    party = register_party(db, clock=now, by=SYSTEM, kind="person", branch_id=1, private={"name": "示例", "phone": f"139{number:08d}"})
    terms = Terms("CNY", 100_000, Method.SINGLE_PERIOD, Rate(0, Per.YEAR), 1, book.DAY)
    return originate(
        db, clock=now, by=book.BY, officer_id=None, branch_id=1, party_id=party.party_id, borrower_label=party.label, product_code="mobile",
        product_version=1, contract_no=f"示例-sms-{number}", terms=terms, pack=pack_in_force(db, now),
    ).public_id  # fmt: skip


def _once(url: str, loan: str) -> float:
    now = book.morning(book.DAY)
    with transaction() as db:
        number = loan_id_of(db, loan)
        carry(servicing.receive, db, clock=now, by=book.BY, loan=loan, amount=Money(100_000, "CNY"), received_on=book.DAY)
    began = time.perf_counter()
    statement = "SELECT 1 FROM message WHERE loan_id = %s AND template = 'release_none' AND state = 'delivered'"
    with psycopg.connect(url, autocommit=True) as db:
        return _until(lambda: db.execute(statement, [number]).fetchone() is not None, began)


def _floor(url: str, count: int) -> list[float]:
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("CREATE TABLE floor_message (number integer PRIMARY KEY, sent boolean NOT NULL DEFAULT false)")
    stop = Event()

    def mark() -> None:
        with psycopg.connect(url, autocommit=True) as db:
            while not stop.wait(SEND_SECONDS):
                db.execute("UPDATE floor_message SET sent = true WHERE NOT sent")

    marker = Thread(target=mark)
    marker.start()
    times = []
    try:
        with psycopg.connect(url, autocommit=True) as db:
            for number in range(count):
                db.execute("INSERT INTO floor_message (number) VALUES (%s)", [number])
                began = time.perf_counter()
                statement = "SELECT 1 FROM floor_message WHERE number = %s AND sent"
                times.append(_until(lambda: db.execute(statement, [number]).fetchone() is not None, began))  # noqa: B023  # called at once
    finally:
        stop.set()
        marker.join()
    return times


def _until(done: Callable[[], bool], began: float) -> float:
    while not done():
        if time.perf_counter() - began > _LONGEST_WAIT_S:
            raise TimeoutError("the message was not handed over")
        time.sleep(0.002)
    return 1000 * (time.perf_counter() - began)
