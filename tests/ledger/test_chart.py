"""The chart of accounts by type of lender: every account that a posting may name has a number and both names in each."""

from __future__ import annotations

import pytest

from holdfast.ledger import CHART, Account, chart_of
from holdfast.policy.pack import LenderType
from holdfast.servicing.books import PAIRS


@pytest.mark.parametrize("lender_type", [None, *LenderType])
def test_every_account_has_its_number_and_both_names(lender_type: str | None) -> None:
    chart = chart_of(lender_type)
    assert set(chart) == set(Account) == set(CHART)
    assert all(title.code and title.zh and title.en for title in chart.values())
    assert len({title.code for title in chart.values()}) == len(Account), "two accounts under one number"
    assert [title.code for title in chart.values()] == sorted(title.code for title in chart.values())


def test_every_total_of_a_loan_is_posted_between_two_accounts_of_the_chart() -> None:
    assert all(side in CHART for pair in PAIRS.values() for side in pair)


def test_a_pawn_shop_and_a_bank_call_the_same_posting_by_their_own_names() -> None:
    assert chart_of("pawnshop")[Account.PRINCIPAL].zh == "典当贷款"
    assert chart_of("commercial_bank")[Account.BANK].code == "1011"
    assert chart_of("micro_lender")[Account.CASH].zh == "库存现金"
