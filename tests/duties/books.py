"""A small book on the owner's connection: the verbs of one day after another, the audit, and somebody who tampers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from typing import Any, Final

import psycopg

from holdfast.duties.audit import Audit, examine
from holdfast.journal import Actor
from holdfast.kernel.clock import FixedClock, instant_on
from holdfast.kernel.money import Money
from holdfast.kernel.rate import Per, Rate
from holdfast.policy import pack_in_force
from holdfast.products import Method, Terms
from holdfast.servicing import fulfil, note_duty, originate, receive
from holdfast.wiring import EXPECTATIONS

CALLER: Final = Actor("st_example", "caller")
# The record by which release fulfils each duty that a pay-off opens.
RELEASED_BY: Final = {
    "settlement_certificate": "release.certified", "return_collateral": "release.handed_back", "credit_update": "release.reported",
}  # fmt: skip
TERMS: Final = Terms("CNY", 120_000, Method.EQUAL_PRINCIPAL, Rate(0, Per.YEAR), 4, date(2026, 1, 5))


@dataclass
class Book:
    """A book on the owner's connection, and the verbs of the day that it lives on."""

    db: psycopg.Connection[Any]
    day: date = date(2026, 1, 5)
    loans: int = 0

    @property
    def clock(self) -> FixedClock:
        return FixedClock(instant_on(self.day, time(10), "Asia/Shanghai"))

    def lend(self, terms: Terms = TERMS) -> str:
        self.loans += 1
        done = originate(
            self.db, clock=self.clock, by=CALLER, officer_id=None, branch_id=1, party_id=None, borrower_label="示*", product_code="phone",
            product_version=1, contract_no=f"示例-{self.loans}", terms=terms, pack=pack_in_force(self.db, self.clock),
        )  # fmt: skip
        return done.public_id

    def pay(self, loan: str, amount: int, on: str, *, received_on: str | None = None) -> None:
        self.day = date.fromisoformat(on)
        day = date.fromisoformat(received_on or on)
        receive(self.db, clock=self.clock, by=CALLER, loan=loan, amount=Money(amount, "CNY"), received_on=day)

    def work(self, loan: str, kind: str, on: str) -> None:
        """Do the open duty of that kind."""
        self.day = date.fromisoformat(on)
        row = self.one(
            "SELECT d.duty_no FROM duty d JOIN loan l USING (loan_id) WHERE l.public_id = %s AND d.kind = %s AND d.open", loan, kind
        )
        self.do(loan, kind, row[0])

    def do(self, loan: str, kind: str, duty_no: int) -> None:
        """Do a duty: what a stage must do is fulfilled by the stage's record, the rest by a person's note."""
        if kind in RELEASED_BY:
            fulfil(self.db, clock=self.clock, by=CALLER, loan=loan, kinds={kind}, record_kind=RELEASED_BY[kind], says={})
        else:
            note_duty(self.db, clock=self.clock, by=CALLER, loan=loan, duty_no=duty_no, outcome="reached", words="示例", how="came")

    def remind(self, loan: str, *days: str) -> None:
        for day in days:
            self.work(loan, "reminder", day)

    def one(self, sql: str, *values: Any) -> tuple[Any, ...]:
        row: tuple[Any, ...] | None = self.db.execute(sql.encode(), values).fetchone()
        assert row is not None
        return row

    def tamper(self, sql: str, *values: Any) -> None:
        self.db.execute("SET LOCAL session_replication_role = replica")
        assert self.db.execute(sql.encode(), values).rowcount > 0, "nothing was tampered with"
        self.db.execute("SET LOCAL session_replication_role = origin")

    def audit(self, on: str) -> Audit:
        return examine(self.db, date.fromisoformat(on), EXPECTATIONS)
