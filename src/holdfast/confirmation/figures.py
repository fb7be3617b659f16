"""What is read to the borrower: sums and terms that the server sets from the application, never typed by a caller.

The facts are a value with a digest. The one-time code at the end of the call is bound to that digest, so it
stands for exactly these figures and no others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from holdfast.kernel import canonical
from holdfast.kernel.calendar import Unit
from holdfast.kernel.money import Money, decimal_of
from holdfast.products import Instalment, Price, ProductVersion, Terms

_UNIT_ZH: Final = {"CNY": "元", "HKD": "港元", "USD": "美元", "EUR": "欧元", "GBP": "英镑", "SGD": "新加坡元", "JPY": "日元"}
_UNIT_EN: Final = {"CNY": "yuan", "HKD": "Hong Kong dollars", "USD": "US dollars", "EUR": "euros", "GBP": "pounds", "JPY": "yen"}
_THINGS: Final = {
    "phone": {"zh-hans": "手机", "en": "phone"},
    "vehicle": {"zh-hans": "车辆", "en": "vehicle"},
    "real_estate": {"zh-hans": "房屋权证", "en": "title papers"},
    "none": {"zh-hans": "押品", "en": "thing"},
}
# The purposes that an application may have, as they are said.
_PURPOSES: Final = {
    "medical": {"zh-hans": "看病", "en": "medical care"},
    "education": {"zh-hans": "上学、培训", "en": "education"},
    "home": {"zh-hans": "装修、家电", "en": "home and household"},
    "working_capital": {"zh-hans": "生意周转", "en": "running a business"},
    "daily_life": {"zh-hans": "日常开支", "en": "daily expenses"},
    "other": {"zh-hans": "其他", "en": "something else"},
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What a borrower confirms: the sums as if paid out on `as_of`, the purpose, and after how many days what happens.

    Amounts are minor units of `currency`. `fees` are (name, sum over the loan's life, who collects it).
    `days` are `default`, `notice` and `return`, as the pack has them.
    """

    loan: str
    product: str
    product_version: int
    product_zh: str
    product_en: str
    collateral: str
    currency: str
    principal: int
    instalments: tuple[tuple[date, int], ...]
    monthly: bool
    interest: int
    fees: tuple[tuple[str, int, str], ...]
    total: int
    all_in: str
    purpose: str
    days: Mapping[str, int]
    as_of: date

    @property
    def digest(self) -> str:
        """What stands for all of it."""
        return canonical.digest(self.as_json())

    def as_json(self) -> dict[str, Any]:
        """The facts as they are kept and digested: sums and codes, nothing private."""
        return {
            "loan": self.loan,
            "product": self.product,
            "product_version": self.product_version,
            "currency": self.currency,
            "principal": self.principal,
            "instalments": [[day.isoformat(), due] for day, due in self.instalments],
            "interest": self.interest,
            "fees": [list(fee) for fee in self.fees],
            "total": self.total,
            "all_in": self.all_in,
            "purpose": self.purpose,
            "days": dict(self.days),
            "as_of": self.as_of.isoformat(),
        }

    def words(self, language: str) -> dict[str, str]:
        """Every figure as it is said aloud, in the words of that language."""
        zh = language != "en"
        return {
            "product": self.product_zh if zh else f"a {self.product_en.lower()}",
            "principal": spoken(self.principal, self.currency, language),
            "instalments": str(len(self.instalments)),
            "repayments": _repayments_zh(self) if zh else _repayments_en(self),
            "total": spoken(self.total, self.currency, language),
            "interest": spoken(self.interest, self.currency, language),
            "fees": _fees_zh(self) if zh else _fees_en(self),
            "all_in": f"{Decimal(self.all_in) * 100:.2f}%",
            "purpose": _PURPOSES.get(self.purpose, {}).get(language, self.purpose),
            "thing": _THINGS[self.collateral][language],
            "default_days": str(self.days["default"]),
            "notice_days": str(self.days["notice"]),
            "return_days": str(self.days["return"]),
        }


