"""Withdrawing in the cooling-off period: the principal comes back and nothing else is asked for."""

from __future__ import annotations

import pytest

from holdfast import payments, servicing
from holdfast.duties.audit import examine
from holdfast.journal import SYSTEM
from holdfast.kernel.errors import NotFound, Refusal
from holdfast.payments import Withdrawal
from holdfast.wiring import EXPECTATIONS, carry
from tests.payments.house import House, yuan


def ask(house: House, loan: str) -> Withdrawal:
    return carry(payments.ask_withdrawal, house.db, clock=house.clock, by=house.borrower_of(loan), loan=loan)


def end(house: House) -> list[str]:
    ended = [
        carry(verb, house.db, clock=house.clock, by=SYSTEM, loan=loan)
        for verb, loan in payments.withdrawals_to_end(house.db, clock=house.clock)
    ]
    return [each.state for each in ended]


def owed(house: House, loan: str) -> int:
    return servicing.owed(house.db, loan=loan, on=house.book.day).minor


def test_from_the_day_he_withdraws_only_the_principal_is_owed(house: House) -> None:
    loan = house.paid()
    house.book.walk(7)
    assert owed(house, loan) > 120_000
    asked = ask(house, loan)
    assert (asked.state, owed(house, loan)) == ("asked", 120_000)
    assert "cooling_off" in [kind for kind, *_ in house.book.open_duties(loan)]
    assert examine(house.db, house.book.day, EXPECTATIONS).missing == []


def test_the_principal_back_ends_the_loan_and_the_withdrawal(house: House) -> None:
    loan = house.paid()
    house.book.walk(3)
    ask(house, loan)
    assert end(house) == []
    house.receive(loan, 1_200)
    assert house.state(loan) == "releasing"
    assert end(house) == ["completed"]
    assert end(house) == []
    assert "cooling_off" not in [kind for kind, *_ in house.book.open_duties(loan)]


def test_without_the_principal_it_lapses_and_interest_is_asked_for_again(house: House) -> None:
    loan = house.paid()
    asked = ask(house, loan)
    with pytest.raises(Refusal) as caught:
        payments.lapse(house.db, clock=house.clock, by=SYSTEM, loan=loan)
    assert caught.value.code == "not_lapsed"
    house.book.walk((asked.return_by - house.book.day).days)
    assert end(house) == []
    house.book.walk(1)
    assert end(house) == ["lapsed"]
    assert owed(house, loan) > 120_000
    with pytest.raises(Refusal):
        ask(house, loan)


def test_after_the_pack_s_days_it_is_too_late(house: House) -> None:
    loan = house.paid()
    house.book.walk(8)
    with pytest.raises(Refusal) as caught:
        ask(house, loan)
    assert caught.value.code == "cooling_off_over"


def test_nobody_withdraws_twice(house: House) -> None:
    loan = house.paid()
    ask(house, loan)
    with pytest.raises(Refusal) as caught:
        ask(house, loan)
    assert caught.value.code == "withdrawn_before"


def test_a_loan_that_this_book_did_not_pay_out_has_no_cooling_off(house: House) -> None:
    loan = house.book.lend().public_id
    house.db.execute("UPDATE loan SET party_id = %s WHERE public_id = %s", [house.borrower().party_id, loan])
    with pytest.raises(Refusal) as caught:
        ask(house, loan)
    assert caught.value.code == "no_cooling_off"


def test_it_is_not_complete_while_principal_is_owed(house: House) -> None:
    loan = house.paid()
    ask(house, loan)
    with pytest.raises(Refusal) as caught:
        payments.complete(house.db, clock=house.clock, by=SYSTEM, loan=loan)
    assert caught.value.code == "principal_owed"


def test_part_of_the_principal_is_not_the_principal(house: House) -> None:
    loan = house.paid()
    ask(house, loan)
    house.receive(loan, 1_199.99)
    assert end(house) == []
    assert owed(house, loan) == yuan(0.01).minor


def test_nobody_but_the_borrower_withdraws(house: House) -> None:
    loan, other = house.paid(), house.paid()
    for by in (house.borrower_of(other), house["officer"].actor, SYSTEM):
        with pytest.raises(NotFound):
            payments.ask_withdrawal(house.db, clock=house.clock, by=by, loan=loan)
