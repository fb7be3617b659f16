"""What every payout rail promises; the built-in one and the one that tests use are held to the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import psycopg
import pytest

from holdfast.adapters.local_bank import LocalBank
from holdfast.database.connection import transaction
from holdfast.kernel.money import Money
from holdfast.payments import Order, Outcome, PayoutRail
from tests.payments.rails import FaultyBank

ORDER = Order("po_1", Money(120_000, "CNY"), "示例张三", "6222020000000000123", "PAY-1", date(2026, 3, 2))


@pytest.fixture(params=["local", "faulty"])
def rail(request: pytest.FixtureRequest, db: psycopg.Connection[Any]) -> PayoutRail:
    return LocalBank(transaction) if request.param == "local" else FaultyBank()


def test_an_order_is_paid_with_a_reference(rail: PayoutRail) -> None:
    answer = rail.send(ORDER)
    assert answer.outcome is Outcome.PAID and answer.reference and answer.paid_on == ORDER.on


def test_the_same_order_twice_is_answered_the_same_and_an_enquiry_says_so_too(rail: PayoutRail) -> None:
    first = rail.send(ORDER)
    assert rail.send(ORDER).reference == first.reference
    assert (rail.enquire("po_1").outcome, rail.enquire("po_1").reference) == (Outcome.PAID, first.reference)


def test_a_key_that_was_asked_about_before_its_order_came_is_never_paid(rail: PayoutRail) -> None:
    """Else an enquiry that overtakes its order would say `rejected` of money that then moves."""
    assert rail.enquire("po_1").outcome is Outcome.REJECTED
    assert rail.send(ORDER).outcome is Outcome.REJECTED
    assert rail.enquire("po_1").outcome is Outcome.REJECTED


def test_keys_do_not_touch_each_other(rail: PayoutRail) -> None:
    rail.enquire("po_2")
    assert rail.send(ORDER).outcome is Outcome.PAID


def test_a_rail_says_what_it_is(rail: PayoutRail) -> None:
    known = rail.capabilities()
    assert known.name and known.run_against and not known.real and "CNY" in known.currencies


def test_the_built_in_bank_does_not_pay_another_order_under_a_key_it_knows(db: psycopg.Connection[Any]) -> None:
    bank = LocalBank(transaction)
    bank.send(ORDER)
    other = bank.send(replace(ORDER, amount=Money(1, "CNY")))
    assert other.outcome is Outcome.UNKNOWN and "another order" in other.why
