"""The payee is sent as the book knows the name, however it was typed."""

from __future__ import annotations

from holdfast import payments
from tests.payments.house import House


def test_a_name_typed_in_another_form_is_sent_in_its_one_form(house: House) -> None:
    loan = house.signed("买买提·示例")
    asked = house.ask(loan, name="  买买提•示例 ")
    house.check(asked.public_id)
    order = payments.instruct(house.db, clock=house.clock, payout=asked.public_id)
    assert order is not None and order.payee == "买买提·示例"
