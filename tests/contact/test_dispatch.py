"""From the promise to the ledger: sent once, in its time, by the rules; nothing is lost when the outside is silent."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import psycopg
import pytest

from holdfast import contact, parties
from holdfast.adapters.local_outbox import LocalOutbox
from holdfast.contact import Accepted, Capabilities, Dispatched, Letter, Promise, Receipt
from holdfast.journal import SYSTEM, read_chain
from holdfast.kernel.clock import FixedClock, instant_on
from holdfast.kernel.errors import BadInput, Forbidden, NotFound, Unavailable
from holdfast.parties import Party, Staff
from tests.books import Book, clock_on
from tests.parties.test_private import PHONE

Db = psycopg.Connection[Any]
DAY = date(2026, 11, 23)
ZONE = "Asia/Shanghai"
AMOUNT = {"minor": 39_684, "currency": "CNY"}
NOTHING = {"minor": 0, "currency": "CNY"}


def moment(hour: int, minute: int = 0, day: date = DAY) -> datetime:
    return instant_on(day, datetime(2000, 1, 1, hour, minute).time(), ZONE)


def at(hour: int, minute: int = 0, day: date = DAY) -> FixedClock:
    return FixedClock(moment(hour, minute, day), ZONE)


@dataclass
class Carrier(LocalOutbox):
    """A channel that keeps what it was given; `silent` lets it take nothing, `refuses` lets it fail."""

    letters: list[Letter] = field(default_factory=list)
    silent: bool = False
    refuses: bool = False
    answers: str = "sent"
    once_per_key: bool = True
    finance_allowed: bool = True

    def capabilities(self) -> Capabilities:
        return Capabilities(
            name="test carrier", finance_allowed=self.finance_allowed, run_against="itself", receipts_pushed=True,
            once_per_key=self.once_per_key,
        )  # fmt: skip

    def send(self, letters: Sequence[Letter], at: datetime) -> Sequence[Accepted]:
        self.letters += letters
        if self.silent:
            raise Unavailable("the carrier cannot be reached")
        if self.refuses:
            return [Accepted(each.key, f"c:{each.key}", "failed", "blocked number") for each in letters]
        return [Accepted(each.key, f"c:{each.key}", self.answers) for each in letters]


@dataclass
class Desk:
    """A book with a borrower, and messages promised for one of her loans."""

    db: Db
    book: Book
    party: Party
    loan_id: int
    carrier: Carrier = field(default_factory=Carrier)

    def promise(
        self,
        *,
        purpose: str = "reminder",
        duty_no: int | None = None,
        party: Party | None = None,
        known: bool = True,
        loan_id: int | None = None,
    ) -> int:
        template = {"reminder": "reminder", "collection": "overdue", "service": "receipt", "code": "receipt", "marketing": "receipt"}[
            purpose
        ]
        params = {
            "contract": "1234", "n": 1, "amount": AMOUNT, "due_on": "2026-11-25", "days": 8, "paid_on": "2026-11-23",
            "principal_out": NOTHING,
        }  # fmt: skip
        return contact.promise(
            self.db,
            Promise(
                loan_id=loan_id or self.loan_id, duty_no=duty_no, party_id=(party or self.party).party_id if known else None,
                purpose=purpose, channel="sms", template=template, params=params, on_date=DAY, send_from=moment(8), send_until=moment(21),
            ),
        )  # fmt: skip

    def dispatch(self, clock: FixedClock) -> list[Dispatched]:
        return contact.dispatch(self.db, {"sms": self.carrier}, clock=clock, limit=100)

    def state(self, number: int) -> tuple[str, str]:
        row = self.db.execute(
            "SELECT state, state_why FROM message WHERE loan_id = %s AND message_no = %s", [self.loan_id, number]
        ).fetchone()
        assert row is not None
        return row[0], row[1]

    def waiting(self) -> int:
        row = self.db.execute("SELECT count(*) FROM outbox").fetchone()
        assert row is not None
        return int(row[0])

    def ledger(self) -> list[tuple[str, str, str]]:
        rows = self.db.execute("SELECT purpose, outcome, rule FROM contact_ledger ORDER BY loan_id, entry_no").fetchall()
        return [(row[0], row[1], row[2]) for row in rows]

    def reminder_duty(self) -> int:
        row = self.db.execute("SELECT duty_no FROM duty WHERE loan_id = %s AND kind = 'reminder' AND open", [self.loan_id]).fetchone()
        assert row is not None
        return int(row[0])


def person(book: Book, phone: str | None = PHONE, language: str = "zh-hans") -> Party:
    private = {"name": "张示例"} | ({"phone": phone} if phone else {})
    return parties.register_party(
        book.db, clock=book.clock, by=SYSTEM, kind="person", branch_id=book.branch_id, private=private, language=language
    )


@pytest.fixture
def desk(db: Db) -> Desk:
    book = Book(db, DAY)
    loan = book.lend()
    return Desk(db, book, person(book), loan.loan_id)


def hire(db: Db, role: str) -> Staff:
    return parties.create_staff(
        db, clock=clock_on(DAY), by=SYSTEM, username=role, password="a long sample phrase", name="示例员工", role=role, scope="all"
    )


def test_a_promised_message_is_written_with_its_text_before_anything_is_sent(desk: Desk) -> None:
    number = desk.promise()
    row = desk.db.execute(
        "SELECT body, state, sent_at FROM message WHERE loan_id = %s AND message_no = %s", [desk.loan_id, number]
    ).fetchone()
    assert row is not None
    assert row[0].startswith("【示例小额贷款】")
    assert row[1:] == ("promised", None)
    assert desk.carrier.letters == []


def test_nothing_goes_before_its_time(desk: Desk) -> None:
    desk.promise()
    assert desk.dispatch(at(7, 59)) == []
    assert desk.waiting() == 1


def test_a_message_goes_once_to_the_borrowers_number_and_stands_in_the_ledger(desk: Desk) -> None:
    duty = desk.reminder_duty()
    number = desk.promise(duty_no=duty)
    sent = desk.dispatch(at(10))
    assert sent == [Dispatched(desk.loan_id, number, duty, "sent", "contact.per_day_all_channels")]
    assert [letter.number for letter in desk.carrier.letters] == [PHONE]
    assert desk.ledger() == [("reminder", "sent", "contact.per_day_all_channels")]
    assert desk.dispatch(at(10, 5)) == []
    assert len(desk.carrier.letters) == 1


def test_the_number_is_nowhere_in_the_clear(desk: Desk) -> None:
    desk.promise()
    desk.dispatch(at(10))
    rows = desk.db.execute("SELECT m::text FROM message m UNION ALL SELECT c::text FROM contact_ledger c").fetchall()
    assert not any(PHONE in row[0] for row in rows)
    assert PHONE not in repr(desk.carrier.letters)


def test_a_second_reminder_on_one_day_is_refused_and_says_by_which_rule(desk: Desk) -> None:
    desk.promise()
    number = desk.promise()
    sent = {each.message_no: (each.outcome, each.rule) for each in desk.dispatch(at(10))}
    assert sent[number] == ("refused", "contact.sms_per_day_reminder")
    assert desk.state(number) == ("dropped", "1 of 1 made today (reminders by text message)")
    assert len(desk.carrier.letters) == 1


def test_one_person_with_two_loans_has_one_days_budget(desk: Desk) -> None:
    other = desk.book.lend()
    desk.promise()
    desk.promise(loan_id=other.loan_id)
    assert sorted(each.outcome for each in desk.dispatch(at(10))) == ["refused", "sent"]


def test_what_a_rule_puts_off_waits_for_the_earliest_moment_and_then_goes(desk: Desk) -> None:
    contact.promise(
        desk.db,
        Promise(desk.loan_id, None, desk.party.party_id, "service", "sms", "receipt",
                {"contract": "1234", "amount": AMOUNT, "paid_on": "2026-11-23", "principal_out": NOTHING},
                DAY, moment(22, 30), moment(12, 0, DAY + timedelta(days=1))),
    )  # fmt: skip
    assert desk.dispatch(at(22, 30)) == []
    assert desk.waiting() == 1
    assert desk.dispatch(at(7, 59, DAY + timedelta(days=1))) == []
    assert [each.outcome for each in desk.dispatch(at(8, 0, DAY + timedelta(days=1)))] == ["sent"]


def test_a_message_whose_time_is_over_is_dropped_and_not_sent_late(desk: Desk) -> None:
    number = desk.promise()
    assert [(each.outcome, each.rule) for each in desk.dispatch(at(21, 1))] == [("dropped", "contact.window")]
    assert desk.state(number)[0] == "dropped"
    assert desk.carrier.letters == []


def test_a_reminder_of_what_has_been_paid_is_dropped(desk: Desk) -> None:
    closed = desk.reminder_duty() + 90
    desk.promise(duty_no=closed)
    assert [(each.outcome, each.rule) for each in desk.dispatch(at(10))] == [("dropped", "duty.closed")]
    assert desk.carrier.letters == []


@pytest.mark.parametrize("reason", ["opt_out", "complaint", "dispute", "hardship"])
def test_a_pause_holds_until_it_is_lifted_and_both_are_on_record(desk: Desk, reason: str) -> None:
    caller = hire(desk.db, "caller")
    contact.stop(desk.db, clock=at(9), by=caller, party=desk.party, reason=reason, because="客户来电说明")
    desk.promise()
    rule = "contact.opt_out" if reason == "opt_out" else "contact.pauses"
    assert [(each.outcome, each.rule) for each in desk.dispatch(at(10))] == [("refused", rule)]
    colleague = hire(desk.db, "officer")
    contact.resume(desk.db, clock=at(11), by=colleague, party=desk.party, reason=reason, because="已经办妥")
    desk.promise()
    assert [each.outcome for each in desk.dispatch(at(11))] == ["sent"]
    assert [each.kind for each in read_chain(desk.db, desk.party.party_id)][-2:] == ["contact.stopped", "contact.resumed"]


def test_a_pause_needs_a_known_reason_and_someone_who_may(desk: Desk) -> None:
    caller = hire(desk.db, "caller")
    for wrong in ({"reason": "mood"}, {"because": "  "}, {"until": DAY - timedelta(days=1)}, {"purposes": frozenset({"joy"})}):
        with pytest.raises(BadInput):
            contact.stop(desk.db, clock=at(9), by=caller, party=desk.party, **{"reason": "dispute", "because": "客户有异议", **wrong})  # type: ignore[arg-type]
    with pytest.raises(Forbidden):
        contact.stop(desk.db, clock=at(9), by=hire(desk.db, "auditor"), party=desk.party, reason="dispute", because="客户有异议")
    with pytest.raises(NotFound):
        contact.resume(desk.db, clock=at(9), by=caller, party=desk.party, reason="dispute", because="已经办妥")


def test_a_line_that_a_person_holds_is_not_sent(desk: Desk) -> None:
    officer = hire(desk.db, "officer")
    duty = desk.reminder_duty()
    row = desk.db.execute("SELECT about FROM duty WHERE loan_id = %s AND duty_no = %s", [desk.loan_id, duty]).fetchone()
    assert row is not None
    line: dict[str, Any] = {"loan_id": desk.loan_id, "on": DAY, "kind": "message", "about": row[0]}
    contact.hold_line(desk.db, clock=at(7), by=officer, reason="客户刚来过电话", **line)
    number = desk.promise(duty_no=duty)
    assert [(each.outcome, each.rule) for each in desk.dispatch(at(10))] == [("dropped", "tonight.hold")]
    assert desk.state(number) == ("dropped", "held: 客户刚来过电话")
    contact.let_go(desk.db, clock=at(7), by=officer, **line)
    with pytest.raises(NotFound):
        contact.let_go(desk.db, clock=at(7), by=officer, **line)
    with pytest.raises(BadInput):
        contact.hold_line(desk.db, clock=at(7), by=officer, reason=" ", **line)


def test_a_borrower_whom_nobody_knows_or_who_has_no_number_cannot_be_reached_and_it_is_said(desk: Desk) -> None:
    desk.promise(known=False)
    desk.promise(party=person(desk.book, phone=None))
    assert [(each.outcome, each.rule) for each in desk.dispatch(at(10))] == [("refused", "contact.no_number")] * 2
    assert desk.ledger() == [("reminder", "refused", "contact.no_number")] * 2


def test_a_silent_carrier_loses_nothing_and_is_given_the_same_keys_again(desk: Desk) -> None:
    desk.promise()
    desk.carrier.silent = True
    assert desk.dispatch(at(10)) == []
    assert (desk.waiting(), desk.ledger()) == (1, [])
    desk.carrier.silent = False
    assert desk.dispatch(at(10, 4)) == []
    assert [each.outcome for each in desk.dispatch(at(10, 5))] == ["sent"]
    assert len({letter.key for letter in desk.carrier.letters}) == 1


def test_a_number_that_the_carrier_refuses_is_reported_as_failed(desk: Desk) -> None:
    desk.carrier.refuses = True
    number = desk.promise()
    assert [each.outcome for each in desk.dispatch(at(10))] == ["failed"]
    assert desk.state(number) == ("failed", "blocked number")


def test_a_receipt_that_comes_later_settles_its_message_once(desk: Desk) -> None:
    number = desk.promise()
    desk.dispatch(at(10))
    keep = contact.keep_heard(lambda: nullcontext(desk.db), lambda db: at(10, 1))
    receipt = Receipt(f"c:{desk.loan_id}:{number}", "delivered", "DELIVRD", PHONE)
    keep("test carrier", [receipt, receipt, Receipt("c:unknown", "delivered", "DELIVRD", PHONE)])
    assert contact.settle_heard(desk.db, clock=at(10, 1))[0] == 1
    assert desk.state(number)[0] == "delivered"


def test_an_english_speaker_reads_english(desk: Desk) -> None:
    desk.promise(party=person(desk.book, language="en"))
    desk.dispatch(at(10))
    assert "instalment 1 of CNY 396.84 is due on 25 Nov 2026" in desk.carrier.letters[0].text


def test_the_embedded_channel_delivers_at_once(desk: Desk) -> None:
    number = desk.promise()
    done = contact.dispatch(desk.db, {"sms": LocalOutbox()}, clock=at(10), limit=10)
    assert [each.outcome for each in done] == ["delivered"]
    assert desk.state(number)[0] == "delivered"


def test_a_channel_that_is_not_set_up_is_said(desk: Desk) -> None:
    desk.promise()
    assert [each.rule for each in contact.dispatch(desk.db, {}, clock=at(10), limit=10)] == ["contact.no_channel"]


def test_messages_are_read_within_sight_with_a_masked_number(desk: Desk) -> None:
    desk.promise()
    seen = contact.messages(desk.db, hire(desk.db, "auditor").scope)
    assert [(each.to, each.state) for each in seen] == [("138****5678", "promised")]
    own = parties.Scope(parties.Reach.OWN, 0, None, None)
    assert contact.messages(desk.db, own) == []


def test_a_message_of_no_purpose_or_channel_is_refused(desk: Desk) -> None:
    with pytest.raises(BadInput, match="there is no gossip by sms"):
        contact.promise(desk.db, Promise(desk.loan_id, None, None, "gossip", "sms", "reminder", {}, DAY, moment(8), moment(21)))


def test_many_due_at_once_are_worked_in_portions_until_nothing_is_due(desk: Desk) -> None:
    for _ in range(7):
        desk.promise(party=person(desk.book))
    portions = []
    while done := contact.dispatch(desk.db, {"sms": desk.carrier}, clock=at(10), limit=3):
        portions.append(len(done))
    assert portions == [3, 3, 1]
    assert desk.waiting() == 0
