"""Sending survives what breaks: the line, the answer, the process. Money is never sent twice, and nothing is forgotten."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from typing import Any

import psycopg
import pytest

from holdfast import payments
from holdfast.database.connection import transaction
from holdfast.duties import freeze, take
from holdfast.journal import SYSTEM
from holdfast.kernel.clock import FixedClock
from holdfast.kernel.errors import Refusal
from holdfast.payments import Outcome, PayoutState
from holdfast.wiring import carry
from tests.books import Book, clock_on
from tests.payments.conftest import MONDAY
from tests.payments.house import House
from tests.payments.rails import FaultyBank, broken_line

RECORD = partial(carry, payments.record_answer)


def approved(house: House, name: str = "示例张三") -> str:
    return house.check(house.ask(house.signed(name), name=name).public_id).public_id


def send(house: House, bank: FaultyBank, minutes: int = 0) -> int:
    clock = FixedClock(house.clock.instant + timedelta(minutes=minutes))
    return payments.send_approved(transaction, bank, RECORD, clock)


def state(house: House, payout: str) -> PayoutState:
    return payments.payout(house.db, payout, house["risk"].scope).state


def test_an_approved_payout_is_sent_and_the_loan_begins(house: House) -> None:
    payout, bank = approved(house), FaultyBank()
    assert send(house, bank) == 1
    assert state(house, payout) is PayoutState.PAID
    assert (bank.heard, send(house, bank)) == ([payout], 0)
    house.prove()


def test_a_line_that_breaks_before_the_bank_hears_leaves_it_unknown_and_never_sends_again(house: House) -> None:
    payout, bank = approved(house), FaultyBank(before=broken_line)
    send(house, bank)
    assert state(house, payout) is PayoutState.UNKNOWN
    bank.before = None
    send(house, bank, minutes=5)
    assert (state(house, payout), bank.heard, bank.paid.total()) == (PayoutState.REJECTED, [payout], 0)
    house.prove()


def test_an_answer_that_is_lost_after_the_bank_paid_is_found_by_asking(house: House) -> None:
    payout, bank = approved(house), FaultyBank(after=broken_line)
    send(house, bank)
    assert state(house, payout) is PayoutState.UNKNOWN
    send(house, bank, minutes=5)
    assert (state(house, payout), bank.heard, bank.paid[payout]) == (PayoutState.PAID, [payout], 1)
    house.prove()


def test_a_bank_that_stays_silent_is_asked_ever_more_rarely_and_the_duty_stands(house: House) -> None:
    payout, bank = approved(house), FaultyBank(after=broken_line)
    bank.silent = True
    send(house, bank)
    asked = []
    for minutes in range(240):
        if send(house, bank, minutes=minutes):
            asked.append(minutes)
    assert asked[:5] == [1, 2, 4, 8, 16] and len(asked) < 14
    assert state(house, payout) is PayoutState.UNKNOWN
    house.prove()


def test_a_bank_that_only_accepts_is_asked_until_it_has_paid(house: House) -> None:
    payout, bank = approved(house), FaultyBank()
    bank.says = Outcome.ACCEPTED
    send(house, bank)
    assert state(house, payout) is PayoutState.SENT
    send(house, bank, minutes=5)
    assert state(house, payout) is PayoutState.PAID


def test_what_was_frozen_since_it_was_approved_is_not_sent(house: House) -> None:
    payout, bank = approved(house), FaultyBank()
    loan = payments.payout(house.db, payout, house["risk"].scope).loan
    freeze(house.db, take(house.db, loan, None), clock=house.clock, by=SYSTEM, reason="fraud", words="a sign was seen")
    send(house, bank)
    assert (state(house, payout), bank.heard) == (PayoutState.APPROVED, [])


def test_one_payout_that_cannot_be_recorded_does_not_hold_up_the_others(house: House) -> None:
    first, second, bank = approved(house), approved(house, "示例赵六"), FaultyBank()

    def record(db: Any, **how: Any) -> payments.Payout:
        if how["payout"] == first:
            raise Refusal("the book says no")
        return RECORD(db, **how)

    with pytest.raises(Refusal, match="the book says no"):
        payments.send_approved(transaction, bank, record, house.clock)
    assert (state(house, first), state(house, second)) == (PayoutState.SENT, PayoutState.PAID)
    send(house, bank, minutes=5)
    assert state(house, first) is PayoutState.PAID
    assert bank.paid[first] == 1


def test_nobody_asks_after_an_order_that_another_process_is_sending(
    committed_db: psycopg.Connection[Any], delivered: None, fresh_urls: Any
) -> None:
    house = House(Book(committed_db, MONDAY))
    payout = approved(house)
    committed_db.commit()
    bank = FaultyBank()

    def look() -> None:
        # While the order is on its way, another process comes round, long after the first enquiry is due.
        with psycopg.connect(fresh_urls.app) as other:
            later = FixedClock(house.clock.instant + timedelta(hours=2))
            edge: Any = other.transaction

            class Edge:
                def __enter__(self) -> psycopg.Connection[Any]:
                    self.inner = edge()
                    self.inner.__enter__()
                    return other

                def __exit__(self, *details: Any) -> None:
                    self.inner.__exit__(*details)

            payments.send_approved(Edge, bank, RECORD, later)

    bank.before = look
    payments.send_approved(transaction, bank, RECORD, house.clock)
    committed_db.rollback()
    assert (bank.heard, bank.closed, bank.paid[payout]) == ([payout], set(), 1)
    assert state(house, payout) is PayoutState.PAID


# ── killed with signal 9, again and again, by a bank in another process ────────────────────────────────────

_CHILD = """
import json, os, socket, sys
from datetime import datetime
from functools import partial
from holdfast.database.connection import book, transaction
from holdfast.kernel.clock import FixedClock
from holdfast.payments import Answer, Outcome, RailCapabilities, record_answer, send_approved
from holdfast.wiring import carry

