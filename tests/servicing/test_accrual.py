"""Interest earned day by day in a real book: the ledger's figure is the sum over the loans, whatever happens to them."""

from __future__ import annotations

import random
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import psycopg
import pytest

from holdfast.kernel.errors import Refusal
from holdfast.kernel.money import Money
from holdfast.kernel.rate import Per, Rate
from holdfast.ledger import Account
from holdfast.products import Method
from holdfast.servicing import quote, reverse, write_off
from holdfast.servicing.night import run_night
from holdfast.servicing.store import load
from tests.books import OFFICER, Book, round_terms
from tests.servicing.test_verbs import prove

START = date(2026, 3, 2)


@pytest.fixture
def book(db: psycopg.Connection[Any]) -> Book:
    return Book(db, START)


def balance(book: Book, account: Account, product: str | None = None) -> int:
    """Debits less credits of an account of the general ledger."""
    row = book.db.execute(
        """SELECT coalesce(sum(CASE WHEN debit_account = %(a)s THEN amount ELSE -amount END), 0) FROM gl_entry
            WHERE %(a)s IN (debit_account, credit_account) AND (%(p)s::text IS NULL OR product_code = %(p)s)""",
        {"a": account.value, "p": product},
    ).fetchone()
    assert row is not None
    return int(row[0])


def night(book: Book) -> None:
    """Close the day and wake up on the next."""
    run_night(book.db, clock=book.clock, on=book.day)
    book.walk(1)


def nights(book: Book, until: date) -> None:
    """Close every day through `until`."""
    while book.day <= until:
        night(book)


def test_after_ten_days_of_march_ten_thirty_firsts_of_the_interest_are_income(book: Book) -> None:
    book.lend()  # 12.00 of interest from 2 March to 2 April
    nights(book, date(2026, 3, 12))
    assert balance(book, Account.ACCRUED_INTEREST) == 387  # 1,200 * 10 / 31 = 387.09…
    assert balance(book, Account.INTEREST_INCOME) == -387
    prove(book)


def test_on_the_due_date_the_whole_interest_is_due_and_nothing_more_has_accrued(book: Book) -> None:
    book.lend()
    nights(book, date(2026, 4, 2))
    assert balance(book, Account.ACCRUED_INTEREST) == 0
    assert balance(book, Account.INTEREST) == 1_200
    assert balance(book, Account.INTEREST_INCOME) == -1_200
    nights(book, date(2026, 4, 3))
    assert balance(book, Account.ACCRUED_INTEREST) == 27  # 8.00 in April's 30 days: 26.66…
    prove(book)


def test_a_night_costs_the_products_and_not_the_loans(book: Book) -> None:
    for _ in range(20):
        book.lend()
    book.lend(product="vehicle")
    night(book)
    night(book)
    row = book.db.execute("SELECT count(*) FROM gl_entry WHERE source LIKE %s", [f"accrual {START + timedelta(days=1)}%"]).fetchone()
    assert row == (2,)
    assert balance(book, Account.ACCRUED_INTEREST, "phone") == 20 * 1_200 // 31
    prove(book)


def test_nights_left_out_are_made_good_by_the_next(book: Book) -> None:
    book.lend()
    night(book)
    book.walk(8)
    night(book)  # 11 March, after eight nights that nobody ran
    assert balance(book, Account.ACCRUED_INTEREST) == 1_200 * 9 // 31
    prove(book)


def test_a_night_that_runs_twice_posts_once(book: Book) -> None:
    book.lend()
    night(book)
    night(book)
    before = balance(book, Account.ACCRUED_INTEREST)
    run_night(book.db, clock=book.clock, on=book.day - timedelta(days=1))
    assert balance(book, Account.ACCRUED_INTEREST) == before
    prove(book)


