"""Mandates: nothing is collected without the borrower's own code; never more than is due, never twice, and it stops when it is paid."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast import payments, servicing
from holdfast.contact import codes
from holdfast.duties import freeze, take
from holdfast.journal import SYSTEM
from holdfast.kernel.errors import BadInput, Forbidden, NotFound, Refusal
from holdfast.parties import change_private, party_by_id
from holdfast.payments import Answer, Debit, DebitState, Mandate, MandateState, Outcome
from holdfast.payments.mandate_rules import attempt_today, given_up, to_collect
from holdfast.wiring import carry, take_answer
from tests.payments.house import ACCOUNT, House, yuan
from tests.payments.iso import camt053, entry

PLAN = (0, 1, 3, 7)
DUE = date(2026, 4, 2)


# ── the rules ──────────────────────────────────────────────────────────────────────────────────────────────


def test_an_instalment_is_tried_on_the_planned_days_and_once_a_day() -> None:
    tried: list[date] = []
    for day in (DUE + timedelta(days=number) for number in range(-2, 12)):
        for _ in range(2):
            if attempt_today(DUE, PLAN, tried, day):
                tried.append(day)
    assert [(day - DUE).days for day in tried] == [0, 1, 3, 7]


def test_days_that_passed_before_there_was_a_mandate_are_made_up_for_one_a_day() -> None:
    tried: list[date] = []
    for day in (DUE + timedelta(days=number) for number in range(20, 30)):
        if attempt_today(DUE, PLAN, tried, day):
            tried.append(day)
    assert [(day - DUE).days for day in tried] == [20, 21, 22, 23]
    assert given_up(PLAN, len(tried)) and not given_up(PLAN, 3)


@given(*[st.integers(0, 10**9)] * 4)
def test_what_is_collected_is_never_above_any_of_its_limits(unpaid: int, each: int, month: int, used: int) -> None:
    asked = to_collect(unpaid, most_each=each, most_a_month=month, this_month=used)
    assert 0 <= asked <= min(unpaid, each) and (asked == 0 or asked + used <= month)


# ── agreed to by the borrower's own code ───────────────────────────────────────────────────────────────────


@pytest.fixture(autouse=True)
def known_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("holdfast.contact.codes.secrets.randbelow", lambda below: 123_456)


def lent(house: House, name: str = "示例张三") -> str:
    loan = house.paid(name)
    party_id = take(house.db, loan, None).loan.party_id
    assert party_id is not None
    phone(house, party_id)
    return loan


def phone(house: House, party_id: int) -> None:
    party = party_by_id(house.db, party_id)
    change_private(house.db, clock=house.clock, by=SYSTEM, party=party, kind="phone", text=f"138{party_id:08}")


def drafted(
    house: House, loan: str, *, each: float = 500, month: float = 1000, name: str = "示例张三", language: str = "zh-hans"
) -> Mandate:
    return payments.draft_mandate(
        house.db, clock=house.clock, by=house.borrower_of(loan), loan=loan, payer_name=name, account=ACCOUNT, most_each=yuan(each),
        most_a_month=yuan(month), language=language,
    )  # fmt: skip


def signed(house: House, loan: str, **how: Any) -> Mandate:
    draft = drafted(house, loan, **how)
    code_id = payments.ask_mandate_code(house.db, clock=house.clock, by=house.borrower_of(loan), loan=loan, mandate=draft.public_id)
    assert codes.attempt(house.db, clock=house.clock, code_id=code_id, digits="123456")
    return payments.sign_mandate(
        house.db, clock=house.clock, by=house.borrower_of(loan), loan=loan, mandate=draft.public_id, code_id=code_id
    )


def test_the_borrower_reads_the_whole_text_and_agrees_with_a_code_that_is_bound_to_it(house: House) -> None:
    loan = lent(house)
    found = signed(house, loan)
    assert found.state is MandateState.ACTIVE
    assert "500.00" in found.body and "1000.00" in found.body and "示例小额贷款" in found.body
    assert "6222020000000000123" not in found.body and "示例张三" not in found.body
    (record,) = house.db.execute("SELECT body FROM record WHERE kind = 'mandate.signed'").fetchall()
    assert found.digest in str(record[0])
    house.prove()


def test_a_code_for_one_text_signs_no_other(house: House) -> None:
    loan = lent(house)
    first = drafted(house, loan)
    code_id = payments.ask_mandate_code(house.db, clock=house.clock, by=house.borrower_of(loan), loan=loan, mandate=first.public_id)
    codes.attempt(house.db, clock=house.clock, code_id=code_id, digits="123456")
    other = drafted(house, loan, each=900)
    with pytest.raises(Refusal) as caught:
        payments.sign_mandate(house.db, clock=house.clock, by=house.borrower_of(loan), loan=loan, mandate=other.public_id, code_id=code_id)
    assert caught.value.code == "code_bound"


def test_without_a_typed_code_nothing_is_allowed(house: House) -> None:
    loan = lent(house)
    draft = drafted(house, loan)
    code_id = payments.ask_mandate_code(house.db, clock=house.clock, by=house.borrower_of(loan), loan=loan, mandate=draft.public_id)
    with pytest.raises(Refusal) as caught:
        payments.sign_mandate(house.db, clock=house.clock, by=house.borrower_of(loan), loan=loan, mandate=draft.public_id, code_id=code_id)
    assert caught.value.code == "code_not_proved"


def test_only_the_borrowers_own_account_is_collected_from(house: House) -> None:
    with pytest.raises(Refusal) as caught:
        drafted(house, lent(house), name="示例别人")
    assert caught.value.code == "payer_not_borrower"


def test_nobody_else_allows_or_cancels_for_the_borrower(house: House) -> None:
    loan, other = lent(house), lent(house, "示例李四")
    found = signed(house, loan)
    with pytest.raises(NotFound):
        payments.cancel_mandate(
            house.db, clock=house.clock, by=house.borrower_of(other), loan=loan, mandate=found.public_id, words="不是我的"
        )
    with pytest.raises(NotFound):
        payments.ask_mandate_code(house.db, clock=house.clock, by=house.borrower_of(other), loan=loan, mandate=found.public_id)


@pytest.mark.parametrize(("each", "month", "language"), [(0, 100, "en"), (200, 100, "en"), (100, 200, "fr")])
def test_limits_that_make_no_sense_are_refused(house: House, each: float, month: float, language: str) -> None:
    with pytest.raises(BadInput):
        drafted(house, lent(house), each=each, month=month, language=language)


# ── collected ──────────────────────────────────────────────────────────────────────────────────────────────


def propose(house: House) -> int:
    return payments.propose_debits(house.db, clock=house.clock, due_of=servicing.collectable)


def sent(house: House) -> list[str]:
    """Send what is proposed; the keys that went out."""
    proposed = payments.debits(house.db, None, states=[DebitState.PROPOSED])
    orders = [payments.instruct_debit(house.db, clock=house.clock, debit=each.public_id, due_of=servicing.collectable) for each in proposed]
    return [order.key for order in orders if order is not None]


def said(house: House, debit: str, outcome: Outcome, why: str = "") -> Debit:
    return carry(
        payments.record_debit, house.db, clock=house.clock, by=SYSTEM, debit=debit, answer=Answer(outcome, "b-1", why, house.book.day)
    )


def duty(house: House, loan: str) -> bool:
    return take(house.db, loan, None).open("debit_failed") is not None


def collected(house: House, loan: str) -> str:
    """The first instalment is collected on its due day; the key of the debit."""
    house.book.day = DUE
    assert propose(house) == 1
    (key,) = sent(house)
    said(house, key, Outcome.PAID)
    return key


def test_nothing_is_collected_before_it_is_due_and_exactly_what_is_due_then(house: House) -> None:
    loan = lent(house)
    signed(house, loan)
    house.book.day = DUE - timedelta(days=1)
    assert propose(house) == 0
    collected(house, loan)
    assert house.receipts(loan) == [(41_184, DUE)] or house.receipts(loan) == [(41_200, DUE)]
    assert (propose(house), servicing.collectable(house.db, house.loan_id(loan), DUE)) == (0, ())
    house.prove()


def test_an_instalment_is_proposed_once_however_often_the_plan_is_run(house: House) -> None:
    signed(house, lent(house))
    house.book.day = DUE
    assert [propose(house) for _ in range(3)] == [1, 0, 0]
    assert len(sent(house)) == 1
    assert propose(house) == 0 and sent(house) == []


def test_what_is_paid_meanwhile_is_dropped_and_what_is_paid_in_part_is_asked_for_in_part(house: House) -> None:
    first, second = lent(house), lent(house, "示例李四")
    signed(house, first)
    signed(house, second, name="示例李四")
    house.book.day = DUE
    assert propose(house) == 2
    due = servicing.collectable(house.db, house.loan_id(first), DUE)[0].unpaid
    house.receive(first, due.minor / 100)
    house.receive(second, 100)
    (key,) = sent(house)
    debit = next(each for each in payments.debits(house.db, None) if each.public_id == key)
    assert (debit.loan, debit.amount.minor) == (second, due.minor - 10_000)
    assert {each.state for each in payments.debits(house.db, None)} == {DebitState.DROPPED, DebitState.SENT}


def test_the_limits_of_the_mandate_hold(house: House) -> None:
    loan = lent(house)
    signed(house, loan, each=100, month=150)
    house.book.day = DUE
    for wanted in (10_000, 5_000):
        propose(house)
        (key,) = sent(house)
        assert said(house, key, Outcome.PAID).amount.minor == wanted
        house.book.walk(1)
    house.book.walk(5)
    assert propose(house) == 0
    assert sum(amount for amount, _ in house.receipts(loan)) == 15_000


def test_a_cancelled_mandate_collects_nothing_more(house: House) -> None:
    loan = lent(house)
    found = signed(house, loan)
    house.book.day = DUE
    propose(house)
    payments.cancel_mandate(house.db, clock=house.clock, by=house.borrower_of(loan), loan=loan, mandate=found.public_id, words="不想再扣")
    assert (sent(house), propose(house)) == ([], 0)
    assert house.kinds(loan)[-1] == "mandate.cancelled"


@pytest.mark.parametrize("who", ["approver", "auditor", "custodian"])
def test_staff_cancels_for_the_borrower_if_they_may(house: House, who: str) -> None:
    loan = lent(house)
    found = signed(house, loan)
    given = {"loan": loan, "mandate": found.public_id, "words": "借款人来电"}
    with pytest.raises(Forbidden):
        payments.cancel_mandate(house.db, clock=house.clock, by=house[who], **given)
    with pytest.raises(NotFound):
        payments.cancel_mandate(house.db, clock=house.clock, by=house["stranger"], **given)
    assert payments.cancel_mandate(house.db, clock=house.clock, by=house["caller"], **given).state is MandateState.CANCELLED


def test_a_frozen_loan_is_not_collected_from(house: House) -> None:
    loan = lent(house)
    signed(house, loan)
    house.book.day = DUE
    propose(house)
    freeze(house.db, take(house.db, loan, None), clock=house.clock, by=SYSTEM, reason="court", words="法院冻结")
    assert (sent(house), propose(house)) == ([], 0)


def test_failed_debits_follow_the_plan_and_after_the_last_a_person_speaks_to_the_borrower(house: House) -> None:
    loan = lent(house)
    signed(house, loan)
    days = []
    for number in range(12):
        house.book.day = DUE + timedelta(days=number)
        if propose(house):
            days.append(number)
            (key,) = sent(house)
            said(house, key, Outcome.REJECTED, "余额不足")
            assert duty(house, loan) is (len(days) == 4)
    assert days == [0, 1, 3, 7]
    with pytest.raises(Forbidden):
        payments.follow_up_debit(house.db, clock=house.clock, by=house["officer"], loan=loan, words="已沟通")
    payments.follow_up_debit(house.db, clock=house.clock, by=house["caller"], loan=loan, words="借款人周五自行转账")
    assert not duty(house, loan)


def test_a_debit_that_stays_without_an_end_is_told_to_a_person_once_and_asked_after_on_and_on(house: House) -> None:
    loan = lent(house)
    signed(house, loan)
    house.book.day = DUE
    propose(house)
    (key,) = sent(house)
    for number in range(1, 20):
        assert duty(house, loan) is (number > 12)
        assert said(house, key, Outcome.UNKNOWN).state is DebitState.UNKNOWN
    assert house.kinds(loan).count("debit.unanswered") == 1
    payments.follow_up_debit(house.db, clock=house.clock, by=house["caller"], loan=loan, words="示例：银行说明日答复")
    assert not duty(house, loan)
    assert said(house, key, Outcome.PAID).state is DebitState.COLLECTED
    assert len(house.receipts(loan)) == 1
    house.prove()


def test_what_is_paid_in_another_way_needs_no_call_any_more(house: House) -> None:
    loan = lent(house)
    signed(house, loan)
    for number in (0, 1, 3, 7):
        house.book.day = DUE + timedelta(days=number)
        propose(house)
        said(house, sent(house)[0], Outcome.REJECTED)
    assert duty(house, loan)
    house.receive(loan, 500)
    propose(house)
    assert (duty(house, loan), "debit.needless" in house.kinds(loan)) == (False, True)


def test_the_same_answer_twice_is_one_receipt(house: House) -> None:
    loan = lent(house)
    signed(house, loan)
    key = collected(house, loan)
    assert said(house, key, Outcome.PAID).happened == ()
    assert said(house, key, Outcome.ACCEPTED).state is DebitState.COLLECTED
    assert len(house.receipts(loan)) == 1


def test_the_line_of_the_statement_about_a_collected_debit_is_no_second_receipt(house: House) -> None:
    loan = lent(house)
    signed(house, loan)
    key = collected(house, loan)
    amount = house.receipts(loan)[0][0]
    file = house.load(camt053(entry(f"{amount / 100:.2f}", key=key, day=str(DUE), ref="B-5")))
    house.match()
    assert (house.line(file, 1).how, len(house.receipts(loan))) == ("debit", 1)
    house.prove()


def test_the_line_of_the_statement_may_be_the_first_to_say_that_it_was_collected(house: House) -> None:
    loan = lent(house)
    signed(house, loan)
    house.book.day = DUE
    propose(house)
    (key,) = sent(house)
    amount = payments.debits(house.db, None)[0].amount.minor
    house.load(camt053(entry(f"{amount / 100:.2f}", key=key, day=str(DUE), ref="B-5")))
    house.match()
    assert house.receipts(loan) == [(amount, DUE)]
    house.prove()


def test_a_debit_that_the_payers_bank_returns_reverses_its_receipt_and_is_tried_again_by_the_plan(house: House) -> None:
    loan = lent(house)
    signed(house, loan)
    key = collected(house, loan)
    amount = house.receipts(loan)[0][0]
    house.book.walk(1)
    file = house.load(camt053(entry(f"{amount / 100:.2f}", sign="DBIT", key=key, day=str(house.book.day), ref="B-6", back=True)))
    house.match()
    assert (house.line(file, 1).how, house.kinds(loan).count("receipt.reversed")) == ("debit_returned", 1)
    assert take_answer(house.db, clock=house.clock, by=SYSTEM, key=key, answer=Answer(Outcome.RETURNED), source="rail feed").happened == ()
    assert propose(house) == 1
    house.prove()


@pytest.mark.parametrize("before", [None, Outcome.UNKNOWN])
def test_a_debit_of_which_the_return_is_heard_first_is_no_receipt_and_is_not_asked_after_again(
    house: House, before: Outcome | None
) -> None:
    loan = lent(house)
    signed(house, loan)
    house.book.day = DUE
    propose(house)
    (key,) = sent(house)
    if before:
        said(house, key, before)
    told = said(house, key, Outcome.RETURNED, "账户冻结")
    assert (told.state, told.happened, house.receipts(loan)) == (DebitState.RETURNED, (), [])
    assert said(house, key, Outcome.PAID).state is DebitState.RETURNED
    assert house.receipts(loan) == [] and house.db.execute("SELECT count(*) FROM debit WHERE enquire_at IS NOT NULL").fetchone() == (0,)
    house.book.walk(1)
    assert propose(house) == 1


def test_a_bank_that_contradicts_itself_about_a_debit_moves_nothing_and_is_a_duty(house: House) -> None:
    loan = lent(house)
    signed(house, loan)
    key = collected(house, loan)
    assert said(house, key, Outcome.REJECTED).state is DebitState.COLLECTED
    assert (duty(house, loan), len(house.receipts(loan))) == (True, 1)


def test_a_mandate_ends_with_its_loan(house: House) -> None:
    loan = lent(house)
    found = signed(house, loan)
    house.db.execute("UPDATE loan SET state = 'settled', principal_out = 0, duty_no = NULL, next_action_at = NULL")
    house.db.execute("UPDATE duty d SET open = false, closed_on = %s, proof_seq = l.head_seq FROM loan l WHERE open", [house.book.day])
    assert payments.end_mandates(house.db, clock=house.clock) == 1
    assert payments.mandate_named(house.db, house.loan_id(loan), found.public_id).state is MandateState.ENDED
