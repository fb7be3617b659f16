"""Allocation: which parts of which instalments a receipt pays, and in what order.

What has fallen due is paid before what has not, the oldest instalment first, and within an instalment
in the contract's order. No fen is lost: what is laid on instalments and what is left over sum to the receipt.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from holdfast.kernel.rounding import divide
from holdfast.products.schedule import Instalment
from holdfast.products.terms import Across, ChargesDue, Excess
from holdfast.servicing.state import Allocation, State


def allocate(state: State, *, event_no: int, on: date, amount: int, excess: Excess | None = None) -> int:
    """Lay `amount` on the unpaid instalments of `state`, in place; what no instalment could take is returned.

    `excess` overrides for this receipt what the contract says of money beyond what is due.
    """
    amount = allocate_due(state, event_no=event_no, on=on, amount=amount)
    return allocate_ahead(state, event_no=event_no, on=on, amount=amount, excess=excess) if amount else 0


def allocate_due(state: State, *, event_no: int, on: date, amount: int) -> int:
    """Lay `amount` on what has fallen due by `on`; what is left is returned."""
    terms = state.terms
    if terms.across is Across.PART:
        overdue = [row for row in state.instalments if row.due_on < on]
        today = [row for row in state.instalments if row.due_on == on]
        for rows in (overdue, today):
            for part in terms.allocation:
                amount = _lay(state, rows, event_no=event_no, on=on, amount=amount, order=(part,))
    else:
        due = [row for row in state.instalments if row.due_on <= on]
        amount = _lay(state, due, event_no=event_no, on=on, amount=amount, order=terms.allocation)
    for charge in state.charges if terms.charges_due is ChargesDue.OWN_DAY else ():
        if amount and charge.due_on <= on:
            amount -= _pay_charges_due(state, charge.n, event_no=event_no, on=on, amount=amount)
    return amount


def allocate_ahead(state: State, *, event_no: int, on: date, amount: int, excess: Excess | None = None) -> int:
    """Lay `amount` on instalments that have not fallen due; what they cannot take is returned."""
    terms = state.terms
    ahead = terms.allocation_in_advance or terms.allocation
    excess = excess or terms.excess
    rows = [row for row in state.instalments if row.due_on > on and row.paid_on is None and row.unpaid]
    if excess is Excess.SPREAD:
        amount = _spread(state, rows, event_no=event_no, on=on, amount=amount, order=ahead)
    if excess is Excess.LAST:
        rows.reverse()
    for order in [(part,) for part in ahead] if terms.across is Across.PART else [ahead]:
        amount = _lay(state, rows, event_no=event_no, on=on, amount=amount, order=order)
    return amount


def pay(state: State, row: Instalment, *, event_no: int, on: date, amount: int, order: Sequence[str]) -> int:
    """Pay up to `amount` on one instalment in `order`; the amount used is returned."""
    totals = state.totals
    left = amount
    principal = interest = fee = penalty = 0
    for part in order:
        if part == "principal":
            principal = min(left, row.principal - row.principal_paid)
            left -= principal
        elif part == "interest":
            interest = min(left, row.interest - row.interest_paid)
            left -= interest
        elif part == "fee":
            fee = min(left, row.fee - row.fee_paid)
            left -= fee
        else:
            penalty = min(left, row.penalty - row.penalty_paid)
            left -= penalty
    if left == amount:
        return 0
    row.principal_paid += principal
    row.interest_paid += interest
    row.fee_paid += fee
    row.penalty_paid += penalty
    totals.principal_paid += principal
    totals.interest_paid += interest
    totals.fee_paid += fee
    totals.penalty_paid += penalty
    if row.due_on > state.through:
        # What is paid before its instalment is billed is earned as it is paid.
        totals.interest_earned += interest
        totals.fee_charged += fee
        totals.penalty_charged += penalty
    if row.unpaid == 0:
        row.paid_on = on
    state.allocations.append(Allocation(event_no, row.n, principal, interest, fee, penalty))
    return amount - left


def _lay(state: State, rows: Sequence[Instalment], *, event_no: int, on: date, amount: int, order: Sequence[str]) -> int:
    for row in rows:
        if not amount:
            break
        if row.paid_on is None:
            amount -= pay(state, row, event_no=event_no, on=on, amount=amount, order=order)
    return amount


def _pay_charges_due(state: State, n: int, *, event_no: int, on: date, amount: int) -> int:
    """Pay what has fallen due of the charges on instalment `n`, though the instalment itself has not."""
    row = next(row for row in state.instalments if row.n == n)
    if row.due_on <= on:
        return 0
    used = 0
    for part in state.terms.allocation:
        if part in ("fee", "penalty"):
            due = sum(charge.amount for charge in state.charges if (charge.n, charge.part) == (n, part) and charge.due_on <= on)
            paid = row.fee_paid if part == "fee" else row.penalty_paid
            used += pay(state, row, event_no=event_no, on=on, amount=min(amount - used, max(0, due - paid)), order=(part,))
    return used


def _spread(state: State, rows: Sequence[Instalment], *, event_no: int, on: date, amount: int, order: Sequence[str]) -> int:
    """An equal share to each of `rows`, the rounding to the last; what a small row cannot take is left over."""
    if not rows:
        return amount
    share = divide(amount, len(rows), state.terms.rounding)
    left = amount
    for row in rows[:-1]:
        left -= pay(state, row, event_no=event_no, on=on, amount=min(share, left), order=order)
    final = max(0, min(left, amount - share * (len(rows) - 1)))
    return left - pay(state, rows[-1], event_no=event_no, on=on, amount=final, order=order)
