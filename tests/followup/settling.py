"""A house in which debts are settled for less: offered, decided on, agreed to with a code, paid, and judged by the night."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, Final

from holdfast.contact import codes, dispatch
from holdfast.followup import settlements
from holdfast.followup.settlements_model import Part, Settlement, SettlementState
from holdfast.journal import SYSTEM, Actor
from holdfast.kernel.calendar import DayCount, Unit
from holdfast.kernel.clock import Clock
from holdfast.kernel.money import Money
from holdfast.parties import Staff
from holdfast.servicing import Done, receive, reverse
from holdfast.servicing.night import run_night
from holdfast.wiring import NOTARY, PRESS, carry
from tests.books import OFFICER
from tests.contact.test_dispatch import Carrier
from tests.servicing import house

LATE = 10  # nights after which the first instalment, 402.77, is three days late
# 1,200.00 lent for three weeks at 12 % a year by actual days: 402.77, 401.85 and 400.92.
WEEKLY: Final = {"every_unit": Unit.WEEKS, "day_count": DayCount.ACTUAL_365}


def yuan(amount: float) -> Money:
    return Money(round(amount * 100), "CNY")


class House(house.House):
    """A lender's book with whoever offers a settlement, whoever decides, and a borrower with a phone."""

    def open(self) -> House:
        super().open()
        for role in ("officer", "caller", "approver", "risk"):
            self.hire(role)
        return self

    @property
    def theirs(self) -> Actor:
        return Actor(self.borrower.public_id, "borrower")

    def late(self, **terms: Any) -> str:
        loan = self.loan(**(WEEKLY | terms))
        self.nights(LATE)
        return loan

    def parts(self, *parts: tuple[int, float]) -> list[Part]:
        """So many days from now, so many yuan."""
        return [Part(self.day + timedelta(days=days), yuan(amount)) for days, amount in parts]

    def offer(self, loan: str, *parts: tuple[int, float], by: str = "caller", **other: Any) -> Settlement:
        wanted = self.parts(*parts)
        given = {"reason": "income_lost", "means": "family", "words": "家人代为筹款（示例）", "shown": ""} | other
        if not given["shown"]:
            given["shown"] = settlements.compare(self.db, clock=self.clock, by=self.people[by], loan=loan, parts=wanted)[0].shown
        return settlements.offer(self.db, clock=self.clock, by=self.people[by], loan=loan, parts=wanted, **given)

    def decide(self, found: Settlement, by: str | Staff = "approver", agreed: bool = True, words: str = "情况属实（示例）") -> Settlement:
        staff = self.people[by] if isinstance(by, str) else by
        return settlements.decide(
            self.db, clock=self.clock, by=staff, loan=found.loan, settlement=found.public_id, agreed=agreed, words=words
        )

    def agree(self, found: Settlement) -> Settlement:
        """The borrower asks for the code, types it, and agrees."""
        given: dict[str, Any] = {"clock": self.clock, "by": self.theirs, "loan": found.loan, "settlement": found.public_id}
        code_id = settlements.ask_code(self.db, **given)
        assert codes.attempt(self.db, clock=self.clock, code_id=code_id, digits=self.digits())
        return settlements.agree(self.db, **given, code_id=code_id, press=PRESS, notary=NOTARY)

    def digits(self, clock: Clock | None = None) -> str:
        """The code of the newest message, as it goes out to the phone."""
        carrier = Carrier()
        dispatch(self.db, {"sms": carrier}, clock=clock or self.clock, limit=1000)
        found = [re.search(r"[0-9]{6}", letter.text) for letter in carrier.letters if "验证码" in letter.text]
        assert found and found[-1] is not None
        return found[-1][0]

    def running(self, loan: str, *parts: tuple[int, float], by: str = "risk") -> Settlement:
        """Offered, decided on and agreed to."""
        return self.agree(self.decide(self.offer(loan, *parts), by=by))

    def settle(self, loan: str, amount: float, *, days_ago: int = 0, source: str = "") -> Done:
        """Money comes in, with all that must begin because of it."""
        on = self.day - timedelta(days=days_ago)
        return carry(receive, self.db, clock=self.clock, by=OFFICER, loan=loan, amount=yuan(amount), received_on=on, source=source)

    def take_back(self, done: Done) -> Done:
        return carry(reverse, self.db, clock=self.clock, by=OFFICER, loan=done.public_id, event_no=done.event_no, reason="银行退回（示例）")

    def nights(self, nights: int) -> None:
        """Nights as `days.close_book` does them: the book's own, then the settlements."""
        for _ in range(nights):
            run_night(self.db, clock=self.clock, on=self.day)
            carry(settlements.judge_all, self.db, clock=self.clock, by=SYSTEM, on=self.day)
            self.walk(1)

    def now(self, loan: str) -> SettlementState:
        return settlements.settlements_of(self.db, by=self.people["caller"], loan=loan)[0].state

    def loan_state(self, loan: str) -> str:
        row = self.db.execute("SELECT state FROM loan WHERE public_id = %s", [loan]).fetchone()
        assert row is not None
        return str(row[0])

    def duties(self, loan: str) -> set[str]:
        return {kind for kind, _, _ in self.open_duties(loan)}