class Remote:
    def capabilities(self):
        return RailCapabilities("remote", frozenset({"CNY"}), False, "a socket")
    def ask(self, what, key):
        with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as line:
            line.sendall(json.dumps({"what": what, "key": key, "pid": os.getpid()}).encode() + b"\\n")
            said = json.loads(line.makefile().readline())
        return Answer(Outcome(said["outcome"]), said["reference"])
    def send(self, order):
        return self.ask("send", order.key)
    def enquire(self, key):
        return self.ask("enquire", key)

with book():
    send_approved(transaction, Remote(), partial(carry, record_answer), FixedClock(datetime.fromisoformat(sys.argv[2])))
"""


class Killer(threading.Thread):
    """A bank behind a socket. It pays each key once, and kills its caller at a moment of its choosing."""

    def __init__(self, seed: int) -> None:
        super().__init__(daemon=True)
        self.door = socket.create_server(("127.0.0.1", 0))
        self.rng = random.Random(seed)
        self.orders: Counter[str] = Counter()
        self.paid: set[str] = set()
        self.refused: set[str] = set()
        self.kills: Counter[str] = Counter()
        self.gentle = False

    @property
    def port(self) -> int:
        return int(self.door.getsockname()[1])

    def run(self) -> None:
        while True:
            try:
                line, _ = self.door.accept()
            except OSError:
                return
            with line:
                self.serve(line)

    def serve(self, line: socket.socket) -> None:
        asked = json.loads(line.makefile().readline())
        key, when = asked["key"], "" if self.gentle else self.rng.choice(["before", "after", "answered", "", ""])
        if asked["what"] == "send":
            when = ("before", "after", "answered", "")[len(self.orders) % 4]
            self.orders[key] += 1
            if when == "before":
                return self.kill(when, asked["pid"])
            if key not in self.refused:
                self.paid.add(key)
        elif key not in self.paid:
            self.refused.add(key)
        if when in ("before", "after"):
            return self.kill(when, asked["pid"])
        outcome = "paid" if key in self.paid else "rejected"
        line.sendall(json.dumps({"outcome": outcome, "reference": f"b:{key}"}).encode() + b"\n")
        if when == "answered":
            self.kill(when, asked["pid"], self.rng.uniform(0, 0.03))
        return None

    def kill(self, when: str, pid: int, wait: float = 0) -> None:
        threading.Event().wait(wait)
        self.kills[when] += 1
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return


@pytest.fixture
def killer() -> Iterator[Killer]:
    bank = Killer(seed=11)
    bank.start()
    yield bank
    bank.door.close()


def test_killed_at_any_moment_money_is_sent_once_and_every_payout_comes_to_an_end(
    committed_db: psycopg.Connection[Any], delivered: None, killer: Killer
) -> None:
    house = House(Book(committed_db, MONDAY))
    names = [f"示例{mark}" for mark in "甲乙丙丁戊己庚辛"]
    keys = [approved(house, name) for name in names]
    committed_db.commit()
    begun = clock_on(MONDAY).instant

    def states() -> dict[str, str]:
        with transaction() as db:
            return {row[0]: row[1] for row in db.execute("SELECT public_id, state FROM payout")}

    def final() -> bool:
        return all(each in ("paid", "rejected") for each in states().values())

    for turn in range(60):
        if final():
            break
        killer.gentle = turn > 50
        at = (begun + timedelta(minutes=5 * turn)).isoformat()
        child = subprocess.Popen([sys.executable, "-c", _CHILD, str(killer.port), at], stderr=subprocess.PIPE, text=True)
        _, errors = child.communicate(timeout=120)
        assert child.returncode in (0, -signal.SIGKILL), errors
    assert final()
    # Each point of dying was met, no key was ordered twice, and the book says of each what the bank did.
    assert set(killer.kills) == {"before", "after", "answered"}
    assert set(killer.orders) <= set(keys) and max(killer.orders.values()) == 1
    assert {key for key, ended in states().items() if ended == "paid"} == killer.paid
    rows = committed_db.execute(
        "SELECT p.state, l.state, l.principal_out FROM payout p JOIN loan l USING (loan_id) ORDER BY p.loan_id"
    ).fetchall()
    assert {(each[0], each[1], each[2]) for each in rows} <= {("paid", "active", 120_000), ("rejected", "signed", 0)}
    assert {each[0] for each in rows} == {"paid", "rejected"}, "both ends were met"
    house.book.day = date(2026, 3, 2)
    house.prove()
