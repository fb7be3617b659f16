"""What answers and receipts make of a message: late, twice, out of order, lost; and who takes over what nobody knows."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import timedelta
from itertools import product
from typing import Any

import psycopg
import pytest

from holdfast import contact, servicing
from holdfast.contact import Accepted, Inbound, LateAnswer, PartAnswer, Receipt
from holdfast.contact.states import FINAL, LIFE, PartEvent, PartState, after, message_state
from holdfast.duties.audit import examine
from holdfast.journal import read_chain
from holdfast.kernel.clock import FixedClock
from holdfast.kernel.errors import Fault, Unavailable
from holdfast.parties import Party
from holdfast.servicing import answers
from holdfast.servicing.night import record_contacts
from holdfast.wiring import EXPECTATIONS
from tests.books import Book
from tests.contact.test_dispatch import DAY, ZONE, Carrier, Desk, at, hire, moment, person
from tests.parties.test_private import PHONE

Db = psycopg.Connection[Any]


class Gateway(Carrier):
    """A carrier to which a key may be sent once only; each letter is answered as `says` has it."""

    def __init__(self, says: str = "sent", parts: int = 1) -> None:
        super().__init__(once_per_key=False)
        self.says, self.parts = says, parts

    def send(self, letters: Any, at: Any) -> Any:
        self.letters += letters
        if self.silent:
            raise Unavailable("no connection; nothing has left")
        return [self._answer(each.key) for each in letters]

    def _answer(self, key: str) -> Accepted:
        ids = [f"{key}/{number}" if self.says == "sent" else None for number in range(1, self.parts + 1)]
        return Accepted(key, ids[0], self.says, "", tuple(PartAnswer(each, self.says) for each in ids))


class House(Desk):
    """The desk of the dispatcher's tests, with a gateway and transactions of its own for each step."""

    def __init__(self, db: Db, book: Book, party: Party, loan_id: int) -> None:
        super().__init__(db, book, party, loan_id)
        self.gateway = Gateway()

    @property
    def channels(self) -> Any:
        return {"sms": self.gateway}

    def claim(self, clock: FixedClock) -> Any:
        ended, handed, _ = contact.claim(self.db, self.channels, clock=clock, limit=100)
        record_contacts(self.db, ended, clock=clock)
        return handed

    def send(self, clock: FixedClock) -> list[Any]:
        handed = self.claim(clock)
        done = contact.take_answers(self.db, self.channels, contact.hand_over(self.channels, handed, clock.now()), clock=clock)
        record_contacts(self.db, done, clock=clock)
        return done

    def hear(self, clock: FixedClock, *heard: Any) -> list[str]:
        """Keep and settle; what became of each thing heard so far."""
        contact.keep_heard(lambda: nullcontext(self.db), lambda db: clock)("test carrier", heard)
        _, arrived = contact.settle_heard(self.db, clock=clock)
        record_contacts(self.db, arrived, clock=clock)
        return [row[0] or "waits" for row in self.db.execute("SELECT came_to FROM channel_heard ORDER BY heard_id").fetchall()]

    def receipt(self, number: int, state: str = "delivered", part: int = 1, stat: str = "") -> Receipt:
        stat = stat or {"delivered": "DELIVRD", "failed": "UNDELIV", "waiting": "ACCEPTD", "unknown": "UNKNOWN"}[state]
        return Receipt(f"{self.loan_id}:{number}/{part}", state, stat, PHONE)

    def hand_over_undelivered(self, clock: FixedClock) -> int:
        found, ended = contact.undelivered(self.db, clock=clock)
        record_contacts(self.db, ended, clock=clock)
        for each in found:
            contact.hand_to_a_person(self.db, each, clock=clock)
        return len(found)

    def open_duties(self) -> list[str]:
        rows = self.db.execute("SELECT kind FROM duty WHERE loan_id = %s AND open ORDER BY kind", [self.loan_id]).fetchall()
        return [row[0] for row in rows]


@pytest.fixture
def house(db: Db) -> House:
    book = Book(db, DAY)
    return House(db, book, person(book), book.lend().loan_id)


# -- the table --------------------------------------------------------------------------------------


