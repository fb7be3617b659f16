"""A fee of the payout (放款费): due on the day of the payout, beside it; the principal is what was paid out (Civil Code art. 670).

The loan by hand: 1,200.00 in three equal principals at 12 % a year, and a fee of 3.00 at the payout.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import psycopg

from holdfast.products.terms import Fee, FeeAt
from tests.servicing.house import DAY, House

FEES = (Fee("放款费", 300, FeeAt.DISBURSEMENT),)


def test_it_is_owed_from_the_payout_on_and_all_of_the_principal_was_paid_out(db: psycopg.Connection[Any]) -> None:
    house = House(db, DAY).open()
    loan = house.loan(fees=FEES)
    state = house.state(loan)
    assert (state.totals.disbursed, state.totals.fee_charged, state.next_due) == (120_000, 300, (DAY, 300))
    house.clean()


def test_paid_on_its_day_it_leaves_no_trace_in_the_days_late(db: psycopg.Connection[Any]) -> None:
    house = House(db, DAY).open()
    loan = house.loan(fees=FEES)
    house.pay(loan, 3)
    house.sleep(3)
    state = house.state(loan)
    assert (state.totals.fee_paid, state.oldest_unpaid_due_on) == (300, date(2026, 4, 2))
    house.clean()


def test_unpaid_it_is_late_from_the_next_day_and_falls_first_under_the_next_receipt(db: psycopg.Connection[Any]) -> None:
    house = House(db, DAY).open()
    loan = house.loan(fees=FEES)
    house.sleep(40)
    assert house.state(loan).oldest_unpaid_due_on == DAY
    house.clean()
    house.pay(loan, 415)
    state = house.state(loan)
    assert (state.totals.fee_paid, state.totals.interest_paid, state.totals.principal_paid) == (300, 1_200, 40_000)
    house.clean()
