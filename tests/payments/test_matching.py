"""Where a line of a statement belongs, and when nobody guesses."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from holdfast.kernel.money import Money
from holdfast.payments.matching import Known, Told, codes_in, judge, new_code, numbers_in
from holdfast.payments.model import Intent
from holdfast.payments.states import IntentState

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def intent(loan_id: int, code: str = "HK1234567", minor: int = 41_200) -> Intent:
    return Intent(
        loan_id, 1, f"pi_{loan_id}", f"ln_{loan_id}", code, "instalment", Money(minor, "CNY"), IntentState.OPEN, NOW, None, date(2026, 3, 5)
    )  # fmt: skip


def told(remark: str = "", minor: int = 41_200, account: bytes | None = None) -> Told:
    return Told(remark, minor, "CNY", account)


def known(**how: Any) -> Known:
    return Known(how.get("codes", {}), how.get("contracts", {}), how.get("accounts", {}), how.get("waiting", {}))


CODES = {"HK1234567": intent(7)}
CONTRACTS = {"PAY-2026-0007": 7, "PAY-2026-0008": 8}


def test_the_code_in_the_remark_names_the_loan_and_clears_its_intent() -> None:
    found = judge(told("还款hk1234567谢谢"), known(codes=CODES))
    assert (found.loan_id, found.how, found.intent) == (7, "code", CODES["HK1234567"])


def test_a_contract_s_number_names_the_loan_between_any_words() -> None:
    assert judge(told("转账:pay-2026-0008还款"), known(contracts=CONTRACTS)).loan_id == 8


def test_code_and_number_of_different_loans_leave_it_to_a_person() -> None:
    found = judge(told("HK1234567 PAY-2026-0008"), known(codes=CODES, contracts=CONTRACTS))
    assert (found.loan_id, found.how) == (None, "several_loans")


def test_an_account_from_which_one_loan_is_repaid_names_it() -> None:
    assert judge(told(account=b"a"), known(accounts={b"a": {5}})).loan_id == 5


def test_an_account_of_two_loans_names_none_but_by_the_amount_that_one_of_them_waits_for() -> None:
    two = {b"a": {5, 6}}
    assert judge(told(account=b"a"), known(accounts=two)).how == "several_loans"
    waits = known(accounts=two, waiting={6: [intent(6)]})
    assert judge(told(account=b"a"), waits).loan_id == 6
    assert judge(told(account=b"a", minor=1), waits).loan_id is None


def test_a_word_in_the_remark_wins_over_the_account() -> None:
    assert judge(told("PAY-2026-0008", account=b"a"), known(contracts=CONTRACTS, accounts={b"a": {5}})).loan_id == 8


def test_money_from_nobody_known_is_nobody_s() -> None:
    assert judge(told("谢谢", account=b"z"), known(codes=CODES, contracts=CONTRACTS)).how == "nobody_known"


@pytest.mark.parametrize("remark", ["AHK1234567", "HK12345678", "HK123456", "HK12345I7"])
def test_what_only_looks_like_a_code_is_none(remark: str) -> None:
    assert codes_in(remark) == []


def test_a_new_code_is_found_again_in_any_remark() -> None:
    for code in {new_code() for _ in range(500)}:
        assert codes_in(f"附言{code.lower()}，还款") == [code]


def test_numbers_are_found_without_what_stands_around_them() -> None:
    assert numbers_in("合同PAY-2026-0001-，第3期") == ["PAY-2026-0001"]
