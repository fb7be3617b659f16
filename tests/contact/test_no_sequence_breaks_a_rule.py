"""Whatever is done in whatever order, no contact in the ledger breaks a rule of the pack.

The auditor below is written from the rules (their figures are here in the clear) and reads the ledger's rows and the diary of
pauses that this test keeps itself. It shares no code with the rules that it audits.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast import contact
from holdfast.contact import Allowed, calls, rests, visits
from holdfast.journal import SYSTEM
from holdfast.kernel.clock import FixedClock
from holdfast.kernel.errors import HoldfastError
from holdfast.parties import Staff
from tests.books import Book
from tests.contact.test_dispatch import DAY, ZONE, Desk, hire, moment, person

Db = psycopg.Connection[Any]
BOUND: Final = {"reminder", "collection", "marketing"}
REASONS: Final = ("opt_out", "complaint", "dispute", "hardship")


@dataclass(frozen=True)
class Line:
    """A contact that was made."""

    at: datetime
    purpose: str
    channel: str
    outcome: str


@dataclass
class Rest:
    """A pause from one instant until another, as this test has kept it."""

    reason: str
    since: datetime
    until: datetime | None = None


def audit(lines: list[Line], rests_kept: list[Rest]) -> list[str]:
    """Every broken rule, in words; the lines in the order in which they were made."""
    broken: list[str] = []
    by_day: dict[date, Counter[str]] = {}
    for line in lines:
        local = line.at.astimezone(ZoneInfo(ZONE))
        day = by_day.setdefault(local.date(), Counter())
        if line.purpose in BOUND:
            if local.time() >= time(22) or local.time() < time(8):
                broken.append(f"quiet hours: {line}")
            if line.channel == "sms" and not time(8) <= local.time() < time(21):
                broken.append(f"hours of text messages: {line}")
            if any(each.since <= line.at and (each.until is None or line.at < each.until) for each in rests_kept):
                broken.append(f"a pause: {line}")
            if line.purpose == "marketing":
                broken.append(f"nobody here has agreed to marketing: {line}")
        if line.purpose != "code":
            day["all"] += 1
            if line.channel == "voice":
                day["calls"] += 1
                day["reached"] += line.outcome == "reached"
            if line.channel == "sms":
                day[line.purpose] += 1
            if line.purpose in BOUND and day["all"] > 6:
                broken.append(f"six of all channels a day: {line}")
            if line.channel == "voice" and (day["calls"] > 6 or day["reached"] > 3):
                broken.append(f"six calls a day, three that reach: {line}")
            if line.channel == "sms" and day["reminder"] > 1 and line.purpose == "reminder":
                broken.append(f"one reminder a day: {line}")
            if line.channel == "sms" and day["collection"] > 2 and line.purpose == "collection":
                broken.append(f"two collection messages a day: {line}")
    return broken


@dataclass(repr=False)
class Play:
    """One borrower, one clock, and whatever is done to both. It keeps its own diary of what rests."""

    desk: Desk
    caller: Staff
    colleague: Staff
    now: datetime = field(default_factory=lambda: moment(7))
    kept: list[Rest] = field(default_factory=list)

    @property
    def clock(self) -> FixedClock:
        return FixedClock(self.now, ZONE)

    def do(self, what: str, choice: Any) -> None:
        self.now += timedelta(seconds=1)  # so that what comes first is earlier
        getattr(self, what)(choice)

    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    def message(self, purpose: str) -> None:
        desk = self.desk
        row = contact.Promise(
            loan_id=desk.loan_id, duty_no=None, party_id=desk.party.party_id, purpose=purpose, channel="sms", template="inbound_help",
            params={}, on_date=self.clock.today(), send_from=self.now, send_until=self.now + timedelta(hours=30),
        )  # fmt: skip
        contact.promise(desk.db, row)

    def dispatch(self, _: Any) -> None:
        self.desk.dispatch(self.clock)

    def call(self, what: tuple[str, bool]) -> None:
        purpose, reached = what
        about: dict[str, Any] = {"clock": self.clock, "party_id": self.desk.party.party_id, "purpose": purpose}
        said = calls.may_call(self.desk.db, **about)
        if isinstance(said, Allowed):
            calls.enter_call(self.desk.db, by=self.caller, loan_id=self.desk.loan_id, reached=reached, rule=said.rule, **about)

    def visit(self, purpose: str) -> None:
        about: dict[str, Any] = {"clock": self.clock, "party_id": self.desk.party.party_id, "purpose": purpose}
        said = visits.may_visit(self.desk.db, **about)
        if isinstance(said, Allowed):
            visits.enter_visit(self.desk.db, by=self.caller, loan_id=self.desk.loan_id, reached=True, rule=said.rule, **about)

    def pause(self, reason: str) -> None:
        about: dict[str, Any] = {"clock": self.clock, "party": self.desk.party, "reason": reason, "because": "客户来电说明"}
        try:
            contact.stop(self.desk.db, by=self.caller, **about)
        except HoldfastError:
            return
        self.kept.append(Rest(reason, self.now))

    def lift(self, what: tuple[str, bool]) -> None:
        """By a colleague, or by whoever has paused: then a complaint and a dispute rest on, and the diary says so."""
        reason, same = what
        by = self.caller if same else self.colleague
        try:
            contact.resume(self.desk.db, clock=self.clock, by=by, party=self.desk.party, reason=reason, because="已核实完毕")
        except HoldfastError:
            return
        if not (same and reason in ("complaint", "dispute")):
            self._over(reason)

    def complaint(self, open_: bool) -> None:
        """A case is taken in, or answered; a pause of a person's own is not its business."""
        about: dict[str, Any] = {"clock": self.clock, "by": SYSTEM, "party_id": self.desk.party.party_id, "reason": "complaint"}
        if open_:
            rests.pause(self.desk.db, purposes=frozenset(BOUND), **about)
            if not any(each.reason == "case" and each.until is None for each in self.kept):
                self.kept.append(Rest("case", self.now))
        else:
            rests.lift(self.desk.db, **about)
            self._over("case")

    def _over(self, reason: str) -> None:
        for each in self.kept:
            if each.reason == reason and each.until is None:
                each.until = self.now

    def lines(self) -> list[Line]:
        rows = self.desk.db.execute(
            "SELECT at, purpose, channel, outcome FROM contact_ledger WHERE outcome <> 'refused' AND party_id = %s ORDER BY at, entry_no",
            [self.desk.party.party_id],
        ).fetchall()
        return [Line(*row) for row in rows]


