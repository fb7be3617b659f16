"""Taking back any earlier event leaves the loan as if it had never been, and the books hold."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import psycopg
import pytest

from holdfast.kernel.errors import BadInput, Refusal
from holdfast.kernel.money import Money
from holdfast.kernel.rate import Rate
from holdfast.products.terms import PayoutJoins
from holdfast.servicing import Rearrangement, quote, rearrange, refund, reverse, waive_for_cooling_off, write_off
from holdfast.servicing.further import lend_more
from holdfast.servicing.rescheduling import Kind
from holdfast.servicing.service import one
from holdfast.servicing.verify import verify_books
from tests.books import OFFICER, Book, round_terms

DAY = date(2026, 3, 2)
WHY = "登记错误（示例）"


@pytest.fixture
def book(db: psycopg.Connection[Any]) -> Book:
    return Book(db, DAY)


def proved(book: Book) -> None:
    for check in verify_books(book.db):
        assert check.ok, (check.name, check.differences)


def standing(book: Book, loan: str) -> tuple[Any, ...]:
    """Where the loan stands: its state and principal, its instalments, and each of its totals."""
    found = book.db.execute(
        """SELECT l.state, l.principal_out, a.overpaid - a.refunded, a.principal_written_off, a.interest_earned, a.paid_off_on,
                  (SELECT array_agg((n, due_on, principal, interest, principal_paid, interest_paid) ORDER BY n)::text
                     FROM instalment i WHERE i.loan_id = l.loan_id)
             FROM account a JOIN loan l USING (loan_id) JOIN loan_registry r USING (loan_id) WHERE r.key = %s""",
        [loan],
    ).fetchone()
    assert found is not None
    return (*found,)


def yuan(amount: int) -> Money:
    return Money(amount * 100, "CNY")


def received(book: Book, loan: str) -> int:
    return book.pay(loan, 150).event_no


def agreed(book: Book, loan: str) -> int:
    return rearrange(book.db, clock=book.clock, by=OFFICER, loan=loan, change=Rearrangement(Kind.EXTEND, instalments=3)).event_no


def at_another_rate(book: Book, loan: str) -> int:
    change = Rearrangement(Kind.NEW_RATE, rate=Rate(0))
    return rearrange(book.db, clock=book.clock, by=OFFICER, loan=loan, change=change).event_no


def waived(book: Book, loan: str) -> int:
    return waive_for_cooling_off(book.db, clock=book.clock, by=OFFICER, loan=loan).event_no


def written_off(book: Book, loan: str) -> int:
    return write_off(book.db, clock=book.clock, by=OFFICER, loan=loan, reason="无法收回（示例）").event_no


def lent_more(book: Book, loan: str) -> int:
    return lend_more(book.db, clock=book.clock, by=OFFICER, loan=loan, amount=yuan(300), paid_on=book.day).event_no


@pytest.mark.parametrize("act", [received, agreed, at_another_rate, waived, written_off, lent_more])
def test_what_was_done_is_taken_back_and_nothing_of_it_stays(book: Book, act: Callable[[Book, str], int]) -> None:
    loan = book.lend(round_terms(book.day, limit=200_000)).public_id
    book.walk(10)
    book.pay(loan, 20)
    before = standing(book, loan)
    event_no = act(book, loan)
    assert standing(book, loan) != before
    proved(book)
    book.walk(1)
    reverse(book.db, clock=book.clock, by=OFFICER, loan=loan, event_no=event_no, reason=WHY)
    assert standing(book, loan) == before
    proved(book)
    with pytest.raises(Refusal) as refused:
        reverse(book.db, clock=book.clock, by=OFFICER, loan=loan, event_no=event_no, reason=WHY)
    assert refused.value.code == "already_reversed"


def test_a_refund_is_taken_back_and_the_money_is_owed_to_the_borrower_again(book: Book) -> None:
    loan = book.lend().public_id
    book.walk(1)
    book.pay(loan, 2_000)
    before = standing(book, loan)
    done = refund(book.db, clock=book.clock, by=OFFICER, loan=loan, amount=Money(before[2], "CNY"))
    assert standing(book, loan)[2] == 0
    reverse(book.db, clock=book.clock, by=OFFICER, loan=loan, event_no=done.event_no, reason=WHY)
    assert standing(book, loan) == before
    assert "refund" in [kind for kind, *_ in book.open_duties(loan)]
    proved(book)


def test_an_earlier_event_is_taken_back_from_under_later_ones(book: Book) -> None:
    loan = book.lend(round_terms(book.day, limit=200_000)).public_id
    other = book.lend(round_terms(book.day, limit=200_000)).public_id
    book.walk(10)
    numbers = [received(book, loan), lent_more(book, loan)]
    book.walk(5)
    for each in (loan, other):
        agreed(book, each)
        book.pay(each, 100)
    for number in numbers:
        reverse(book.db, clock=book.clock, by=OFFICER, loan=loan, event_no=number, reason=WHY)
    assert standing(book, loan) == standing(book, other)
    proved(book)


def test_what_later_events_cannot_do_without_stands(book: Book) -> None:
    loan = book.lend().public_id
    book.walk(1)
    paid = book.pay(loan, 2_000)
    refund(book.db, clock=book.clock, by=OFFICER, loan=loan, amount=yuan(100))
    with pytest.raises(Refusal) as refused:
        reverse(book.db, clock=book.clock, by=OFFICER, loan=loan, event_no=paid.event_no, reason=WHY)
    assert refused.value.code == "refund_too_large"


def test_the_payout_that_the_loan_began_with_stands(book: Book) -> None:
    loan = book.lend().public_id
    with pytest.raises(Refusal, match="began with"):
        reverse(book.db, clock=book.clock, by=OFFICER, loan=loan, event_no=1, reason=WHY)


def test_a_payout_that_joins_what_falls_due_on_its_day_is_read_back_with_its_down_payment_first(book: Book) -> None:
    terms = round_terms(book.day, rate=Rate(0), limit=200_000, down_payment_ppb=200_000_000, payout_joins=PayoutJoins.SAME_DAY)
    loan = book.lend(terms).public_id
    book.pay(loan, 240)
    book.walk(31)
    lend_more(book.db, clock=book.clock, by=OFFICER, loan=loan, amount=yuan(300), paid_on=book.day)
    assert [row.n for row in one(book.db, loan).state.instalments[:3]] == [0, -1, 1]
    book.pay(loan, 100)
    paid = [(row.n, row.paid) for row in one(book.db, loan).state.instalments[:3]]
    assert paid == [(0, 24_000), (-1, 6_000), (1, 4_000)]
    proved(book)


def test_no_more_is_lent_than_the_contract_s_limit(book: Book) -> None:
    loan = book.lend(round_terms(book.day, limit=130_000)).public_id
    with pytest.raises(Refusal) as refused:
        lend_more(book.db, clock=book.clock, by=OFFICER, loan=loan, amount=yuan(101), paid_on=book.day)
    assert refused.value.code == "above_limit"
    with pytest.raises(BadInput, match="paid_on"):
        lend_more(book.db, clock=book.clock, by=OFFICER, loan=loan, amount=yuan(1), paid_on=date(2026, 3, 3))
    with pytest.raises(BadInput, match="amount"):
        lend_more(book.db, clock=book.clock, by=OFFICER, loan=loan, amount=yuan(0), paid_on=book.day)


def test_a_pay_off_is_quoted_for_any_day_past_or_future(book: Book) -> None:
    # 1,200.00 at 1 % a month. A receipt of 412.00 on the first due date: the days before know nothing of it.
    loan = book.lend().public_id
    book.walk(31)
    book.pay(loan, 412)
    book.walk(40)
    assert quote(book.db, loan=loan, on=DAY).total == yuan(1_200)
    assert quote(book.db, loan=loan, on=date(2026, 4, 1)).total > quote(book.db, loan=loan, on=date(2026, 4, 3)).total
    assert quote(book.db, loan=loan, on=date(2026, 12, 1)).total > quote(book.db, loan=loan, on=book.day).total
    with pytest.raises(BadInput, match="the loan began on"):
        quote(book.db, loan=loan, on=date(2026, 3, 1))