def test_an_early_pay_off_leaves_nothing_accrued(book: Book) -> None:
    loan = book.lend()
    nights(book, date(2026, 3, 11))
    total = quote(book.db, loan=loan.public_id, on=book.day).total
    book.pay(loan.public_id, total.decimal())
    night(book)
    assert balance(book, Account.ACCRUED_INTEREST) == 0
    assert balance(book, Account.INTEREST_INCOME) == -387
    prove(book)


def test_between_the_pay_off_and_the_night_its_interest_is_income_once(book: Book) -> None:
    """By the night of 11 March 3.48 had accrued. Paid off on the 12th, 3.87 are due and paid, and the 3.48 are gone at once."""
    loan, other = book.lend(), book.lend()
    nights(book, date(2026, 3, 11))
    assert balance(book, Account.INTEREST_INCOME) == -697  # 24.00 * 9 / 31
    book.pay(loan.public_id, quote(book.db, loan=loan.public_id, on=book.day).total.decimal())
    assert balance(book, Account.ACCRUED_INTEREST) == 697 - 348
    assert balance(book, Account.INTEREST_INCOME) == -(349 + 387)
    prove(book)
    night(book)
    assert balance(book, Account.INTEREST_INCOME) == -2 * 387
    assert other.public_id != loan.public_id
    prove(book)


def test_interest_paid_ahead_is_not_income_for_an_hour(book: Book) -> None:
    loan = book.lend()
    nights(book, date(2026, 3, 3))
    book.pay(loan.public_id, 12)
    assert balance(book, Account.INTEREST_INCOME) == -39
    prove(book)


def test_a_pay_off_that_is_taken_back_accrues_again_at_once(book: Book) -> None:
    loan = book.lend()
    nights(book, date(2026, 3, 11))
    done = book.pay(loan.public_id, quote(book.db, loan=loan.public_id, on=book.day).total.decimal())
    reverse(book.db, clock=book.clock, by=OFFICER, loan=loan.public_id, event_no=done.event_no, reason="示例：重复入账")
    assert balance(book, Account.ACCRUED_INTEREST) == 348
    assert balance(book, Account.INTEREST_INCOME) == -348
    prove(book)


def test_a_loan_paid_out_today_has_earned_nothing_yet(book: Book) -> None:
    book.lend()
    nights(book, date(2026, 3, 11))
    was = balance(book, Account.ACCRUED_INTEREST)
    book.lend()
    assert balance(book, Account.ACCRUED_INTEREST) == was
    prove(book)


def test_suspended_interest_is_income_in_the_moment_in_which_it_is_paid(book: Book) -> None:
    loan = book.lend()
    nights(book, date(2026, 7, 2))
    book.pay(loan.public_id, 12)
    assert balance(book, Account.INTEREST_SUSPENSE) == -1_200
    assert balance(book, Account.INTEREST_INCOME) == -1_200
    prove(book)
    write_off(book.db, clock=book.clock, by=OFFICER, loan=loan.public_id, reason="示例：无法收回")
    assert balance(book, Account.INTEREST_SUSPENSE) == 0
    assert balance(book, Account.INTEREST_INCOME) == -1_200
    prove(book)


