"""Amounts in capital characters, as Chinese contracts, receipts and certificates write them beside the figures.

人民币伍仟贰佰壹拾贰元壹角整: a figure can be altered with one stroke, these characters cannot.
"""

from __future__ import annotations

from typing import Final

from holdfast.kernel.errors import BadInput
from holdfast.kernel.money import Money

_DIGITS: Final = "零壹贰叁肆伍陆柒捌玖"
_PLACES: Final = ("", "拾", "佰", "仟")
_GROUPS: Final = ("", "万", "亿", "万亿")
_NAMES: Final = {"CNY": "人民币", "HKD": "港币", "USD": "美元", "EUR": "欧元", "GBP": "英镑", "SGD": "新加坡元"}


def in_capitals(amount: Money) -> str:
    """The amount in capital characters, its currency in front; BadInput for a negative one or a currency without fen."""
    if amount.currency not in _NAMES or amount.minor < 0:
        raise BadInput(f"amount: {amount.decimal()} {amount.currency} is not written in capitals", field="amount")
    whole, rest = divmod(amount.minor, 100)
    jiao, fen = divmod(rest, 10)
    text = _whole(whole) + "元" if whole else ""
    if not rest:
        return _NAMES[amount.currency] + (text or "零元") + "整"
    if jiao:
        text += _DIGITS[jiao] + "角"
    elif whole:
        text += "零"
    text += _DIGITS[fen] + "分" if fen else "整"
    return _NAMES[amount.currency] + text


def _whole(number: int) -> str:
    groups = []
    while number:
        number, group = divmod(number, 10_000)
        groups.append(group)
    text = ""
    for index in range(len(groups) - 1, -1, -1):
        group = groups[index]
        if not group:
            continue
        # 零 stands once wherever places were passed over.
        if text and (group < 1_000 or not groups[index + 1] or groups[index + 1] % 10 == 0):
            text += "零"
        text += _group(group) + _GROUPS[index]
    return text


def _group(group: int) -> str:
    text = ""
    passed = False
    for place in range(3, -1, -1):
        digit = group // 10**place % 10
        if digit:
            text += ("零" if passed and text else "") + _DIGITS[digit] + _PLACES[place]
            passed = False
        else:
            passed = True
    return text
