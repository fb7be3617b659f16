"""Payouts by file: made by one, taken out by another, sent at that moment and never again; what the bank answers finds its payout."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest

from holdfast import payments
from holdfast.duties import freeze, take
from holdfast.journal import SYSTEM
from holdfast.kernel.clock import FixedClock
from holdfast.kernel.errors import BadInput, Forbidden, NotFound, Refusal
from holdfast.payments import PayoutFile, PayoutFileState, PayoutState
from holdfast.wiring import take_answer
from tests.payments.house import House
from tests.payments.iso import camt053, entry, pain002

OWN: dict[str, Any] = {"holder": "示例小额贷款有限公司", "account": "6222 0000 1111 2222", "bank": "示例银行", "bank_code": "102100099996"}


def with_account(house: House, **more: Any) -> None:
    """Two people have set the lender's own account."""
    if "admin" not in house.staff:
        house.staff["admin"] = house.hire("admin", "admin", house.book.branch_id)
    asked = payments.ask_house_account(
        house.db,
        clock=house.clock,
        by=house["admin"],
        words="开户行变更（示例）",
        **{**OWN, **more},
    )
    payments.answer_house_account(house.db, clock=house.clock, by=house["risk"], request=asked.public_id, approved=True, words="")


def by_file(house: House, name: str = "示例张三") -> str:
    """A payout that two people agreed on and that goes by file."""
    loan = house.signed(name)
    asked = payments.ask_payout(
        house.db, clock=house.clock, by=house["officer"], loan=loan, payee_name=name, account="6222020000000000123", channel="file"
    )
    return house.check(asked.public_id).public_id


def made(house: House, *payouts: str) -> PayoutFile:
    return payments.make_payout_file(house.db, clock=house.clock, by=house["cashier"], payouts=payouts, execute_on=house.book.day)


def taken(house: House, file: PayoutFile, by: str = "approver") -> bytes:
    return payments.take_payout_file(house.db, clock=house.clock, by=house[by], file=file.public_id)[1]


def answers(house: House, data: bytes) -> payments.AnswersTaken:
    return payments.take_answers(house.db, clock=house.clock, by=house["officer"], data=data, name="示例回执.xml", record=take_answer)


def state(house: House, payout: str) -> PayoutState:
    return payments.payout(house.db, payout, house["risk"].scope).state


def test_a_file_is_made_by_one_taken_out_by_another_and_handed_to_the_bank(house: House) -> None:
    with_account(house)
    first, second = by_file(house), by_file(house, "示例李四")
    file = made(house, first, second)
    assert (file.state, file.orders, file.total.minor) == (PayoutFileState.MADE, 2, 240_000)
    assert (state(house, first), state(house, second)) == (PayoutState.LISTED, PayoutState.LISTED)
    content = taken(house, file)
    assert hashlib.sha256(content).hexdigest() == file.digest
    assert (state(house, first), state(house, second)) == (PayoutState.SENT, PayoutState.SENT)
    handed = payments.hand_over(house.db, clock=house.clock, by=house["approver"], file=file.public_id, reference="回单 0001")
    assert (handed.state, handed.reference) == (PayoutFileState.HANDED, "回单 0001")
    assert answers(house, pain002({first: "ACSC", second: "RJCT"}, reason="AC04")) == payments.AnswersTaken(2, 2, 0, 0)
    assert (state(house, first), state(house, second)) == (PayoutState.PAID, PayoutState.REJECTED)
    house.prove()


def test_taken_out_again_it_is_the_same_bytes_and_nothing_is_sent_again(house: House) -> None:
    with_account(house)
    payout = by_file(house)
    file = made(house, payout)
    assert taken(house, file) == taken(house, file, by="risk")
    loan = payments.payout(house.db, payout, house["risk"].scope).loan
    assert house.kinds(loan).count("payout.sent") == 1


def test_no_key_is_ever_in_two_files(house: House) -> None:
    with_account(house)
    payout = by_file(house)
    file = made(house, payout)
    for _ in ("listed", "sent"):
        with pytest.raises(Refusal, match="cannot list"):
            made(house, payout)
        taken(house, file)


