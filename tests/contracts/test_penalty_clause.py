"""Penalty interest in what is signed: its base, its rate, its first day and its cap, in both languages, where nobody can overlook it."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast import contracts
from holdfast.kernel.errors import BadInput, Refusal
from holdfast.kernel.rate import Per, Rate
from holdfast.products.terms import Penalty, PenaltyBase
from tests.contracts.offers import Desk, terms_of
from tests.signatures import words_of

RATIO = Penalty(PenaltyBase.PRINCIPAL, ratio_ppb=1_300_000_000, from_day=4)
DAILY = Penalty(PenaltyBase.PRINCIPAL_AND_INTEREST, ppb=300_000)  # 0.03 % a day


def default_clause(desk: Desk) -> tuple[str, str]:
    """The clause of what paying late costs, in Chinese and in English."""
    clause = next(each for each in desk.offer().clauses if each.key == "default")
    return clause.zh, clause.en


def test_a_share_of_the_contracts_rate_is_told_with_base_first_day_daily_rate_and_cap(desk: Desk) -> None:
    """9.6 % a year over 360 days, 1.3 times: 0.0346667 % a day. At most 1.5 times 9.6 %: 14.40 % a year."""
    desk.terms = terms_of(rate=Rate(8_000_000, Per.MONTH), penalty=RATIO)
    zh, en = default_clause(desk)
    assert "自逾期第 4 天起，对逾期的本金按每日 0.0346667%（合同利率的 130%）计收罚息，算到还清当天为止；不收复利、违约金和催收费" in zh
    assert "罚息折合年利率最高不超过 14.40%，即合同利率的 150% 与签约日监管上限中较低的一个" in zh
    assert "From day 4 late on, the principal that is late bears penalty interest of 0.0346667% a day (130% of the contract's rate)" in en
    assert "By the year penalty interest is at most 14.40%: 150% of the contract's rate, or the ceiling of the day of signing" in en


def test_a_daily_rate_on_principal_and_interest_is_told_as_such(desk: Desk) -> None:
    desk.terms = terms_of(rate=Rate(8_000_000, Per.MONTH), penalty=DAILY)
    zh, en = default_clause(desk)
    assert "自逾期第 1 天起，对逾期的本金和利息按每日 0.03%计收罚息" in zh
    assert "From day 1 late on, the principal and interest that is late bears penalty interest of 0.03% a day" in en


def test_where_the_ceiling_of_all_costs_is_lower_the_cap_is_the_ceiling(desk: Desk) -> None:
    """1.5 % a month is 18 % a year; 1.5 times that, 27 %, is more than the 24 % that all costs together may come to."""
    desk.terms = terms_of(rate=Rate(15_000_000, Per.MONTH), penalty=Penalty(PenaltyBase.PRINCIPAL, ppb=300_000))
    zh, en = default_clause(desk)
    assert "罚息折合年利率最高不超过 24.00%，" in zh
    assert "at most 24.00%:" in en


def test_a_contract_without_penalty_interest_says_that_there_is_none_and_names_no_cap(desk: Desk) -> None:
    zh, en = default_clause(desk)
    assert "逾期期间不收罚息、复利、违约金和催收费" in zh and "最高" not in zh
    assert "No penalty, compound interest or collection fee is charged" in en and "at most" not in en


def test_the_clause_stands_in_the_agreement_and_the_rate_in_the_cost_statement_that_both_sign(desk: Desk, tmp_path: Path) -> None:
    desk.terms = terms_of(rate=Rate(8_000_000, Per.MONTH), penalty=RATIO)
    made = desk.bring_to("sealed")
    assert made is not None
    zh = next(each.zh for each in made.clauses if each.key == "default")
    told = {
        kind: words_of(contracts.paper_for_borrower(desk.db, by=desk.actor, loan=desk.loan, kind=kind)[1], tmp_path)
        for kind in ("agreement", "cost_statement")
    }
    assert "".join(zh.split()) in told["agreement"]
    for words in ("自逾期第4天起", "逾期本金的每日0.0346667%", "合同利率的130%"):
        assert words in told["cost_statement"]


def test_nobody_signs_before_the_clause_of_paying_late_is_ticked(desk: Desk) -> None:
    desk.terms = terms_of(rate=Rate(8_000_000, Per.MONTH), penalty=RATIO)
    made = desk.offer()
    ticked = tuple(each.key for each in made.clauses if each.key != "default")
    with pytest.raises(BadInput, match="default is missing") as caught:
        desk.sign(flags=ticked)
    assert caught.value.code == "clause_unread"


def test_penalty_interest_above_the_cap_is_in_no_contract(desk: Desk) -> None:
    desk.terms = terms_of(rate=Rate(8_000_000, Per.MONTH), penalty=Penalty(PenaltyBase.PRINCIPAL, ratio_ppb=1_510_000_000))
    with pytest.raises(Refusal) as caught:
        desk.offer()
    assert caught.value.code == "penalty_above_cap"
