"""A duty as it stands in its row, and the moment that calls for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True, order=True)
class Moment:
    """One thing to be done on one day: `reminder` `i3 T-7` on 24 November."""

    due_on: date
    kind: str
    about: str


@dataclass(slots=True)
class Duty:
    """A row of `duty`. Open while `proof_seq` is None."""

    loan_id: int
    duty_no: int
    kind: str
    about: str
    due_on: date
    due_at: datetime
    window_from: datetime
    role: str
    opened_seq: int
    proof_seq: int | None = None
    closed_on: date | None = None
    owner_id: int | None = None
    attempts: int = 0

    @property
    def open(self) -> bool:
        return self.proof_seq is None
