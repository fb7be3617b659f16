"""One day late is told as one day."""

from __future__ import annotations

import pytest

from holdfast.contact.templates import text_of

SUM = {"minor": 39_684, "currency": "CNY"}


@pytest.mark.parametrize(("days", "told"), [(1, "1 day late"), (8, "8 days late")])
def test_a_day_late_is_one_day_in_english(days: int, told: str) -> None:
    text = text_of("overdue", {"contract": "0042", "n": 4, "amount": SUM, "days": days}, language="en", signature=None)
    assert f"{told}." in text and "1 days" not in text


def test_chinese_counts_days_without_a_plural() -> None:
    text = text_of("overdue", {"contract": "0042", "n": 4, "amount": SUM, "days": 1}, language="zh-hans", signature=None)
    assert "晚了 1 天" in text