def facts_of(
    *, loan: str, version: ProductVersion, terms: Terms, price: Price, purpose: str, days: Mapping[str, int], as_of: date
) -> Facts:
    """The facts of an application, from the plan that was asked for and what it costs."""
    # The fees of the payout are read with the other fees.
    rows: list[Instalment] = [row for row in price.instalments if row.due and (row.n >= 1 or row.principal)]
    return Facts(
        loan=loan, product=version.product.code, product_version=version.version, product_zh=version.product.name_zh,
        product_en=version.product.name_en, collateral=version.product.collateral, currency=terms.currency, principal=price.principal,
        instalments=tuple((row.due_on, row.due) for row in rows), monthly=(terms.every_unit, terms.every_count) == (Unit.MONTHS, 1),
        interest=price.interest, fees=tuple((fee.name, amount, fee.collected_by) for fee, amount in price.fees), total=price.total,
        all_in=str(price.all_in), purpose=purpose, days=days, as_of=as_of,
    )  # fmt: skip


def spoken(minor: int, currency: str, language: str) -> str:
    """An amount as it is said: 868 元 6 角 8 分, 868.68 yuan."""
    if language == "en":
        return f"{_grouped(minor, currency)} {_UNIT_EN.get(currency, currency)}"
    if currency != "CNY":
        return f"{_grouped(minor, currency)} {_UNIT_ZH.get(currency, currency)}"
    whole, jiao, fen = minor // 100, minor // 10 % 10, minor % 10
    parts = [f"{whole:,} 元"] if whole or not (jiao or fen) else []
    if jiao:
        parts.append(f"{jiao} 角")
    elif fen and whole:
        parts.append("零")
    if fen:
        parts.append(f"{fen} 分")
    return " ".join(parts)


def _grouped(minor: int, currency: str) -> str:
    amount = Money(minor, currency)
    whole, point, fraction = decimal_of(amount.minor, currency).partition(".")
    return f"{int(whole):,}" + (point + fraction if fraction.strip("0") else "")


def _same(facts: Facts) -> bool:
    """Whether every instalment falls on one day of its month."""
    return facts.monthly and len({day.day for day, _ in facts.instalments}) == 1


def _repayments_zh(facts: Facts) -> str:
    (first, due), (last, rest) = facts.instalments[0], facts.instalments[-1]
    sums = (spoken(due, facts.currency, "zh-hans"), spoken(rest, facts.currency, "zh-hans"))
    if len(facts.instalments) == 1:
        return f"{first.year} 年 {first.month} 月 {first.day} 日一次还 {sums[0]}"
    when = f"每月 {first.day} 日" if _same(facts) else f"第一期 {first.year} 年 {first.month} 月 {first.day} 日"
    if all(amount == due for _, amount in facts.instalments):
        return f"{when}还 {sums[0]}，最后一期在 {last.year} 年 {last.month} 月 {last.day} 日"
    if all(amount == due for _, amount in facts.instalments[:-1]):
        return f"{when}还 {sums[0]}，最后一期 {sums[1]}"
    return f"{when}还 {sums[0]}，以后逐期不同，最后一期 {sums[1]}"


def _repayments_en(facts: Facts) -> str:
    (first, due), (last, rest) = facts.instalments[0], facts.instalments[-1]
    sums = (spoken(due, facts.currency, "en"), spoken(rest, facts.currency, "en"))
    if len(facts.instalments) == 1:
        return f"{sums[0]} at once on {_day(first)}"
    when = f"on day {first.day} of each month" if _same(facts) else f"the first on {_day(first)}"
    if all(amount == due for _, amount in facts.instalments):
        return f"{sums[0]} {when}, the last on {_day(last)}"
    if all(amount == due for _, amount in facts.instalments[:-1]):
        return f"{sums[0]} {when}, {sums[1]} the last time"
    return f"{sums[0]} {when} at first, another sum each time, {sums[1]} the last time"


def _fees_zh(facts: Facts) -> str:
    if not facts.fees:
        return "没有其他费用"
    told = (f"{name} {spoken(amount, facts.currency, 'zh-hans')}（{_by_zh(by)}收取）" for name, amount, by in facts.fees)
    return "另有费用：" + "，".join(told)


def _fees_en(facts: Facts) -> str:
    if not facts.fees:
        return "there are no other fees"
    told = ", ".join(f"{name} {spoken(amount, facts.currency, 'en')} (collected by {_by_en(by)})" for name, amount, by in facts.fees)
    return f"other fees: {told}"


def _by_zh(collector: str) -> str:
    return "我们" if collector == "lender" else collector


def _by_en(collector: str) -> str:
    return "us" if collector == "lender" else collector


_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _day(on: date) -> str:
    return f"{on.day} {_MONTHS[on.month - 1]} {on.year}"
