"""One person under two log-ins, and people of another branch, tried as the second person through the verbs themselves."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from holdfast import payments
from holdfast.kernel.errors import Forbidden, NotFound, Refusal
from holdfast.parties import Party, Staff, register_party
from holdfast.servicing import approved
from tests.books import Book
from tests.payments.conftest import MONDAY
from tests.payments.house import House, yuan


@pytest.fixture
def house(db: psycopg.Connection[Any]) -> House:
    return House(Book(db, MONDAY))


def somebody(house: House) -> Party:
    """A person who works here under more than one log-in."""
    return register_party(
        house.db, clock=house.clock, by=house["officer"].actor, kind="person", branch_id=house.book.branch_id,
        private={"name": "示例双工号"},
    )  # fmt: skip


def two_log_ins(house: House, first: str, second: str) -> tuple[Staff, Staff]:
    person = somebody(house)
    branch = house.book.branch_id
    return house.hire(f"one-{first}", first, branch, person), house.hire(f"two-{second}", second, branch, person)


@pytest.mark.parametrize("second", ["approver", "risk"])
def test_the_cashier_under_another_log_in_neither_closes_the_drawer_nor_settles_its_difference(house: House, second: str) -> None:
    cashier, same = two_log_ins(house, "officer", second)
    drawer = payments.open_drawer(house.db, clock=house.clock, by=cashier, float_held=yuan(0)).public_id
    payments.count_drawer(house.db, clock=house.clock, by=cashier, drawer=drawer, counted=yuan(5), words="多出五元（示例）")
    with pytest.raises(Forbidden) as closing, house.db.transaction():
        payments.close_drawer(house.db, clock=house.clock, by=same, drawer=drawer, counted=yuan(5))
    assert closing.value.code == "approval_same_person"
    payments.close_drawer(house.db, clock=house.clock, by=house["custodian"], drawer=drawer, counted=yuan(5))
    with pytest.raises(Forbidden) as settling, house.db.transaction():
        payments.settle_difference(house.db, clock=house.clock, by=same, drawer=drawer, words="记为长款（示例）")
    assert settling.value.code == "approval_same_person"
    settled = payments.settle_difference(house.db, clock=house.clock, by=house["approver"], drawer=drawer, words="记为长款（示例）")
    assert settled.settled_at is not None


@pytest.mark.parametrize("act", ["refund", "receipt.reverse", "write_off"])
def test_an_approver_of_another_branch_answers_nothing_about_a_loan_out_of_sight(house: House, act: str) -> None:
    loan = house.book.lend().public_id
    house.receive(loan, 1300 if act == "refund" else 100)
    if act == "refund":
        asked = approved.ask_refund(house.db, clock=house.clock, by=house["officer"], loan=loan, amount=yuan(1), reason="退还（示例）")
    elif act == "write_off":
        asked = approved.ask_write_off(house.db, clock=house.clock, by=house["approver"], loan=loan, reason="核销（示例）")
    else:
        asked = approved.ask_reversal(house.db, clock=house.clock, by=house["officer"], loan=loan, event_no=2, reason="冲正（示例）")
    with pytest.raises(NotFound), house.db.transaction():
        approved.answer(house.db, clock=house.clock, by=house["far_approver"], request=asked.public_id, approved=True, words="")


def test_what_another_stage_asked_is_not_answered_through_servicing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The general answer never gives a yes to a payout, a drawer, a line of the bank or a ruling."""
    drawer = payments.open_drawer(house.db, clock=house.clock, by=house["officer"], float_held=yuan(0)).public_id
    counted = payments.count_drawer(house.db, clock=house.clock, by=house["officer"], drawer=drawer, counted=yuan(0))
    row = house.db.execute("SELECT approval FROM drawer WHERE public_id = %s", [counted.public_id]).fetchone()
    assert row is not None
    with pytest.raises(Refusal) as refusal, house.db.transaction():
        approved.answer(house.db, clock=house.clock, by=house["approver"], request=row[0], approved=True, words="")
    assert refusal.value.code == "answered_elsewhere"
