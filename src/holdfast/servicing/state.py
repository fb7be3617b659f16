"""The nouns of servicing: an instalment, an event, the running totals, and the state they make.

A state is only ever made by `fold`: these are values to hold, not rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from operator import attrgetter
from typing import Any

from holdfast.kernel.rate import Rate
from holdfast.products.schedule import Instalment, period_start
from holdfast.products.terms import PayoutJoins, Terms


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to the loan; `kind` and `payload` as the table `loan_event` keeps them.

    `on` is the value date, `entered_on` the business date on which we learned of it: a later one means backdated.
    """

    event_no: int
    kind: str
    on: date
    entered_on: date
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Allocation:
    """How much of one event's money fell on one instalment.

    A part is negative where a pay-off turns interest that was paid ahead, and is now not owed, into principal.
    """

    event_no: int
    n: int
    principal: int
    interest: int
    fee: int
    penalty: int

    @property
    def amount(self) -> int:
        return self.principal + self.interest + self.fee + self.penalty


@dataclass(frozen=True, slots=True)
class Charge:
    """A fee or penalty that was put on instalment `n` and has a due date of its own."""

    n: int
    part: str
    amount: int
    due_on: date


@dataclass(frozen=True, slots=True)
class Pause:
    """Days that do not count as late: from `starts_on`, counted, to `ends_on`, not counted."""

    starts_on: date
    ends_on: date

    def covers(self, on: date) -> bool:
        """Whether the count stands still on `on`; it does on the last day too."""
        return self.starts_on <= on <= self.ends_on


def by_day(row: Instalment) -> tuple[date, bool, int]:
    """The order in which instalments stand and are paid: by due date, then by number; the down payment of a further payout comes after
    what already fell due on its day.
    """
    return row.due_on, row.n < 0, row.n


def by_number(row: Instalment) -> tuple[date, int]:
    """The order under a contract whose further payouts join what falls due on their day: their down payment comes before that."""
    return row.due_on, row.n


@dataclass(slots=True)
class Totals:
    """Cumulative sums since the loan began; a posting is the difference between two of these."""

    disbursed: int = 0
    taken_over: int = 0
    interest_earned: int = 0
    fee_charged: int = 0
    penalty_charged: int = 0
    principal_paid: int = 0
    interest_paid: int = 0
    fee_paid: int = 0
    penalty_paid: int = 0
    overpaid: int = 0
    principal_written_off: int = 0
    interest_written_off: int = 0
    fee_written_off: int = 0
    penalty_written_off: int = 0
    goodwill: int = 0
    recovered: int = 0
    refunded: int = 0
    forgiven: int = 0  # of a claim that was written off, by a settlement: no book entry, for nothing of it is on the books

    def copy(self) -> Totals:
        """The same sums, to be compared with later ones."""
        return Totals(*_SUMS(self))


_SUMS = attrgetter(*(each.name for each in fields(Totals)))