def test_every_pair_of_state_and_event_is_in_the_table_or_changes_nothing() -> None:
    for state, event in product(PartState, PartEvent):
        following, what = after(state, event)
        assert (following is LIFE[state, event]) if (state, event) in LIFE else (following is state)
        assert what in ("moved", "repeated", "contradicts")
        if state in FINAL:
            assert following is state, "the first final word stands"


@pytest.mark.parametrize(
    ("parts", "whole"),
    [
        ("delivered", "delivered"), ("delivered delivered", "delivered"), ("delivered sent", "sent"), ("delivered failed", "failed"),
        ("unknown failed", "failed"), ("unknown delivered", "unknown"), ("sending sent", "sending"),
    ],
)  # fmt: skip
def test_a_message_is_delivered_when_all_its_parts_are(parts: str, whole: str) -> None:
    assert message_state([PartState(each) for each in parts.split()]) is PartState(whole)


# -- sending ----------------------------------------------------------------------------------------


def test_a_message_is_on_its_way_before_it_leaves_and_counts_at_once(house: House) -> None:
    first = house.promise()
    house.claim(at(10))
    assert (house.state(first)[0], house.waiting(), house.gateway.letters) == ("sending", 0, [])
    second = house.promise()
    assert [(each.message_no, each.outcome) for each in contact.claim(house.db, house.channels, clock=at(10), limit=9)[0]] == [
        (second, "refused")
    ]


def test_what_a_dead_sender_left_on_its_way_is_unknown_and_never_sent_again(house: House) -> None:
    number = house.promise()
    house.claim(at(10))
    assert contact.end_sending(house.db, house.channels, clock=at(10, 4)) == 0, "its sender may still be at it"
    assert contact.end_sending(house.db, house.channels, clock=at(10, 5)) == 1
    assert house.state(number) == ("unknown", "whoever sent it is gone")
    assert house.send(at(11)) == []
    assert house.gateway.letters == []
    assert house.ledger() == [("reminder", "unknown", "contact.sender_gone")]


def test_what_a_dead_sender_left_goes_again_where_its_key_is_sent_once_only(house: House) -> None:
    number = house.promise()
    house.claim(at(10))
    house.gateway.once_per_key = True
    contact.end_sending(house.db, house.channels, clock=at(10, 5))
    assert [each.outcome for each in house.send(at(10, 5))] == ["sent"]
    assert house.state(number)[0] == "sent"


def test_what_certainly_did_not_leave_goes_again_after_five_minutes(house: House) -> None:
    number = house.promise()
    house.gateway.silent = True
    assert house.send(at(10)) == []
    assert house.state(number)[0] == "promised"
    house.gateway.silent = False
    assert house.send(at(10, 4)) == []
    assert [each.outcome for each in house.send(at(10, 5))] == ["sent"]


def test_an_unknown_answer_is_not_sent_again_and_proves_no_duty(house: House) -> None:
    house.gateway.says = "unknown"
    number = house.promise(duty_no=house.reminder_duty())
    assert [each.outcome for each in house.send(at(10))] == ["unknown"]
    assert house.state(number)[0] == "unknown"
    assert "reminder" in house.open_duties()
    assert house.send(at(12)) == []


def test_one_transaction_never_serves_a_channel_on_which_a_key_may_go_twice(house: House) -> None:
    house.promise()
    with pytest.raises(Fault):
        contact.dispatch(house.db, house.channels, clock=at(10), limit=10)


def test_a_carrier_that_takes_no_lending_messages_is_given_none(house: House) -> None:
    house.gateway.finance_allowed = False
    house.promise()
    ended, handed, _ = contact.claim(house.db, house.channels, clock=at(10), limit=10)
    assert ([(each.outcome, each.rule) for each in ended], handed) == ([("dropped", "contact.finance_allowed")], [])


# -- receipts ---------------------------------------------------------------------------------------


