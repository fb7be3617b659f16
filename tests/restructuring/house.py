"""A house in which loans are given other terms: asked by borrower or staff, bound to the figures that were shown, decided by others."""

from __future__ import annotations

from typing import Any

from holdfast.journal import Actor
from holdfast.kernel.money import Money
from holdfast.parties import Staff
from holdfast.restructuring import Comparison, Request, ask, compare, decide, withdraw
from holdfast.servicing import Kind, Rearrangement
from tests.servicing import house


class House(house.House):
    """A lender's book with an officer who keeps the loans, a caller, those who decide, and a borrower."""

    def open(self) -> House:
        super().open()
        for role in ("officer", "caller", "approver", "risk", "custodian", "auditor"):
            self.hire(role)
        return self

    @property
    def theirs(self) -> Actor:
        return Actor(self.borrower.public_id, "borrower")

    def compare(self, loan: str, months: int = 1, by: Staff | Actor | None = None, change: Rearrangement | None = None) -> Comparison:
        change = change or Rearrangement(Kind.DEFER, months=months)
        return compare(self.db, clock=self.clock, by=by or self.theirs, loan=loan, change=change)

    def ask(
        self, loan: str, months: int = 1, by: Staff | Actor | None = None, change: Rearrangement | None = None, **other: Any
    ) -> Request:
        by, change = by or self.theirs, change or Rearrangement(Kind.DEFER, months=months)
        given = {"reason": "income_late", "shown": ""} | other
        given["shown"] = given["shown"] or self.compare(loan, by=by, change=change).shown
        return ask(self.db, clock=self.clock, by=by, loan=loan, change=change, **given)

    def decide(self, loan: str, asked: Request, agreed: bool = True, by: str = "approver", words: str = "情况属实（示例）") -> Request:
        return decide(self.db, clock=self.clock, by=self.people[by], loan=loan, request=asked.public_id, agreed=agreed, words=words)

    def withdraw(self, loan: str, asked: Request, by: Staff | Actor | None = None) -> Request:
        return withdraw(self.db, clock=self.clock, by=by or self.theirs, loan=loan, request=asked.public_id)


def yuan(amount: int) -> Money:
    return Money(amount * 100, "CNY")
