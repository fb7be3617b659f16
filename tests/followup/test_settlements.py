"""Settlements: a debt ends for less than is owed once all that was agreed has come in, and not a day or a fen sooner."""

from __future__ import annotations

import pytest

from holdfast.followup.settlements_model import SettlementState
from holdfast.servicing import owed
from tests.followup.settling import House
from tests.servicing.house import DAY


@pytest.fixture
def house(db: object) -> House:
    return House(db, DAY).open()  # type: ignore[arg-type]


def test_a_settlement_that_is_kept_ends_the_loan_in_the_transaction_of_its_last_receipt(house: House) -> None:
    loan = house.late()
    found = house.running(loan, (5, 500), (10, 500))
    assert found.state is SettlementState.RUNNING
    house.settle(loan, 500)
    assert house.now(loan) is SettlementState.RUNNING and house.loan_state(loan) == "active"
    house.nights(6)
    house.settle(loan, 500)
    assert house.now(loan) is SettlementState.KEPT and house.loan_state(loan) == "releasing"
    assert owed(house.db, loan=loan, on=house.day).minor == 0
    house.clean()


def test_a_settlement_that_is_not_kept_forgives_nothing(house: House) -> None:
    loan = house.late()
    house.running(loan, (5, 500), (10, 500))
    house.settle(loan, 500)
    house.nights(12)
    assert house.now(loan) is SettlementState.BROKEN and house.loan_state(loan) == "active"
    assert "settlement_broken" in house.duties(loan)
    house.clean()


def test_money_that_is_taken_back_takes_back_what_was_forgiven(house: House) -> None:
    loan = house.late()
    house.running(loan, (5, 1000))
    before = owed(house.db, loan=loan, on=house.day).minor
    done = house.settle(loan, 1000)
    assert house.loan_state(loan) == "releasing"
    house.take_back(done)
    assert house.loan_state(loan) == "active" and house.now(loan) is SettlementState.RUNNING
    assert owed(house.db, loan=loan, on=house.day).minor == before
    house.clean()
    house.settle(loan, 1000)
    assert house.now(loan) is SettlementState.KEPT and house.loan_state(loan) == "releasing"
    house.clean()
