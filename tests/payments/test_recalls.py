"""What must come back, and what the bank contradicted: a duty stands until two people have ended it, and no money is counted twice."""

from __future__ import annotations

import pytest

from holdfast import payments
from holdfast.approvals import Request, requests
from holdfast.duties import take
from holdfast.kernel.errors import BadInput, Forbidden, NotFound, Refusal
from holdfast.payments import Answer, Matter, MatterState, Outcome, PayoutState
from holdfast.wiring import carry
from tests.payments.house import House
from tests.payments.iso import camt053, entry
from tests.payments.rails import FaultyBank


def sent(house: House, name: str = "示例张三") -> tuple[str, str]:
    """A loan and its payout, which is on its way."""
    loan = house.signed(name)
    payout = house.check(house.ask(loan, name=name).public_id).public_id
    assert payments.instruct(house.db, clock=house.clock, payout=payout) is not None
    return loan, payout


def paid(house: House) -> tuple[str, str]:
    loan, payout = sent(house)
    house.answer(payout, Answer(Outcome.PAID, "b-1", paid_on=house.book.day))
    return loan, payout


def recall(house: House, payout: str, by: str = "officer", bank: FaultyBank | None = None) -> Matter:
    bank = bank or FaultyBank()
    return payments.ask_recall(house.db, clock=house.clock, by=house[by], payout=payout, words="借款人报案，账户被盗用", rail=bank)


def rule(house: House, matter: str, outcome: str, *, by: str = "cashier", line: str = "") -> Matter:
    given = {"outcome": outcome, "reference": "银行函 2026-17", "words": "据银行来函", "line": line}
    return payments.rule_matter(house.db, clock=house.clock, by=house[by], matter=matter, **given)


def answer(house: House, matter: str, *, approved: bool = True, by: str = "approver") -> Matter:
    given = {"matter": matter, "approved": approved, "words": "" if approved else "函件不清"}
    return carry(payments.answer_matter, house.db, clock=house.clock, by=house[by], **given)


def state(house: House, payout: str) -> PayoutState:
    return payments.payout(house.db, payout, house["risk"].scope).state


def duty(house: House, loan: str, kind: str) -> bool:
    return take(house.db, loan, None).open(kind) is not None


def silent() -> FaultyBank:
    bank = FaultyBank()
    bank.silent = True
    return bank


def test_a_rail_that_stops_a_payout_ends_it_at_once(house: House) -> None:
    loan, payout = sent(house)
    matter = recall(house, payout)
    assert (matter.state, matter.outcome, state(house, payout)) == (MatterState.ENDED, "stopped", PayoutState.REJECTED)
    assert not duty(house, loan, "payout_recall")
    house.prove()


def test_a_silent_bank_leaves_a_duty_and_two_people_say_how_it_ended(house: House) -> None:
    loan, payout = sent(house)
    matter = recall(house, payout, bank=silent())
    assert (matter.state, duty(house, loan, "payout_recall")) == (MatterState.OPEN, True)
    rule(house, matter.public_id, "stopped")
    assert answer(house, matter.public_id).outcome == "stopped"
    assert (state(house, payout), duty(house, loan, "payout_recall")) == (PayoutState.REJECTED, False)
    house.prove()


def test_a_no_of_the_second_person_leaves_everything_as_it_was(house: House) -> None:
    loan, payout = sent(house)
    matter = recall(house, payout, bank=silent())
    rule(house, matter.public_id, "stopped")
    assert answer(house, matter.public_id, approved=False).state is MatterState.OPEN
    assert (state(house, payout), duty(house, loan, "payout_recall")) == (PayoutState.SENT, True)


def test_money_that_came_back_is_the_loans_and_is_counted_once(house: House) -> None:
    loan, payout = paid(house)
    matter = recall(house, payout)
    file = house.load(camt053(entry("1200.00", payer="示例某人", ref="B-8", remark="退款")))
    house.match()
    line = house.line(file, 1)
    assert line.state == "unmatched"
    rule(house, matter.public_id, "returned", line=line.public_id)
    ended = answer(house, matter.public_id)
    assert (ended.outcome, house.receipts(loan)) == ("returned", [(120_000, house.book.day)])
    assert (house.line(file, 1).how, duty(house, loan, "payout_recall")) == ("recall", False)
    house.prove()


def test_a_recall_that_the_bank_refuses_ends_without_moving_money(house: House) -> None:
    loan, payout = paid(house)
    matter = recall(house, payout)
    rule(house, matter.public_id, "refused")
    assert answer(house, matter.public_id).outcome == "refused"
    assert (state(house, payout), house.receipts(loan)) == (PayoutState.PAID, [])
    house.prove()


@pytest.mark.parametrize(("outcome", "line"), [("returned", ""), ("stopped", ""), ("perhaps", ""), ("returned", "bl_nothing")])
def test_an_ending_that_does_not_fit_is_refused(house: House, outcome: str, line: str) -> None:
    _, payout = paid(house)
    with pytest.raises((BadInput, NotFound)):
        rule(house, recall(house, payout).public_id, outcome, line=line)


def test_what_was_not_sent_is_cancelled_not_recalled(house: House) -> None:
    payout = house.ask(house.signed()).public_id
    with pytest.raises(Refusal) as caught:
        recall(house, payout)
    assert caught.value.code == "not_recallable"


