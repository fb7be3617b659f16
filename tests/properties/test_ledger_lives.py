"""Random lives of a small book: whenever one looks, before a night or after it, the trial balance is the sum over the loans."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from holdfast.kernel.errors import BadInput, Refusal
from holdfast.kernel.rate import Per, Rate
from holdfast.products import Method
from holdfast.servicing import quote, reverse, write_off
from holdfast.servicing.night import run_night
from holdfast.servicing.store import load
from tests.books import OFFICER, Book, round_terms
from tests.properties.auditor import Broken
from tests.properties.ledger_auditor import audit
from tests.servicing.test_verbs import prove

START = date(2026, 1, 5)
METHODS = (Method.EQUAL_INSTALMENT, Method.EQUAL_PRINCIPAL, Method.INTEREST_FIRST, Method.FLAT)


class Life:
    """A book of a few loans, thrown about by dice."""

    def __init__(self, db: psycopg.Connection[Any], seed: int) -> None:
        self.book, self.dice = Book(db, START), random.Random(seed)
        self.loans: list[Any] = []
        self.receipts: list[tuple[str, int]] = []
        self.last_night: date | None = None
        self.acts = 0

    def look(self) -> None:
        held = load(self.book.db, [loan.loan_id for loan in self.loans], lock=False)
        audit(self.book.db, held, last_night=self.last_night, acts_since=self.acts)

    def night(self) -> None:
        run_night(self.book.db, clock=self.book.clock, on=self.book.day)
        self.last_night, self.acts = self.book.day, 0

    def lend(self) -> None:
        terms = round_terms(
            self.book.day, principal=self.dice.randrange(50_000, 500_000), instalments=self.dice.choice([1, 3, 6]),
            method=self.dice.choice(METHODS), rate=Rate(self.dice.choice([36_000_000, 70_000_000, 100_000_000]), Per.YEAR),
        )  # fmt: skip
        self.loans.append(self.book.lend(terms))
        self.acts += 1

    def act(self) -> None:
        """One act of a random kind; what the book refuses is no act."""
        loan = self.dice.choice(self.loans).public_id
        kind = self.dice.choices(["pay", "ahead", "late", "pay_off", "undo", "write_off", "lend"], [30, 12, 12, 8, 10, 3, 4])[0]
        self.acts += 1
        try:
            if kind == "lend":
                self.lend()
            elif kind == "undo" and self.receipts:
                loan, event = self.receipts.pop(self.dice.randrange(len(self.receipts)))
                reverse(self.book.db, clock=self.book.clock, by=OFFICER, loan=loan, event_no=event, reason="示例：重复入账")
            elif kind == "write_off":
                write_off(self.book.db, clock=self.book.clock, by=OFFICER, loan=loan, reason="示例：无法收回")
            elif kind == "pay_off":
                self.pay(loan, quote(self.book.db, loan=loan, on=self.book.day).total.decimal())
            else:
                on = self.book.day - timedelta(days=self.dice.choice([3, 20, 40])) if kind == "late" else self.book.day
                self.pay(loan, self.dice.randrange(1, 3_000 if kind == "ahead" else 400), on=max(on, START))
        except (Refusal, BadInput):  # not possible on this loan today, or not as far back
            return

    def pay(self, loan: str, amount: int | str, on: date | None = None) -> None:
        if amount != "0.00":
            self.receipts.append((loan, self.book.pay(loan, amount, on=on or self.book.day).event_no))


@pytest.mark.parametrize("seed", [*range(4), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(4, 60))])
def test_the_trial_balance_is_the_sum_over_the_loans_whenever_one_looks(db: psycopg.Connection[Any], seed: int) -> None:
    life = Life(db, seed)
    for _ in range(6):
        life.lend()
    life.look()
    for _ in range(45):
        for _ in range(life.dice.randrange(3)):
            life.act()
            life.look()
        life.night()
        life.look()
        life.book.walk(life.dice.choice([1, 1, 3, 9]))
    prove(life.book)


def test_the_auditor_sees_interest_that_stands_in_income_twice(db: psycopg.Connection[Any]) -> None:
    life = Life(db, 1)
    life.lend()
    for _ in range(20):
        life.night()
        life.book.walk(1)
    life.look()
    db.execute(
        """INSERT INTO gl_entry (on_date, branch_id, product_code, debit_account, credit_account, amount, currency, source, recorded_at)
           VALUES (%s, %s, 'phone', 'bank', 'interest_income', 40, 'CNY', 'twice', now())""",
        [life.book.day, life.book.branch_id],
    )
    with pytest.raises(Broken, match="interest_income"):
        life.look()
