"""A gateway that drops, delays, doubles, shuffles and hangs up, and a worker that is killed: what a borrower gets all the same.

The gateway keeps its own account of what it took. By that account nobody is sent anything twice, and every message of ours
ends delivered, failed or with a person.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from holdfast import contact, days
from holdfast.contact import Promise, segments
from holdfast.database.connection import transaction
from holdfast.duties.audit import examine
from holdfast.kernel.clock import FixedClock, instant_on
from holdfast.wiring import EXPECTATIONS
from tests.books import Book
from tests.contact.test_dispatch import person
from tests.gateways.cmpp import SECRET, SP_ID
from tests.gateways.running import ROOT, Running, gateway, until

DAY = date(2026, 11, 23)
ZONE = "Asia/Shanghai"
TEN = instant_on(DAY, datetime(2000, 1, 1, 10).time(), ZONE)
_FEN = {"minor": 100, "currency": "CNY"}
SHORT = {"contract": "1234", "paid_on": "2026-11-23", "amount": _FEN, "principal_out": _FEN}
LONG = {
    "contract": "1234", "paid_on": "2026-11-23", "place": "示例营业部一层柜台", "days": "1-6", "hours": "9:00-17:00", "by": "2026-11-24",
    "contact": "示例热线",
}  # fmt: skip
DESCRIBED = """
format: sms/1
kind: cmpp
name: test gateway
host: 127.0.0.1
port: {port}
version: "{version}"
sp_id: "{sp_id}"
secret_env: SMS_SECRET
src_id: "1069012345"
connections: 2
per_second: 5000
answer_s: 2
first_wait_s: 0.05
most_wait_s: 0.2
"""


def number(n: int) -> str:
    return f"139{n:08d}"


def promises(loans: list[int], count: int) -> None:
    """Messages about these loans, each to a number of its own; every tenth goes in several parts."""
    with transaction() as db:
        contact.promise_batch(
            db,
            [
                Promise(
                    loan_id=loans[n % len(loans)], duty_no=None, party_id=None, purpose="service", channel="sms",
                    template="release" if n % 10 == 0 else "receipt", params=LONG if n % 10 == 0 else SHORT, on_date=DAY,
                    send_from=TEN - timedelta(hours=1), send_until=TEN + timedelta(hours=10), number=number(n),
                )
                for n in range(count)
            ],
        )  # fmt: skip


def rows(statement: str) -> list[Any]:
    with transaction() as db:
        return db.execute(statement).fetchall()


def waiting() -> int:
    return int(rows("SELECT count(*) FROM outbox WHERE send_from <= 'infinity'")[0][0])


def run_sender(base: datetime, started: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.contact.sender", base.isoformat(), str(started)]
    sender = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert sender.stdout
    assert sender.stdout.readline() == "ready\n"
    return sender


def finish(sender: subprocess.Popen[str]) -> None:
    assert sender.stdin and sender.stdout
    sender.stdin.close()
    sender.wait(60)
    sender.stdout.close()


def live(base: datetime, chance: random.Random, kills: int, longest: float) -> None:
    """Send and hear; kill the sender so many times in the midst of it; then let one go on until all is quiet."""
    started = time.monotonic()
    for _ in range(kills):
        sender = run_sender(base, started)
        time.sleep(0.05 + chance.random() * 1.2)
        sender.send_signal(signal.SIGKILL)
        sender.wait()
        for pipe in (sender.stdin, sender.stdout):
            if pipe:
                pipe.close()
    sender = run_sender(base, started)
    seen: list[tuple[int, int]] = []

    def quiet() -> bool:
        assert sender.poll() is None, f"the sender has died with {sender.returncode}"
        due = rows(f"SELECT count(*) FROM outbox WHERE send_from <= '{base.isoformat()}'::timestamptz + interval '2 minutes'")[0][0]
        heard = rows("SELECT count(*), count(came_to) FROM channel_heard")[0]
        seen.append((heard[0], heard[1]))
        time.sleep(0.3)
        return due == 0 and len(seen) > 4 and len(set(seen[-5:])) == 1

    try:
        assert until(quiet, longest)
    finally:
        finish(sender)


@pytest.mark.parametrize(
    ("version", "count", "kills"),
    [("3.0", 5_000, 8), pytest.param("2.0", 20_000, 25, marks=pytest.mark.long), pytest.param("3.0", 80_000, 60, marks=pytest.mark.long)],
)
def test_nobody_is_sent_anything_twice_and_every_message_ends_delivered_failed_or_with_a_person(
    committed_db: psycopg.Connection[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, count: int, kills: int
) -> None:
    book = Book(committed_db, DAY)
    loans = [book.lend().loan_id for _ in range(20)]
    person(book)  # the first one makes the key under which numbers are sealed
    committed_db.commit()
    promises(loans, count)
    chance = random.Random(count)
    with gateway(tmp_path, seed=count, faults=0.05, delay=0.4) as at:
        described = tmp_path / "sms.yaml"
        described.write_text(DESCRIBED.format(port=at.port, version=version, sp_id=SP_ID))
        monkeypatch.setenv("HOLDFAST_SMS", str(described))
        monkeypatch.setenv("SMS_SECRET", SECRET.decode())
        # A lost answer is waited for by the hundred messages that left with it.
        longest = 120 + count / 10
        live(TEN, chance, kills, longest)
        # What certainly did not leave goes again after five minutes; whoever was killed left some on their way.
        for minutes in (6, 12, 18, 24, 30):
            live(TEN + timedelta(minutes=minutes), chance, 0, longest)
            if not waiting():
                break
        _nobody_twice(at)
        later = TEN
        for hours in (1, 2, 4, 8, 49, 50, 75, 130):
            later = TEN + timedelta(hours=hours)
            days.take_receipts(FixedClock(later, ZONE))
            while days.hand_over_undelivered(FixedClock(later, ZONE)):
                continue
        _all_ended(at, count)
        _books_agree(book, later)


def _nobody_twice(at: Running) -> None:
    taken = Counter((each["number"], each["part"]) for each in at.noted("submit") if each["taken"])
    assert [which for which, times in taken.items() if times > 1] == []
    assert {each["to"] for each in at.noted("submit")} == {1}


def _all_ended(at: Running, count: int) -> None:
    """Our account against the gateway's: what we call delivered was, what it delivered we do not call failed."""
    states = Counter(row[0] for row in rows("SELECT state FROM message WHERE template IN ('receipt', 'release') AND purpose = 'service'"))
    assert sum(states.values()) == count
    assert set(states) <= {"delivered", "failed", "unknown"}, states
    assert states["delivered"] > count * 0.6, states
    reported = {each["id"]: each["stat"] for each in at.noted("outcome")}
    for loan_id, message_no, body, state in rows("SELECT loan_id, message_no, body, state FROM message WHERE state = 'delivered'"):
        ids = rows(f"SELECT provider_id FROM message_part WHERE loan_id = {loan_id} AND message_no = {message_no}")
        assert len(ids) == segments(body)
        assert {reported[row[0]] for row in ids} == {"DELIVRD"}, state
    for provider_id, stat in rows("SELECT provider_id, stat FROM message_part WHERE state = 'failed' AND provider_id IS NOT NULL"):
        assert reported[provider_id] == stat
    assert rows("SELECT count(*) FROM message WHERE state IN ('failed', 'unknown') AND given_up_at IS NULL")[0][0] == 0
    loans = {row[0] for row in rows("SELECT DISTINCT loan_id FROM message WHERE state IN ('failed', 'unknown')")}
    with_a_person = {row[0] for row in rows("SELECT loan_id FROM duty WHERE kind = 'reach' AND open AND role = 'caller'")}
    assert loans <= with_a_person


def _books_agree(book: Book, later: datetime) -> None:
    with transaction() as db:
        found = examine(db, DAY, EXPECTATIONS)
    assert [line for line in found.missing if line.kind == "reach"] == []
    # Each message was counted once in the ledger of contacts, and whoever was sent one can see by which rule.
    assert rows("SELECT count(*) FROM (SELECT FROM contact_ledger GROUP BY loan_id, entry_no HAVING count(*) > 1) twice")[0][0] == 0
    sent = rows("SELECT count(*) FROM contact_ledger WHERE outcome IN ('sent', 'failed', 'unknown')")[0][0]
    assert sent == rows("SELECT count(*) FROM message WHERE sent_at IS NOT NULL")[0][0]
