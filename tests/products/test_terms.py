"""Terms: what the contract says, held in one canonical form."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given

from holdfast.kernel import canonical
from holdfast.kernel.errors import BadInput
from holdfast.kernel.rate import Rate
from holdfast.products.terms import Excess, Fee, FeeAt, Method, PayoutJoins, Rest, Terms
from tests.servicing.contracts import START, contract, contracts


@given(contracts())
def test_terms_come_back_from_json_as_they_went(terms: Terms) -> None:
    assert Terms.from_json(canonical.decode(canonical.encode(terms.to_json()))) == terms


def test_fees_and_dates_come_back_from_json_as_they_went() -> None:
    fees = (Fee("survey", 5_000, FeeAt.DISBURSEMENT, "示例评估"), Fee("filing", 80, date(2026, 3, 1)))
    terms = contract(first_due_on=date(2026, 2, 15), instalment_amount=11_000, fees=fees)
    assert Terms.from_json(terms.to_json()) == terms


def test_money_of_each_kind_comes_back_from_json_in_whatever_order_it_was_told() -> None:
    told = (("receipt", Excess.SPREAD), ("goodwill", Excess.LAST))
    terms = contract(excess_for=told)
    assert Terms.from_json(terms.to_json()) == terms == contract(excess_for=told[::-1])
    with pytest.raises(BadInput, match="each kind of money once"):
        contract(excess_for=(*told, ("goodwill", Excess.NEXT)))


def test_what_says_nothing_yet_is_kept_all_the_same() -> None:
    for terms in (contract(rest=Rest.DUE_DATE), contract(rate=Rate(0), payout_joins=PayoutJoins.SAME_DAY)):
        assert Terms.from_json(terms.to_json()) == terms


def test_what_has_a_default_may_be_left_out() -> None:
    plain = contract()
    short = {name: plain.to_json()[name] for name in ("currency", "principal", "method", "rate", "instalments", "disbursed_on")}
    assert Terms.from_json(short) == plain


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"colour": "red"}, "terms.colour"),
        ({"principal": 0}, "terms.principal"),
        ({"principal": 1.5}, "terms.principal"),
        ({"principal": True}, "terms.principal"),
        ({"currency": "XXX"}, "terms.currency"),
        ({"method": "somehow"}, "terms.method"),
        ({"method": ["flat"]}, "terms.method"),
        ({"rate": {"ppb": -1, "per": "year"}}, "terms.rate.ppb"),
        ({"rate": {"ppb": 1, "per": "century"}}, "terms.rate.per"),
        ({"rate": 12}, "terms.rate"),
        ({"instalments": 1_001}, "terms.instalments"),
        ({"disbursed_on": "2026-02-30"}, "terms.disbursed_on"),
        ({"first_due_on": "2026-01-01"}, "terms.first_due_on"),
        ({"every_count": 0}, "terms.every_count"),
        ({"instalment_multiple": 0}, "terms.instalment_multiple"),
        ({"instalment_amount": 0}, "terms.instalment_amount"),
        ({"principal_grace": 12}, "terms.principal_grace"),
        ({"down_payment_ppb": 1_000_000_000}, "terms.down_payment_ppb"),
        ({"balanced": 1}, "terms.balanced"),
        ({"payout_joins": "sooner"}, "terms.payout_joins"),
        ({"payout_joins": "same_day"}, "terms.payout_joins"),
        ({"allocation": ["fee", "fee", "interest", "principal"]}, "terms.allocation"),
        ({"allocation": "fee"}, "terms.allocation"),
        ({"fees": "none"}, "terms.fees"),
        ({"fees": [{"name": "a"}]}, "terms.fees[0]"),
        ({"fees": [{"name": "a", "amount": -1, "at": "disbursement", "collected_by": "b"}]}, "terms.fees[0].amount"),
        ({"fees": [{"name": "a", "amount": 1, "at": "sometime", "collected_by": "b"}]}, "terms.fees[0].at"),
    ],
)
def test_terms_that_cannot_be_are_refused_and_the_field_is_named(change: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as refused:
        Terms.from_json(contract().to_json() | change)
    assert refused.value.field == field


def test_a_missing_field_is_named() -> None:
    said = contract().to_json()
    del said["rate"]
    with pytest.raises(BadInput, match=r"terms\.rate: is missing"):
        Terms.from_json(said)


def test_a_single_period_has_one_instalment() -> None:
    with pytest.raises(BadInput, match="single period"):
        Terms("CNY", 100, Method.SINGLE_PERIOD, Rate(0), 2, START)
