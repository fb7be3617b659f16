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
from holdfast.products import Fee, FeeAt, Method, Terms, penalty_cap
from holdfast.products.schedule import penalty_rate
from holdfast.products.terms import Excess, FeeOf, PayoffInterest, PenaltyBase

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
    "penalty": ("罚息", "penalty interest"),
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
_OF: Final[Mapping[FeeOf, tuple[str, str]]] = {
    FeeOf.PRINCIPAL: ("借款本金", "the principal"),
    FeeOf.INSTALMENT_PRINCIPAL: ("当期本金", "the instalment's principal"),
    FeeOf.INSTALMENT_INTEREST: ("当期利息", "the instalment's interest"),
    FeeOf.INSTALMENT: ("当期本金和利息", "the instalment"),
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
    """In which order a payment is taken: `费用、利息、本金`; penalty interest stands in it where the contract names any."""
    return "、".join(_PARTS[part][0] for part in _order(terms))


def order_en(terms: Terms) -> str:
    """The same in English."""
    return ", ".join(_PARTS[part][1] for part in _order(terms))


def _order(terms: Terms) -> tuple[str, ...]:
    return tuple(part for part in terms.allocation if part != "penalty" or terms.penalty is not None)


def late(terms: Terms) -> tuple[str, str]:
    """What paying late costs, in both languages, as a clause of a sentence."""
    penalty = terms.penalty
    if penalty is None:
        return "逾期期间不收罚息、复利、违约金和催收费", "No penalty, compound interest or collection fee is charged"
    (bears_zh, bears_en), (rate_zh, rate_en) = _bears(terms), penalty_rates(terms)
    zh = f"自逾期第 {penalty.from_day} 天起，对逾期的{bears_zh}按{rate_zh}计收罚息，算到还清当天为止；不收复利、违约金和催收费"
    en = (
        f"From day {penalty.from_day} late on, the {bears_en} that is late bears penalty interest of {rate_en}, until the day "
        "it is paid. No compound interest, liquidated damages or collection fee is charged"
    )
    return zh, en


def cap_of_penalty(terms: Terms, *, percent_of_rate: int, ceiling_ppb: int) -> tuple[str, str]:
    """What penalty interest may come to at most, in both languages, to follow `late`; nothing where the contract names none."""
    if terms.penalty is None:
        return "", ""
    most = percent(round(penalty_cap(terms, percent=percent_of_rate, ceiling_ppb=ceiling_ppb) * BILLION))
    zh = f"；罚息折合年利率最高不超过 {most}，即合同利率的 {percent_of_rate}% 与签约日监管上限中较低的一个"
    en = (
        f". By the year penalty interest is at most {most}: {percent_of_rate}% of the contract's rate, or the ceiling of the day of "
        "signing if that is lower"
    )
    return zh, en


def penalty_rates(terms: Terms) -> tuple[str, str]:
    """`每日 0.06%（合同利率的 150%）`, and the same in English."""
    zh, en = f"每日 {daily_penalty(terms)}", f"{daily_penalty(terms)} a day"
    if terms.penalty is None or not terms.penalty.ratio_ppb:
        return zh, en
    times = percent_of_ppb(terms.penalty.ratio_ppb)
    return f"{zh}（合同利率的 {times}%）", f"{en} ({times}% of the contract's rate)"


def contingent(terms: Terms) -> list[tuple[str, str, str]]:
    """What the cost statement says of costs that arise only by breach: what, by which standard, who collects it."""
    penalty = terms.penalty
    if penalty is None:
        return [("罚息、复利、违约金", "不收取", "—")]
    standard = f"自逾期第 {penalty.from_day} 天起，逾期{_bears(terms)[0]}的{penalty_rates(terms)[0]}，算到还清当天"
    return [("罚息", standard, collector("lender")[0]), ("复利、违约金", "不收取", "—")]


def _bears(terms: Terms) -> tuple[str, str]:
    both = terms.penalty is not None and terms.penalty.base is PenaltyBase.PRINCIPAL_AND_INTEREST
    return ("本金和利息", "principal and interest") if both else ("本金", "principal")


def daily_penalty(terms: Terms) -> str:
    """The daily rate to seven decimals of a percent: where it goes on beyond them, the multiple of the contract's rate binds."""
    return percent(round(penalty_rate(terms) * BILLION))


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


def fee_rate(fee: Fee, currency: str) -> tuple[str, str]:
    """By which standard a fee is computed, in both languages: an amount each time, or a share of something."""
    if fee.of is None:
        each = amount(fee.amount, currency)
        return f"{each} 元／次", f"{currency} {each} each time"
    zh, en = _OF[fee.of]
    return f"{zh}的 {percent(fee.ppb)}", f"{percent(fee.ppb)} of {en}"


def collector(collected_by: str) -> tuple[str, str]:
    """Who collects a fee, in both languages; the lender is named as such."""
    return ("本机构", "the lender") if collected_by == "lender" else (collected_by, collected_by)


def day_zh(day: date) -> str:
    """`2026 年 11 月 24 日`."""
    return f"{day.year} 年 {day.month} 月 {day.day} 日"
