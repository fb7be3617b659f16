"""Direct debits while their worker is killed with signal 9, again and again, against a provider in another process that misbehaves.

No debit is ordered twice and none is lost; what the provider did is what the book says, or a person has a duty about it.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta

import psycopg
import pytest

from holdfast import days, payments, servicing
from holdfast.adapters.http_rail import HttpRail
from holdfast.database.connection import transaction
from holdfast.journal import SYSTEM
from holdfast.kernel.clock import FixedClock
from holdfast.parties import change_private, party_by_id
from tests.books import Book, clock_on
from tests.payments.conftest import MONDAY
from tests.payments.house import House
from tests.payments.test_provider import SECRET, _party, _settled_since, _sign, book_of, port, rail, rows, turn

__all__ = ["port", "rail"]

LOANS = 10
KILLS = 4

# What the worker does about debits, over and over until it is killed; each round is a minute later.
_WORKER = """
import sys
from datetime import datetime, timedelta
from functools import partial
from holdfast import payments, servicing
from holdfast.adapters.http_rail import HttpRail, described
from holdfast.database.connection import book, transaction
from holdfast.journal import SYSTEM
from holdfast.kernel.clock import FixedClock
from holdfast.wiring import carry
from tests.payments.test_provider import turn

rail = HttpRail(described(sys.argv[1]))
at = datetime.fromisoformat(sys.argv[2])
with book():
    print("ready", flush=True)
    while True:
        clock = FixedClock(at)
        with transaction() as db:
            payments.propose_debits(db, clock=clock, due_of=servicing.collectable)
        turn(rail, clock)
        at += timedelta(minutes=1)
"""


def _work(day: date) -> None:
    """One day of the lender's: its messages go out, then it is closed."""
    days.send_due(clock_on(day))
    days.close_book(day, clock_on(day))


def _until(so: Callable[[], bool]) -> None:
    """Look again and again, for half a minute at most."""
    for _ in range(3_000):
        if so():
            return
        time.sleep(0.01)
    pytest.fail("the provider heard of no new debit")


def test_killed_at_any_moment_no_debit_is_collected_twice_and_none_is_lost(
    committed_db: psycopg.Connection[object], delivered: None, rail: HttpRail, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("holdfast.contact.codes.secrets.randbelow", lambda below: 123_456)
    house = House(Book(committed_db, MONDAY))
    for number in range(LOANS):
        loan = house.paid(name := f"示例人{chr(0x4E00 + number)}")
        party = party_by_id(house.db, _party(house, loan))
        change_private(house.db, clock=house.clock, by=SYSTEM, party=party, kind="phone", text=f"138{number:08}")
        _sign(house, loan, name)
    committed_db.commit()
    for number in range(31):
        _work(MONDAY + timedelta(days=number))
    house.book.day = MONDAY + timedelta(days=31)
    days.send_due(clock_on(house.book.day))
    begun = clock_on(house.book.day).instant
    text = f"format: rail/1\nname: provider\nurl: http://127.0.0.1:{port}\ncurrencies: [CNY]\nsecret_env: PROVIDER_SECRET\ntimeout_s: 5\n"
    environment = {**os.environ, "PROVIDER_SECRET": SECRET}
    dice, died_with = random.Random(5), []
    for number in range(KILLS):
        command = [sys.executable, "-c", _WORKER, text, (begun + timedelta(hours=number)).isoformat()]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as worker:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"
            ordered = len(book_of(port)["orders"])
            _until(lambda: len(book_of(port)["orders"]) > ordered)  # noqa: B023 - called at once
            time.sleep(dice.choice([0, 0, 0.002, 0.01, 0.05]))
            worker.send_signal(signal.SIGKILL)
            assert worker.wait() == -signal.SIGKILL
        died_with.append(len(rows("SELECT 1 FROM debit WHERE state = 'sent'")))
    assert any(died_with), "no worker was killed between an order and its answer"
    house.db.rollback()
    book_of(port, gentle=True)
    for number in range(24):
        now = FixedClock(begun + timedelta(hours=KILLS + 1 + number))
        with transaction() as db:
            payments.propose_debits(db, clock=now, due_of=servicing.collectable)
        turn(rail, now)
    told = book_of(port)
    # Each order reached the provider once; one that died before it was asked about, was refused for good, and was tried by the plan.
    assert told["orders"] and max(told["orders"].values()) == 1
    listed = rows("SELECT loan_id, public_id, state, amount FROM debit WHERE state <> 'dropped'")
    assert {row[0] for row in listed} == {house.loan_id(row[0]) for row in rows("SELECT public_id FROM loan")}
    duties = dict(rows("SELECT loan_id, array_agg(kind) FROM duty WHERE open GROUP BY 1"))
    contradicted = {row[0] for row in rows("SELECT key FROM rail_answer WHERE fate = 'contradicts'")}
    for loan_id, key, state, amount in listed:
        if key in contradicted:
            assert "debit_failed" in duties[loan_id] or _settled_since(loan_id), f"{key} is contradicted and nobody has a duty"
            continue
        assert (state, told["book"].get(key)) in {("collected", "paid"), ("failed", "rejected")}, key
        assert state != "collected" or told["amounts"][key] == amount
    receipts = rows("SELECT loan_id, payload::jsonb ->> 'source', count(*) FROM loan_event WHERE kind = 'receipt' GROUP BY 1, 2")
    assert {(row[0], row[1]) for row in receipts} == {(row[0], row[1]) for row in listed if row[2] == "collected"}
    assert {row[2] for row in receipts} <= {1}
    house.prove()