def test_a_receipt_told_twice_is_kept_once_and_one_that_differs_from_the_first_final_word_changes_nothing(house: House) -> None:
    number = house.promise()
    house.send(at(10))
    assert house.hear(at(10, 1), house.receipt(number, "waiting")) == ["repeated"]
    assert house.hear(at(10, 2), house.receipt(number), house.receipt(number)) == ["repeated", "moved"]
    assert house.hear(at(10, 3), house.receipt(number, "failed")) == ["repeated", "moved", "contradicts"]
    assert house.hear(at(10, 4), house.receipt(number, "waiting", stat="LATE")) == ["repeated", "moved", "contradicts", "repeated"]
    assert house.state(number)[0] == "delivered"


def test_a_receipt_that_comes_before_its_answer_waits_for_it(house: House) -> None:
    number = house.promise()
    handed = house.claim(at(10))
    assert house.hear(at(10), house.receipt(number)) == ["waits"]
    answered = contact.hand_over(house.channels, handed, moment(10))
    contact.take_answers(house.db, house.channels, answered, clock=at(10))
    assert contact.settle_heard(house.db, clock=at(10, 1))[0] == 1
    assert house.state(number)[0] == "delivered"


def test_a_long_message_is_delivered_when_its_last_part_is_and_fails_with_any(house: House) -> None:
    house.gateway.parts = 3
    number = house.promise()
    house.send(at(10))
    house.hear(at(10, 1), house.receipt(number, part=3), house.receipt(number, part=1))
    assert house.state(number)[0] == "sent"
    house.hear(at(10, 2), house.receipt(number, part=2))
    assert house.state(number)[0] == "delivered"
    other = house.promise(party=person(house.book, "13900000002"))
    house.send(at(10))
    house.hear(at(10, 3), house.receipt(other, part=1), house.receipt(other, "failed", part=2, stat="MK:0012"))
    assert house.state(other) == ("failed", "MK:0012")


def test_a_message_whose_answer_was_lost_is_found_by_its_number_if_it_is_the_only_one(house: House) -> None:
    number = house.promise()
    house.claim(at(10))
    heard = Receipt("an id nobody knows", "delivered", "DELIVRD", PHONE)
    assert house.hear(at(10), heard) == ["waits"]
    contact.end_sending(house.db, house.channels, clock=at(10, 5))
    assert contact.settle_heard(house.db, clock=at(10, 5))[0] == 0, "its answer may still come"
    assert contact.settle_heard(house.db, clock=at(10, 20))[0] == 1
    assert house.state(number)[0] == "delivered"


def test_two_lost_messages_to_one_number_are_guessed_at_by_nobody(house: House) -> None:
    numbers = [house.promise(purpose="service") for _ in range(2)]
    house.claim(at(10))
    house.hear(at(10), Receipt("an id nobody knows", "delivered", "DELIVRD", PHONE))
    contact.end_sending(house.db, house.channels, clock=at(10, 5))
    contact.settle_heard(house.db, clock=at(10, 20))
    assert [house.state(number)[0] for number in numbers] == ["unknown", "unknown"]
    assert house.hand_over_undelivered(at(11, 1)) == 2
    assert house.open_duties().count("reach") == 1


def test_a_late_answer_tells_the_number_by_which_the_receipt_is_found(house: House) -> None:
    house.gateway.says = "unknown"
    number = house.promise()
    house.send(at(10))
    key = f"{house.loan_id}:{number}"
    house.hear(at(10, 2), LateAnswer(key, 1, PartAnswer(f"{key}/1", "sent")))
    assert house.state(number)[0] == "sent"
    house.hear(at(10, 3), house.receipt(number))
    assert house.state(number)[0] == "delivered"


def test_a_receipt_for_no_message_of_ours_is_kept_and_said_to_be_for_none(house: House) -> None:
    assert house.hear(at(10), Receipt("nobody's", "delivered", "DELIVRD", PHONE)) == ["waits"]
    later = FixedClock(moment(10) + timedelta(hours=73), ZONE)
    contact.settle_heard(house.db, clock=later)
    assert house.hear(later) == ["no_message"]


def test_a_receipt_that_does_not_come_within_48_hours_leaves_its_message_unknown(house: House) -> None:
    number = house.promise()
    house.send(at(10))
    assert contact.end_waiting(house.db, clock=FixedClock(moment(10) + timedelta(hours=47), ZONE)) == 0
    assert contact.end_waiting(house.db, clock=FixedClock(moment(10) + timedelta(hours=48), ZONE)) == 1
    assert house.state(number) == ("unknown", "no receipt within 48 hours")


