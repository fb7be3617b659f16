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


# ── a receipt that is taken back once its drawer is closed ─────────────────────────────────────────────────


def closed_with(house: House, loan: str, amount: float, counted: float, *, banked: bool = False) -> Drawer:
    """A drawer that took this cash for the loan, was counted and closed by two, and perhaps paid in at the bank."""
    drawer = opened(house)
    take_cash(house, loan, amount)
    count(house, drawer, counted, words="" if counted == amount + 100 else "示例：少了一笔")
    found = close(house, drawer, counted)
    if banked:
        found = payments.bank_drawer(house.db, clock=house.clock, by=house["approver"], drawer=drawer.public_id, slip="示例缴款单 17")
    return found


def taken_back(house: House, loan: str) -> None:
    last = house.db.execute("SELECT max(event_no) FROM loan_event WHERE loan_id = %s", [house.loan_id(loan)]).fetchone()
    assert last is not None
    carry(servicing.reverse, house.db, clock=house.clock, by=SYSTEM, loan=loan, event_no=last[0], reason="示例：记错借款人")


def stands(house: House, account: str) -> int:
    """Debits less credits of an account of the general ledger."""
    row = house.db.execute(
        """SELECT coalesce(sum(CASE WHEN debit_account = %(a)s THEN amount ELSE -amount END), 0) FROM gl_entry
            WHERE %(a)s IN (debit_account, credit_account)""",
        {"a": account},
    ).fetchone()
    assert row is not None
    return int(row[0])


def settle(house: House, drawer: Drawer, by: str = "risk", words: str = "示例：钱已查清", **inputs: Any) -> Drawer:
    return carry(
        payments.settle_difference, house.db, clock=house.clock, by=house[by], drawer=drawer.public_id, words=words, **inputs
    )  # fmt: skip


@pytest.mark.parametrize("banked", [False, True])
def test_a_receipt_taken_back_after_the_drawer_was_closed_leaves_the_money_where_it_lies_and_is_an_open_item(
    house: House, banked: bool
) -> None:
    loan = house.paid()
    drawer, bank = closed_with(house, loan, 412, 512, banked=banked), stands(house, "bank")
    cash = stands(house, "cash")
    taken_back(house, loan)
    assert (stands(house, "cash"), stands(house, "bank")) == (cash, bank)
    assert stands(house, "cash_difference") == -41_200
    found = payments.drawer(house.db, house["risk"], drawer.public_id)
    assert (found.difference, found.settled_at, found.expected) == (yuan(412), None, yuan(100))
    house.prove()


def test_a_receipt_that_was_keyed_twice_and_is_taken_back_clears_the_shortage_that_it_made(house: House) -> None:
    loan = house.paid()
    drawer = closed_with(house, loan, 412, 100)
    assert (drawer.difference, stands(house, "cash_difference")) == (yuan(-412), 41_200)
    taken_back(house, loan)
    assert payments.drawer(house.db, house["risk"], drawer.public_id).difference == yuan(0)
    assert (stands(house, "cash_difference"), stands(house, "cash")) == (0, 0)
    house.prove()


def test_a_difference_that_was_settled_is_open_again_with_what_was_taken_back_only(house: House) -> None:
    loan = house.paid()
    drawer = closed_with(house, loan, 412, 507)
    settle(house, drawer)
    taken_back(house, loan)
    found = payments.drawer(house.db, house["risk"], drawer.public_id)
    assert (found.difference, found.settled_at) == (yuan(412), None)
    assert stands(house, "cash_difference") == -41_200
    house.prove()


def test_what_is_over_goes_onto_the_loan_that_it_was_paid_for_as_of_the_day_of_the_drawer(house: House) -> None:
    wrong, right = house.paid(), house.paid("示例李四")
    drawer, came_on = closed_with(house, wrong, 412, 512, banked=True), house.book.day
    house.book.walk(2)
    taken_back(house, wrong)
    settled = settle(house, drawer, outcome="loan", loan=right)
    assert settled.settled_at is not None
    assert house.receipts(right) == [(41_200, came_on)]
    assert (stands(house, "cash_difference"), stands(house, "cash")) == (0, 0)
    house.prove()
    taken_back(house, right)
    assert payments.drawer(house.db, house["risk"], drawer.public_id).difference == yuan(412)
    house.prove()


def test_what_is_over_is_given_back_by_the_bank_or_kept_as_nobody_s(house: House) -> None:
    loan = house.paid()
    drawer, bank = closed_with(house, loan, 412, 512, banked=True), stands(house, "bank")
    taken_back(house, loan)
    settle(house, drawer, outcome="given_back")
    assert (stands(house, "cash_difference"), stands(house, "bank"), stands(house, "cash_loss")) == (0, bank - 41_200, 0)
    house.prove()


def test_who_may_not_settle_and_what_is_not_settled_so(house: House) -> None:
    loan, other = house.paid(), house.paid("示例李四")
    drawer = closed_with(house, loan, 412, 507)
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"outcome": "given_back"}, "outcome"), ({"outcome": "loan", "loan": other}, "outcome"), ({"outcome": "loan"}, "loan"),
        ({"outcome": "ours", "loan": other}, "loan"), ({"outcome": "lost"}, "outcome"),
    ]  # fmt: skip
    for inputs, field in wrong:
        with pytest.raises(BadInput) as caught:
            settle(house, drawer, **inputs)
        assert caught.value.field == field
    taken_back(house, loan)
    for who, error in (("cashier", Forbidden), ("officer", Forbidden), ("auditor", Forbidden), ("far_approver", NotFound)):
        with pytest.raises(error):
            settle(house, drawer, by=who, outcome="loan", loan=other)
    assert house.receipts(other) == []


def test_a_receipt_taken_back_while_the_drawer_is_counted_needs_a_new_count(house: House) -> None:
    loan, drawer = house.paid(), opened(house)
    take_cash(house, loan, 412)
    count(house, drawer, 512)
    taken_back(house, loan)
    with pytest.raises(Refusal):
        close(house, drawer, 512)
    house.prove()
