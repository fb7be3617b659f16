"""From the signed contract to the money: servicing begins on a loan that stages have brought so far, and minds their duties."""

from __future__ import annotations

from datetime import date
from typing import Any

import psycopg
import pytest

from holdfast import servicing
from holdfast.duties import enter, take
from holdfast.duties.audit import examine
from holdfast.kernel.errors import Fault, Refusal
from holdfast.life import LoanState
from holdfast.servicing.verify import verify_books
from holdfast.wiring import EXPECTATIONS
from tests.books import OFFICER, Book, round_terms
from tests.duties.test_case import do, submitted

MONDAY = date(2026, 3, 2)


@pytest.fixture
def book(db: psycopg.Connection[Any]) -> Book:
    return Book(db, MONDAY)


def signed(book: Book) -> str:
    """A loan whose money may go out."""
    case = submitted(book)
    do(book, case, "confirmation.completed", to=LoanState.CONFIRMED, closes=("confirm",), opens=("decide",))
    do(book, case, "decision.approved", to=LoanState.DECIDED, closes=("decide",), opens=("sign",))
    do(book, case, "contract.sealed", to=LoanState.SIGNED, closes=("sign",), opens=("take_in",))
    do(book, case, "custody.taken_in", closes=("take_in",), opens=("pay_out",))
    return case.loan.public_id


def disbursed(book: Book) -> servicing.Done:
    return servicing.disburse(book.db, clock=book.clock, by=OFFICER, loan=signed(book), terms=round_terms(book.day), paid_on=book.day)


def green(book: Book) -> bool:
    """Whether every deferred key holds, the audit is clean and the books agree."""
    book.db.execute("SET CONSTRAINTS ALL IMMEDIATE")
    book.db.execute("SET CONSTRAINTS ALL DEFERRED")
    assert examine(book.db, book.day, EXPECTATIONS).clean
    return all(check.ok for check in verify_books(book.db))


def test_the_payout_ends_the_duty_to_pay_and_begins_the_reminders(book: Book) -> None:
    done = disbursed(book)
    assert done.state is LoanState.ACTIVE
    assert done.principal_out.decimal() == "1200.00"
    assert [kind for kind, *_ in book.open_duties(done.public_id)] == ["reminder"]
    assert green(book)


def test_money_goes_out_only_once_and_only_when_signed(book: Book) -> None:
    loan = disbursed(book).public_id
    with pytest.raises(Refusal, match="can be done while it is signed"):
        servicing.disburse(book.db, clock=book.clock, by=OFFICER, loan=loan, terms=round_terms(book.day), paid_on=book.day)


def test_a_stage_s_duty_stands_through_receipts_until_its_own_record(book: Book) -> None:
    loan = disbursed(book).public_id
    case = take(book.db, loan, None)
    enter(book.db, case, clock=book.clock, by=OFFICER, kind="restructuring.asked", says={}, opens=("restructuring",))
    book.pay(loan, 100)
    assert {kind for kind, *_ in book.open_duties(loan)} == {"restructuring", "reminder"}
    servicing.fulfil(
        book.db, clock=book.clock, by=OFFICER, loan=loan, kinds=["restructuring"], record_kind="restructuring.decided", says={}
    )
    assert {kind for kind, *_ in book.open_duties(loan)} == {"reminder"}
    assert green(book)


def test_only_the_record_that_the_map_names_fulfils_a_duty(book: Book) -> None:
    loan = disbursed(book).public_id
    with pytest.raises(Fault, match="cannot prove"):
        servicing.fulfil(book.db, clock=book.clock, by=OFFICER, loan=loan, kinds=["restructuring"], record_kind="receipt.posted", says={})
    with pytest.raises(Refusal, match="no open duty restructuring"):
        servicing.fulfil(
            book.db, clock=book.clock, by=OFFICER, loan=loan, kinds=["restructuring"], record_kind="restructuring.decided", says={}
        )


def test_the_receipt_that_pays_off_says_so_and_its_reversal_too(book: Book) -> None:
    loan = disbursed(book).public_id
    paid = book.pay(loan, 1300)
    assert [each.name for each in paid.happened] == ["loan.paid_off"]
    undone = servicing.reverse(book.db, clock=book.clock, by=OFFICER, loan=loan, event_no=paid.event_no, reason="示例：银行退回")
    assert [each.name for each in undone.happened] == ["loan.payoff_undone"]
    assert book.pay(loan, 10).happened == ()
    assert green(book)


def test_withdrawing_in_the_cooling_off_period_costs_nothing_but_the_principal(book: Book) -> None:
    loan = disbursed(book).public_id
    book.walk(5)
    assert servicing.owed(book.db, loan=loan, on=book.day).decimal() != "1200.00"
    servicing.waive_for_cooling_off(book.db, clock=book.clock, by=OFFICER, loan=loan)
    assert servicing.owed(book.db, loan=loan, on=book.day).decimal() == "1200.00"
    paid = book.pay(loan, 1200)
    assert paid.state is LoanState.RELEASING
    assert servicing.owed(book.db, loan=loan, on=book.day).minor == 0
    assert green(book)


def test_a_withdrawal_that_is_not_carried_through_is_taken_back_and_interest_is_owed_again(book: Book) -> None:
    loan = disbursed(book).public_id
    book.walk(5)
    before = servicing.owed(book.db, loan=loan, on=book.day)
    waived = servicing.waive_for_cooling_off(book.db, clock=book.clock, by=OFFICER, loan=loan)
    back = servicing.reverse(book.db, clock=book.clock, by=OFFICER, loan=loan, event_no=waived.event_no, reason="示例：未在期限内归还")
    assert back.record.kind == "loan.waived.reversed"
    assert servicing.owed(book.db, loan=loan, on=book.day) == before
    assert green(book)


def test_nothing_is_owed_before_the_money_is_paid_out(book: Book) -> None:
    assert servicing.owed(book.db, loan=signed(book), on=book.day).minor == 0