def test_neither_number_nor_text_that_was_heard_is_kept_in_the_clear(house: House) -> None:
    house.hear(at(10), Receipt("1", "delivered", "DELIVRD", PHONE), Inbound("2", PHONE, "106", "我已还款"))
    rows = house.db.execute("SELECT h::text FROM channel_heard h").fetchall()
    assert not any(PHONE in row[0] or "我已还款" in row[0] for row in rows)


@pytest.mark.parametrize("word", ["TD", " ｔｄ ", "退订", "退 订。", "R", "r", "Ｔ", "0000", "N"])
def test_whoever_writes_one_of_the_words_is_left_alone_from_then_on(house: House, word: str) -> None:
    house.hear(at(9), Inbound("m1", PHONE, "106", word))
    assert contact.take_inbound(house.db, clock=at(9), answers=answers.stands) == 1
    assert contact.take_inbound(house.db, clock=at(9), answers=answers.stands) == 0
    house.promise()
    ended, handed, _ = contact.claim(house.db, house.channels, clock=at(10), limit=10)
    assert [(each.outcome, each.rule) for each in ended] == [("refused", "contact.opt_out")]
    assert [each.due.purpose for each in handed] == ["answer"], "only that it is so"
    told = [each.kind for each in read_chain(house.db, house.party.party_id)]
    house.hear(at(11), Inbound("m2", PHONE, "106", word))
    contact.take_inbound(house.db, clock=at(11), answers=answers.stands)
    assert [each.kind for each in read_chain(house.db, house.party.party_id)] == told, "once is enough"


@pytest.mark.parametrize("words", ["我要退订贷款合同", "TDX", "", None])
def test_other_words_stop_nothing(house: House, words: str | None) -> None:
    house.hear(at(9), Inbound("m1", PHONE, "106", words))
    contact.take_inbound(house.db, clock=at(9), answers=answers.stands)
    house.promise()
    assert len(house.claim(at(10))) == 1


# -- a person ---------------------------------------------------------------------------------------


def test_a_message_that_failed_is_a_callers_duty_at_once_and_its_own_duty_ends_with_it(house: House) -> None:
    number = house.promise(duty_no=house.reminder_duty())
    house.gateway.says = "failed"
    house.send(at(10))
    assert house.hand_over_undelivered(at(10, 1)) == 1
    assert "reach" in house.open_duties()
    kinds = [each.kind for each in read_chain(house.db, house.loan_id)]
    assert kinds[-2:] == ["contact.handed_over", "message.undelivered"]
    assert house.hand_over_undelivered(at(10, 2)) == 0, "once"
    assert house.state(number)[0] == "failed"
    assert not [line for line in examine(house.db, DAY, EXPECTATIONS).missing if line.kind == "reach"]


def test_a_reminder_that_a_person_holds_is_a_callers_duty_in_the_morning_and_never_nobodys(house: House) -> None:
    duty_no = house.reminder_duty()
    row = house.db.execute("SELECT about FROM duty WHERE loan_id = %s AND duty_no = %s", [house.loan_id, duty_no]).fetchone()
    assert row is not None
    officer = hire(house.db, "officer")
    contact.hold_line(
        house.db, clock=at(7), by=officer, loan_id=house.loan_id, on=DAY, kind="message", about=row[0], reason="客户刚来过电话"
    )
    held = read_chain(house.db, house.loan_id)[-1]
    assert held.kind == "night.held" and "客户刚来过电话" in held.body.decode()
    number = house.promise(duty_no=duty_no)
    house.claim(at(10))
    assert house.state(number)[0] == "dropped"
    assert house.hand_over_undelivered(at(10, 1)) == 1
    assert "reach" in house.open_duties()
    assert house.hand_over_undelivered(at(10, 2)) == 0, "once"
    assert not [line for line in examine(house.db, DAY, EXPECTATIONS).missing if line.kind == "reach"]


