"""A release and a disposal as values: what was done so far, by whom, and what proves it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from holdfast.journal import Record
from holdfast.kernel.money import Money
from holdfast.life import LoanState
from holdfast.loans import Happened
from holdfast.release.states import DisposalState, ReleaseState


class Thing(StrEnum):
    """What there is to give back: a thing on our shelf, one that our records do not hold, none, or one that has gone already."""

    IN_CUSTODY = "in_custody"
    OUTSIDE = "outside"  # pledged, but taken over without a custody record
    NONE = "none"
    COMPENSATED = "compensated"
    DISPOSED = "disposed"
    RETURNED = "returned"  # its pledge was lifted while the loan was still repaid


# Nothing is handed over the counter for these.
NOTHING_TO_HAND_BACK = frozenset({Thing.NONE, Thing.COMPENSATED, Thing.DISPOSED, Thing.RETURNED})


class Way(StrEnum):
    """How whoever came was identified."""

    SELF = "self"  # name and number as sealed, and a code to the borrower's phone
    AGENT = "agent"  # somebody with a power of attorney
    PAPERS = "papers"  # the book knows no number to send a code to: the papers themselves, kept


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One check: what it is about, what should be and what is, and whether the two agree.

    `unit` says how to read the figures: `money` (minor units), `count`, `names` or `day`.
    """

    check: str
    unit: str
    wanted: Any
    found: Any
    ok: bool

    def as_json(self) -> dict[str, Any]:
        return {"check": self.check, "unit": self.unit, "wanted": self.wanted, "found": self.found, "ok": self.ok}


@dataclass(frozen=True, slots=True)
class Release:
    """One release of one loan."""

    loan_id: int
    release_no: int
    public_id: str
    token: str
    state: ReleaseState
    thing: Thing
    opened_on: date
    opened_at: datetime
    opened_seq: int
    way: Way | None
    collector: str
    identified_at: datetime | None
    identified_by: int | None
    lines: tuple[AuditLine, ...]
    audited_at: datetime | None
    audited_by: int | None
    request: str | None
    approved_at: datetime | None
    certificate: str | None
    application: str | None
    certified_at: datetime | None
    certified_seq: int | None
    hand_back_request: str | None
    handed_back_at: datetime | None
    handed_by: int | None
    witness: int | None
    hand_back_receipt: str | None
    bureau_file: str | None
    bureau_line: int | None
    reported_at: datetime | None

    @property
    def passed(self) -> bool:
        """Whether the last audit found nothing amiss."""
        return bool(self.lines) and all(line.ok for line in self.lines)


@dataclass(frozen=True, slots=True)
class Disposal:
    """One default of one loan, and what became of the thing."""

    loan_id: int
    disposal_no: int
    public_id: str
    state: DisposalState
    currency: str
    noticed_on: date
    sale_from: date
    days_past_due: int
    notice_file: str
    valuation: str | None
    valued_at: int | None
    valued_on: date | None
    request: str | None
    price: int | None
    costs: Mapping[str, int]
    buyer: str
    sold_on: date | None
    debt: Mapping[str, int]
    owed_before: int | None
    statement_file: str | None
    accounted_on: date | None
    surplus_request: str | None

    @property
    def net(self) -> int:
        """What the sale brings after its costs."""
        return (self.price or 0) - sum(self.costs.values())

    @property
    def surplus(self) -> int:
        """What is the borrower's."""
        return max(self.net - (self.owed_before or 0), 0)

    @property
    def deficit(self) -> int:
        """What is still owed."""
        return max((self.owed_before or 0) - self.net, 0)


@dataclass(frozen=True, slots=True)
class Did:
    """What a verb of this stage did: on which loan, where it stands now, and what a later stage must answer."""

    loan: str
    id: str
    state: str
    loan_state: LoanState
    record: Record | None = None
    request: str | None = None
    happened: tuple[Happened, ...] = ()


@dataclass(frozen=True, slots=True)
class Counter:
    """Where a branch hands things back, when, and whom to call. `first_day` and `last_day`: 1 is Monday."""

    branch_id: int
    name: str
    address: str
    opens: str
    closes: str
    first_day: int
    last_day: int
    phone: str


@dataclass(frozen=True, slots=True)
class Settled:
    """The figures of a loan that is paid off, recomputed from its events: what was asked, received, given back."""

    principal: Money
    asked: Money
    received: Money
    overpaid: Money
    refunded: Money
