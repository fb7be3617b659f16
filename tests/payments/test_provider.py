"""A provider in another process that delays, duplicates, reorders, loses and contradicts: the book comes to say what the provider did.

Every payout is paid once, or failed, or with a person by a duty; every debit likewise; nothing was ordered twice.
"""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import psycopg
import pytest

from holdfast import payments, servicing
from holdfast.adapters.http_rail import HttpRail, described
from holdfast.contact import codes
from holdfast.database.connection import transaction
from holdfast.journal import SYSTEM
from holdfast.kernel.clock import FixedClock
from holdfast.kernel.errors import HoldfastError
from holdfast.life import DUTIES
from holdfast.parties import change_private, party_by_id
from holdfast.wiring import carry, take_answer
from tests.books import Book, clock_on
from tests.payments.conftest import MONDAY
from tests.payments.house import ACCOUNT, House, yuan

SECRET = "a secret of the test's own"


@pytest.fixture
def port() -> Iterator[int]:
    command = [sys.executable, "-m", "tests.payments.provider", "46", SECRET]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.kill()


@pytest.fixture
def rail(port: int, monkeypatch: pytest.MonkeyPatch) -> HttpRail:
    monkeypatch.setenv("PROVIDER_SECRET", SECRET)
    text = f"format: rail/1\nname: provider\nurl: http://127.0.0.1:{port}\ncurrencies: [CNY]\nsecret_env: PROVIDER_SECRET\ntimeout_s: 5\n"
    return HttpRail(described(text))


def book_of(port: int, gentle: bool = False) -> dict[str, Any]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/book{'?gentle' if gentle else ''}") as said:
        return dict(json.loads(said.read()))


def hear(rail: HttpRail, clock: FixedClock) -> None:
    """Take in the provider's feed, as the worker does."""
    name = rail.capabilities().name
    while True:
        with transaction() as db:
            after = payments.last_heard(db, name)
        if not (said := rail.answers(after)):
            return
        for each in said:
            with transaction() as db:
                take_answer(db, clock=clock, by=SYSTEM, key=each.key, answer=each.answer, source="rail feed")
                payments.note_heard(db, name, each.number)


def turn(rail: HttpRail, clock: FixedClock) -> None:
    """One round of the worker; what failed is tried again in the next."""
    for work in (
        lambda: payments.send_approved(transaction, rail, partial(carry, payments.record_answer), clock),
        lambda: payments.collect_proposed(transaction, rail, partial(carry, payments.record_debit), clock, servicing.collectable),
        lambda: hear(rail, clock),
    ):
        try:
            work()
        except HoldfastError:
            continue


def rows(query: str) -> list[tuple[Any, ...]]:
    with transaction() as db:
        return db.execute(query.encode()).fetchall()


@pytest.mark.parametrize("count", [200, pytest.param(2_000, marks=pytest.mark.long)])
def test_payouts_through_a_provider_that_misbehaves(
    committed_db: psycopg.Connection[Any], delivered: None, rail: HttpRail, port: int, count: int
) -> None:
    house = House(Book(committed_db, MONDAY))
    keys = set()
    for number in range(count):
        name = f"示例人{chr(0x4E00 + number)}"
        keys.add(house.check(house.ask(house.signed(name), name=name).public_id).public_id)
    committed_db.commit()
    begun = clock_on(MONDAY).instant
    for number in range(30):
        if number == 20:
            book_of(port, gentle=True)
        turn(rail, FixedClock(begun + timedelta(minutes=10 * number)))
    told = book_of(port)
    # Nothing was ordered twice, and every fault was met.
    assert set(told["orders"]) <= keys and max(told["orders"].values()) == 1
    assert {"lost_before", "lost_after", "torn", "slow", "lie", "twice", "other"} <= set(told["did"])
    duties = dict(rows("SELECT loan_id, array_agg(kind) FROM duty WHERE open GROUP BY 1"))
    with_people = 0
    for loan_id, key, state, loan_state, disputed in rows(
        "SELECT p.loan_id, p.public_id, p.state, l.state, p.disputed FROM payout p JOIN loan l USING (loan_id)"
    ):
        if disputed:
            with_people += 1
            assert {"payout_dispute", "payout_enquiry"} & set(duties[loan_id]), f"{key} is disputed and nobody has a duty"
        else:
            assert (state, told["book"].get(key)) in {("paid", "paid"), ("rejected", "rejected")}, key
            assert loan_state == ("active" if state == "paid" else "signed")
    assert 0 < with_people < count / 4
    house.prove()