def test_whoever_made_the_file_does_not_take_it_out_under_any_log_in(house: House) -> None:
    with_account(house)
    person = house.borrower("示例双重身份")
    house.staff["maker"] = house.hire("maker", "officer", house.book.branch_id, person)
    house.staff["same"] = house.hire("same", "approver", house.book.branch_id, person)
    file = payments.make_payout_file(house.db, clock=house.clock, by=house["maker"], payouts=[by_file(house)], execute_on=house.book.day)
    with pytest.raises(Forbidden) as caught:
        taken(house, file, by="same")
    assert caught.value.code == "approval_same_person"


@pytest.mark.parametrize("who", ["officer", "caller", "auditor", "custodian"])
def test_only_who_may_takes_a_file_out(house: House, who: str) -> None:
    with_account(house)
    file = made(house, by_file(house))
    with pytest.raises(Forbidden):
        taken(house, file, by=who)


@pytest.mark.parametrize("who", ["approver", "caller", "auditor", "risk"])
def test_only_an_officer_makes_a_file(house: House, who: str) -> None:
    with_account(house)
    payout = by_file(house)
    with pytest.raises(Forbidden):
        payments.make_payout_file(house.db, clock=house.clock, by=house[who], payouts=[payout], execute_on=house.book.day)


def test_another_branch_sees_neither_the_payouts_nor_the_file(house: House) -> None:
    with_account(house)
    payout = by_file(house)
    with pytest.raises(NotFound):
        payments.make_payout_file(house.db, clock=house.clock, by=house["stranger"], payouts=[payout], execute_on=house.book.day)
    file = made(house, payout)
    with pytest.raises(NotFound):
        taken(house, file, by="far_approver")
    assert payments.payout_files(house.db, house["far_approver"]) == []


def test_a_stopped_file_gives_its_payouts_back_and_they_may_be_cancelled_or_listed_anew(house: House) -> None:
    with_account(house)
    payout = by_file(house)
    file = made(house, payout)
    stopped = payments.stop_payout_file(house.db, clock=house.clock, by=house["approver"], file=file.public_id, words="一笔账号有误")
    assert (stopped.state, state(house, payout)) == (PayoutFileState.STOPPED, PayoutState.APPROVED)
    with pytest.raises(Refusal, match="cannot take"):
        taken(house, file)
    assert made(house, payout).orders == 1
    house.prove()


def test_a_file_that_was_taken_out_is_stopped_no_more(house: House) -> None:
    with_account(house)
    file = made(house, by_file(house))
    taken(house, file)
    with pytest.raises(Refusal, match="cannot stop"):
        payments.stop_payout_file(house.db, clock=house.clock, by=house["approver"], file=file.public_id, words="太晚了")


def test_a_payout_whose_loan_was_frozen_since_keeps_the_whole_file_in(house: House) -> None:
    with_account(house)
    good, bad = by_file(house), by_file(house, "示例李四")
    file = made(house, good, bad)
    loan = payments.payout(house.db, bad, house["risk"].scope).loan
    freeze(house.db, take(house.db, loan, None), clock=house.clock, by=SYSTEM, reason="fraud", words="a sign was seen")
    with pytest.raises(Refusal) as caught:
        taken(house, file)
    assert (caught.value.code, state(house, good)) == ("payout_may_not_go", PayoutState.LISTED)


def test_without_the_lenders_own_account_no_file_is_made(house: House) -> None:
    with pytest.raises(Refusal) as caught:
        made(house, by_file(house))
    assert caught.value.code == "no_house_account"


@pytest.mark.parametrize(("days", "count"), [(-1, 1), (31, 1), (0, 0)])
def test_a_file_names_a_day_that_can_be_kept_and_at_least_one_payout(house: House, days: int, count: int) -> None:
    with_account(house)
    chosen = [by_file(house)][:count]
    with pytest.raises(BadInput):
        payments.make_payout_file(
            house.db, clock=house.clock, by=house["cashier"], payouts=chosen, execute_on=house.book.day + timedelta(days=days)
        )


