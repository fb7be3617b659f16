"""What the borrower says he pays: shown apart, never counted as money, and cleared by the bank's line only."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from holdfast import payments
from holdfast.duties import freeze, take
from holdfast.journal import SYSTEM
from holdfast.kernel.errors import BadInput, NotFound, Refusal
from holdfast.kernel.money import Money
from holdfast.payments import Intent, IntentState
from holdfast.payments.matching import codes_in
from tests.payments.house import House, yuan
from tests.payments.test_bank_files import csv


def intend(house: House, loan: str, amount: float = 412, what: str = "instalment") -> Intent:
    return payments.intend(house.db, clock=house.clock, by=house.borrower_of(loan), loan=loan, what=what, amount=yuan(amount))


def say(house: House, loan: str, intent: Intent) -> Intent:
    return payments.say_paid(house.db, clock=house.clock, by=house.borrower_of(loan), loan=loan, intent=intent.public_id)


def state(house: House, loan: str) -> list[str]:
    return [str(each.state) for each in payments.intents_of(house.db, house.loan_id(loan))]


def test_an_intent_has_a_code_for_the_transfer_s_remark(house: House) -> None:
    intent = intend(house, house.paid())
    assert codes_in(f"还款{intent.code}") == [intent.code]
    assert (intent.state, intent.amount, intent.expires_on) == (IntentState.OPEN, yuan(412), house.book.day + timedelta(days=3))


def test_that_he_says_he_paid_is_no_money(house: House) -> None:
    loan = house.paid()
    intent = say(house, loan, intend(house, loan, 1_200, "all"))
    assert intent.state is IntentState.SAID_PAID
    assert payments.uncleared(house.db, house.loan_id(loan)) == yuan(1_200)
    assert (house.state(loan), house.receipts(loan)) == ("active", [])
    house.prove()


def test_the_bank_s_line_with_the_code_clears_it(house: House) -> None:
    loan = house.paid()
    intent = say(house, loan, intend(house, loan))
    house.load(csv(f"2026-03-02,412.00,示例李四,,附言{intent.code},R1"))
    house.match()
    assert state(house, loan) == ["cleared"]
    assert payments.uncleared(house.db, house.loan_id(loan)) == yuan(0)
    assert house.receipts(loan) == [(41_200, house.book.day)]
    assert "intent.cleared" in house.kinds(loan)
    house.prove()


def test_amount_and_account_clear_it_without_the_code(house: House) -> None:
    loan = house.paid()
    say(house, loan, intend(house, loan))
    house.load(csv("2026-03-02,412.00,示例张三,6222 0200 0000 0000 123,忘了写,R1"))
    house.match()
    assert state(house, loan) == ["cleared"]


def test_another_amount_with_the_code_is_received_as_it_came_and_clears_it(house: House) -> None:
    loan = house.paid()
    intent = say(house, loan, intend(house, loan))
    house.load(csv(f"2026-03-02,400.00,示例张三,,{intent.code},R1"))
    house.match()
    assert (state(house, loan), house.receipts(loan)) == (["cleared"], [(40_000, house.book.day)])


def test_another_amount_without_the_code_leaves_it_waiting(house: House) -> None:
    loan = house.paid()
    say(house, loan, intend(house, loan))
    house.load(csv("2026-03-02,50.00,示例张三,6222020000000000123,,R1"))
    house.match()
    assert (state(house, loan), house.receipts(loan)) == (["said_paid"], [(5_000, house.book.day)])


def test_an_intent_runs_out_and_money_that_comes_late_still_finds_its_loan(house: House) -> None:
    loan = house.paid()
    intent = say(house, loan, intend(house, loan))
    house.book.walk(3)
    assert payments.expire_intents(house.db, clock=house.clock) == 0
    house.book.walk(1)
    assert payments.expire_intents(house.db, clock=house.clock) == 1
    assert state(house, loan) == ["expired"]
    assert payments.uncleared(house.db, house.loan_id(loan)) == yuan(0)
    house.load(csv(f"2026-03-06,412.00,,,{intent.code},R1"))
    house.match()
    assert (state(house, loan), len(house.receipts(loan))) == (["cleared"], 1)


def test_the_code_of_a_cancelled_intent_still_finds_the_loan(house: House) -> None:
    loan = house.paid()
    intent = intend(house, loan)
    payments.cancel_intent(house.db, clock=house.clock, by=house.borrower_of(loan), loan=loan, intent=intent.public_id)
    house.load(csv(f"2026-03-02,412.00,,,{intent.code},R1"))
    house.match()
    assert (state(house, loan), len(house.receipts(loan))) == (["cancelled"], 1)


def test_a_new_choice_takes_the_place_of_one_that_was_not_paid(house: House) -> None:
    loan = house.paid()
    first = intend(house, loan)
    assert intend(house, loan) == first, "the same choice again is the same intent"
    intend(house, loan, 1_200, "all")
    assert state(house, loan) == ["open", "cancelled"]


def test_what_he_says_is_paid_stands_beside_a_new_choice(house: House) -> None:
    loan = house.paid()
    say(house, loan, intend(house, loan))
    intend(house, loan, 408)
    assert state(house, loan) == ["open", "said_paid"]


def test_saying_it_twice_or_of_another_loan_is_refused(house: House) -> None:
    loan, other = house.paid(), house.paid("示例赵六")
    intent = say(house, loan, intend(house, loan))
    with pytest.raises(Refusal) as caught:
        say(house, loan, intent)
    assert caught.value.code == "wrong_state"
    with pytest.raises(NotFound):
        say(house, other, intent)


def test_an_intent_that_ran_out_is_not_said_to_be_paid(house: House) -> None:
    loan = house.paid()
    intent = intend(house, loan)
    house.book.walk(4)
    with pytest.raises(Refusal) as caught:
        say(house, loan, intent)
    assert caught.value.code == "intent_over"


@pytest.mark.parametrize(
    ("change", "field"),
    [({"what": "some"}, "what"), ({"amount": Money(0, "CNY")}, "amount"), ({"amount": Money(1, "USD")}, "amount"),
     ({"amount": Money(10**16, "CNY")}, "amount")],
)  # fmt: skip
def test_a_choice_that_is_none_is_refused_by_its_field(house: House, change: dict[str, Any], field: str) -> None:
    wanted: dict[str, Any] = {"what": "all", "amount": yuan(10), **change}
    loan = house.paid()
    with pytest.raises(BadInput) as caught:
        payments.intend(house.db, clock=house.clock, by=house.borrower_of(loan), loan=loan, **wanted)
    assert caught.value.field == field


def test_nobody_but_the_borrower_means_to_pay_or_says_so(house: House) -> None:
    loan, other = house.paid(), house.paid()
    meant = intend(house, loan)
    for by in (house.borrower_of(other), house["officer"].actor, SYSTEM):
        for verb, given in (
            (payments.intend, {"what": "all", "amount": yuan(10)}),
            (payments.say_paid, {"intent": meant.public_id}),
            (payments.cancel_intent, {"intent": meant.public_id}),
        ):
            with pytest.raises(NotFound):
                verb(house.db, clock=house.clock, by=by, loan=loan, **given)


def test_a_loan_that_is_not_being_repaid_asks_for_no_payment(house: House) -> None:
    with pytest.raises(Refusal) as caught:
        intend(house, house.signed())
    assert caught.value.code == "loan_state"


def test_a_frozen_loan_still_takes_its_borrower_s_money(house: House) -> None:
    loan = house.paid()
    freeze(house.db, take(house.db, loan, None), clock=house.clock, by=SYSTEM, reason="court", words="order 7 of the court")
    assert say(house, loan, intend(house, loan)).state is IntentState.SAID_PAID


def test_a_line_that_was_matched_wrongly_no_longer_clears(house: House) -> None:
    from holdfast import servicing
    from holdfast.wiring import carry

    loan = house.paid()
    intent = say(house, loan, intend(house, loan))
    house.load(csv(f"2026-03-02,412.00,,,{intent.code},R1"))
    house.match()
    carry(servicing.reverse, house.db, clock=house.clock, by=SYSTEM, loan=loan, event_no=2, reason="the bank took it back")
    assert state(house, loan) == ["expired"]
    house.prove()