def test_a_payout_is_asked_back_once_at_a_time(house: House) -> None:
    _, payout = paid(house)
    recall(house, payout)
    with pytest.raises(Refusal) as caught:
        recall(house, payout)
    assert caught.value.code == "recall_stands"


@pytest.mark.parametrize("who", ["caller", "custodian", "auditor", "risk"])
def test_only_who_may_asks_a_payout_back(house: House, who: str) -> None:
    _, payout = paid(house)
    with pytest.raises(Forbidden):
        recall(house, payout, by=who)


def test_another_branch_neither_recalls_nor_rules_nor_answers(house: House) -> None:
    _, payout = paid(house)
    with pytest.raises(NotFound):
        recall(house, payout, by="stranger")
    matter = recall(house, payout)
    with pytest.raises(NotFound):
        rule(house, matter.public_id, "refused", by="stranger")
    rule(house, matter.public_id, "refused")
    with pytest.raises(NotFound):
        answer(house, matter.public_id, by="far_approver")


def test_one_person_under_two_log_ins_does_not_end_a_recall(house: House) -> None:
    _, payout = paid(house)
    matter = recall(house, payout)
    person = house.borrower("示例双重身份")
    house.staff["one"] = house.hire("one", "officer", house.book.branch_id, person)
    house.staff["two"] = house.hire("two", "approver", house.book.branch_id, person)
    rule(house, matter.public_id, "refused", by="one")
    with pytest.raises(Forbidden) as caught:
        answer(house, matter.public_id, by="two")
    assert caught.value.code == "approval_same_person"


def test_the_sheet_for_the_bank_names_the_payout(house: House) -> None:
    _, payout = paid(house)
    name, sheet = payments.recall_sheet(house.db, clock=house.clock, by=house["officer"], matter=recall(house, payout).public_id)
    assert name.startswith("camt.056-pm_") and payout.encode() in sheet


# ── a bank that contradicts itself ─────────────────────────────────────────────────────────────────────────


def test_paid_and_then_rejected_moves_nothing_and_is_a_duty(house: House) -> None:
    loan, payout = paid(house)
    house.answer(payout, Answer(Outcome.REJECTED, why="sent back"))
    assert (state(house, payout), house.state(loan), duty(house, loan, "payout_dispute")) == (PayoutState.PAID, "active", True)
    (matter,) = payments.matters(house.db, house["risk"].scope, open_only=True)
    rule(house, matter.public_id, "stands")
    assert answer(house, matter.public_id).outcome == "stands"
    assert not duty(house, loan, "payout_dispute")
    house.prove()


def test_rejected_and_then_paid_is_not_known_again_and_only_two_people_move_it(house: House) -> None:
    loan, payout = sent(house)
    house.answer(payout, Answer(Outcome.REJECTED, why="no"))
    house.answer(payout, Answer(Outcome.PAID, "b-2"))
    assert (state(house, payout), duty(house, loan, "payout_enquiry")) == (PayoutState.UNKNOWN, True)
    house.answer(payout, Answer(Outcome.REJECTED, why="no, after all"))
    assert state(house, payout) is PayoutState.UNKNOWN, "no machine moves it any more"
    payments.ask_ruling(
        house.db, clock=house.clock, by=house["cashier"], payout=payout, outcome="paid", reference="对账单 3 月 2 日", words="据对账单"
    )
    asked = next(each for each in payments_requests(house) if each.act == "payout.rule")
    carry(payments.answer_ruling, house.db, clock=house.clock, by=house["approver"], request=asked.public_id, approved=True, words="")
    assert (state(house, payout), house.state(loan)) == (PayoutState.PAID, "active")
    house.prove()


def test_rejected_paid_anew_and_then_the_first_was_paid_too_is_a_duty_on_the_loan(house: House) -> None:
    loan, first = sent(house)
    house.answer(first, Answer(Outcome.REJECTED, why="no"))
    second = house.check(house.ask(loan).public_id).public_id
    assert payments.instruct(house.db, clock=house.clock, payout=second) is not None
    house.answer(second, Answer(Outcome.PAID, "b-3"))
    house.answer(first, Answer(Outcome.PAID, "b-1"))
    assert (state(house, first), state(house, second)) == (PayoutState.REJECTED, PayoutState.PAID)
    assert duty(house, loan, "payout_dispute")
    assert [each.fate for each in payments.answers_of(house.db, first)] == ["contradicts", "moved"]
    house.prove()


def test_a_payout_whose_money_came_back_by_the_statement_waits_in_suspense_and_is_a_duty(house: House) -> None:
    loan, payout = paid(house)
    file = house.load(camt053(entry("1200.00", key=payout, back=True, ref="B-11")))
    house.match()
    line = house.line(file, 1)
    assert (line.state, line.how, duty(house, loan, "payout_dispute")) == ("unmatched", "payout_returned", True)
    (matter,) = payments.matters(house.db, house["risk"].scope, open_only=True)
    rule(house, matter.public_id, "returned", line=line.public_id)
    answer(house, matter.public_id)
    assert house.receipts(loan) == [(120_000, house.book.day)]
    house.prove()


def payments_requests(house: House) -> list[Request]:

    return list(requests(house.db, house["approver"].scope))