def test_a_held_line_that_is_let_go_in_time_is_sent_and_needs_nobody(house: House) -> None:
    duty_no = house.reminder_duty()
    row = house.db.execute("SELECT about FROM duty WHERE loan_id = %s AND duty_no = %s", [house.loan_id, duty_no]).fetchone()
    assert row is not None
    officer = hire(house.db, "officer")
    contact.hold_line(
        house.db, clock=at(7), by=officer, loan_id=house.loan_id, on=DAY, kind="message", about=row[0], reason="客户刚来过电话"
    )
    contact.let_go(house.db, clock=at(8), by=officer, loan_id=house.loan_id, on=DAY, kind="message", about=row[0])
    assert read_chain(house.db, house.loan_id)[-1].kind == "night.let_go"
    number = house.promise(duty_no=duty_no)
    house.send(at(10))
    assert house.state(number)[0] == "sent"
    assert house.hand_over_undelivered(at(10, 1)) == 0


@pytest.mark.parametrize("why", ["no number", "time over"])
def test_a_message_that_could_not_be_sent_is_a_callers_duty(house: House, why: str) -> None:
    number = house.promise(duty_no=house.reminder_duty())
    if why == "no number":
        house.db.execute("UPDATE message SET party_id = %s WHERE message_no = %s", [person(house.book, phone=None).party_id, number])
    house.claim(at(10) if why == "no number" else FixedClock(moment(10) + timedelta(days=1), ZONE))
    assert house.state(number)[0] == "dropped"
    assert house.hand_over_undelivered(at(10, 1)) == 1
    assert "reach" in house.open_duties()
    assert "reminder" not in [row[0] for row in house.db.execute("SELECT kind FROM duty WHERE open AND due_on = %s", [DAY]).fetchall()], (
        "its own duty has ended with it"
    )


def test_a_borrower_whom_a_rule_protects_is_left_alone_by_people_too(house: House) -> None:
    contact.stop(
        house.db,
        clock=at(9),
        by=hire(house.db, "caller"),
        party=house.party,
        reason="opt_out",
        because="客户要求",
        purposes=frozenset({"reminder"}),
    )
    number = house.promise(duty_no=house.reminder_duty())
    house.claim(at(10))
    assert house.state(number)[0] == "dropped"
    assert house.hand_over_undelivered(at(10, 1)) == 0


def test_what_nobody_knows_waits_an_hour_for_a_receipt_before_a_person_takes_it(house: House) -> None:
    house.gateway.says = "unknown"
    house.promise()
    house.send(at(10))
    assert house.hand_over_undelivered(at(10, 59)) == 0
    assert house.hand_over_undelivered(at(11)) == 1


def test_a_message_that_arrives_after_all_in_that_hour_needs_nobody(house: House) -> None:
    number = house.promise(duty_no=house.reminder_duty())
    house.claim(at(10))
    house.hear(at(10), Receipt("an id nobody knows", "delivered", "DELIVRD", PHONE))
    contact.end_sending(house.db, house.channels, clock=at(10, 6))
    house.hear(at(10, 20))
    assert house.state(number)[0] == "delivered"
    assert house.hand_over_undelivered(at(11, 30)) == 0
    assert [each.kind for each in read_chain(house.db, house.loan_id)][-1] == "contact.sent", "the receipt proves its duty"


def test_a_caller_ends_the_duty_by_saying_what_came_of_it_and_a_second_message_opens_no_second_duty(house: House) -> None:
    house.gateway.says = "failed"
    for phone in ("13900000002", "13900000003"):
        house.promise(party=person(house.book, phone))
    house.send(at(10))
    assert house.hand_over_undelivered(at(10, 1)) == 2
    assert house.open_duties().count("reach") == 1
    row = house.db.execute(
        "SELECT l.public_id, d.duty_no FROM duty d JOIN loan l USING (loan_id) WHERE d.kind = 'reach' AND d.open"
    ).fetchone()
    assert row is not None
    caller = hire(house.db, "caller")
    servicing.note_duty(house.db, clock=at(11), by=caller, loan=row[0], duty_no=row[1], outcome="reached", words="已电话告知", how="came")
    assert "reach" not in house.open_duties()
    assert not [line for line in examine(house.db, DAY, EXPECTATIONS).missing if line.kind == "reach"]
