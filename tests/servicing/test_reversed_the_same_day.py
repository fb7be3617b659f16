"""What is booked and taken back within one day leaves duties that the audit finds as they should be."""

from __future__ import annotations

import random

import pytest

from holdfast.duties.audit import examine
from holdfast.kernel.errors import Refusal
from holdfast.kernel.money import Money
from holdfast.servicing import receive, reverse
from holdfast.wiring import EXPECTATIONS, carry
from tests.servicing.house import DAY, House


@pytest.fixture
def house(db: object) -> House:
    return House(db, DAY).open()  # type: ignore[arg-type]


def paid(house: House, loan: str, yuan: int) -> int:
    amount = Money(yuan * 100, "CNY")
    done = carry(receive, house.db, clock=house.clock, by=house.people["officer"].actor, loan=loan, amount=amount, received_on=house.day)
    return int(done.event_no)


def taken_back(house: House, loan: str, event_no: int) -> None:
    by = house.people["officer"].actor
    carry(reverse, house.db, clock=house.clock, by=by, loan=loan, event_no=event_no, reason="录错，冲回（示例）")


def clean(house: House) -> None:
    found = examine(house.db, house.day, EXPECTATIONS)
    assert not found.missing and not found.unproved, found.as_json()


def test_a_follow_up_of_today_that_a_wrong_receipt_closed_stands_again(house: House) -> None:
    loan = house.loan()
    house.sleep(32)  # a day late: T+1 is today's
    taken_back(house, loan, paid(house, loan, 1230))
    assert ("follow_up", "2026-04-02 T+1") in {(kind, about) for kind, about, _ in house.open_duties(loan)}
    clean(house)
    house.sleep(1)
    found = examine(house.db, house.day, EXPECTATIONS)
    assert [(line.kind, line.why.split(":")[0]) for line in found.late] == [("follow_up", "2026-04-02 T+1")], "and is late when not done"


def test_paid_off_twice_within_one_day_it_is_released_from_the_second_time_on(house: House) -> None:
    loan = house.loan()
    house.sleep(33)
    first = paid(house, loan, 1230)
    house.sleep(2)
    taken_back(house, loan, first)
    paid(house, loan, 1230)
    clean(house)
    assert {about for kind, about, _ in house.open_duties(loan) if kind == "settlement_certificate"} == {f"paid off {house.day}"}


@pytest.mark.parametrize("seed", range(12))
def test_whatever_comes_and_is_taken_back_on_whatever_day_nothing_is_missing(house: House, seed: int) -> None:
    chance = random.Random(seed)
    loan = house.loan()
    house.sleep(chance.choice((28, 32, 34, 38, 62, 66)))
    stand: list[int] = []
    for _ in range(20):
        for _ in range(chance.choice((0, 0, 1, 2, 3))):
            try:
                if stand and chance.random() < 0.5:
                    taken_back(house, loan, stand.pop(chance.randrange(len(stand))))
                else:
                    stand.append(paid(house, loan, chance.choice((1, 100, 412, 500, 820, 1230))))
            except Refusal:
                break  # a loan that is settled takes no more
        clean(house)
        house.sleep(1)
