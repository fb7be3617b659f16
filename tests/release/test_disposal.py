"""Default and disposal: time to pay first, a price that is accounted for to the fen, the surplus back; and never the thing for the debt."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest

from holdfast import pledges, release, servicing
from holdfast.followup import settlements
from holdfast.followup.settlements_model import Part
from holdfast.kernel.errors import BadInput, Forbidden, NotFound, Refusal
from holdfast.kernel.money import Money
from holdfast.loans import loan_id_of
from holdfast.parties import MAY, Role
from holdfast.release import disposal
from holdfast.servicing import settling
from holdfast.wiring import carry
from tests.release.houses import House, id_number


def noticed(house: House) -> str:
    """A loan whose first instalment is 31 days late, noticed today."""
    loan = house.pledged()
    house.walk(62)
    house.notice(loan)
    return loan


def valued(house: House, yuan: int = 1500) -> str:
    loan = noticed(house)
    house.walk(10)
    house.value(loan, yuan)
    return loan


def default_of(house: House, loan: str) -> release.Disposal:
    found = release.disposal_of(house.db, loan_id_of(house.db, loan))
    assert found is not None
    return found


def test_a_sale_that_brings_more_than_the_debt_ends_it_and_the_rest_goes_back(house: House) -> None:
    loan = valued(house)
    owed = servicing.owed(house.db, loan=loan, on=house.book.day)
    house.ask_sale(loan)
    house.sell(loan, "approver")
    assert house.state(loan)[0] == "active"
    house.sell(loan, "risk")
    assert house.state(loan) == ("releasing", "opened")
    pledge = pledges.pledge_of(house.db, loan_id_of(house.db, loan))
    assert pledge is not None and pledge.state == "disposed"
    house.account(loan)
    found = default_of(house, loan)
    assert (found.net, found.owed_before) == (145_000, owed.minor)
    assert found.surplus == 145_000 - owed.minor
    assert "return_collateral" not in house.open_duties(loan) and "dispose" not in house.open_duties(loan)
    disposal.ask_surplus(house.db, clock=house.clock, by=house.people["officer"], loan=loan, reason="退还处置余款")
    with pytest.raises(Forbidden):
        disposal.return_surplus(house.db, clock=house.clock, by=house.people["officer"], loan=loan, approved=True)
    carry(disposal.return_surplus, house.db, clock=house.clock, by=house.people["risk"], loan=loan, approved=True)
    reckoning = servicing.reckon(house.db, loan=loan)
    assert reckoning.refunded == reckoning.overpaid == Money(found.surplus, "CNY")
    house.audit(loan)
    house.approve(loan, "approver")
    house.approve(loan, "risk")
    house.certify(loan)
    house.report(loan)
    house.send()
    assert house.state(loan) == ("settled", "ended_otherwise")
    house.db.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_a_sale_that_brings_less_leaves_the_loan_alive_with_what_is_still_owed(house: House) -> None:
    loan = valued(house, 600)
    owed = servicing.owed(house.db, loan=loan, on=house.book.day).minor
    house.ask_sale(loan, 600)
    house.sell(loan, "approver")
    house.sell(loan, "risk")
    house.account(loan)
    found = default_of(house, loan)
    assert found.deficit == owed - 55_000 and found.surplus == 0
    assert house.state(loan)[0] == "active" and servicing.owed(house.db, loan=loan, on=house.book.day).minor >= found.deficit
    with pytest.raises(Refusal, match="no surplus"):
        disposal.ask_surplus(house.db, clock=house.clock, by=house.people["officer"], loan=loan, reason="没有余款")


def test_the_proceeds_and_the_end_of_the_pledge_are_one_transaction(house: House) -> None:
    loan = valued(house)
    house.ask_sale(loan)
    house.sell(loan, "approver")
    with pytest.raises(ZeroDivisionError), house.db.transaction():
        house.sell(loan, "risk")
        raise ZeroDivisionError
    pledge = pledges.pledge_of(house.db, loan_id_of(house.db, loan))
    assert pledge is not None and pledge.state == "delivered"
    assert default_of(house, loan).state == "valued"


def test_nothing_is_sold_while_a_settlement_runs_and_none_is_offered_once_default_was_noticed(house: House) -> None:
    loan = house.pledged()
    house.walk(62)
    settling.expect(house.db, loan=loan, runs=True)
    with pytest.raises(Refusal) as refused:
        house.notice(loan)
    assert refused.value.code == "settlement_runs"
    settling.expect(house.db, loan=loan, runs=False)
    house.notice(loan)
    part = Part(house.book.day, Money(100_000, "CNY"))
    with pytest.raises(Refusal) as refused:
        settlements.compare(house.db, clock=house.clock, by=house.people["officer"], loan=loan, parts=[part])
    assert refused.value.code == "settlement_default_noticed"


def test_no_notice_before_thirty_days_late_and_no_sale_before_ten_days_are_over(house: House) -> None:
    loan = house.pledged()
    house.walk(60)
    with pytest.raises(Refusal, match="29 days past due"):
        house.notice(loan)
    house.walk(2)
    house.notice(loan)
    with pytest.raises(Refusal, match="stands"):
        house.notice(loan)
    house.value(loan)
    house.walk(9)
    house.value(loan)
    with pytest.raises(Refusal, match="no sale before"):
        house.ask_sale(loan)
    house.walk(1)
    house.ask_sale(loan)


def test_the_notice_tells_the_borrower_what_is_due_and_until_when(house: House) -> None:
    loan = noticed(house)
    house.send()
    told = house.messages(loan, "default_notice")[0]
    assert "31 天" in told and "820.00 元" in told and "5 月 13 日" in told and "展期" in told
    found = default_of(house, loan)
    assert found.sale_from == date(2026, 5, 13) == found.noticed_on + timedelta(days=10)
    pdf = release.paper(house.db, loan_id_of(house.db, loan), found.notice_file)[1]
    assert pdf.startswith(b"%PDF-")


def test_paying_the_arrears_cures_the_default_and_nothing_is_sold(house: House) -> None:
    loan = valued(house)
    house.ask_sale(loan)
    house.sell(loan, "approver")
    house.pay(loan, 820)
    assert default_of(house, loan).state == "cured" and "dispose" not in house.open_duties(loan)
    with pytest.raises(Refusal):
        house.sell(loan, "risk")


def test_paying_it_all_cures_the_default_and_the_thing_goes_home(house: House) -> None:
    loan = valued(house)
    house.pay(loan, 1300)
    assert default_of(house, loan).state == "cured"
    assert house.state(loan) == ("releasing", "opened")
    assert "dispose" not in house.open_duties(loan)


def test_a_part_payment_cures_nothing(house: House) -> None:
    loan = valued(house)
    house.pay(loan, 100)
    assert default_of(house, loan).state == "valued" and "dispose" in house.open_duties(loan)


def test_a_notice_can_be_taken_back_with_words(house: House) -> None:
    loan = noticed(house)
    with pytest.raises(BadInput):
        disposal.withdraw_notice(house.db, clock=house.clock, by=house.people["officer"], loan=loan, words="")
    disposal.withdraw_notice(house.db, clock=house.clock, by=house.people["officer"], loan=loan, words="已达成还款安排")
    assert default_of(house, loan).state == "cancelled" and "dispose" not in house.open_duties(loan)
    house.notice(loan)
    assert default_of(house, loan).state == "noticed"


@pytest.mark.parametrize(
    ("changes", "error", "match"),
    [
        ({"relation": "lender"}, Forbidden, "void"),
        ({"buyer_name": "示例小额贷款", "relation": "none"}, Forbidden, "void"),
        ({"relation": "staff"}, Forbidden, "works here"),
        ({"relation": "related"}, Forbidden, "kin"),
        ({"buyer_id": ""}, BadInput, "ID number"),
        ({"yuan": 1100}, BadInput, "say why"),
        ({"costs": 1500}, BadInput, "brings nothing"),
        ({"price": Money(150_000, "USD")}, BadInput, "CNY"),
        ({"sold_on": date(2026, 5, 12)}, BadInput, "on the day"),
    ],
)
def test_a_sale_that_must_not_be_is_refused(house: House, changes: dict[str, Any], error: type[Exception], match: str) -> None:
    loan = valued(house)
    with pytest.raises(error, match=match):
        house.ask_sale(loan, **changes)
    assert default_of(house, loan).state == "valued"


def test_somebody_who_works_here_is_found_out_by_their_number(house: House) -> None:
    person = house.person("11010119850505001")
    house.hire("buyer", "caller", person=person)
    loan = valued(house)
    with pytest.raises(Forbidden, match="works here"):
        house.ask_sale(loan, buyer_name="李示例", buyer_id=id_number("11010119850505001"))


def test_no_verb_gives_the_lender_the_thing(house: House) -> None:
    """The word against the sentence of the law: with every role and in every state, the thing is the borrower's until an outsider paid."""
    loan = noticed(house)
    number = loan_id_of(house.db, loan)
    for _ in range(2):
        for who in ("officer", "custodian", "keeper", "approver", "checker", "risk", "admin"):
            with pytest.raises((Forbidden, Refusal)):
                house.ask_sale(loan, who=who, relation="lender", buyer_name="示例小额贷款")
            with pytest.raises((Forbidden, Refusal)):
                house.ask_hand_back(loan, who)
        pledge = pledges.pledge_of(house.db, number)
        assert pledge is not None and pledge.state == "delivered"
        house.walk(10)
        house.value(loan)