def test_a_payout_by_the_rail_goes_into_no_file_and_one_by_file_to_no_rail(house: House) -> None:
    with_account(house)
    rail = house.check(house.ask(house.signed("示例王五"), name="示例王五").public_id).public_id
    with pytest.raises(Refusal) as caught:
        made(house, rail)
    assert caught.value.code == "by_rail"
    assert payments.instruct(house.db, clock=house.clock, payout=by_file(house)) is None


def test_a_file_that_the_bank_refuses_whole_is_refused_for_each_payout_and_a_retry_needs_two_people_again(house: House) -> None:
    with_account(house)
    payout = by_file(house)
    file = made(house, payout)
    taken(house, file)
    answers(house, pain002({}, group="RJCT", message=file.public_id))
    assert state(house, payout) is PayoutState.REJECTED
    loan = payments.payout(house.db, payout, house["risk"].scope).loan
    again = payments.ask_payout(
        house.db, clock=house.clock, by=house["officer"], loan=loan, payee_name="示例张三", account="6222020000000000999", channel="file"
    )
    assert (again.state, again.public_id != payout) == (PayoutState.ASKED, True)


def test_a_line_of_the_statement_pays_the_payout_that_it_names(house: House) -> None:
    with_account(house)
    payout = by_file(house)
    taken(house, made(house, payout))
    file = house.load(camt053(entry("1200.00", sign="DBIT", key=payout, ref="B-7")))
    house.match()
    line = house.line(file, 1)
    assert (state(house, payout), line.state, line.how) == (PayoutState.PAID, "answered", "payout")
    house.prove()


def test_a_line_with_another_amount_pays_nothing_and_people_see_it(house: House) -> None:
    with_account(house)
    payout = by_file(house)
    taken(house, made(house, payout))
    file = house.load(camt053(entry("1199.99", sign="DBIT", key=payout)))
    house.match()
    assert (state(house, payout), house.line(file, 1).how) == (PayoutState.SENT, "other_amount")


def test_a_file_that_the_bank_does_not_answer_becomes_a_duty(house: House) -> None:
    with_account(house)
    payout = by_file(house)
    taken(house, made(house, payout))
    later = FixedClock(house.clock.instant + timedelta(days=1))
    assert payments.give_up_waiting(house.db, clock=house.clock) == 0
    assert payments.give_up_waiting(house.db, clock=later) == 1
    loan = payments.payout(house.db, payout, house["risk"].scope).loan
    assert (state(house, payout), take(house.db, loan, None).open("payout_enquiry") is not None) == (PayoutState.UNKNOWN, True)


def test_answers_about_nobody_are_kept_for_people_and_move_nothing(house: House) -> None:
    assert answers(house, pain002({"po_00000000000000000000": "ACSC", "other": "ACSC"})) == payments.AnswersTaken(2, 0, 0, 2)
    assert [each.key for each in payments.answers_for_people(house.db)] == ["other", "po_00000000000000000000"]


def test_the_lenders_account_is_set_by_two_and_never_by_one_person_twice(house: House) -> None:
    person = house.borrower("示例双重身份")
    house.staff["admin"] = house.hire("admin", "admin", house.book.branch_id, person)
    house.staff["same"] = house.hire("same", "risk", house.book.branch_id, person)
    asked = payments.ask_house_account(house.db, clock=house.clock, by=house["admin"], words="开户（示例）", **OWN)
    with pytest.raises(Forbidden):
        payments.answer_house_account(house.db, clock=house.clock, by=house["same"], request=asked.public_id, approved=True, words="")
    with pytest.raises(Forbidden):
        payments.ask_house_account(house.db, clock=house.clock, by=house["officer"], words="开户（示例）", **OWN)
    assert payments.house_account(house.db) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [("account", "12"), ("holder", ""), ("bank", "x" * 71), ("bank_code", "no!"), ("virtual_prefix", "12"), ("virtual_prefix", "622200")],
)
def test_a_wrong_account_of_the_lender_names_its_field(house: House, field: str, value: str) -> None:
    house.staff["admin"] = house.hire("admin", "admin", house.book.branch_id)
    given = {**OWN, field: value}
    with pytest.raises(BadInput) as caught:
        payments.ask_house_account(house.db, clock=house.clock, by=house["admin"], words="开户（示例）", **given)
    assert caught.value.field in (field, "virtual_digits")