@pytest.mark.parametrize("count", [100, pytest.param(1_000, marks=pytest.mark.long)])
def test_debits_through_a_provider_that_misbehaves(
    committed_db: psycopg.Connection[Any], delivered: None, rail: HttpRail, port: int, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("holdfast.contact.codes.secrets.randbelow", lambda below: 123_456)
    house = House(Book(committed_db, MONDAY))
    for number in range(count):
        loan, name = house.paid(each := f"示例人{chr(0x4E00 + number)}"), each
        party = party_by_id(house.db, _party(house, loan))
        change_private(house.db, clock=house.clock, by=SYSTEM, party=party, kind="phone", text=f"138{number:08}")
        _sign(house, loan, name)
    committed_db.commit()
    house.book.day = MONDAY + timedelta(days=31)
    begun = clock_on(house.book.day).instant
    for number in range(60):
        if number == 40:
            book_of(port, gentle=True)
        now = FixedClock(begun + timedelta(days=number // 6, minutes=30 * (number % 6)))
        with transaction() as db:
            payments.propose_debits(db, clock=now, due_of=servicing.collectable)
        turn(rail, now)
    told = book_of(port)
    assert max(told["orders"].values()) == 1
    listed = rows("SELECT loan_id, public_id, n, state, amount FROM debit WHERE state <> 'dropped'")
    duties = dict(rows("SELECT loan_id, array_agg(kind) FROM duty WHERE open GROUP BY 1"))
    contradicted = {row[0] for row in rows("SELECT key FROM rail_answer WHERE fate = 'contradicts'")}
    for loan_id, key, _, state, amount in listed:
        if key in contradicted:
            assert "debit_failed" in duties[loan_id] or _settled_since(loan_id), f"{key} is contradicted and nobody has a duty"
            continue
        assert (state, told["book"].get(key)) in {("collected", "paid"), ("failed", "rejected")}, key
        assert state != "collected" or told["amounts"][key] == amount
    # A debit that was collected is one receipt, and nothing was collected above what was due.
    receipts = rows(
        """SELECT e.loan_id, e.payload::jsonb ->> 'source', count(*) FROM loan_event e WHERE e.kind = 'receipt' GROUP BY 1, 2"""
    )
    collected = {(row[0], row[1]) for row in listed if row[3] == "collected"}
    assert {(row[0], row[1]) for row in receipts} == collected and {row[2] for row in receipts} <= {1}
    assert {"debit_failed"} <= set(DUTIES)


def _settled_since(loan_id: int) -> bool:
    """Whether the duty about it was closed because nothing is left to collect."""
    return bool(rows(f"SELECT 1 FROM record WHERE loan_id = {loan_id} AND kind = 'debit.needless'"))


def _party(house: House, loan: str) -> int:
    row = house.db.execute("SELECT party_id FROM loan WHERE public_id = %s", [loan]).fetchone()
    assert row is not None
    return int(row[0])


def _sign(house: House, loan: str, name: str) -> None:
    borrower = house.borrower_of(loan)
    draft = payments.draft_mandate(
        house.db, clock=house.clock, by=borrower, loan=loan, payer_name=name, account=ACCOUNT, most_each=yuan(500),
        most_a_month=yuan(1000), language="en",
    )  # fmt: skip
    code_id = payments.ask_mandate_code(house.db, clock=house.clock, by=borrower, loan=loan, mandate=draft.public_id)
    codes.attempt(house.db, clock=house.clock, code_id=code_id, digits="123456")
    payments.sign_mandate(house.db, clock=house.clock, by=borrower, loan=loan, mandate=draft.public_id, code_id=code_id)