def test_a_low_price_needs_a_reason_and_risk_s_yes(house: House) -> None:
    loan = valued(house)
    house.ask_sale(loan, 1100, reason="只有一家出价（示例）")
    house.sell(loan, "approver")
    with pytest.raises(Refusal, match="risk"), house.db.transaction():
        house.sell(loan, "checker")
    house.sell(loan, "risk")
    assert default_of(house, loan).state == "sold"


def test_a_no_to_the_sale_leaves_the_thing_and_another_may_be_asked_for(house: House) -> None:
    loan = valued(house)
    with pytest.raises(Refusal, match="enters price"):
        house.sell(loan, "approver")
    house.ask_sale(loan)
    house.sell(loan, "approver", approved=False)
    assert default_of(house, loan).request is None
    house.ask_sale(loan)
    house.sell(loan, "approver")
    house.sell(loan, "risk")


def test_the_loan_s_officer_does_not_approve_the_sale(house: House) -> None:
    loan = house.pledged(officer="approver")
    house.walk(62)
    house.notice(loan)
    house.walk(10)
    house.value(loan)
    house.ask_sale(loan)
    with pytest.raises(Forbidden, match="part in the loan"):
        house.sell(loan, "approver")


def test_a_stale_valuation_sells_nothing(house: House) -> None:
    loan = valued(house)
    house.walk(8)
    with pytest.raises(Refusal, match="too old"):
        house.ask_sale(loan)


