"""A large morning's answers are written by several processes: what stands in the book is what one process would have written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import psycopg
import pytest

from holdfast import contact, days
from holdfast.contact import Accepted, Handed, Promise
from holdfast.contact.model import Due
from holdfast.database.connection import transaction
from holdfast.files import anything_sealed
from holdfast.kernel.clock import FixedClock, instant_on
from holdfast.kernel.sealing import master_box
from holdfast.servicing.verify import verify_books
from tests.books import Book

START, LOANS = date(2026, 3, 2), 11
MORNING = FixedClock(instant_on(date(2026, 3, 26), datetime(2000, 1, 1, 10).time(), "Asia/Shanghai"), "Asia/Shanghai")
_FEN = {"minor": 100, "currency": "CNY"}
_SAYS = {"contract": "1234", "n": 1, "amount": _FEN, "due_on": "2026-04-02", "paid_on": "2026-03-26", "principal_out": _FEN}


@pytest.fixture
def promised(committed_db: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Loans each with a reminder that proves its duty and two messages after it, more than one claim takes; how many messages."""
    monkeypatch.setattr(days, "_SENDS_AT_ONCE", 6)
    book = Book(committed_db, START)
    loans = [book.lend().loan_id for _ in range(LOANS)]
    committed_db.commit()
    with transaction() as db:
        master_box("letters", first_use=not anything_sealed(db))
        duties = dict(db.execute("SELECT loan_id, duty_no FROM duty WHERE kind = 'reminder' AND open").fetchall())
        sent = [
            (loan, purpose, template) for purpose, template in (("reminder", "reminder"), *[("service", "receipt")] * 2) for loan in loans
        ]
        contact.promise_batch(
            db,
            [
                Promise(
                    loan_id=loan, duty_no=duties[loan] if purpose == "reminder" else None, party_id=None, purpose=purpose, channel="sms",
                    template=template, params=_SAYS, on_date=MORNING.today(), send_from=MORNING.now() - timedelta(hours=1),
                    send_until=MORNING.now() + timedelta(hours=9), number=f"139{number:08d}", language="zh-hans",
                )
                for number, (loan, purpose, template) in enumerate(sent)
            ],
        )  # fmt: skip
    yield len(sent)


def rows(statement: str) -> list[Any]:
    with transaction() as db:
        return db.execute(statement).fetchall()


@pytest.mark.parametrize("hands", [1, 3])
def test_every_message_is_sent_once_in_its_loan_s_order_by_however_many_processes(
    promised: int, hands: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(days, "hands_for_sending", lambda waiting: hands if waiting == promised else 0)
    assert days.send_due(MORNING) == promised
    assert rows("SELECT state, count(*) FROM message GROUP BY state") == [("delivered", promised)]
    assert rows("SELECT count(*) FROM outbox WHERE send_from <= now()") == [(0,)]
    entered = rows(
        "SELECT loan_id, array_agg(purpose ORDER BY entry_no), array_agg(entry_no ORDER BY entry_no) FROM contact_ledger GROUP BY 1"
    )
    assert len(entered) == LOANS
    assert {(tuple(purposes), tuple(numbers)) for _, purposes, numbers in entered} == {(("reminder", "service", "service"), (1, 2, 3))}
    # Each reminder closed its own duty by its own record, and the next one opened.
    assert rows("SELECT count(*) FROM record WHERE kind = 'contact.sent'") == [(LOANS,)]
    proved = "SELECT count(*) FROM duty d JOIN record r ON (r.loan_id, r.seq) = (d.loan_id, d.proof_seq) WHERE r.kind = 'contact.sent'"
    assert rows(proved) == [(LOANS,)]
    assert rows("SELECT count(*) FROM duty WHERE kind = 'reminder' AND open") == [(LOANS,)]
    with transaction() as db:
        assert [(check.name, check.differences) for check in verify_books(db) if not check.ok] == []


def test_a_small_morning_is_not_worth_another_process() -> None:
    assert days.hands_for_sending(0) == days.hands_for_sending(20_000) == 1


def test_the_answers_of_one_loan_are_written_by_one_process_in_their_order() -> None:
    answered = [(_handed(loan, number), Accepted(f"{loan}:{number}", None, "sent")) for number in range(3) for loan in range(7)]
    parts = days._parts_of_answers(answered, 3)
    assert sorted(each[0].key for part in parts for each in part) == sorted(each[0].key for each in answered)
    for part in parts:
        for loan in {each[0].due.loan_id for each in part}:
            assert [each[0].due.message_no for each in part if each[0].due.loan_id == loan] == [0, 1, 2]
    homes = [{each[0].due.loan_id for each in part} for part in parts]
    assert not homes[0] & homes[1] and not homes[0] & homes[2] and not homes[1] & homes[2]


def _handed(loan_id: int, number: int) -> Handed:
    return Handed(Due(0, loan_id, number, None, None, "service", "sms", "", MORNING.now(), True, None), "contact.sms_hours", "1", "")
