"""A loan as a verb holds it, and what the verb changes of it.

`Held` is everything the rules need, read in one round trip; `Change` is everything that is written, in
one round trip. A batch holds many and changes many by the same functions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from holdfast.duties import Arrangement, Duty
from holdfast.journal import Record
from holdfast.ledger import FLAT, Line, Move, Slope
from holdfast.life import LoanState
from holdfast.loans import Loan
from holdfast.policy import Lender
from holdfast.servicing.duties import Cursors
from holdfast.servicing.fold import Event, Instalment, State
from holdfast.servicing.reminder_plan_model import LivePlan

Paid = tuple[int, int, int, int]


@dataclass(slots=True)
class Account:
    """The part of the `account` row that is not the fold's own state."""

    next_event_on: date | None
    last_event_no: int
    last_event_on: date
    cursors: Cursors
    promised_for: date
    class_floor: str
    observe_until: date | None
    charges_barred: bool
    non_accrual_since: date | None = None
    accrued: Slope = FLAT
    settling: bool = False  # a settlement runs: each receipt is told to it


@dataclass(slots=True)
class Held:
    """One loan, locked, with its folded state and its open duties, and who lends: `pack_digest` is that of the loan's own pack.

    `live_plans`: the reminder plans that were put live, of whatever product; None where they were not read with it.
    """

    loan: Loan
    collateral: str
    state: State
    account: Account
    standing: list[Duty]
    lender: Lender
    pack_digest: str
    live_plans: tuple[LivePlan, ...] | None = None


@dataclass(slots=True)
class Change:
    """What a verb did to one loan: rows to append, rows to bring up to date, and the record that tells of it."""

    held: Held
    events: list[Event] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    event_records: list[int] = field(default_factory=list)
    instalments: list[Instalment] = field(default_factory=list)
    added: frozenset[int] = frozenset()  # numbers among them that the loan did not have before
    removed: list[int] = field(default_factory=list)  # numbers that it has no longer
    allocations: list[tuple[int, Paid]] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)  # of the lines of what accrues
    duties: Arrangement = field(default_factory=lambda: Arrangement((), (), (), 0))
    born: bool = False  # the account is new
    loan_born: bool = False  # and so is the loan: it came by no application
    was: LoanState = LoanState.ACTIVE

    @property
    def record(self) -> Record:
        return self.records[-1]
