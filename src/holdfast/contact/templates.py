"""What is said, word for word, in the borrower's language. No ¥, no unmasked data, no threat, no debt on a lock screen's first line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from holdfast.kernel.errors import Fault
from holdfast.kernel.money import decimal_of

_TEXTS: Final = {
    ("reminder", "zh-hans"): "您合同尾号 {contract} 的第 {n} 期应还 {amount}，{due_on} 到期。已还请忽略。",
    ("reminder", "en"): "Instalment {n} of contract ending {contract}: {amount} is due on {due_on}. If you have paid, please ignore this.",
    ("receipt", "zh-hans"): "已收到您合同尾号 {contract} 的还款 {amount}，谢谢。",
    ("receipt", "en"): "We have received {amount} for contract ending {contract}. Thank you.",
    ("paid_off", "zh-hans"): "您合同尾号 {contract} 的借款已还清。我们会联系您领取结清证明和押品。",
    ("paid_off", "en"): "Your loan, contract ending {contract}, is paid off. We will contact you about your certificate and your goods.",
}
# A single message holds 70 characters of Chinese; each part of a longer one 67, the signature included.
_SINGLE: Final = 70
_PART: Final = 67


def render(template: str, language: str, params: Mapping[str, Any], *, signature: str) -> str:
    """The body as the phone shows it, signature first: `【名称】…`. Money parameters are `{"minor", "currency"}`."""
    text = _TEXTS.get((template, "en" if language.startswith("en") else "zh-hans"))
    if text is None:
        raise Fault(f"there is no message template {template}", code="no_template")
    english = language.startswith("en")
    words = {name: _amount(value, english) if isinstance(value, Mapping) else str(value) for name, value in params.items()}
    return f"【{signature}】{text.format(**words)}"


def segments(body: str) -> int:
    """How many messages the carrier counts."""
    return 1 if len(body) <= _SINGLE else -(-len(body) // _PART)


def _amount(value: Mapping[str, Any], english: bool) -> str:
    minor, currency = int(value["minor"]), str(value["currency"])
    digits = decimal_of(minor, currency)
    whole, _, cents = digits.partition(".")
    grouped = f"{int(whole):,}" + (f".{cents}" if cents else "")
    return f"{grouped} 元" if currency == "CNY" and not english else f"{currency} {grouped}"
