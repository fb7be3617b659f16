"""Wording: rates, amounts, days and methods as a Chinese contract says them, and beside it in English. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from holdfast.kernel.calendar import DayCount, Unit
from holdfast.kernel.errors import Fault
from holdfast.kernel.money import decimal_of
from holdfast.kernel.rate import BILLION, Per, Rate, percent_of_ppb
from holdfast.products import FeeAt, Method, Terms
from holdfast.products.terms import Excess, PayoffInterest

METHODS: Final[Mapping[Method, tuple[str, str]]] = {
    Method.EQUAL_INSTALMENT: ("等额本息：每期还款额相同", "equal instalments"),
    Method.EQUAL_PRINCIPAL: ("等额本金：每期归还的本金相同", "equal parts of principal"),
    Method.INTEREST_FIRST: ("先息后本：每期付息，最后一期还本", "interest each period, principal with the last"),
    Method.SINGLE_PERIOD: ("到期一次还本付息", "all at the end"),
    Method.FLAT: ("等本等息：每期本金、利息均相同", "flat: interest on the first principal throughout"),
}
# What the money may be for, by the codes of an application.
PURPOSES: Final[Mapping[str, str]] = {
    "medical": "医疗",
    "education": "教育培训",
    "home": "家居装修",
    "working_capital": "经营周转",
    "daily_life": "日常生活",
    "other": "其他合法用途",
}
_DAY_COUNTS: Final[Mapping[DayCount, str]] = {
    DayCount.THIRTY_360: "一个月按 30 天、一年按 360 天",
    DayCount.ACTUAL_360: "按实际天数，一年按 360 天",
    DayCount.ACTUAL_365: "按实际天数，一年按 365 天",
    DayCount.ACTUAL_ACTUAL: "按实际天数，一年按实际天数",
}
_PERS: Final[Mapping[Per, tuple[str, str]]] = {
    Per.YEAR: ("年利率", "a year"),
    Per.MONTH: ("月利率", "a month"),
    Per.DAY: ("日利率", "a day"),
}
_PARTS: Final[Mapping[str, tuple[str, str]]] = {
    "fee": ("费用", "fees"),
    "interest": ("利息", "interest"),
    "principal": ("本金", "principal"),
}
_EXCESS: Final[Mapping[Excess, tuple[str, str]]] = {
    Excess.NEXT: ("冲抵下一期", "to the next instalment"),
    Excess.LAST: ("冲抵最后一期", "to the last instalment"),
    Excess.SPREAD: ("平均冲抵以后各期", "evenly to all instalments to come"),
}
_EARLY: Final[Mapping[PayoffInterest, tuple[str, str]]] = {
    PayoffInterest.ACCRUED: ("利息只计算到还清当天", "with interest up to that day only"),
    PayoffInterest.SCHEDULED: ("利息按还款计划全额计算", "with the whole interest of the schedule"),
}
_UNITS: Final[Mapping[Unit, tuple[str, str]]] = {Unit.MONTHS: ("个月", "month"), Unit.WEEKS: ("周", "week"), Unit.DAYS: ("天", "day")}


def amount(minor: int, currency: str) -> str:
    """`5,212.10`: two decimals, grouped; the unit stands in the heading."""
    whole, point, decimals = decimal_of(minor, currency).partition(".")
    return f"{int(whole):,}{point}{decimals}"


def share(value: Decimal) -> str:
    """A share of one as a percentage with two decimals: `15.49%`."""
    return f"{value * 100:.2f}%"


def percent(ppb: int) -> str:
    """Parts per billion as a percentage with two decimals at least: `1.20%`, `0.0333333%`."""
    text = percent_of_ppb(ppb)
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals.ljust(2, '0')}%"


def rate_zh(rate: Rate) -> str:
    """`月利率 1.20%`."""
    return f"{_PERS[rate.per][0]} {percent(rate.ppb)}"


def rate_en(rate: Rate) -> str:
    """`1.20% a month`."""
    return f"{percent(rate.ppb)} {_PERS[rate.per][1]}"


def yearly(rate: Rate) -> str:
    """The contract's rate brought to a year of twelve months or 360 days, without compounding."""
    times = {Per.YEAR: 1, Per.MONTH: 12, Per.DAY: 360}[rate.per]
    return share(Decimal(rate.ppb * times) / BILLION)


def method_zh(terms: Terms) -> str:
    """How the principal comes back."""
    return METHODS[terms.method][0]


def method_en(terms: Terms) -> str:
    """The same in English."""
    return METHODS[terms.method][1]


def every_zh(terms: Terms) -> str:
    """`每 1 个月一期`."""
    return f"每 {terms.every_count} {_UNITS[terms.every_unit][0]}一期"


def day_count_zh(terms: Terms) -> str:
    """How days are counted into interest."""
    return _DAY_COUNTS[terms.day_count]


def purpose_zh(code: str) -> str:
    """What the money is for; Fault for a purpose that nobody has put into words."""
    if code not in PURPOSES:
        raise Fault(f"the purpose {code!r} has no words in a contract", code="purpose_unworded")
    return PURPOSES[code]


def order_zh(terms: Terms) -> str:
    """In which order a payment is taken: `费用、利息、本金`. The contract names no penalty, so none stands in it."""
    return "、".join(_PARTS[part][0] for part in terms.allocation if part in _PARTS)


def order_en(terms: Terms) -> str:
    """The same in English."""
    return ", ".join(_PARTS[part][1] for part in terms.allocation if part in _PARTS)


def excess(terms: Terms) -> tuple[str, str]:
    """Where money goes that is more than what has fallen due, in both languages."""
    return _EXCESS[terms.excess]


def early(terms: Terms) -> tuple[str, str]:
    """What an early pay-off owes in interest, in both languages."""
    return _EARLY[terms.payoff_interest]


def fee_at(at: FeeAt | date) -> tuple[str, str]:
    """When and how a fee is collected, in both languages."""
    if isinstance(at, date):
        return f"{day_zh(at)}一次", f"once, on {at.isoformat()}"
    return ("放款时一次", "once, at the payout") if at is FeeAt.DISBURSEMENT else ("每期一次", "with each instalment")


def collector(collected_by: str) -> tuple[str, str]:
    """Who collects a fee, in both languages; the lender is named as such."""
    return ("本机构", "the lender") if collected_by == "lender" else (collected_by, collected_by)


def day_zh(day: date) -> str:
    """`2026 年 11 月 24 日`."""
    return f"{day.year} 年 {day.month} 月 {day.day} 日"
