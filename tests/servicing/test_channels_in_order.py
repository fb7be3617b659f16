"""One moment of a reminder plan: the next channel only when the one before certainly failed, then a person; once paid, nothing."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast import contact
from holdfast.adapters.local_voice import FAILED, NOT_REACHED, REACHED, LocalVoice
from holdfast.contact import Accepted, Capabilities, Letter, Receipt, SmsChannel
from holdfast.contact.voice import parts
from holdfast.kernel.clock import FixedClock, instant_on
from holdfast.policy import shipped
from holdfast.servicing.next_channel import still_asked, take_next
from holdfast.servicing.night import record_contacts, run_night
from tests.parties.test_private import PHONE
from tests.servicing.house import DAY, House
from tests.servicing.test_reminder_plans import put_live

Db = psycopg.Connection[Any]
ZONE = "Asia/Shanghai"
DUE = date(2026, 4, 2)
ORDER: list[dict[str, Any]] = [
    {"days": -3, "channels": ["sms", "voice", "person"]}, {"days": 0, "channels": ["sms"]}, {"days": 1, "channels": ["sms", "voice"]},
]  # fmt: skip


@dataclass
class Gateway(LocalVoice):
    """A carrier of text messages that answers as it is told, and tells of receipts later."""

    says: str = "sent"
    letters: list[Letter] = field(default_factory=list)
    finance_allowed: bool = True

    def capabilities(self) -> Capabilities:
        return Capabilities(name="test carrier", finance_allowed=self.finance_allowed, run_against="itself", receipts_pushed=True)

    def send(self, letters: Sequence[Letter], at: datetime) -> Sequence[Accepted]:
        self.letters += letters if self.says != "not_taken" else []
        return [Accepted(each.key, f"{each.key}/1" if self.says == "sent" else None, self.says) for each in letters]


class Phone(LocalVoice):
    """A telephone that is answered as it is told."""

    def __init__(self) -> None:
        self.comes_to, self.letters = REACHED, list[Letter]()
        super().__init__(lambda number: self.comes_to)

    def send(self, letters: Sequence[Letter], at: datetime) -> Sequence[Accepted]:
        self.letters += letters
        return super().send(letters, at)


class Moment(House):
    """A loan whose reminder of three days before is promised for tomorrow, by a plan of text message, call and person."""

    gateway: Gateway
    phone: Phone
    now: datetime
    of: str
    with_voice: bool = True

    def __repr__(self) -> str:
        return "a loan whose reminder is promised"

    def begin(self) -> Moment:
        self.open()
        self.borrower = self.person("李示例", phone=PHONE)
        self.of = self.loan()
        put_live(self, moments=ORDER)
        self.sleep((DUE - timedelta(days=3) - self.day).days)
        self.restart()
        return self

    def restart(self) -> None:
        self.gateway, self.phone = Gateway(), Phone()
        self.now = instant_on(self.day, datetime(2000, 1, 1, 9).time(), ZONE)

    @property
    def at(self) -> FixedClock:
        return FixedClock(self.now, ZONE)

    @property
    def channels(self) -> dict[str, SmsChannel]:
        return {"sms": self.gateway, "voice": self.phone} if self.with_voice else {"sms": self.gateway}

    def send(self) -> None:
        ended, handed, _ = contact.claim(self.db, self.channels, clock=self.at, limit=100, still=still_asked)
        record_contacts(self.db, ended, clock=self.at)
        done = contact.take_answers(self.db, self.channels, contact.hand_over(self.channels, handed, self.now), clock=self.at)
        record_contacts(self.db, done, clock=self.at)

    def hear(self, state: str) -> None:
        """A receipt for every text message that was taken."""
        told = [Receipt(f"{each.key}/1", state, state.upper()) for each in self.gateway.letters]
        contact.keep_heard(lambda: nullcontext(self.db), lambda db: self.at)("test carrier", told)
        _, arrived = contact.settle_heard(self.db, clock=self.at)
        record_contacts(self.db, arrived, clock=self.at)

    def go_on(self) -> None:
        """What the worker does with messages that did not arrive."""
        found, ended = contact.undelivered(self.db, clock=self.at)
        left = take_next(self.db, found, self.channels, clock=self.at)
        keys = {(each.loan_id, each.message_no) for each in left}
        record_contacts(self.db, [each for each in ended if (each.loan_id, each.message_no) in keys], clock=self.at)
        for each in left:
            contact.hand_to_a_person(self.db, each, clock=self.at)

    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    def messages(self) -> list[tuple[str, str]]:
        rows = self.db.execute(
            "SELECT channel, state FROM message WHERE purpose IN ('reminder', 'collection') ORDER BY message_no"
        ).fetchall()
        return [(row[0], row[1]) for row in rows]

    def waits_for(self) -> set[str]:
        return {kind for kind, _, _ in self.open_duties(self.of)}

    def left(self) -> int:
        return len(self.gateway.letters) + len(self.phone.letters)


@pytest.fixture
def moment(db: Db) -> Moment:
    return Moment(db, DAY).begin()


def test_a_text_message_that_failed_is_followed_by_a_call_the_same_day_and_nobody_else_is_asked(moment: Moment) -> None:
    moment.gateway.says = "failed"
    moment.send()
    moment.go_on()
    assert moment.messages() == [("sms", "failed"), ("voice", "promised")]
    moment.send()
    assert moment.messages() == [("sms", "failed"), ("voice", "delivered")]
    moment.go_on()
    assert "reach" not in moment.waits_for()
    assert ("reminder", "i1 T-0", DUE) in moment.open_duties(moment.of)


def test_one_whose_receipt_says_that_it_failed_is_followed_by_a_call_too(moment: Moment) -> None:
    moment.send()
    moment.hear("failed")
    moment.go_on()
    moment.send()
    assert moment.messages() == [("sms", "failed"), ("voice", "delivered")]
    assert moment.kinds(moment.of).count("contact.sent") == 2
    moment.go_on()
    assert "reach" not in moment.waits_for()


@pytest.mark.parametrize("comes_to", [NOT_REACHED, FAILED])
def test_after_the_last_channel_a_person_has_it(moment: Moment, comes_to: str) -> None:
    moment.gateway.says, moment.phone.comes_to = "failed", comes_to
    for _ in range(4):
        moment.send()
        moment.go_on()
    assert moment.messages() == [("sms", "failed"), ("voice", "failed")]
    assert "reach" in moment.waits_for()
    assert moment.kinds(moment.of).count("contact.handed_over") == 1


def test_what_nobody_knows_may_have_arrived_so_a_person_has_it_and_no_other_machine(moment: Moment) -> None:
    moment.gateway.says = "unknown"
    moment.send()
    moment.go_on()
    assert "reach" not in moment.waits_for()
    moment.wait(61)
    moment.go_on()
    moment.send()
    assert moment.messages() == [("sms", "unknown")]
    assert "reach" in moment.waits_for()


def test_a_channel_that_is_not_set_up_is_left_out(moment: Moment) -> None:
    moment.with_voice = False
    moment.gateway.says = "failed"
    moment.send()
    moment.go_on()
    assert moment.messages() == [("sms", "failed")]
    assert "reach" in moment.waits_for()


def test_a_carrier_that_takes_no_lending_messages_is_followed_by_the_call(moment: Moment) -> None:
    moment.gateway.finance_allowed = False
    moment.send()
    moment.go_on()
    moment.send()
    assert moment.messages() == [("sms", "dropped"), ("voice", "delivered")]
    assert "reach" not in moment.waits_for()


def test_once_it_is_paid_no_next_channel_begins_whatever_came_of_the_one_before(moment: Moment) -> None:
    moment.send()
    moment.hear("failed")
    moment.go_on()
    moment.pay(moment.of, 412)
    moment.wait(5)
    moment.send()
    assert moment.phone.letters == []
    moment.go_on()
    assert "reach" not in moment.waits_for()


def test_a_message_that_fails_after_it_was_paid_for_is_needless(moment: Moment) -> None:
    moment.gateway.says = "failed"
    moment.send()
    moment.pay(moment.of, 412)
    moment.go_on()
    moment.send()
    assert moment.messages() == [("sms", "failed")]
    assert "reach" not in moment.waits_for()


def test_a_person_who_was_told_in_the_window_is_not_called_after_it(moment: Moment) -> None:
    moment.gateway.says = "failed"
    moment.now = instant_on(moment.day, datetime(2000, 1, 1, 20, 50).time(), ZONE)
    moment.send()
    moment.wait(15)
    moment.go_on()
    assert moment.messages()[1:] == []
    assert "reach" in moment.waits_for()


def test_a_robot_says_that_it_is_one_and_names_no_debt_before_the_key_press(moment: Moment) -> None:
    assert shipped().flag("contact.robot_announces_itself", on=moment.day)
    assert shipped().flag("contact.identity_first", on=moment.day)
    moment.gateway.says = "failed"
    moment.send()
    moment.go_on()
    moment.send()
    opening, notice = parts(moment.phone.letters[0].text)
    assert "机器人" in opening and "不是真人" in opening
    assert not any(word in opening for word in ("412", "到期", "合同", "还"))
    assert "412.00 元" in notice


def test_a_call_that_reached_somebody_is_told_as_such_in_the_ledger(moment: Moment) -> None:
    moment.gateway.says, moment.phone.comes_to = "failed", NOT_REACHED
    for _ in range(2):
        moment.send()
        moment.go_on()
    told = moment.db.execute("SELECT channel, outcome FROM contact_ledger ORDER BY loan_id, entry_no").fetchall()
    assert told == [("sms", "failed"), ("voice", "not_reached")]


# -- whatever happens -------------------------------------------------------------------------------------------------

ACTS = st.one_of(
    st.tuples(st.just("wait"), st.integers(1, 400)),
    st.tuples(st.just("send"), st.sampled_from(["sent", "failed", "unknown", "not_taken", "delivered"])),
    st.tuples(st.just("call"), st.sampled_from([REACHED, NOT_REACHED, FAILED])),
    st.tuples(st.just("receipt"), st.sampled_from(["delivered", "failed"])),
    st.tuples(st.sampled_from(["go on", "pay", "opt out", "hold", "claim and die"]), st.none()),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ACTS, max_size=14))
def test_whatever_happens_a_moment_ends_proved_once_with_a_person_or_needless_and_paid_means_silence(
    moment: Moment, acts: list[tuple[str, Any]]
) -> None:
    with moment.db.transaction(force_rollback=True):
        day, moment.day = moment.day, moment.day
        moment.restart()
        _live(moment, acts)
        moment.day = day


def _live(moment: Moment, acts: list[tuple[str, Any]]) -> None:
    paid_after: int | None = None
    stopped = False
    for act, how in acts:
        if act == "wait":
            moment.wait(min(how, 60 * 14))
        elif act == "send":
            moment.gateway.says = how
            moment.send()
        elif act == "call":
            moment.phone.comes_to = how
            moment.send()
        elif act == "receipt":
            moment.hear(how)
        elif act == "go on":
            moment.go_on()
        elif act == "pay" and paid_after is None:
            moment.pay(moment.of, 412)
            paid_after = moment.left()
        elif act == "opt out" and not stopped:
            stopped = True
            contact.stop(
                moment.db,
                clock=moment.at,
                by=moment.people["risk"],
                party=moment.borrower,
                reason="opt_out",
                because="said so",
            )
        elif act == "hold":
            contact.hold_line(
                moment.db, clock=moment.at, by=moment.people["risk"], loan_id=_number(moment), on=moment.day, kind="message",
                about="i1 T-3", reason="a talk is under way",
            )  # fmt: skip
        elif act == "claim and die":
            # What a rule ends is recorded in the transaction of the claim; what is to be handed over is not heard of again.
            ended, _, _ = contact.claim(moment.db, moment.channels, clock=moment.at, limit=100, still=still_asked)
            record_contacts(moment.db, ended, clock=moment.at)
        _never_two(moment)
        assert paid_after is None or moment.left() == paid_after, "something left after it was paid"
    _end_of(moment)
    _never_two(moment)
    assert paid_after is None or moment.left() == paid_after
    of_moment = moment.db.execute(
        "SELECT d.open, r.kind FROM duty d LEFT JOIN record r ON r.loan_id = d.loan_id AND r.seq = d.proof_seq WHERE d.about = 'i1 T-3'"
    ).fetchall()
    assert [row[0] for row in of_moment] == [False], "the moment is still open"
    arrived = [state for _, state in moment.messages() if state == "delivered"]
    told = of_moment[0][1]
    if not arrived and told == "contact.handed_over":
        assert "reach" in moment.waits_for()
    assert arrived or told in ("contact.sent", "contact.handed_over", "contact.refused", "receipt.posted")
    if not arrived and told == "contact.sent" and paid_after is None and not moment.db.execute("SELECT 1 FROM contact_stop").fetchall():
        assert "reach" in moment.waits_for() or any(state == "sent" for _, state in moment.messages())


def _never_two(moment: Moment) -> None:
    """At most one channel has told it, and none began before the one before had certainly failed."""
    made = moment.messages()
    assert sum(state in ("sent", "delivered", "unknown", "sending") for _, state in made) <= 1, made
    assert [channel for channel, _ in made] == ["sms", "voice"][: len(made)]
    assert all(state in ("failed", "dropped") for _, state in made[:-1]), made
    assert len({each.key for each in (*moment.gateway.letters, *moment.phone.letters)}) == moment.left(), "a key was sent twice"


def _end_of(moment: Moment) -> None:
    """The rest of the day, and two more on which receipts may still come: what the worker does by itself."""
    for minutes in (1, 10, 70, 60 * 15, 60 * 24, 60 * 24, 60 * 2):
        moment.wait(minutes)
        contact.end_sending(moment.db, moment.channels, clock=moment.at)
        contact.end_waiting(moment.db, clock=moment.at)
        moment.send()
        moment.go_on()


def _number(moment: Moment) -> int:
    row = moment.db.execute("SELECT loan_id FROM loan").fetchone()
    assert row is not None
    return int(row[0])


def test_the_first_day_after_the_due_date_goes_by_its_channels_too(moment: Moment) -> None:
    while moment.day <= DUE:
        moment.restart()
        moment.send()
        run_night(moment.db, clock=moment.clock, on=moment.day)
        moment.walk(1)
    moment.restart()
    moment.gateway.says = "failed"
    moment.send()
    moment.go_on()
    moment.send()
    assert moment.messages()[-2:] == [("sms", "failed"), ("voice", "delivered")]
    assert "follow_up" in moment.waits_for(), "a person follows up all the same"
