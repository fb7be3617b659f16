"""What a reader of the book is shown: the lines of a list, one loan and its parts, the day's figures.

Frozen values, already within the looker's sight. The console's templates and the API's answers
are both made of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from holdfast.kernel.money import Money
from holdfast.servicing.state import Pause


class Sight(Protocol):
    """A person's data scope: a condition on `loan` under `alias`, and its parameters."""

    def condition(self, alias: str) -> tuple[str, Mapping[str, Any]]: ...


@dataclass(frozen=True, slots=True)
class Look:
    """Who looks, on which business day, and from how many days past due each class begins."""

    sight: Sight
    today: date
    class_floors: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class LoanFilter:
    """What a loan list is narrowed to. `q` is a public id, the start of a contract number or a part of the borrower's label."""

    state: str | None = None
    product: str | None = None
    branch: str | None = None
    dpd_min: int | None = None
    dpd_max: int | None = None
    loan_class: str | None = None
    q: str | None = None
    sort: str = "newest"


@dataclass(frozen=True, slots=True)
class DutyRow:
    """One duty of one loan. `allowed_by` names the kinds of record that may prove it."""

    loan: str
    contract_no: str
    borrower: str
    product: str
    no: int
    kind: str
    about: str
    due_on: date
    due_at: datetime
    window_from: datetime
    role: str
    owner: str | None
    attempts: int
    open: bool
    proof_seq: int | None
    closed_on: date | None
    allowed_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NextDuty:
    """The duty that a live loan points at."""

    no: int
    kind: str
    about: str
    due_at: datetime
    role: str
    owner: str | None


@dataclass(frozen=True, slots=True)
class LoanRow:
    """One line of a loan list."""

    id: str
    contract_no: str
    borrower: str
    product: str
    product_name_zh: str
    product_name_en: str
    collateral: str
    branch: str
    branch_name: str
    officer: str | None
    state: str
    currency: str
    principal_out: Money
    days_past_due: int
    loan_class: str
    oldest_unpaid_due_on: date | None
    next_due_on: date | None
    next_due: Money | None
    next_duty: NextDuty | None
    opened_on: date


@dataclass(frozen=True, slots=True)
class Balances:
    """Where a loan's money stands. What is due now is interest, fees and penalties earned and unpaid; principal is all that is out."""

    disbursed: Money
    taken_over: Money
    principal_out: Money
    principal_paid: Money
    interest_earned: Money
    interest_paid: Money
    interest_unpaid: Money
    fee_unpaid: Money
    penalty_unpaid: Money
    overpaid: Money
    refunded: Money
    principal_written_off: Money
    interest_written_off: Money
    recovered: Money


@dataclass(frozen=True, slots=True)
class LoanDetail:
    """One loan as its page shows it. `number` is the inner key, for further reads in the same request; it is never shown."""

    number: int
    row: LoanRow
    party: str | None
    product_version: int
    pack_version: str
    terms: Mapping[str, Any]
    balances: Balances
    charges_barred: bool
    pauses: tuple[Pause, ...]
    last_event_no: int
    head_seq: int
    head_hash: str
    stage: str


@dataclass(frozen=True, slots=True)
class InstalmentRow:
    """One line of a schedule; `balance_after` is the contract's principal still to come after it.

    `state` is `paid`, `late` (unpaid and its day has passed), `part_paid` or `to_come`.
    """

    n: int
    due_on: date
    principal: Money
    interest: Money
    fee: Money
    penalty: Money
    due: Money
    paid: Money
    unpaid: Money
    balance_after: Money
    paid_on: date | None
    state: str


@dataclass(frozen=True, slots=True)
class Part:
    """What one event put on one instalment; negative where a replay took it back."""

    n: int
    principal: Money
    interest: Money
    fee: Money
    penalty: Money


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event of a loan. `reversed_by` is the event that took it back, if one did."""

    no: int
    kind: str
    on: date
    entered_on: date
    amount: Money | None
    payload: Mapping[str, Any]
    parts: tuple[Part, ...]
    reversed_by: int | None
    record_seq: int
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One line of a loan's sub-ledger."""

    event_no: int
    line: int
    on: date
    debit: str
    credit: str
    amount: Money


@dataclass(frozen=True, slots=True)
class TimelineItem:
    """One thing that happened, with the record that proves it.

    `position` is the record's place in the signed tree, None until it is sealed; `duties` are
    the numbers of the duties that it closed.
    """

    seq: int
    kind: str
    stage: str
    on: date
    at: datetime
    by: str
    by_name: str | None
    role: str
    says: Mapping[str, Any]
    duties: tuple[int, ...]
    leaf_hash: str
    position: int | None
    in_batch: bool


@dataclass(frozen=True, slots=True)
class DayFigures:
    """The day in one look, within the looker's scope. Money is by currency."""

    live_loans: int
    late_loans: int
    principal_out: tuple[Money, ...]
    duties_due_today: int
    duties_late: int
    classes: Mapping[str, int]
    states: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class DutyFilter:
    """What a duty list is narrowed to. `due_before` is an instant; `owner` a person's inner key."""

    role: str | None = None
    kind: str | None = None
    owner: int | None = None
    due_before: datetime | None = None
