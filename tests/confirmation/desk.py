"""A call desk: an application that waits, callers with their log-ins, and a borrower who answers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any

import psycopg

from holdfast import confirmation, contact
from holdfast.confirmation import Call, Confirmed, Progress
from holdfast.duties import Case, take
from holdfast.duties.audit import examine
from holdfast.kernel.clock import FixedClock, instant_on
from holdfast.parties import Party, Staff, staff
from holdfast.wiring import EXPECTATIONS
from tests.applications.people import DAY, PRIVATE, Applicant, Shop
from tests.contact.test_dispatch import Carrier

Db = psycopg.Connection[Any]
NAME, LAST_FOUR = PRIVATE["name"], PRIVATE["id_number"][-4:]
# What a borrower who wants the loan and understands it answers, step by step.
USUAL: Mapping[str, Mapping[str, Any]] = {
    "who_calls": {"answer": "goes_on"},
    "recording": {"answer": "agrees"},
    "identity": {"name": NAME, "last_four": LAST_FOUR},
    "will": {"answer": "own_will"},
    "purpose": {"answer": "same"},
    "plan": {"answer": "right", "words": "每个月七百二十块上下"},
    "overdue": {"answer": "understood"},
    "pledge": {"answer": "understood"},
    "facts": {},
    "questions": {"answer": "none"},
}


@dataclass
class CallDesk:
    """One application that waits for its call on the morning of the day after it came in."""

    db: Db
    shop: Shop = field(init=False)
    applicant: Applicant = field(init=False)
    loan: str = field(init=False)
    now: datetime = field(init=False)
    caller: Staff = field(init=False)
    carrier: Carrier = field(default_factory=Carrier)

    def __post_init__(self) -> None:
        self.shop = Shop(self.db)
        self.applicant = self.shop.applicant()
        self.loan = self.applicant.apply().loan
        self.caller = self.hire("caller", "caller-1")
        self.at(10, 0)

    # -- time ------------------------------------------------------------------------------------------

    def at(self, hour: int, minute: int = 0, *, days: int = 0) -> CallDesk:
        """Let it be that hour of the lender's day, so many days after the application's."""
        self.now = instant_on(DAY + timedelta(days=1 + days), time(hour, minute), "Asia/Shanghai")
        return self

    def wait(self, seconds: int) -> CallDesk:
        self.now += timedelta(seconds=seconds)
        return self

    @property
    def clock(self) -> FixedClock:
        return FixedClock(self.now.astimezone(UTC))

    # -- people ----------------------------------------------------------------------------------------

    @property
    def party(self) -> Party:
        return self.applicant.party

    def hire(self, role: str, name: str, *, scope: str = "all", branch: str = "T", person_id: int | None = None) -> Staff:
        self.db.execute(
            """INSERT INTO staff (public_id, name, role, branch_id, scope, person_id)
               SELECT %s, %s, %s, branch_id, %s, %s FROM branch WHERE code = %s""",
            [f"st_{name}", f"{name} 示例", role, scope, person_id, branch],
        )
        return staff(self.db, f"st_{name}")

    # -- the call --------------------------------------------------------------------------------------

    def dial(self, by: Staff | None = None, **how: Any) -> Call:
        return confirmation.dial(self.db, clock=self.clock, by=by or self.caller, loan=self.loan, **how)

    def talk(self, **how: Any) -> Call:
        """Dial, and the borrower answers."""
        self.dial(**how)
        self.wait(6)
        return confirmation.picked_up(self.db, clock=self.clock, by=self.caller, loan=self.loan)

    def answer(self, step: str, by: Staff | None = None, **given: Any) -> Progress:
        self.wait(15)
        return confirmation.answer(self.db, clock=self.clock, by=by or self.caller, loan=self.loan, step=step, **given)

    def say(self, upto: str = "questions", **other: Mapping[str, Any]) -> None:
        """Answer the steps as usual up to and with `upto`; `other` answers stand in place of the usual ones."""
        for step, given in USUAL.items():
            self.answer(step, **other.get(step, given))
            if step == upto:
                return

    def code(self) -> str:
        """The digits that were sent last, as the borrower's phone shows them."""
        contact.dispatch(self.db, {"sms": self.carrier}, clock=self.clock, limit=20)
        found = re.search(r"[0-9]{6}", self.carrier.letters[-1].text)
        assert found is not None
        return found[0]

    def prove(self) -> None:
        """Send the code; the borrower reads it out; the caller types it."""
        confirmation.send_code(self.db, clock=self.clock, by=self.caller, loan=self.loan)
        self.wait(30)
        assert confirmation.try_code(self.db, clock=self.clock, by=self.caller, loan=self.loan, digits=self.code())
        self.answer("code")

    def confirm(self) -> Confirmed:
        return confirmation.confirm(self.db, clock=self.clock, by=self.caller, loan=self.loan)

    def confirmed(self) -> Confirmed:
        """The whole call, to its good end."""
        self.talk()
        self.say()
        self.prove()
        return self.confirm()

    def end(self, outcome: str, **how: Any) -> confirmation.Ended:
        return confirmation.end_call(self.db, clock=self.clock, by=self.caller, loan=self.loan, outcome=outcome, **how)

    def unreached(self, outcome: str = "no_answer") -> None:
        self.dial()
        self.end(outcome)

    def freeze(self, by: Staff, sign: str = "coached") -> confirmation.Reported:
        return confirmation.report_fraud(
            self.db, clock=self.clock, by=by, loan=self.loan, sign=sign, evidence="02:14 有人在旁边教他说话", words="疑似受人指使"
        )

    # -- what came of it -------------------------------------------------------------------------------

    @property
    def case(self) -> Case:
        return take(self.db, self.loan, None, lock=False)

    @property
    def standing(self) -> confirmation.Confirmation:
        return confirmation.confirmation_of(self.db, self.case.loan.loan_id)

    def ledger(self) -> list[tuple[str, str, str]]:
        """Purpose, channel and outcome of the calls in the contact ledger."""
        rows = self.db.execute(
            "SELECT purpose, channel, outcome FROM contact_ledger WHERE party_id = %s AND channel = 'voice' ORDER BY loan_id, entry_no",
            [self.party.party_id],
        )
        return [tuple(row) for row in rows]

    def records(self) -> list[dict[str, Any]]:
        """Every record of the loan's chain, in order."""
        rows = self.db.execute("SELECT body FROM record WHERE loan_id = %s ORDER BY seq", [self.case.loan.loan_id])
        return [json.loads(bytes(row[0])) for row in rows]

    def open_duties(self) -> list[str]:
        return [duty.kind for duty in self.case.standing]

    def audited(self) -> bool:
        """Whether the audit of the day finds nothing, once the deferred keys have been asked."""
        self.db.execute("SET CONSTRAINTS ALL IMMEDIATE")
        self.db.execute("SET CONSTRAINTS ALL DEFERRED")
        found = examine(self.db, self.clock.today(), EXPECTATIONS)
        assert found.clean, found.as_json()
        return True
