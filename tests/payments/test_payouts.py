"""A payout: asked by one, checked by another, the contract's principal whole, to the borrower only, and once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import psycopg
import pytest

from holdfast import payments
from holdfast.duties import freeze, take
from holdfast.journal import SYSTEM
from holdfast.kernel.errors import BadInput, Forbidden, NotFound, Refusal
from holdfast.kernel.rate import Per, Rate
from holdfast.payments import Answer, Outcome, PayoutState
from holdfast.wiring import RAIL
from tests.books import round_terms
from tests.payments.house import ACCOUNT, House


def sent(house: House) -> tuple[str, str]:
    """A loan and its payout, which has gone to the rail and has no answer yet."""
    loan = house.signed()
    payout = house.check(house.ask(loan).public_id).public_id
    assert payments.instruct(house.db, clock=house.clock, payout=payout) is not None
    return loan, payout


def test_one_asks_another_checks_and_the_principal_goes_out_whole(house: House) -> None:
    loan = house.signed()
    asked = house.ask(loan)
    assert (asked.state, asked.amount.decimal()) == (PayoutState.ASKED, "1200.00")
    approved = house.check(asked.public_id)
    assert (approved.state, approved.happened) == (PayoutState.APPROVED, ())
    order = payments.instruct(house.db, clock=house.clock, payout=asked.public_id)
    assert order is not None
    assert (order.amount.minor, order.payee, order.account) == (120_000, "示例张三", "6222020000000000123")
    paid = house.answer(asked.public_id, RAIL.send(order))
    assert (paid.state, paid.paid_on) == (PayoutState.PAID, house.book.day)
    assert house.state(loan) == "active"
    assert house.kinds(loan)[-5:] == ["payout.asked", "payout.approved", "payout.sent", "payout.paid", "loan.disbursed"]
    house.prove()


def test_nothing_about_the_payee_stands_in_the_clear(house: House) -> None:
    loan = house.signed()
    asked = house.ask(loan)
    assert (asked.payee, asked.account) == ("示*", "***************0123"[-19:])
    rows = (
        house.db.execute("SELECT payout::text FROM payout").fetchall()
        + house.db.execute("SELECT convert_from(body, 'UTF8') FROM record").fetchall()
    )
    assert not [row for row in rows if "示例张三" in row[0] or "6222020000000000123" in row[0]]


def test_the_payee_s_name_is_the_borrower_s_and_the_refusal_repeats_neither(house: House) -> None:
    loan = house.signed()
    with pytest.raises(Refusal) as caught:
        house.ask(loan, name="示例李四")
    assert (caught.value.code, caught.value.field) == ("payee_not_borrower", "payee_name")
    assert "示例" not in caught.value.sentence


def test_the_name_may_be_typed_with_spaces_around_it(house: House) -> None:
    assert house.ask(house.signed(), name="  示例张三 ").state is PayoutState.ASKED


@pytest.mark.parametrize("account", ["", "123", "62220200000000001x", "1" * 29])
def test_an_account_that_is_none_is_refused_by_its_field(house: House, account: str) -> None:
    with pytest.raises(BadInput) as caught:
        house.ask(house.signed(), account=account)
    assert caught.value.field == "account"


@pytest.mark.parametrize("who", ["approver", "custodian", "risk", "caller", "auditor"])
def test_only_an_officer_asks(house: House, who: str) -> None:
    with pytest.raises(Forbidden):
        house.ask(house.signed(), by=who)


@pytest.mark.parametrize("who", ["officer", "cashier", "custodian", "caller", "auditor"])
def test_only_an_approver_or_the_risk_manager_checks(house: House, who: str) -> None:
    payout = house.ask(house.signed()).public_id
    with pytest.raises(Forbidden):
        house.check(payout, by=who)


def test_a_colleague_of_another_branch_sees_neither_loan_nor_payout(house: House) -> None:
    loan = house.signed()
    with pytest.raises(NotFound):
        house.ask(loan, by="stranger")
    payout = house.ask(loan).public_id
    with pytest.raises(NotFound):
        house.check(payout, by="far_approver")
    with pytest.raises(NotFound):
        payments.payout(house.db, payout, house["far_approver"].scope)
    assert payments.payouts(house.db, house["far_approver"].scope) == []


def test_the_same_person_under_two_log_ins_is_one(house: House) -> None:
    person = house.borrower("示例王五")
    house.staff["maker"] = house.hire("maker", "officer", house.book.branch_id, person)
    house.staff["maker2"] = house.hire("maker2", "approver", house.book.branch_id, person)
    payout = house.ask(house.signed(officer=None), by="maker").public_id
    with pytest.raises(Forbidden) as caught:
        house.check(payout, by="maker2")
    assert caught.value.code == "approval_same_person"


def test_the_loan_s_officer_never_checks_not_even_under_another_log_in(house: House) -> None:
    person = house.borrower("示例王五")
    house.staff["officer"] = house.hire("own", "officer", house.book.branch_id, person)
    house.staff["own2"] = house.hire("own2", "approver", house.book.branch_id, person)
    payout = house.ask(house.signed(), by="cashier").public_id
    with pytest.raises(Forbidden) as caught:
        house.check(payout, by="own2")
    assert caught.value.code == "approval_barred"


def test_a_no_says_why_ends_the_payout_and_leaves_room_for_another(house: House) -> None:
    loan = house.signed()
    payout = house.ask(loan).public_id
    with pytest.raises(BadInput):
        house.check(payout, approved=False)
    refused = house.check(payout, approved=False, words="the account was read out wrongly")
    assert (refused.state, refused.why) == (PayoutState.CANCELLED, "the account was read out wrongly")
    assert house.ask(loan).state is PayoutState.ASKED
    house.prove()


def test_a_loan_has_one_payout_at_a_time_and_the_database_says_so_too(house: House) -> None:
    loan = house.signed()
    house.ask(loan)
    with pytest.raises(Refusal) as caught:
        house.ask(loan)
    assert caught.value.code == "payout_under_way"
    with pytest.raises(psycopg.errors.UniqueViolation), house.db.transaction():
        house.db.execute(
            """INSERT INTO payout (loan_id, payout_no, public_id, state, channel, disputed, further, amount, currency, contract,
                                   payee_label, account_masked, nonce, sealed, lookup, approval, maker_id, asked_at, reference, why,
                                   enquiries)
               SELECT loan_id, 2, 'po_x', state, channel, disputed, further, amount, currency, contract, payee_label, account_masked, nonce,
                      sealed, lookup, approval, maker_id, asked_at, reference, why, enquiries FROM payout"""
        )


def test_a_loan_that_is_not_signed_asks_for_no_payout(house: House) -> None:
    with pytest.raises(Refusal) as caught:
        house.ask(house.begun().loan.public_id)
    assert caught.value.code == "loan_state"


def test_without_the_lender_s_seal_no_money_goes(house: House) -> None:
    with pytest.raises(Refusal) as caught:
        house.ask(house.signed(sealed=False))
    assert caught.value.code == "contract_not_sealed"


def test_without_the_thing_in_custody_no_money_goes(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    from holdfast import pledges

    monkeypatch.setattr(pledges, "pledge_of", lambda db, loan_id: None, raising=False)
    with pytest.raises(Refusal) as caught:
        house.ask(house.signed())
    assert caught.value.code == "pledge_not_delivered"


def test_a_contract_above_today_s_ceiling_is_not_paid_out(house: House) -> None:
    terms = replace(round_terms(house.book.day), rate=Rate(240_000_001, Per.YEAR))
    with pytest.raises(Refusal) as caught:
        house.ask(house.signed(terms=terms))
    assert caught.value.code == "above_ceiling"


def test_a_frozen_loan_neither_asks_nor_checks_nor_sends(house: House) -> None:
    loan = house.signed()
    payout = house.ask(loan).public_id
    other = house.signed("示例赵六")
    ready = house.check(house.ask(other, name="示例赵六").public_id).public_id
    for each in (loan, other):
        freeze(house.db, take(house.db, each, None), clock=house.clock, by=SYSTEM, reason="fraud", words="the caller heard a prompter")
    with pytest.raises(Refusal) as caught:
        house.check(payout)
    assert caught.value.code == "loan_frozen"
    assert payments.instruct(house.db, clock=house.clock, payout=ready) is None
    assert payments.payout(house.db, ready, house["risk"].scope).state is PayoutState.APPROVED
    house.prove()


def test_money_that_moved_before_the_freeze_is_recorded_all_the_same(house: House) -> None:
    loan, payout = sent(house)
    freeze(house.db, take(house.db, loan, None), clock=house.clock, by=SYSTEM, reason="fraud", words="seen too late")
    house.answer(payout, Answer(Outcome.PAID, "b-1", paid_on=house.book.day))
    assert house.state(loan) == "active"
    house.prove()


def test_what_was_approved_is_exactly_what_is_paid(house: House) -> None:
    """The account is changed behind the approval: the yes does not cover it."""
    payout = house.ask(house.signed()).public_id
    house.db.execute("UPDATE payout SET lookup = '\\x00'")
    with pytest.raises(Refusal) as caught:
        house.check(payout)
    assert caught.value.code == "approval_other_inputs"


def test_an_approved_payout_is_cancelled_with_words_and_not_once_it_is_sent(house: House) -> None:
    loan = house.signed()
    payout = house.check(house.ask(loan).public_id).public_id
    with pytest.raises(BadInput):
        payments.cancel_payout(house.db, clock=house.clock, by=house["officer"], payout=payout, words="")
    cancelled = payments.cancel_payout(
        house.db, clock=house.clock, by=house["officer"], payout=payout, words="the borrower has another account"
    )
    assert cancelled.state is PayoutState.CANCELLED
    again = house.check(house.ask(loan).public_id).public_id
    payments.instruct(house.db, clock=house.clock, payout=again)
    with pytest.raises(Refusal) as caught:
        payments.cancel_payout(house.db, clock=house.clock, by=house["officer"], payout=again, words="too late for this")
    assert caught.value.code == "wrong_state"


def test_an_order_is_handed_out_once(house: House) -> None:
    _, payout = sent(house)
    assert payments.instruct(house.db, clock=house.clock, payout=payout) is None


def test_an_unknown_answer_opens_a_duty_and_is_only_enquired(house: House) -> None:
    loan, payout = sent(house)
    unknown = house.answer(payout, Answer(Outcome.UNKNOWN, why="no answer within 30 s"))
    assert (unknown.state, unknown.enquiries) == (PayoutState.UNKNOWN, 1)
    assert "payout_enquiry" in [kind for kind, *_ in house.book.open_duties(loan)]
    house.answer(payout, Answer(Outcome.UNKNOWN, why="still no answer"))
    assert house.kinds(loan).count("payout.unknown") == 1
    assert payments.instruct(house.db, clock=house.clock, payout=payout) is None
    house.prove()
    house.answer(payout, Answer(Outcome.PAID, "b-1", paid_on=house.book.day))
    assert [kind for kind, *_ in house.book.open_duties(loan)] == ["reminder"]
    house.prove()


def test_a_rejected_payout_leaves_the_duty_to_pay_and_a_new_one_may_be_asked(house: House) -> None:
    loan, payout = sent(house)
    house.answer(payout, Answer(Outcome.REJECTED, why="account closed"))
    assert [kind for kind, *_ in house.book.open_duties(loan)] == ["pay_out"]
    assert house.ask(loan).payout_no == 2
    house.prove()


def test_the_same_answer_twice_counts_once_and_late_news_changes_nothing(house: House) -> None:
    loan, payout = sent(house)
    house.answer(payout, Answer(Outcome.PAID, "b-1", paid_on=house.book.day))
    assert house.answer(payout, Answer(Outcome.PAID, "b-1")).happened == ()
    assert house.answer(payout, Answer(Outcome.ACCEPTED)).state is PayoutState.PAID
    assert house.kinds(loan).count("payout.paid") == 1


def test_a_value_date_that_has_not_come_is_today_s(house: House) -> None:
    _, payout = sent(house)
    assert house.answer(payout, Answer(Outcome.PAID, "b-1", paid_on=date(2099, 1, 1))).paid_on == house.book.day


def test_a_person_enquires_only_what_is_under_way(house: House) -> None:
    loan = house.signed()
    payout = house.check(house.ask(loan).public_id).public_id
    enquire: dict[str, Any] = {"clock": house.clock, "payout": payout, "rail": RAIL}
    with pytest.raises(Refusal) as caught:
        payments.enquire(house.db, by=house["officer"], **enquire)
    assert caught.value.code == "wrong_state"
    payments.instruct(house.db, clock=house.clock, payout=payout)
    with pytest.raises(Forbidden):
        payments.enquire(house.db, by=house["custodian"], **enquire)
    # The order was never sent: the built-in bank will refuse it from now on.
    assert payments.enquire(house.db, by=house["officer"], **enquire).state is PayoutState.REJECTED
    house.prove()


def test_two_people_rule_on_what_no_enquiry_clears(house: House) -> None:
    loan, payout = sent(house)
    rule: dict[str, Any] = {"clock": house.clock, "payout": payout, "outcome": "rejected", "reference": "letter of 3 March"}
    with pytest.raises(Refusal) as caught:
        payments.ask_ruling(house.db, by=house["officer"], words="the bank writes so", **rule)
    assert caught.value.code == "wrong_state"
    house.answer(payout, Answer(Outcome.UNKNOWN))
    for change in ({"outcome": "accepted"}, {"reference": ""}):
        with pytest.raises(BadInput):
            payments.ask_ruling(house.db, by=house["officer"], words="the bank writes so", **{**rule, **change})
    payments.ask_ruling(house.db, by=house["officer"], words="the bank writes so", **rule)
    request = house.db.execute("SELECT public_id FROM approval_request WHERE act = 'payout.rule'").fetchone()
    assert request is not None
    answer: dict[str, Any] = {"clock": house.clock, "request": request[0], "approved": True, "words": ""}
    with pytest.raises(Forbidden):
        payments.answer_ruling(house.db, by=house["officer"], **answer)
    ruled = payments.answer_ruling(house.db, by=house["approver"], **answer)
    assert (ruled.state, ruled.reference) == (PayoutState.REJECTED, "letter of 3 March")
    assert [kind for kind, *_ in house.book.open_duties(loan)] == ["pay_out"]
    house.prove()


def test_the_account_is_sealed_for_this_payout_only(house: House) -> None:
    loan = house.signed()
    house.ask(loan, account=ACCOUNT)
    row = house.db.execute("SELECT length(sealed), account_masked FROM payout").fetchone()
    assert row is not None and row[0] > 20 and row[1].endswith("0123")
