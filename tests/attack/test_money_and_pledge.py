"""Orders of acts by which a pledge could end while money is out, tried one after the other."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import psycopg
import pytest

from holdfast import collateral, payments, pledges, release, servicing
from holdfast.collateral import custody, load_price_book, sample_price_book
from holdfast.database.connection import transaction
from holdfast.kernel.errors import Refusal
from holdfast.kernel.money import Money
from holdfast.payments import PayoutState
from holdfast.servicing import approved
from holdfast.stories import cast
from holdfast.stories.stage import Stage
from holdfast.stories.tales import BEGINS
from holdfast.wiring import GROWS, NOTARY, PRESS, RAIL, carry
from tests.release.houses import House


@pytest.fixture
def house(db: psycopg.Connection[Any]) -> House:
    return House(db)


def overpaid_and_handed_back(house: House) -> str:
    """Paid with 50.00 too much: the thing is home and the bureau knows, and only the 50.00 still have to go back."""
    loan = house.pledged()
    house.pay(loan, 1250)
    house.identify(loan)
    house.audit(loan)
    house.approve(loan, "approver")
    house.approve(loan, "risk")
    house.certify(loan)
    house.ask_hand_back(loan)
    house.hand_back(loan)
    house.report(loan)
    assert house.state(loan) == ("releasing", "completed")
    return loan


def reverse_last_receipt(house: House, loan: str) -> None:
    row = house.db.execute(
        "SELECT max(event_no) FROM loan_event e JOIN loan l USING (loan_id) WHERE l.public_id = %s AND e.kind = 'receipt'", [loan]
    ).fetchone()
    assert row is not None
    asked = approved.ask_reversal(
        house.db, clock=house.clock, by=house.people["officer"], loan=loan, event_no=row[0], reason="银行退汇（示例）"
    )
    carry(approved.answer, house.db, clock=house.clock, by=house.people["risk"], request=asked.public_id, approved=True, words="")


def test_after_the_thing_is_home_no_receipt_is_taken_back_though_a_refund_keeps_the_loan_open(house: House) -> None:
    loan = overpaid_and_handed_back(house)
    with pytest.raises(Refusal) as refusal, house.db.transaction():
        reverse_last_receipt(house, loan)
    assert refusal.value.code == "handed_back"
    assert house.state(loan) == ("releasing", "completed")


def test_a_certificate_of_a_loan_without_a_thing_is_void_once_its_receipt_is_taken_back(house: House) -> None:
    """Certified and reported, and only a refund is left: the pay-off is undone, so the release is too."""
    house.db.execute("UPDATE product SET collateral = 'none' WHERE code = 'phone'")
    loan = house.lend().public_id
    house.pay(loan, 1250)
    house.audit(loan)
    house.approve(loan, "approver")
    house.approve(loan, "risk")
    house.certify(loan)
    house.report(loan)
    assert house.state(loan) == ("releasing", "completed")
    reverse_last_receipt(house, loan)
    assert house.state(loan) == ("active", "cancelled")


class Before:
    """A signed loan whose thing is on the shelf, in a book of its own."""

    def __init__(self) -> None:
        self.stage = Stage.empty(BEGINS)
        self.who = cast.borrower(1)
        self.loan = self.stage.apply(self.who)
        self.stage.call(self.loan, self.who)
        self.stage.decide(self.loan)
        self.stage.sign(self.loan)
        self.stage.take_in(self.loan, self.who)
        self.payout = self.stage.do(
            payments.ask_payout, "officer", loan=self.loan, payee_name=self.who.name, account=self.who.account
        ).public_id
        self.stage.do(payments.check_payout, "checker", payout=self.payout, approved=True, words="户名一致（示例）", rail=RAIL, grows=GROWS)

    def send_home(self) -> None:
        asked = self.stage.do(pledges.ask_to_hand_back, "custodian", loan=self.loan, ends="withdrawn", reason="客户不借了（示例）")
        self.stage.agree(asked.public_id, "keeper")

    def now(self) -> tuple[str, str, list[str]]:
        with transaction() as db:
            row = db.execute("SELECT loan_id, state FROM loan WHERE public_id = %s", [self.loan]).fetchone()
            assert row is not None
            out = db.execute("SELECT state FROM payout WHERE public_id = %s", [self.payout]).fetchone()
            assert out is not None
            return row[1], out[0], [each.state for each in pledges.pledges_of(db, row[0])]


def test_a_payout_that_was_approved_is_not_sent_once_the_thing_is_to_go_home(committed_db: psycopg.Connection[Any]) -> None:
    before = Before()
    before.send_home()
    payments.send_approved(transaction, RAIL, partial(carry, payments.record_answer), before.stage.clock)
    assert before.now() == ("signed", "cancelled", ["lifted"])


def test_the_thing_does_not_go_home_while_a_payout_is_on_its_way(committed_db: psycopg.Connection[Any]) -> None:
    before = Before()
    with transaction() as db:  # written down as sent; the process dies before the rail has answered
        order = payments.instruct(db, clock=before.stage.clock, payout=before.payout)
    assert order is not None
    with pytest.raises(Refusal) as refusal:
        before.send_home()
    assert refusal.value.code == "payout_unknown"
    with transaction() as db:
        said = carry(
            payments.record_answer, db, clock=before.stage.clock, by=before.stage.people["risk"].actor, payout=before.payout,
            answer=RAIL.send(order),
        )  # fmt: skip
    assert said.state is PayoutState.PAID
    assert before.now() == ("active", "paid", ["delivered"])


def test_a_yes_given_before_the_order_went_out_does_not_send_the_thing_home_after(committed_db: psycopg.Connection[Any]) -> None:
    before = Before()
    asked = before.stage.do(pledges.ask_to_hand_back, "custodian", loan=before.loan, ends="withdrawn", reason="客户不借了（示例）")
    with transaction() as db:
        payments.instruct(db, clock=before.stage.clock, payout=before.payout)
    with pytest.raises(Refusal):
        before.stage.agree(asked.public_id, "keeper")
    assert before.now() == ("signed", "sent", ["delivered"])


def test_a_thing_with_a_price_is_not_sold_at_the_value_that_its_seller_names(house: House) -> None:
    loan = house.pledged()
    house.walk(100)
    house.notice(loan)
    house.walk(15)
    load_price_book(house.db, clock=house.clock, by=house.people["risk"], name="示例.csv", data=sample_price_book(house.book.day))
    with pytest.raises(Refusal) as refusal, house.db.transaction():
        house.value(loan, yuan=1)
    assert refusal.value.code == "priced_by_book"


def test_backdated_money_taken_back_lets_no_thing_leave(house: House) -> None:
    """A receipt dated before the pay-off, then reversed between the two approvals: what was audited has changed."""
    loan = house.pledged()
    house.walk(3)
    carry(
        servicing.receive, house.db, clock=house.clock, by=house.people["officer"], loan=loan, amount=Money(60_000, "CNY"),
        received_on=house.book.day - timedelta(days=2),
    )  # fmt: skip
    house.pay(loan, 900)
    house.identify(loan)
    house.audit(loan)
    house.approve(loan, "approver")
    row = house.db.execute(
        "SELECT min(event_no) FROM loan_event e JOIN loan l USING (loan_id) WHERE l.public_id = %s AND e.kind = 'receipt'", [loan]
    ).fetchone()
    assert row is not None
    asked = approved.ask_reversal(
        house.db, clock=house.clock, by=house.people["officer"], loan=loan, event_no=row[0], reason="记错借款（示例）"
    )
    carry(approved.answer, house.db, clock=house.clock, by=house.people["risk"], request=asked.public_id, approved=True, words="")
    assert house.state(loan) == ("active", "cancelled")
    with pytest.raises(Refusal), house.db.transaction():
        house.approve(loan, "risk")
    with pytest.raises(Refusal), house.db.transaction():
        release.ask_hand_back(house.db, clock=house.clock, by=house.people["custodian"], loan=loan, read=house.things[loan])


def proceeds(house: House, loan: str) -> int:
    row = house.db.execute(
        """SELECT max(event_no) FROM loan_event e JOIN loan l USING (loan_id)
            WHERE l.public_id = %s AND e.kind = 'receipt'""",
        [loan],
    ).fetchone()
    assert row is not None
    return int(row[0])


def test_what_a_sale_brought_is_not_taken_back_since_it_ended_the_pledge(house: House) -> None:
    loan = house.pledged()
    house.walk(100)
    house.notice(loan)
    house.walk(15)
    house.value(loan)
    house.ask_sale(loan)
    house.sell(loan, "approver")
    house.sell(loan, "risk")
    with pytest.raises(Refusal) as refusal, house.db.transaction():
        approved.ask_reversal(
            house.db, clock=house.clock, by=house.people["officer"], loan=loan, event_no=proceeds(house, loan), reason="撤回处置款（示例）"
        )
    assert refusal.value.code == "receipt_ended_a_pledge"


def test_what_was_paid_for_a_lost_thing_is_not_taken_back_since_it_ended_the_pledge(house: House) -> None:
    loan = house.pledged()
    seal = next(iter(house.things[loan]))
    by, clock = house.people, house.clock
    collateral.value(house.db, clock=clock, by=by["custodian"], loan=loan)
    custody.miss(house.db, clock=clock, by=by["custodian"], seal_no=seal, words="柜位空了（示例）")
    agree(house, custody.ask_lost(house.db, clock=clock, by=by["custodian"], seal_no=seal, reason="查找未果（示例）").public_id)
    agree(house, pledges.ask_compensation(house.db, clock=clock, by=by["officer"], loan=loan, reason="按估值赔偿（示例）").public_id)
    with pytest.raises(Refusal) as refusal, house.db.transaction():
        approved.ask_reversal(house.db, clock=clock, by=by["officer"], loan=loan, event_no=proceeds(house, loan), reason="撤回赔偿（示例）")
    assert refusal.value.code == "receipt_ended_a_pledge"


def agree(house: House, request: str) -> None:
    carry(
        pledges.answer, house.db, clock=house.clock, by=house.people["approver"], request=request, approved=True, words="", press=PRESS,
        notary=NOTARY, owed=servicing.owed,
    )  # fmt: skip