@pytest.mark.parametrize(
    ("act", "do"),
    [
        ("default.notice", lambda house, loan, who: house.notice(loan, who)),
        ("disposal.value", lambda house, loan, who: house.value(loan, who=who)),
        ("disposal.sell", lambda house, loan, who: house.ask_sale(loan, who=who)),
        ("disposal.approve", lambda house, loan, who: house.sell(loan, who)),
        ("disposal.account", lambda house, loan, who: house.account(loan, who)),
    ],
)
def test_a_role_that_may_not_is_refused_and_another_branch_finds_nothing(house: House, act: str, do: Any) -> None:
    loan = valued(house)
    for who in ("officer", "custodian", "approver", "risk", "caller", "auditor", "admin"):
        if Role(who) not in MAY[act]:
            with pytest.raises(Forbidden, match="may not do"):
                do(house, loan, who)
    house.hire("far", next(iter(sorted(MAY[act]))), scope="branch", branch=house.other_branch)
    with pytest.raises(NotFound):
        do(house, loan, "far")


def test_the_statement_is_on_record_to_the_fen(house: House) -> None:
    loan = valued(house)
    house.ask_sale(loan)
    house.sell(loan, "approver")
    house.sell(loan, "risk")
    house.account(loan)
    row = house.db.execute("SELECT body FROM record WHERE kind = 'disposal.accounted'").fetchone()
    assert row is not None
    says = json.loads(row[0])["says"]
    paid = sum(each["minor"] for each in says["paid"].values())
    assert paid + says["surplus"]["minor"] == says["net"]["minor"] == 145_000
    assert "王示例" not in bytes(row[0]).decode()


def test_the_price_book_values_a_thing_that_it_knows(house: House) -> None:
    loan = noticed(house)
    house.walk(10)
    from holdfast.collateral import load_price_book, sample_price_book

    load_price_book(house.db, clock=house.clock, by=house.people["risk"], name="示例.csv", data=sample_price_book(house.book.day))
    disposal.value_for_sale(house.db, clock=house.clock, by=house.people["custodian"], loan=loan)
    found = default_of(house, loan)
    assert found.valued_at and found.valuation and found.valuation.startswith("va_")


def test_a_cured_default_leaves_a_clean_book(house: House) -> None:
    loan = house.pledged()
    house.walk(62)
    house.notice(loan)
    house.pay(loan, servicing.owed(house.db, loan=loan, on=house.book.day).minor / 100)
    house.identify(loan)
    house.audit(loan)
    house.approve(loan, "approver")
    house.approve(loan, "risk")
    house.certify(loan)
    house.ask_hand_back(loan)
    house.hand_back(loan)
    house.report(loan)
    house.db.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert house.state(loan) == ("settled", "completed")
