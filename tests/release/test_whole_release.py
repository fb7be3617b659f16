"""A release from the pay-off to the bureau: each step in its order, by whom it must be, and what it proves."""

from __future__ import annotations

from tests.release.houses import House


def test_a_loan_that_is_paid_off_goes_home_step_by_step(house: House) -> None:
    loan = house.lend().public_id
    house.pay(loan, 1200)
    assert house.state(loan) == ("releasing", "opened")
    assert house.open_duties(loan) == {"release_notice", "settlement_certificate", "return_collateral", "credit_update"}
    house.identify(loan)
    lines = house.audit(loan)
    assert [line.check for line in lines if not line.ok] == []
    assert house.state(loan) == ("releasing", "audited")
    house.approve(loan, "approver")
    assert house.state(loan) == ("releasing", "audited")
    house.approve(loan, "risk")
    assert house.state(loan) == ("releasing", "approved")
    house.certify(loan)
    house.report(loan)
    from holdfast import release

    release.ask_hand_back(house.db, clock=house.clock, by=house.people["custodian"], loan=loan, words="原柜交还（示例）")
    house.hand_back(loan)
    assert house.state(loan)[0] == "settled" and not house.open_duties(loan)
