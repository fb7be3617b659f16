"""A further sum of a loan that is being repaid: asked by one, checked by another, within the contract's limit, to the borrower only."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from holdfast import payments, pledges, release, servicing
from holdfast.duties import freeze, take
from holdfast.journal import SYSTEM
from holdfast.kernel.errors import BadInput, Forbidden, NotFound, Refusal
from holdfast.kernel.money import Money
from holdfast.kernel.rate import Per, Rate
from holdfast.life import LoanState
from holdfast.payments import Answer, Outcome, Payout, PayoutState
from holdfast.pledges import Cover
from holdfast.servicing import read_loans
from holdfast.servicing.night import run_night
from holdfast.servicing.relief import keep_ceiling
from holdfast.wiring import GROWS, RAIL, carry
from tests.books import CNY, round_terms
from tests.payments.house import ACCOUNT, NAME, House, yuan

WORDS = "借款人 3 月 12 日来电，请再借一笔（示例）"


@pytest.fixture(autouse=True)
def worth(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """What the pledged thing is good for, in fen; how that is reckoned, the tests of pledges say."""
    known = {"minor": 1_000_000}

    def cover_of(db: Any, *, owed: Any, case: Any, clock: Any, **_: Any) -> Cover:
        loan = case.loan.public_id
        return Cover(owed(db, loan=loan, on=clock.today()), Money(known["minor"], CNY), (loan,), {})

    monkeypatch.setattr(pledges, "cover_of", cover_of)
    return known


@pytest.fixture
def loan(house: House) -> str:
    """1,200.00 of 2,000.00 were paid out ten days ago; three instalments are to come."""
    public_id = house.paid(terms=round_terms(house.book.day, limit=200_000))
    house.book.walk(10)
    return public_id


def ask(house: House, loan: str, amount: float = 300, *, by: str = "officer", name: str = NAME, channel: str = "rail") -> Payout:
    return payments.ask_further_payout(
        house.db, clock=house.clock, by=house[by], loan=loan, amount=yuan(amount), payee_name=name, account=ACCOUNT, words=WORDS,
        grows=GROWS, channel=channel,
    )  # fmt: skip


def order(house: House, payout: str) -> payments.Order:
    found = payments.instruct(house.db, clock=house.clock, payout=payout)
    assert found is not None
    return found


def sent(house: House, loan: str, amount: float = 300) -> str:
    """A further payout that is with the bank and has no answer yet."""
    payout = house.check(ask(house, loan, amount).public_id).public_id
    order(house, payout)
    return payout


def paid(on: date) -> Answer:
    return Answer(Outcome.PAID, "R-1", paid_on=on)


def out(house: House, loan: str) -> int:
    return servicing.room_of(house.db, house.loan_id(loan)).paid_out.minor


def refused(house: House, loan: str, *args: Any, **how: Any) -> str:
    with pytest.raises(Refusal) as caught:
        ask(house, loan, *args, **how)
    return caught.value.code


def test_one_asks_another_checks_the_bank_pays_and_the_loan_grows(house: House, loan: str) -> None:
    asked = ask(house, loan)
    assert (asked.state, asked.further, asked.amount.decimal()) == (PayoutState.ASKED, True, "300.00")
    payout = house.check(asked.public_id).public_id
    given = order(house, payout)
    assert (given.payee, given.amount) == (NAME, yuan(300))
    assert out(house, loan) == 120_000  # nothing is lent before the bank has paid
    house.answer(payout, RAIL.send(given))
    room = servicing.room_of(house.db, house.loan_id(loan))
    assert (room.limit, room.paid_out, room.left) == (yuan(2_000), yuan(1_500), yuan(500))
    assert house.kinds(loan)[-5:] == ["payout.asked", "payout.approved", "payout.sent", "payout.paid", "loan.disbursed"]
    assert house.state(loan) == LoanState.ACTIVE
    house.prove()


def test_the_same_answer_twice_lends_once(house: House, loan: str) -> None:
    payout = sent(house, loan)
    for _ in range(2):
        house.answer(payout, paid(house.book.day))
    assert out(house, loan) == 150_000
    house.prove()


def test_what_the_bank_rejects_is_not_lent_and_may_be_asked_for_anew(house: House, loan: str) -> None:
    house.answer(sent(house, loan), Answer(Outcome.REJECTED, why="closed account"))
    assert out(house, loan) == 120_000
    assert ask(house, loan).state is PayoutState.ASKED
    house.prove()


def test_an_answer_that_is_not_known_opens_a_duty_on_the_loan_that_is_being_repaid(house: House, loan: str) -> None:
    payout = sent(house, loan)
    house.answer(payout, Answer(Outcome.UNKNOWN, why="line broke"))
    assert "payout_enquiry" in [kind for kind, *_ in house.book.open_duties(loan)]
    house.answer(payout, paid(house.book.day))
    assert "payout_enquiry" not in [kind for kind, *_ in house.book.open_duties(loan)]
    assert out(house, loan) == 150_000
    house.prove()


@pytest.mark.parametrize(("amount", "code"), [(800.01, "above_limit"), (2_000, "above_limit")])
def test_no_more_goes_out_than_the_contract_leaves(house: House, loan: str, amount: float, code: str) -> None:
    assert refused(house, loan, amount) == code
    assert ask(house, loan, 800).amount == yuan(800)


def test_a_contract_without_a_limit_leaves_nothing(house: House) -> None:
    assert refused(house, house.paid(), 0.01) == "above_limit"


@pytest.mark.parametrize("who", ["approver", "custodian", "risk", "caller", "auditor"])
def test_only_an_officer_asks(house: House, loan: str, who: str) -> None:
    with pytest.raises(Forbidden):
        ask(house, loan, by=who)


@pytest.mark.parametrize("who", ["officer", "cashier", "custodian", "caller", "auditor"])
def test_only_another_person_of_the_right_role_checks(house: House, loan: str, who: str) -> None:
    payout = ask(house, loan, by="cashier").public_id
    with pytest.raises(Forbidden):
        house.check(payout, by=who)


def test_one_person_under_two_log_ins_is_one_person(house: House, loan: str) -> None:
    person = house.borrower("示例同一人")
    for name, role in (("maker", "officer"), ("checker", "approver")):
        house.staff[name] = house.hire(name, role, house.book.branch_id, person)
    payout = ask(house, loan, by="maker").public_id
    with pytest.raises(Forbidden) as caught:
        house.check(payout, by="checker")
    assert caught.value.code == "approval_same_person"


def test_a_loan_out_of_sight_is_not_there(house: House, loan: str) -> None:
    with pytest.raises(NotFound):
        ask(house, loan, by="stranger")
    payout = ask(house, loan).public_id
    with pytest.raises(NotFound):
        house.check(payout, by="far_approver")


def test_it_goes_to_the_borrower_only(house: House, loan: str) -> None:
    assert refused(house, loan, name="示例李四") == "payee_not_borrower"


def test_two_are_never_under_way_together(house: House, loan: str) -> None:
    ask(house, loan)
    assert refused(house, loan) == "payout_under_way"
    with pytest.raises(psycopg.errors.UniqueViolation), house.db.transaction():
        house.db.execute("UPDATE payout SET state = 'asked', paid_on = NULL, sent_at = NULL WHERE NOT further")


def test_what_is_late_comes_first(house: House, loan: str) -> None:
    run_night(house.db, clock=house.clock, on=house.book.day)
    house.book.walk(25)
    assert refused(house, loan) == "in_arrears"


def test_nothing_goes_out_on_a_loan_that_may_take_no_charge(house: House, loan: str) -> None:
    house.db.execute("UPDATE account SET charges_barred = true WHERE loan_id = %s", [house.loan_id(loan)])
    assert refused(house, loan) == "may_not_grow"


def test_nothing_goes_out_on_a_frozen_loan_even_after_two_agreed(house: House, loan: str) -> None:
    payout = house.check(ask(house, loan).public_id).public_id
    freeze(house.db, take(house.db, loan, None), clock=house.clock, by=SYSTEM, reason="fraud", words="the caller heard a prompter")
    assert payments.instruct(house.db, clock=house.clock, payout=payout) is None
    with pytest.raises(Refusal):
        ask(house, loan)


def test_nothing_goes_out_after_the_borrower_withdrew(house: House) -> None:
    loan = house.paid(terms=round_terms(house.book.day, limit=200_000))
    carry(payments.ask_withdrawal, house.db, clock=house.clock, by=house.borrower_of(loan), loan=loan)
    assert refused(house, loan) == "withdrawn_from"


def test_what_is_pledged_must_be_good_for_the_further_sum_too(house: House, loan: str, worth: dict[str, int]) -> None:
    # 1,200.00 and ten days of 31 of the month's 12.00 are owed: 3.87.
    worth["minor"] = 150_386
    assert refused(house, loan) == "further_not_covered"
    worth["minor"] = 150_387
    payout = ask(house, loan).public_id
    worth["minor"] = 0
    with pytest.raises(Refusal) as caught:
        house.check(payout)
    assert caught.value.code == "further_not_covered"


def test_above_today_s_ceiling_nothing_more_goes_out(house: House, loan: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ask(house, loan, 1)
    dear = replace(round_terms(house.book.day, limit=200_000), rate=Rate(360_000_000, Per.YEAR))
    monkeypatch.setattr("holdfast.servicing.further.keep_ceiling", lambda *args, terms, on: keep_ceiling(*args, terms=dear, on=on))
    with pytest.raises(Refusal) as caught:
        house.check(payments.payouts(house.db, house["officer"].scope)[0].public_id)
    assert caught.value.code == "above_ceiling"


def test_a_sum_that_no_instalment_can_take_is_not_paid_out(house: House) -> None:
    loan = house.paid(terms=round_terms(house.book.day, limit=200_000))
    last = house.book.day + timedelta(days=92)
    for _ in range(3):
        house.book.walk(29)
        house.receive(loan, 412)
    house.book.day = last - timedelta(days=3)
    assert refused(house, loan) in ("too_near_the_end", "loan_not_active")


@pytest.mark.parametrize("amount", [0, -1])
def test_nothing_is_no_sum(house: House, loan: str, amount: int) -> None:
    with pytest.raises(BadInput) as caught:
        ask(house, loan, amount)
    assert caught.value.field == "amount"


def test_a_no_ends_it(house: House, loan: str) -> None:
    said = house.check(ask(house, loan).public_id, approved=False, words="借款人没有申请（示例）")
    assert said.state is PayoutState.CANCELLED
    assert out(house, loan) == 120_000


def test_a_loan_that_is_paid_off_before_it_is_sent_gets_no_further_sum(house: House, loan: str) -> None:
    payout = house.check(ask(house, loan).public_id).public_id
    house.receive(loan, 1_204)
    assert payments.instruct(house.db, clock=house.clock, payout=payout) is None
    assert payments.payout(house.db, payout, house["officer"].scope).state is PayoutState.CANCELLED
    house.prove()


def test_a_loan_that_is_paid_off_while_the_bank_is_at_work_owes_again(house: House, loan: str) -> None:
    payout = sent(house, loan)
    house.receive(loan, 1_204)
    assert house.state(loan) == LoanState.RELEASING
    _, lines = release.audit(house.db, clock=house.clock, by=house["officer"], loan=loan)
    assert payout in next(line.found for line in lines if line.check == "no_breach")
    house.answer(payout, paid(house.book.day))
    assert (house.state(loan), out(house, loan)) == (LoanState.ACTIVE, 150_000)
    # 300.00 in three parts of 100.00, on which 1 % a month is asked for: of the first month, of its last 21 days only, beside the 3.87.
    rows = read_loans(house.db, [house.loan_id(loan)], lock=False)[0].state.instalments
    assert [(row.principal - row.principal_paid, row.interest - row.interest_paid) for row in rows] == [
        (10_000, 203),
        (10_000, 200),
        (10_000, 100),
    ]
    house.prove()


def test_a_loan_is_not_written_off_while_money_is_on_its_way(house: House, loan: str) -> None:
    sent(house, loan)
    with pytest.raises(Refusal) as caught:
        servicing.write_off(house.db, clock=house.clock, by=SYSTEM, loan=loan, reason="无法收回（示例）")
    assert caught.value.code == "payout_under_way"


def test_a_further_payout_begins_no_cooling_off_of_its_own(house: House, loan: str) -> None:
    before = payments.last_day_to_withdraw(house.db, loan, clock=house.clock)
    house.answer(sent(house, loan), paid(house.book.day))
    assert payments.last_day_to_withdraw(house.db, loan, clock=house.clock) == before


def test_by_file_it_goes_the_same_way(house: House, loan: str) -> None:
    payout = house.check(ask(house, loan, channel="file").public_id).public_id
    assert [each.public_id for each in payments.payouts_for_a_file(house.db, house["officer"])] == [payout]


def test_what_the_bank_paid_yesterday_bears_interest_from_the_last_event_at_the_earliest(house: House, loan: str) -> None:
    payout = sent(house, loan)
    house.receive(loan, 100)
    house.answer(payout, paid(house.book.day - timedelta(days=1)))
    assert out(house, loan) == 150_000
    house.prove()
