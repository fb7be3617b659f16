"""A fraud that is confirmed while the thing lies here ends the loan by its own name, and by nobody who reported it."""

from __future__ import annotations

import pytest

from holdfast import confirmation, pledges
from holdfast.kernel.errors import Forbidden, Refusal
from holdfast.life import LoanState
from holdfast.parties import Staff
from tests.pledges.lives import House


def frozen(house: House, by: Staff) -> str:
    loan, _thing, _held = house.taken_in()
    confirmation.report_fraud(
        house.db, clock=house.clock, by=by, loan=loan, sign="impersonation", evidence="身份证照片与本人不符（示例）", words="本人与证件不符"
    )
    return loan


def ask(house: House, loan: str, ends: str, by: Staff | None = None) -> str:
    return pledges.ask_to_hand_back(house.db, clock=house.clock, by=by or house.officer, loan=loan, ends=ends, reason="核查属实").public_id


def test_a_frozen_loan_ends_by_fraud_and_by_nothing_else(house: House) -> None:
    loan = frozen(house, house.risk)
    for ends in ("withdrawn", "refused"):
        with pytest.raises(Refusal) as refused:
            ask(house, loan, ends)
        assert refused.value.code == "ends_by_fraud"
    house.yes(ask(house, loan, "fraud"), house.approver)
    assert "hand_back" in house.duty_kinds(loan) and "fraud_review" not in house.duty_kinds(loan)
    record = [each for each in confirmation_records(house, loan) if each[0] == "custody.to_hand_back"][-1]
    assert record[1]["ends"] == "fraud"


def test_a_loan_that_is_not_frozen_does_not_end_by_fraud(house: House) -> None:
    loan, _thing, _held = house.taken_in()
    with pytest.raises(Refusal) as refused:
        ask(house, loan, "fraud")
    assert refused.value.code == "not_frozen"


def test_whoever_reported_the_sign_neither_asks_nor_agrees(house: House) -> None:
    loan = frozen(house, house.officer)
    with pytest.raises(Forbidden):
        ask(house, loan, "fraud", house.officer)
    other = frozen_by_keeper(house)
    with pytest.raises(Forbidden):
        house.yes(ask(house, other, "fraud"), house.fang)
    assert house.state(other) is LoanState.SIGNED


def frozen_by_keeper(house: House) -> str:
    loan, _thing, _held = house.taken_in("A-03-03")
    confirmation.report_fraud(
        house.db,
        clock=house.clock,
        by=house.fang,
        loan=loan,
        sign="impersonation",
        evidence="封袋内不是合同上的手机（示例）",
        words="实物不符",
    )
    return loan


def confirmation_records(house: House, loan: str) -> list[tuple[str, dict[str, object]]]:
    from holdfast.journal import read_chain

    return [(each.kind, dict(each.says())) for each in read_chain(house.db, house.number(loan))]
