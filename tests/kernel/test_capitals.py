"""Amounts in capital characters."""

from __future__ import annotations

import pytest

from holdfast.kernel.capitals import in_capitals
from holdfast.kernel.errors import BadInput
from holdfast.kernel.money import Money


@pytest.mark.parametrize(
    ("minor", "capitals"),
    [
        (0, "人民币零元整"),
        (1, "人民币壹分"),
        (50, "人民币伍角整"),
        (105, "人民币壹元零伍分"),
        (500_000, "人民币伍仟元整"),
        (521_210, "人民币伍仟贰佰壹拾贰元壹角整"),
        (86_868, "人民币捌佰陆拾捌元陆角捌分"),
        (100_100, "人民币壹仟零壹元整"),
        (101_000, "人民币壹仟零壹拾元整"),
        (1_000_100, "人民币壹万零壹元整"),
        (2_000_300_000, "人民币贰仟万零叁仟元整"),
        (10_000_050_000, "人民币壹亿零伍佰元整"),
        (100_000_000_100, "人民币壹拾亿零壹元整"),
    ],
)
def test_an_amount_is_written_so_that_no_stroke_alters_it(minor: int, capitals: str) -> None:
    assert in_capitals(Money(minor, "CNY")) == capitals


@pytest.mark.parametrize("amount", [Money(-1, "CNY"), Money(100, "JPY")])
def test_what_cannot_be_written_so_is_refused(amount: Money) -> None:
    with pytest.raises(BadInput, match="capitals"):
        in_capitals(amount)
