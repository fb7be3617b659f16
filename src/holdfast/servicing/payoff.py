"""Pay-off: what ends the loan on a given day, line by line.

By Civil Code art. 677 a borrower who pays early owes interest for the time the money was used:
instalments that have fallen due in full, the running period by its days, nothing for later ones.
A contract may instead name the whole scheduled interest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from holdfast.products.schedule import Instalment
from holdfast.products.terms import PayoffInterest
from holdfast.servicing.recalculation import standing
from holdfast.servicing.rescheduling import so_far
from holdfast.servicing.state import State


@dataclass(frozen=True, slots=True)
class PayoffLine:
    """One line of the sum: what it is (`part`), the instalment it stands in or 0, and the figures behind it.

    `part` is `principal`, `interest`, `interest_running`, `fee`, `penalty` or `paid_ahead` (negative). For running
    interest `of` is the period's scheduled interest, `days` those used and `period_days` all of them; for a penalty
    `days` are those since the due date.
    """

    part: str
    n: int
    amount: int
    of: int = 0
    days: int = 0
    period_days: int = 0


def payoff(state: State, on: date) -> int:
    """The amount that ends the loan on `on`; 0 if nothing is owed."""
    if state.closed:
        return 0
    state = standing(state, on)
    total = state.principal_out
    for row, owed in owed_interest(state, on):
        total += owed - row.interest_paid + row.fee - row.fee_paid + row.penalty - row.penalty_paid
    return max(total, 0)


def ends(state: State, amount: int, on: date) -> bool:
    """Whether `amount` ends the loan on `on`.

    Only interest that was paid ahead can make a pay-off less than the principal owed. Most receipts are far below both, and a
    replay passes through all of them, so the instalments are gone through for the others alone.
    """
    return amount >= state.principal_out - state.totals.interest_paid and amount >= payoff(state, on)


def owed_interest(state: State, on: date) -> Iterator[tuple[Instalment, int]]:
    """Each instalment that a pay-off on `on` touches, with the interest that it owes there.

    Instalments wholly paid after they fell due are left out: nothing about them can change.
    """
    scheduled = state.terms.payoff_interest is PayoffInterest.SCHEDULED
    whole = state.terms.payoff_interest is PayoffInterest.RUNNING_PERIOD
    running = True
    for row in state.instalments:
        if row.due_on <= on:
            if row.paid_on is None:
                yield row, row.interest
        elif scheduled or row.n in state.loose or state.ends_on(row) <= on:
            yield row, row.interest
        elif running:
            yield row, row.interest if whole else so_far(state, row, on)
            running = False
        else:
            yield row, 0


def runs_from(state: State, row: Instalment) -> date:
    """The day from which the instalment's period runs."""
    return state.starts_on(row)


def payoff_lines(state: State, on: date) -> list[PayoffLine]:
    """The lines of the pay-off on `on`; they sum to `payoff`."""
    if state.closed:
        return []
    state = standing(state, on)
    lines = [PayoffLine("principal", 0, state.principal_out)]
    ahead = 0
    for row, owed in owed_interest(state, on):
        unpaid = owed - row.interest_paid
        if unpaid < 0:
            ahead += unpaid
        elif unpaid > 0 and owed == row.interest:
            lines.append(PayoffLine("interest", row.n, unpaid))
        elif unpaid > 0:
            start = runs_from(state, row)
            days, period_days = (on - start).days, (row.due_on - start).days
            lines.append(PayoffLine("interest_running", row.n, unpaid, of=row.interest, days=days, period_days=period_days))
        if row.fee > row.fee_paid:
            lines.append(PayoffLine("fee", row.n, row.fee - row.fee_paid))
        if row.penalty > row.penalty_paid:
            lines.append(PayoffLine("penalty", row.n, row.penalty - row.penalty_paid, days=max(0, (on - row.due_on).days)))
    if ahead:
        lines.append(PayoffLine("paid_ahead", 0, ahead))
    return lines
