"""The sample's loans that came by an application: some stand in each stage, so that every desk has work on the first morning.

They are made by the verbs that the pages call, on the days before; nothing of today is done for whoever opens the sample.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from typing import Final

from holdfast.kernel.calendar import add_months
from holdfast.kernel.clock import instant_on
from holdfast.parties import Staff
from holdfast.stories import cast
from holdfast.stories.cast import Borrower
from holdfast.stories.stage import Stage

# Who plays whom: the sample has one person of each role, and that is enough for every act that takes two.
_DOUBLES: Final = {"teller": "officer", "keeper": "approver", "checker": "approver"}
_PRICED_EVERY: Final = 20
_AFTERNOON: Final = time(14)
_FIRST: Final = 800  # numbers of the borrowers: phones, IDs and IMEIs of nobody


@dataclass
class Standing:
    """The loans that stand in the stages, and the stage on which they came there."""

    stage: Stage
    today: date
    active: dict[str, tuple[str, Borrower]] = field(default_factory=dict)
    number: int = _FIRST

    @classmethod
    def with_staff(cls, staff: Mapping[str, Staff], *, today: date, zone: str) -> Standing:
        """The sample's own people act; who has no namesake in the cast stands in for one."""
        people = dict(staff) | {double: staff[role] for double, role in _DOUBLES.items()}
        return cls(Stage(people, instant_on(today, _AFTERNOON, zone), zone), today)

    def live(self, day: date) -> None:
        """What happens on that day, in its afternoon. Today is left alone."""
        age = (day - self.today).days
        if age == 0:
            return
        self.stage.now = instant_on(day, _AFTERNOON, self.stage.zone)
        if -age % _PRICED_EVERY == 2:  # a little before each loan, and on the day before yesterday
            self.stage.load_prices()
        if day == add_months(self.today, -2) - timedelta(days=4):
            self._lend("late", "何示例")
        if age == -40:
            self._lend("repaying", "邓示例")
        if age == -24:
            self._lend("paid_off", "许示例")
        if "late" in self.active:
            self.stage.follow_up(self.active["late"][0])
        if "repaying" in self.active:
            loan, who = self.active["repaying"]
            if self.stage.next_due(loan).due_on == day:
                self.stage.pay_due(loan, who)
        if age == -1:
            self._yesterday()

    def _yesterday(self) -> None:
        """One loan goes as far as each stage, and one borrower pays off."""
        stage = self.stage
        loan, who = self.active["paid_off"]
        stage.pay_by_bank(loan, who, stage.owed(loan), what="all")
        stage.notice_default(self.active["late"][0])
        for upto, name in enumerate(("方示例", "石示例", "任示例", "袁示例", "柳示例")):
            self._as_far_as(upto, self._somebody(name))

    def _as_far_as(self, upto: int, who: Borrower) -> None:
        """Applied (0), confirmed (1), decided and offered (2), signed (3), in custody (4)."""
        stage = self.stage
        loan = stage.apply(who, yuan=1_500 + 300 * upto, instalments=3)
        if upto >= 1:
            stage.call(loan, who)
        if upto >= 2:
            stage.decide(loan)
            stage.sign(loan) if upto >= 3 else stage.offer(loan)
        if upto >= 4:
            stage.take_in(loan, who)

    def _lend(self, as_what: str, name: str) -> None:
        who = self._somebody(name)
        self.active[as_what] = (self.stage.lend(who, yuan=2_000, instalments=3), who)

    def _somebody(self, name: str) -> Borrower:
        self.number += 1
        return cast.borrower(self.number, name)
