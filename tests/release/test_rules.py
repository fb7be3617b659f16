"""The audit and the rules of a sale, with round figures."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.kernel.errors import BadInput, Forbidden, Refusal
from holdfast.release import Thing, rules

DAY = date(2026, 3, 10)
CLEAN = rules.Facts(
    asked=122_400, received=122_400, owed=0, overpaid_without_duty=0, uncleared=0, open_drawers=(), other_pledges=(), freezes=(),
    breaches=(), phone_changed_on=None, phone_freeze_days=30, phone_approved=False, thing=Thing.IN_CUSTODY, custody_problem="", today=DAY,
)  # fmt: skip


def failing(**changes: Any) -> list[str]:
    return [line.check for line in rules.audit(replace(CLEAN, **changes)) if not line.ok]


def test_a_clean_account_passes_every_line_and_each_line_shows_its_figures() -> None:
    lines = rules.audit(CLEAN)
    assert [line.check for line in lines if not line.ok] == [] and len(lines) == 10
    assert (lines[0].wanted, lines[0].found) == (122_400, 122_400)


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"received": 122_399}, "receipts_match_contract"),
        ({"received": 122_401}, "receipts_match_contract"),
        ({"owed": 1}, "nothing_owed"),
        ({"overpaid_without_duty": 1}, "overpayment_goes_back"),
        ({"uncleared": 1}, "nothing_uncleared"),
        ({"open_drawers": ("dr_1",)}, "drawers_closed"),
        ({"other_pledges": ("pl_2",)}, "title_clear"),
        ({"freezes": ("court",)}, "no_freeze"),
        ({"breaches": ("find_item",)}, "no_breach"),
        ({"phone_changed_on": DAY - timedelta(days=29)}, "phone_number_unchanged"),
        ({"custody_problem": "missing"}, "thing_in_custody"),
    ],
)
def test_each_line_fails_by_itself_and_by_one_fen(changes: dict[str, Any], check: str) -> None:
    assert failing(**changes) == [check]


def test_a_changed_number_stops_a_release_for_the_pack_s_days_or_until_two_allow_it() -> None:
    assert failing(phone_changed_on=DAY - timedelta(days=30)) == []
    assert failing(phone_changed_on=DAY, phone_approved=True) == []


def test_a_thing_outside_our_records_has_no_custody_line() -> None:
    assert failing(thing=Thing.OUTSIDE, custody_problem="nothing of this loan is in custody") == []


@pytest.mark.parametrize(("days", "may"), [(29, False), (30, True), (31, True)])
def test_a_notice_needs_arrears_that_are_old_enough(days: int, may: bool) -> None:
    if may:
        rules.may_notice(days_past_due=days, least_days=30)
    else:
        with pytest.raises(Refusal, match="29 days past due"):
            rules.may_notice(days_past_due=days, least_days=30)


def test_nothing_is_sold_while_the_borrower_may_pay_nor_once_they_have() -> None:
    rules.may_sell(today=DAY, sale_from=DAY, unpaid_due=1)
    with pytest.raises(Refusal, match="may pay until 2026-03-10"):
        rules.may_sell(today=DAY, sale_from=DAY + timedelta(days=1), unpaid_due=1)
    with pytest.raises(Refusal, match="cured"):
        rules.may_sell(today=DAY, sale_from=DAY, unpaid_due=0)


@pytest.mark.parametrize(("price", "fair"), [(80_000, True), (79_999, False)])
def test_a_price_under_four_fifths_of_the_valuation_is_not_fair(price: int, fair: bool) -> None:
    assert rules.checked_sale(price=price, costs={}, valued_at=100_000, reason="只有一家出价") is fair


def test_a_low_price_without_a_reason_is_mended_and_a_sale_that_brings_nothing_is_none() -> None:
    with pytest.raises(BadInput) as caught:
        rules.checked_sale(price=79_999, costs={}, valued_at=100_000, reason="")
    assert caught.value.field == "reason"
    with pytest.raises(BadInput, match="brings nothing"):
        rules.checked_sale(price=100, costs={"佣金": 100}, valued_at=100, reason="")


@pytest.mark.parametrize(("relation", "error"), [("lender", Forbidden), ("staff", Forbidden), ("related", Forbidden), ("friend", BadInput)])
def test_the_lender_its_staff_and_their_kin_never_buy(relation: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        rules.may_buy(relation=relation, is_lender=False, is_staff=False)


def test_what_is_declared_does_not_hide_what_is_known() -> None:
    with pytest.raises(Forbidden, match="void"):
        rules.may_buy(relation="none", is_lender=True, is_staff=False)
    with pytest.raises(Forbidden, match="works here"):
        rules.may_buy(relation="none", is_lender=False, is_staff=True)


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**8), min_size=4, max_size=4))
def test_the_shares_and_the_surplus_always_sum_to_the_proceeds(net: int, parts: list[int]) -> None:
    debt = dict(zip(("penalty", "fee", "interest", "principal"), parts, strict=True))
    shares = rules.shared(net, debt)
    surplus = max(net - sum(debt.values()), 0)
    assert sum(shares.values()) + surplus == net
    assert all(0 <= shares[part] <= debt[part] for part in debt)


def test_principal_is_paid_after_interest_and_costs() -> None:
    debt = {"penalty": 100, "fee": 200, "interest": 300, "principal": 1_000}
    assert rules.shared(450, debt) == {"penalty": 100, "fee": 200, "interest": 150, "principal": 0}
