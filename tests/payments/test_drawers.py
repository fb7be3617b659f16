"""Cash at the counter: into one's own open drawer, counted by two, and no difference forgotten."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast import payments, servicing
from holdfast.journal import SYSTEM
from holdfast.kernel.errors import BadInput, Forbidden, NotFound, Refusal
from holdfast.kernel.money import Money
from holdfast.payments import CashTaken, Drawer, DrawerState
from holdfast.wiring import carry
from tests.payments.house import House, yuan


def opened(house: House, by: str = "cashier", float_held: float = 100) -> Drawer:
    return payments.open_drawer(house.db, clock=house.clock, by=house[by], float_held=yuan(float_held))


def take_cash(house: House, loan: str, amount: float, by: str = "cashier") -> CashTaken:
    return carry(payments.post_cash, house.db, clock=house.clock, by=house[by], loan=loan, amount=yuan(amount))


def count(house: House, drawer: Drawer, amount: float, by: str = "cashier", words: str = "") -> Drawer:
    return payments.count_drawer(house.db, clock=house.clock, by=house[by], drawer=drawer.public_id, counted=yuan(amount), words=words)


def close(house: House, drawer: Drawer, amount: float, by: str = "approver", words: str = "") -> Drawer:
    return payments.close_drawer(house.db, clock=house.clock, by=house[by], drawer=drawer.public_id, counted=yuan(amount), words=words)


def test_cash_goes_into_the_cashier_s_drawer_and_onto_the_loan_at_once(house: House) -> None:
    loan, drawer = house.paid(), opened(house)
    taken = take_cash(house, loan, 412)
    assert (taken.drawer, taken.entry_no) == (drawer.public_id, 1)
    assert house.receipts(loan) == [(41_200, house.book.day)]
    held = payments.drawer(house.db, house["cashier"], drawer.public_id)
    assert (held.taken, held.expected, held.receipts) == (yuan(412), yuan(512), 1)
    assert [entry.amount for entry in payments.in_drawer(house.db, held)] == [yuan(412)]
    house.prove()


def test_without_an_open_drawer_no_cash_is_taken(house: House) -> None:
    loan = house.paid()
    opened(house, by="officer")
    with pytest.raises(Refusal) as caught:
        take_cash(house, loan, 412)
    assert caught.value.code == "no_open_drawer"
    assert house.receipts(loan) == []


def test_a_cashier_has_one_open_drawer(house: House) -> None:
    opened(house)
    with pytest.raises(Refusal) as caught:
        opened(house)
    assert caught.value.code == "drawer_open"


@pytest.mark.parametrize("who", ["approver", "custodian", "caller", "auditor", "risk"])
def test_only_an_officer_opens_a_drawer(house: House, who: str) -> None:
    with pytest.raises(Forbidden):
        opened(house, by=who)


@pytest.mark.parametrize("money", [Money(-1, "CNY"), Money(1, "USD")])
def test_a_float_is_an_amount_of_the_lender_s_money(house: House, money: Money) -> None:
    with pytest.raises(BadInput):
        payments.open_drawer(house.db, clock=house.clock, by=house["cashier"], float_held=money)


def test_the_count_of_two_closes_the_drawer(house: House) -> None:
    loan, drawer = house.paid(), opened(house)
    take_cash(house, loan, 412)
    assert payments.drawers_open_for(house.db, house.loan_id(loan)) == (drawer.public_id,)
    assert count(house, drawer, 512).state is DrawerState.COUNTED
    assert payments.drawers_open_for(house.db, house.loan_id(loan)) == (drawer.public_id,)
    closed = close(house, drawer, 512)
    assert (closed.state, closed.difference, closed.closer) == (DrawerState.CLOSED, yuan(0), "示例approver")
    assert payments.drawers_open_for(house.db, house.loan_id(loan)) == ()


def test_a_drawer_that_is_counted_takes_no_more_and_is_not_counted_twice(house: House) -> None:
    loan, drawer = house.paid(), opened(house)
    count(house, drawer, 100)
    with pytest.raises(Refusal):
        take_cash(house, loan, 1)
    with pytest.raises(Refusal) as caught:
        count(house, drawer, 100)
    assert caught.value.code == "wrong_state"


def test_only_its_own_cashier_counts_a_drawer(house: House) -> None:
    drawer = opened(house)
    with pytest.raises(Refusal) as caught:
        count(house, drawer, 100, by="officer")
    assert caught.value.code == "not_your_drawer"


def test_a_drawer_is_counted_before_it_is_closed(house: House) -> None:
    drawer = opened(house)
    with pytest.raises(Refusal) as caught:
        close(house, drawer, 100)
    assert caught.value.code == "wrong_state"


@pytest.mark.parametrize("who", ["cashier", "officer", "caller", "auditor"])
def test_the_cashier_never_closes_and_neither_does_a_role_that_may_not(house: House, who: str) -> None:
    drawer = opened(house)
    count(house, drawer, 100)
    with pytest.raises(Forbidden):
        close(house, drawer, 100, by=who)


def test_the_cashier_does_not_close_under_another_log_in(house: House) -> None:
    person = house.borrower("示例王五")
    house.staff["cashier"] = house.hire("c1", "officer", house.book.branch_id, person)
    house.staff["same"] = house.hire("c2", "approver", house.book.branch_id, person)
    drawer = opened(house)
    count(house, drawer, 100)
    with pytest.raises(Forbidden) as caught:
        close(house, drawer, 100, by="same")
    assert caught.value.code == "approval_same_person"


def test_a_colleague_of_another_branch_does_not_see_the_drawer(house: House) -> None:
    drawer = opened(house)
    count(house, drawer, 100)
    with pytest.raises(NotFound):
        close(house, drawer, 100, by="far_approver")
    assert payments.drawers(house.db, house["stranger"]) == []


def test_two_counts_that_differ_open_the_drawer_for_a_recount(house: House) -> None:
    drawer = opened(house)
    count(house, drawer, 100)
    again = close(house, drawer, 90)
    assert (again.state, again.counted) == (DrawerState.OPEN, None)
    count(house, drawer, 90, words="a note of ten was counted twice")
    assert close(house, drawer, 90).difference == yuan(-10)


def test_a_count_that_is_not_what_should_be_there_needs_words_and_stays_an_open_item(house: House) -> None:
    drawer = opened(house)
    with pytest.raises(BadInput) as caught:
        count(house, drawer, 95)
    assert caught.value.field == "words"
    count(house, drawer, 95, words="five short, nobody knows why")
    closed = close(house, drawer, 95)
    assert (closed.difference, closed.settled_at) == (yuan(-5), None)
    for who, words, error in (("officer", "paid in", Forbidden), ("far_approver", "paid in", NotFound), ("risk", "", BadInput)):
        with pytest.raises(error):
            payments.settle_difference(house.db, clock=house.clock, by=house[who], drawer=drawer.public_id, words=words)
    settle: dict[str, Any] = {"clock": house.clock, "by": house["risk"], "drawer": drawer.public_id, "words": "the cashier paid it in"}
    assert payments.settle_difference(house.db, **settle).settled_at is not None
    with pytest.raises(Refusal) as refused:
        payments.settle_difference(house.db, **settle)
    assert refused.value.code == "no_difference"


def test_a_drawer_that_agrees_has_nothing_to_settle(house: House) -> None:
    drawer = opened(house)
    count(house, drawer, 100)
    close(house, drawer, 100)
    with pytest.raises(Refusal):
        payments.settle_difference(house.db, clock=house.clock, by=house["risk"], drawer=drawer.public_id, words="nothing at all")


def test_a_reversed_receipt_is_no_longer_expected_in_the_drawer(house: House) -> None:
    loan, drawer = house.paid(), opened(house)
    take_cash(house, loan, 412)
    carry(servicing.reverse, house.db, clock=house.clock, by=SYSTEM, loan=loan, event_no=2, reason="typed for the wrong loan")
    held = payments.drawer(house.db, house["cashier"], drawer.public_id)
    assert (held.expected, held.receipts) == (yuan(100), 2)
    house.prove()


def test_a_loan_that_owes_nothing_takes_no_cash(house: House) -> None:
    opened(house)
    with pytest.raises(Refusal) as caught:
        take_cash(house, house.signed(), 10)
    assert caught.value.code == "loan_not_open"


def test_a_loan_out_of_sight_takes_no_cash(house: House) -> None:
    loan = house.paid()
    opened(house, by="stranger")
    with pytest.raises(NotFound):
        take_cash(house, loan, 10, by="stranger")


@pytest.mark.parametrize("amount", [0, -1])
def test_cash_is_more_than_nothing(house: House, amount: float) -> None:
    loan = house.paid()
    opened(house)
    with pytest.raises(BadInput) as caught:
        take_cash(house, loan, amount)
    assert caught.value.field == "amount"


def test_what_happens_to_a_drawer_stands_in_its_own_chain(house: House) -> None:
    drawer = opened(house)
    count(house, drawer, 100)
    close(house, drawer, 100)
    kinds = [row[0] for row in house.db.execute("SELECT kind FROM record WHERE loan_id = %s ORDER BY seq", [drawer.drawer_id])]
    assert kinds == ["drawer.opened", "drawer.counted", "drawer.closed"]