PURPOSES: Final = st.sampled_from(["service", "reminder", "collection", "marketing"])
STEPS: Final = st.one_of(
    st.tuples(st.just("wait"), st.integers(1, 900)),
    st.tuples(st.just("message"), PURPOSES),
    st.tuples(st.just("dispatch"), st.none()),
    st.tuples(st.just("call"), st.tuples(PURPOSES, st.booleans())),
    st.tuples(st.just("visit"), PURPOSES),
    st.tuples(st.just("pause"), st.sampled_from(REASONS)),
    st.tuples(st.just("lift"), st.tuples(st.sampled_from(REASONS), st.booleans())),
    st.tuples(st.just("complaint"), st.booleans()),
)


@pytest.fixture
def play(db: Db) -> Play:
    book = Book(db, DAY)
    loan = book.lend()
    return Play(Desk(db, book, person(book), loan.loan_id), hire(db, "caller"), hire(db, "officer"))


class Enough(Exception):
    """Takes back what one example has done."""


@settings(
    max_examples=60, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(steps=st.lists(STEPS, min_size=5, max_size=40))
def test_no_sequence_of_verbs_breaks_a_rule_of_the_pack(play: Play, steps: list[tuple[str, Any]]) -> None:
    begun = Play(play.desk, play.caller, play.colleague)
    try:
        with play.desk.db.transaction():
            for what, choice in steps:
                begun.do(what, choice)
            begun.wait(24 * 60)
            begun.dispatch(None)
            broken = audit(begun.lines(), begun.kept)
            raise Enough
    except Enough:
        assert broken == []


def test_a_busy_day_is_held_to_every_cap(play: Play) -> None:
    play.wait(3 * 60)
    for _ in range(4):
        play.message("reminder")
        play.message("collection")
        play.dispatch(None)
        play.call(("service", True))
        play.call(("collection", False))
        play.visit("collection")
    assert audit(play.lines(), play.kept) == []
    of_what_we_begin = [each for each in play.lines() if each.purpose in BOUND]
    assert len(of_what_we_begin) == 5, "with the first call about service these are six; the second round's collection message is the last"
    assert len(play.lines()) == 8, "and three calls about service that reached"


@pytest.mark.parametrize(
    ("lines", "rule"),
    [
        ([Line(moment(22), "collection", "voice", "reached")], "quiet hours"),
        ([Line(moment(21), "reminder", "sms", "sent")], "hours of text"),
        ([Line(moment(10), "service", "voice", "reached")] * 4, "three that reach"),
        ([Line(moment(10), "collection", "voice", "not_reached")] * 7, "six"),
        ([Line(moment(10), "reminder", "sms", "sent")] * 2, "one reminder"),
        ([Line(moment(10), "collection", "sms", "sent")] * 3, "two collection"),
        ([Line(moment(10), "collection", "visit", "reached")] * 7, "six of all"),
        ([Line(moment(12), "collection", "visit", "reached")], "a pause"),
        ([Line(moment(10), "marketing", "sms", "sent")], "agreed to marketing"),
    ],
)
def test_the_auditor_sees_each_rule_broken(lines: list[Line], rule: str) -> None:
    assert any(rule in each for each in audit(lines, [Rest("dispute", moment(11))]))
