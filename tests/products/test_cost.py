"""What a loan costs in a year, and the command that says so."""

from __future__ import annotations

import argparse
import json
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
from holdfast.products.cost import yearly_cost
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
