"""What the borrower reads: masked, in words of the currency, signed, and counted in segments."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.contact import TEMPLATES, segments, text_of
from holdfast.kernel.errors import BadInput, Fault

AMOUNT = {"minor": 176_650, "currency": "CNY"}
PARAMS: dict[str, Any] = {
    "asked": "balance",
    "no": "a1b2c3",
    "at": "10:00",
    "contract": "1234", "n": 3, "amount": AMOUNT, "due_on": "2026-11-25", "paid_on": "2026-11-23", "by": "2026-11-26", "days": 8,
    "principal_out": {"minor": 0, "currency": "CNY"}, "code": "482913", "what": "sign",
    "extra": AMOUNT, "due": AMOUNT, "total": AMOUNT,
    "place": "示例营业部", "contact": "400-000", "on": "2026-11-23", "days_late": 31, "hours": "09:00-18:00",
}  # fmt: skip


def test_a_reminder_in_chinese_says_which_instalment_how_much_and_when() -> None:
    text = text_of("reminder", PARAMS, language="zh-hans", signature="示例小贷")
    assert text == "【示例小贷】您尾号 1234 的合同，第 3 期 1,766.50 元，11 月 25 日到期。已还请忽略。"


def test_a_reminder_in_english_says_the_same() -> None:
    text = text_of("reminder", PARAMS, language="en", signature="示例小贷")
    assert (
        text
        == "【示例小贷】Contract ending 1234: instalment 3 of CNY 1,766.50 is due on 25 Nov 2026. If you have paid, please ignore this."
    )


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_no_message_threatens_shows_a_currency_sign_or_names_a_person(template: str, language: str) -> None:
    text = text_of(template, PARAMS, language=language, signature="示例小贷")
    assert not set(text) & set("¥￥$!！")
    for word in ("严重", "后果", "serious", "must", "immediately", "立即"):
        assert word not in text
    assert segments(text) <= 3


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_template_speaks_both_languages(language: str) -> None:
    assert all(language in words for words in TEMPLATES.values())


@pytest.mark.parametrize(("currency", "word"), [("USD", "美元"), ("HKD", "港元"), ("JPY", "日元")])
def test_amounts_are_in_words_of_their_currency(currency: str, word: str) -> None:
    text = text_of("reminder", {**PARAMS, "amount": {"minor": 100, "currency": currency}}, language="zh-hans", signature=None)
    assert word in text


@pytest.mark.parametrize("number", ["13800005678", "11010519491231002X", "6222020000000007"])
def test_a_whole_number_that_identifies_somebody_never_leaves(number: str) -> None:
    with pytest.raises(Fault, match="unmasked"):
        text_of("reminder", {**PARAMS, "contract": number}, language="zh-hans", signature=None)


def test_a_missing_value_and_an_unknown_template_are_named() -> None:
    with pytest.raises(BadInput, match="'due_on'"):
        text_of("reminder", {name: value for name, value in PARAMS.items() if name != "due_on"}, language="en", signature=None)
    with pytest.raises(BadInput, match="no message called"):
        text_of("threat", PARAMS, language="en", signature=None)


@pytest.mark.parametrize(("length", "parts"), [(0, 1), (70, 1), (71, 2), (134, 2), (135, 3), (201, 3), (202, 4)])
def test_seventy_characters_are_one_message_and_longer_ones_split_at_sixty_seven(length: int, parts: int) -> None:
    assert segments("字" * length) == parts
    assert segments("a" * length) == parts


def test_a_character_beyond_the_basic_plane_counts_as_two() -> None:
    assert segments("𠮷" * 35) == 1
    assert segments("𠮷" * 36) == 2
