"""Allocation: which parts of which instalments a receipt pays, and in what order.

What has fallen due is paid before what has not, the oldest instalment first, and within an instalment
in the contract's order. No fen is lost: what is laid on instalments and what is left over sum to the receipt.
"""

from __future__ import annotations

from datetime import date

from holdfast.servicing.state import Allocation, Instalment, State


def allocate(state: State, *, event_no: int, on: date, amount: int) -> int:
    """Lay `amount` on the unpaid instalments of `state`, in place; what no instalment could take is returned."""
    terms = state.terms
    due_order = terms.allocation
    ahead_order = terms.allocation_in_advance or due_order
    for row in state.instalments:
        if amount == 0:
            break
        if row.paid_on is None:
            amount -= pay(state, row, event_no=event_no, on=on, amount=amount, order=due_order if row.due_on <= on else ahead_order)
    return amount


def pay(state: State, row: Instalment, *, event_no: int, on: date, amount: int, order: tuple[str, ...]) -> int:
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
    if left != amount:
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
        state.allocations.append(Allocation(event_no, row.n, principal, interest, fee, penalty))
    if row.unpaid == 0:
        row.paid_on = on
    return amount - left