def test_the_books_say_so_when_an_act_enters_nothing_at_once(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    from holdfast.servicing import writing
    from holdfast.servicing.verify import verify_books

    loan = book.lend()
    nights(book, date(2026, 3, 11))
    monkeypatch.setattr(writing, "_accrual_entries", lambda *given: [])
    book.pay(loan.public_id, quote(book.db, loan=loan.public_id, on=book.day).total.decimal())
    wrong = [check.name for check in verify_books(book.db) if not check.ok]
    assert wrong == ["accrued in the ledger = moves folded", "accrued in the ledger = accrued by loans"]


def test_interest_paid_ahead_becomes_income_only_as_its_days_go_by(book: Book) -> None:
    loan = book.lend()
    night(book)
    book.pay(loan.public_id, 12)  # interest comes first: all 12.00 of March
    night(book)  # 3 March: one day is earned
    assert balance(book, Account.INTEREST_INCOME) == -39
    assert balance(book, Account.ACCRUED_INTEREST) == 39 - 1_200
    nights(book, date(2026, 4, 2))
    assert balance(book, Account.INTEREST_INCOME) == -1_200
    assert balance(book, Account.ACCRUED_INTEREST) == 0
    prove(book)


def test_a_backdated_receipt_and_its_reversal_post_their_corrections(book: Book) -> None:
    loan = book.lend()
    nights(book, date(2026, 4, 20))
    was = balance(book, Account.ACCRUED_INTEREST)
    done = book.pay(loan.public_id, 600, on=date(2026, 3, 20))
    night(book)
    prove(book)
    reverse(book.db, clock=book.clock, by=OFFICER, loan=loan.public_id, event_no=done.event_no, reason="示例：重复入账")
    run_night(book.db, clock=book.clock, on=book.day)
    assert was == 800 * 18 // 30
    assert balance(book, Account.ACCRUED_INTEREST) == 800 * (book.day - date(2026, 4, 2)).days // 30
    prove(book)


def test_the_books_say_so_when_a_move_is_missing(book: Book) -> None:
    from holdfast.servicing.verify import verify_books

    book.lend()
    night(book)
    book.db.execute(
        """INSERT INTO accrual_delta (on_date, branch_id, product_code, currency, kind, daily, constant, lost, source, recorded_at)
           VALUES (%s, %s, 'phone', 'CNY', 'accrued', 1, 0, 0, 'forged', now())""",
        [book.day, book.branch_id],
    )
    assert "accrued by loans = accrued by moves" in [check.name for check in verify_books(book.db) if not check.ok]


# ── impairment ─────────────────────────────────────────────────────────────────────────────────────────────


def test_interest_unpaid_for_more_than_90_days_is_kept_off_income(book: Book) -> None:
    book.lend()
    nights(book, date(2026, 7, 1))  # 90 days after 2 April
    assert balance(book, Account.INTEREST_SUSPENSE) == 0
    assert balance(book, Account.INTEREST_INCOME) == -(1_200 + 800 + 400)  # the last instalment fell due on 2 June
    nights(book, date(2026, 7, 2))
    assert balance(book, Account.INTEREST_SUSPENSE) == -2_400
    assert balance(book, Account.INTEREST_INCOME) == 0
    prove(book)


def test_what_is_paid_of_suspended_interest_is_income_and_a_cured_loan_has_none_in_suspense(book: Book) -> None:
    terms = round_terms(START, instalments=12, method=Method.EQUAL_PRINCIPAL)
    loan = book.lend(terms)
    nights(book, date(2026, 7, 10))
    assert balance(book, Account.INTEREST_INCOME) == 0
    in_suspense = -balance(book, Account.INTEREST_SUSPENSE)
    # Four instalments of 100.00 are due with 12.00, 11.00, 10.00 and 9.00, and eight of July's 31 days of 8.00 have been earned: 206.45.
    assert in_suspense == 1_200 + 1_100 + 1_000 + 900 + 206
    book.pay(loan.public_id, 112)  # the oldest instalment: now 69 days late
    night(book)
    assert balance(book, Account.INTEREST_SUSPENSE) == 0
    assert -balance(book, Account.INTEREST_INCOME) == 4_200 + 232
    prove(book)


def test_suspended_interest_that_is_written_off_is_no_loss(book: Book) -> None:
    loan = book.lend()
    nights(book, date(2026, 7, 2))
    write_off(book.db, clock=book.clock, by=OFFICER, loan=loan.public_id, reason="示例：无法收回")
    night(book)
    assert balance(book, Account.INTEREST_SUSPENSE) == 0
    assert balance(book, Account.INTEREST_INCOME) == 0
    assert balance(book, Account.WRITE_OFF_LOSS) == 120_000
    prove(book)


# ── random lives ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("seed", range(6))
def test_whatever_happens_the_ledger_holds_the_closed_form_of_every_loan(book: Book, seed: int) -> None:
    """Ten loans live seven months with receipts early, late, backdated and taken back, a write-off, and nights left out.

    The oracle knows no deltas: it adds up, as fractions, each running instalment's interest by its days, less what was paid ahead.
    """
    dice = random.Random(seed)
    loans = []
    for _ in range(10):
        terms = round_terms(
            book.day, principal=dice.randrange(50_000, 500_000), instalments=dice.choice([1, 3, 6, 12]),
            method=dice.choice([Method.EQUAL_INSTALMENT, Method.EQUAL_PRINCIPAL, Method.INTEREST_FIRST, Method.FLAT]),
            rate=Rate(dice.choice([36_000_000, 70_000_000, 100_000_000]), Per.YEAR),
        )  # fmt: skip
        loans.append(book.lend(terms, product=dice.choice(["phone", "vehicle"])))
        book.walk(dice.randrange(3))
    receipts: list[tuple[str, int]] = []
    loans_began = book.day
    for _ in range(60):
        book.walk(dice.choice([1, 1, 2, 5]))
        for _ in range(dice.randrange(3)):
            loan = dice.choice(loans).public_id
            on = max(book.day - timedelta(days=dice.choice([0, 0, 0, 20])), loans_began)
            try:
                receipts.append((loan, book.pay(loan, dice.randrange(1, 900), on=on).event_no))
                if dice.random() < 0.15:
                    loan, event = receipts.pop(dice.randrange(len(receipts)))
                    reverse(book.db, clock=book.clock, by=OFFICER, loan=loan, event_no=event, reason="示例：重复入账")
                elif dice.random() < 0.03:
                    write_off(book.db, clock=book.clock, by=OFFICER, loan=loan, reason="示例：无法收回")
            except Refusal:
                continue  # a loan that is settled, or written off already
        if dice.random() < 0.2:
            prove(book)  # at any moment, not only after a night
        run_night(book.db, clock=book.clock, on=book.day)
    prove(book)
    exact: dict[str, Fraction] = {"phone": Fraction(0), "vehicle": Fraction(0)}
    for held in load(book.db, [loan.loan_id for loan in loans], lock=False):
        exact[held.loan.product_code] += _accrued(held.state, book.day)
    for product, sum_of_loans in exact.items():
        # Ten daily shares, each less than a billionth short, over at most a year.
        assert abs(sum_of_loans - balance(book, Account.ACCRUED_INTEREST, product)) <= Fraction(1, 2) + Fraction(10 * 366, 10**9)


def _accrued(state: Any, on: date) -> Fraction:
    if state.paid_off_on or state.written_off_on:
        return Fraction(0)
    to_come = [row for row in state.instalments if row.due_on > state.through]
    if not to_come:
        return Fraction(0)
    starts = max([row.due_on for row in state.instalments if row.due_on <= state.through], default=state.terms.disbursed_on)
    running = Fraction(to_come[0].interest * (on - starts).days, (to_come[0].due_on - starts).days)
    return running - Fraction(sum(row.interest_paid for row in to_come))


def test_cash_in_a_drawer_is_on_hand_and_not_in_the_bank(book: Book) -> None:
    from holdfast.servicing import receive

    loan = book.lend()
    done = receive(
        book.db, clock=book.clock, by=OFFICER, loan=loan.public_id, amount=Money(10_000, "CNY"), received_on=book.day, source="dr_x 1"
    )  # fmt: skip
    assert balance(book, Account.CASH) == 10_000
    assert balance(book, Account.BANK) == -120_000
    prove(book)
    reverse(book.db, clock=book.clock, by=OFFICER, loan=loan.public_id, event_no=done.event_no, reason="示例：重复入账")
    assert balance(book, Account.CASH) == 0
    prove(book)