@dataclass(slots=True)
class State:
    """What is true of a loan after its events.

    `instalments` are in order of their due dates; a state loaded for posting may leave out leading ones that are
    wholly paid and due. `through` is the day up to which instalments have been billed: their interest is
    earned. `allocations` are those that the events applied to this value made, in order; `charges` those that
    they put on instalments, for a charge may fall due before the rest of its instalment. Penalty interest stands
    in the instalments up to the day `penalised_through`; `pauses` are the days that do not count as late.

    What later agreements have changed stands beside the contract, which never changes: `replaced` are the terms in
    force in its place, `rates` the rate from an instalment on, `starts` the day on which an instalment's period
    begins where it is not the due date before it, `loose` the numbers that are no periods (charges that stand alone
    after the schedule, and what was closed), `level` the amount that repeats now, if it is not the contract's first.

    Where interest follows what is truly owed, it stands in the running instalment up to `reckoned_on`, and comes to
    `reckoned` so far; `carried` is interest that an agreement has put on an instalment beside that of its own period.
    """

    terms: Terms
    instalments: list[Instalment]
    totals: Totals
    through: date
    paid_off_on: date | None = None
    written_off_on: date | None = None
    allocations: list[Allocation] = field(default_factory=list)
    charges: list[Charge] = field(default_factory=list)
    penalised_through: date = date.min
    pauses: tuple[Pause, ...] = ()
    replaced: Terms | None = None
    rates: tuple[tuple[int, Rate], ...] = ()
    starts: dict[int, date] = field(default_factory=dict)
    loose: set[int] = field(default_factory=set)
    level: int | None = None
    reckoned_on: date | None = None
    reckoned: int = 0
    carried: dict[int, int] = field(default_factory=dict)

    @property
    def now(self) -> Terms:
        """The terms in force: the contract's, or what was agreed in their place."""
        return self.replaced or self.terms

    def arrange(self) -> None:
        """Put the instalments in the order in which they stand and are paid."""
        self.instalments.sort(key=by_day if self.terms.payout_joins is PayoutJoins.LATER else by_number)

    def starts_on(self, row: Instalment) -> date:
        """The day from which the instalment's period runs: the due date before it, wherever an agreement has moved that to."""
        if row.n in self.starts:
            return self.starts[row.n]
        before: Instalment | None = None
        for each in self.instalments:
            if each is row:
                break
            if each.n >= 1 and each.n not in self.loose:
                before = each
        return period_start(self.terms, row.n) if before is None else before.due_on

    def ends_on(self, row: Instalment) -> date:
        """The day to which the instalment's period runs: its due date, or sooner where it was paid whole and the next one's has begun."""
        if not self.starts:
            return row.due_on
        after = False
        for each in self.instalments:
            if after and each.n >= 1 and each.n not in self.loose:
                return min(row.due_on, self.starts.get(each.n, row.due_on))
            after = after or each is row
        return row.due_on

    @property
    def lost(self) -> int:
        """What was given up on the books, and neither recovered nor forgiven: the claim that stays."""
        totals = self.totals
        given_up = totals.principal_written_off + totals.interest_written_off + totals.fee_written_off + totals.penalty_written_off
        return given_up - totals.recovered - totals.forgiven

    @property
    def principal_out(self) -> int:
        """Principal that is owed: paid out or taken over, less what was paid and what was written off."""
        totals = self.totals
        return totals.disbursed + totals.taken_over - totals.principal_paid - totals.principal_written_off

    @property
    def closed(self) -> bool:
        """Nothing can fall due any more: paid off or written off."""
        return self.paid_off_on is not None or self.written_off_on is not None

    @property
    def oldest_unpaid_due_on(self) -> date | None:
        """The due date of the oldest instalment that is not wholly paid; none once paid off."""
        first = self._first_unpaid()
        return None if first is None else first.due_on

    @property
    def next_due(self) -> tuple[date | None, int]:
        """The oldest instalment not wholly paid: its due date and what it still asks for; `(None, 0)` if there is none."""
        first = self._first_unpaid()
        return (None, 0) if first is None else (first.due_on, first.unpaid)

    def unpaid_due(self, on: date) -> int:
        """All that has fallen due by `on` and is not paid."""
        return sum(row.unpaid for row in self.instalments if row.due_on <= on)

    def copy(self) -> State:
        """A state that can be stepped without changing this one."""
        # Field by field, several times faster than dataclasses.replace: a batch copies every loan that it touches.
        return State(
            self.terms, [_twin(row) for row in self.instalments], self.totals.copy(), self.through, self.paid_off_on, self.written_off_on,
            self.allocations[:], self.charges[:], self.penalised_through, self.pauses, self.replaced, self.rates,
            self.starts.copy(), self.loose.copy(), self.level, self.reckoned_on, self.reckoned, self.carried.copy(),
        )  # fmt: skip

    def _first_unpaid(self) -> Instalment | None:
        if self.paid_off_on is not None:
            return None
        for row in self.instalments:
            if row.paid_on is None and row.due:
                return row
        return None


def _twin(row: Instalment) -> Instalment:
    # Several times faster than dataclasses.replace, and a batch copies every row that it touches.
    return Instalment(
        row.n,
        row.due_on,
        row.principal,
        row.interest,
        row.fee,
        row.penalty,
        row.principal_paid,
        row.interest_paid,
        row.fee_paid,
        row.penalty_paid,
        row.paid_on,
        row.late_base,
    )
