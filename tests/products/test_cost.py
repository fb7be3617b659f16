"""What a loan costs in a year, and the command that says so."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from holdfast.cli import schedule as command
from holdfast.kernel.calendar import Unit
from holdfast.kernel.errors import BadInput
from holdfast.kernel.rate import Per, Rate
from holdfast.products.cost import exact_cost, internal_rate, yearly_cost
from holdfast.products.schedule import schedule
from holdfast.products.terms import Fee, FeeAt, Method, Terms
from tests.servicing.contracts import contract, contracts

TERMS: dict[str, Any] = {
    "currency": {"code": "CNY"},
    "principal": "4000.00",
    "annual_rate_percent": "14.40",
    "interest_method": "DECLINING_BALANCE",
    "amortization": "EQUAL_INSTALLMENTS",
    "number_of_instalments": 6,
    "repayment_every": {"count": 1, "unit": "MONTHS"},
    "expected_disbursement_on": "2026-01-31",
    "rounding_mode": "HALF_UP",
}


def test_without_fees_the_nominal_cost_is_the_contract_rate() -> None:
    terms = contract(principal=1_000_000, rate=Rate(20_000_000, Per.MONTH), method=Method.EQUAL_INSTALMENT)
    assert yearly_cost(terms).nominal == Decimal("0.2400")


def test_the_effective_cost_compounds_by_days() -> None:
    # 10,000.00 for one whole year at 12 %, paid at its end.
    terms = contract(method=Method.SINGLE_PERIOD, instalments=1, every_count=12, principal=1_000_000)
    assert (yearly_cost(terms).nominal, yearly_cost(terms).effective) == (Decimal("0.1200"), Decimal("0.1200"))
    # The same 12 % paid each month costs (1.01)^12 - 1 = 12.68 %, and a little more for the short months.
    monthly = contract(method=Method.INTEREST_FIRST, principal=1_000_000)
    assert yearly_cost(monthly).effective == Decimal("0.1269")


def test_fees_count_whoever_collects_them() -> None:
    # 100.00 of 10,000.00 taken at the payout: 9,900.00 received, 11,200.00 paid after a year.
    fee = Fee("survey", 10_000, FeeAt.DISBURSEMENT, "somebody else")
    terms = contract(method=Method.SINGLE_PERIOD, instalments=1, every_count=12, principal=1_000_000, fees=(fee,))
    assert yearly_cost(terms).nominal == Decimal("0.1313")


def test_a_dated_fee_counts_on_its_own_day() -> None:
    plain = {"method": Method.SINGLE_PERIOD, "instalments": 1, "every_count": 12, "principal": 1_000_000}
    early = contract(**plain, fees=(Fee("survey", 10_000, date(2026, 1, 2)),))
    late = contract(**plain, fees=(Fee("survey", 10_000, date(2026, 12, 31)),))
    assert yearly_cost(early).effective > yearly_cost(late).effective > yearly_cost(contract(**plain)).effective


def test_a_recurring_fee_counts_with_each_instalment() -> None:
    fees = (Fee("service", 1_000, FeeAt.EACH_INSTALMENT),)
    terms = contract(method=Method.INTEREST_FIRST, principal=100_000, rate=Rate(0), fees=fees)
    assert yearly_cost(terms).nominal == Decimal("0.1200")


def test_no_interest_and_no_fee_cost_nothing() -> None:
    assert yearly_cost(contract(rate=Rate(0))).nominal == Decimal("0.0000")


def test_fees_that_leave_nothing_to_pay_out_are_refused() -> None:
    with pytest.raises(BadInput, match="nothing to pay out"):
        yearly_cost(contract(fees=(Fee("all", 120_000, FeeAt.DISBURSEMENT),)))


def test_a_very_dear_loan_is_still_solved() -> None:
    # 100.00 that costs 100.00 after ten days: a rate of 100 % in ten days, 36.5 such periods in a year.
    terms = contract(
        method=Method.SINGLE_PERIOD, instalments=1, every_unit=Unit.DAYS, every_count=10, principal=10_000, rate=Rate(100_000_000, Per.DAY)
    )
    assert yearly_cost(terms).nominal == Decimal("36.5000")


@given(contracts())
def test_a_cost_is_never_negative_and_discounts_the_flows_to_what_was_received(terms: Terms) -> None:
    cost = yearly_cost(terms)
    assert cost.nominal >= 0
    rate = float(1 + cost.effective)
    worth = sum(row.due * rate ** (-(row.due_on - terms.disbursed_on).days / 365) for row in schedule(terms))
    span = (schedule(terms)[-1].due_on - terms.disbursed_on).days / 365
    assert abs(worth - terms.principal) <= terms.principal * (0.0001 * span + 1e-6)


def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str) -> dict[str, Any]:
    (tmp_path / "terms.json").write_text(text, encoding="utf-8")
    assert command.run(argparse.Namespace(file=tmp_path / "terms.json")) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_the_command_lays_out_the_schedule(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fees = [
        {"name": "服务费", "amount": "2.00", "at": "each_instalment", "collected_by": "示例担保"},
        {"name": "评估费", "amount": "50.00", "at": "disbursement", "collected_by": "lender"},
    ]
    said = run(tmp_path, capsys, json.dumps(TERMS | {"fees": fees}))
    assert said["instalments"][0] == {
        "n": 1,
        "due_on": "2026-02-28",
        "principal": "646.94",
        "interest": "48.00",
        "fees": "2.00",
        "due": "696.94",
        "balance_after": "3353.06",
    }
    assert said["instalments"][-1]["due"] == "696.97"
    assert said["instalments"][-1]["balance_after"] == "0.00"
    totals = {"principal": "4000.00", "interest": "169.67", "fees": "12.00", "due": "4181.67", "fees_at_disbursement": "50.00"}
    assert said["totals"] == totals
    assert (said["apr_nominal"], said["apr_effective"]) == ("0.1984", "0.2220")


def test_the_command_without_fees_says_the_contract_rate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = run(tmp_path, capsys, json.dumps(TERMS))
    assert (said["apr_nominal"], said["apr_effective"]) == ("0.1440", "0.1570")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[]", "terms: write an object"),
        ("{", "is not JSON"),
        ('{"principal": "1.00", "principal": "2.00"}', "principal: stands twice"),
        (json.dumps(TERMS | {"colour": "red"}), "terms.colour: no such field"),
        (json.dumps(TERMS | {"days_in_month": "30", "days_in_year": "365"}), "terms.days_in_year"),
        (json.dumps(TERMS | {"expected_disbursement_on": "9999-12-31"}), "beyond the calendar"),
    ],
)
def test_the_command_names_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        run(tmp_path, capsys, text)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"missing\.json cannot be read"):
        command.run(argparse.Namespace(file=tmp_path / "missing.json"))


# ── against a spreadsheet's functions ──────────────────────────────────────────────────────────────────────


def test_xirr_of_the_spreadsheet_s_own_example() -> None:
    # The worked example in Excel's help of XIRR: 0.373362535.
    start = date(2008, 1, 1)
    flows = [(date(2008, 3, 1), 2_750), (date(2008, 10, 30), 4_250), (date(2009, 2, 15), 3_250), (date(2009, 4, 1), 2_750)]
    found = internal_rate(10_000, [(Decimal((on - start).days) / 365, amount) for on, amount in flows])
    assert abs(found - Decimal("0.373362535")) < Decimal("1e-8")


def test_irr_and_rate_of_the_spreadsheet_s_own_examples() -> None:
    # Excel's help of IRR: 70,000 out, then 12,000 to 26,000 a year: 8.663095 %. Of RATE: 8,000 in 48 of 200: 0.770147 %.
    irr = internal_rate(70_000, [(Decimal(year), amount) for year, amount in enumerate((12_000, 15_000, 18_000, 21_000, 26_000), 1)])
    assert irr.quantize(Decimal("0.00000001")) == Decimal("0.08663095")
    rate = internal_rate(8_000, [(Decimal(month), 200) for month in range(1, 49)])
    assert rate.quantize(Decimal("0.00000001")) == Decimal("0.00770147")


def by_bisection(received: int, flows: list[tuple[float, int]]) -> float:
    """The rate at which a spreadsheet's formula, sum of amount / (1 + rate) ^ time, comes to what was received: halved until found."""
    low, high = -0.999999, 1e9
    for _ in range(400):
        middle = (low + high) / 2
        worth = sum(amount / (1 + middle) ** time for time, amount in flows)
        low, high = (middle, high) if worth > received else (low, middle)
    return (low + high) / 2


@given(contracts())
def test_both_figures_agree_with_a_spreadsheet_s_formula_to_the_sixth_digit(terms: Terms) -> None:
    terms = replace(terms, fees=(Fee("service", terms.principal // 50, FeeAt.DISBURSEMENT), Fee("each", 100, FeeAt.EACH_INSTALMENT)))
    received = terms.principal - terms.principal // 50
    rows = [row for row in schedule(terms) if row.n >= 1]
    cost = exact_cost(terms)
    days = [((row.due_on - terms.disbursed_on).days / 365, row.due) for row in rows]
    assert float(cost.effective) == pytest.approx(by_bisection(received, days), rel=1e-6, abs=1e-9)
    per_year = {Unit.MONTHS: 12, Unit.WEEKS: 52, Unit.DAYS: 365}[terms.every_unit] / terms.every_count
    period = by_bisection(received, [(float(row.n), row.due) for row in rows])
    assert float(cost.nominal) == pytest.approx(period * per_year, rel=1e-6, abs=1e-9)
