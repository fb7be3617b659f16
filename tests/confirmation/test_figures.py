"""What is read out: sums as they are said, the plan from its schedule, and a digest that stands for exactly these figures."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from holdfast.confirmation.figures import Facts, facts_of, spoken
from holdfast.confirmation.script import LOAN_FIGURES, script
from holdfast.kernel.money import Money
from holdfast.products import Fee, FeeAt, Offer, Product, ProductVersion, plan, price_of

DAYS = {"default": 30, "notice": 10, "return": 1}


def facts(instalments: int = 6, terms: dict[str, Any] | None = None, fees: tuple[Fee, ...] = ()) -> Facts:
    """5,000.00 at 1.2 % a month in equal instalments, paid out on 24 November."""
    version = ProductVersion(
        Product("phone-pledge", "手机质押借款", "Phone pledge loan", "phone"), 1,
        terms or {"method": "equal_instalment", "rate": {"ppb": 12_000_000, "per": "month"}}, date(2026, 1, 1),
        Offer("CNY", 100_000, 800_000, (1, 3, 6)),
    )  # fmt: skip
    asked = plan(version, principal=Money(500_000, "CNY"), instalments=instalments, disbursed_on=date(2026, 11, 24))
    asked = replace(asked, fees=fees)
    return facts_of(loan="ln_x", version=version, terms=asked, price=price_of(asked), purpose="home", days=DAYS, as_of=date(2026, 11, 24))


@pytest.mark.parametrize(
    ("minor", "zh", "en"),
    [
        (500_000, "5,000 元", "5,000 yuan"),
        (86_868, "868 元 6 角 8 分", "868.68 yuan"),
        (521_210, "5,212 元 1 角", "5,212.10 yuan"),
        (10_005, "100 元 零 5 分", "100.05 yuan"),
        (50, "5 角", "0.50 yuan"),
        (0, "0 元", "0 yuan"),
    ],
)
def test_an_amount_is_said_as_people_say_it(minor: int, zh: str, en: str) -> None:
    assert (spoken(minor, "CNY", "zh-hans"), spoken(minor, "CNY", "en")) == (zh, en)


def test_the_plan_is_read_from_its_schedule() -> None:
    told = facts().words("zh-hans")
    assert told["repayments"] == "每月 24 日还 868 元 6 角 8 分，最后一期 868 元 7 角"
    assert (told["total"], told["interest"], told["fees"], told["all_in"]) == ("5,212 元 1 角", "212 元 1 角", "没有其他费用", "15.49%")
    english = facts().words("en")
    assert english["repayments"] == "868.68 yuan on day 24 of each month, 868.70 yuan the last time"
    assert english["purpose"] == "home and household"


def test_a_single_instalment_is_read_with_its_day() -> None:
    assert facts(1).words("zh-hans")["repayments"] == "2026 年 12 月 24 日一次还 5,060 元"
    assert facts(1).words("en")["repayments"] == "5,060 yuan at once on 24 Dec 2026"


def test_instalments_that_differ_are_not_read_as_one() -> None:
    told = facts(3, {"method": "equal_principal", "rate": {"ppb": 12_000_000, "per": "month"}}).words("zh-hans")
    assert "以后逐期不同" in told["repayments"]


def test_each_fee_is_read_with_who_collects_it() -> None:
    fees = (Fee("估值费", 5_000, FeeAt.DISBURSEMENT), Fee("保管费", 1_000, FeeAt.EACH_INSTALMENT, "示例仓库"))
    told = facts(fees=fees)
    assert told.words("zh-hans")["fees"] == "另有费用：估值费 50 元（我们收取），保管费 60 元（示例仓库收取）"
    assert told.total == 521_210 + 5_000 + 6_000


def test_every_step_can_be_read_in_both_languages() -> None:
    for language in ("zh-hans", "en"):
        figures = {"lender": "示例", "caller": "示例", **facts().words(language)}
        assert set(figures) >= LOAN_FIGURES
        for step in script().steps:
            assert "{" not in step.said(language, figures)


@pytest.mark.parametrize("change", [{"principal": 500_001}, {"total": 521_211}, {"purpose": "other"}, {"as_of": date(2026, 11, 25)}])
def test_another_figure_is_another_digest(change: dict[str, Any]) -> None:
    assert replace(facts(), **change).digest != facts().digest
