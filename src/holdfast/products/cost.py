"""Cost: what a loan costs the borrower in a year, all fees counted, whoever collects them.

Two figures, as the disclosure rules ask: nominal, the internal rate of one period times the periods in a
year; and effective, the yearly rate that discounts every flow by its own days over 365 (XIRR).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Final

from holdfast.kernel.calendar import Unit
from holdfast.kernel.errors import BadInput
from holdfast.products.schedule import due_on, fee_amount, period_start, schedule
from holdfast.products.terms import FeeAt, Terms

_DIGITS: Final = 40
_CLOSE: Final = Decimal("1e-20")
_MOST_ROUNDS: Final = 200


@dataclass(frozen=True, slots=True)
class YearlyCost:
    """Both as shares of one: `Decimal("0.2399")` is 23.99 % a year."""

    nominal: Decimal
    effective: Decimal


def yearly_cost(terms: Terms) -> YearlyCost:
    """The yearly cost of the loan if performed as agreed; BadInput if fees leave nothing to pay out."""
    exact = exact_cost(terms)
    return YearlyCost(_four(exact.nominal), _four(exact.effective))


def exact_cost(terms: Terms) -> YearlyCost:
    """The yearly cost unrounded: what is held against a ceiling, so that rounding hides nothing."""
    received = terms.principal
    flows: list[tuple[date, Decimal, int]] = []
    for row in schedule(terms):
        if row.n < 1:
            received -= row.due
        else:
            flows.append((row.due_on, Decimal(row.n), row.principal + row.interest))
            recurring = sum(fee_amount(terms, fee, row) for fee in terms.fees if fee.at is FeeAt.EACH_INSTALMENT)
            flows.append((row.due_on, Decimal(row.n), recurring))
    for fee in terms.fees:
        if isinstance(fee.at, date) and fee.at != terms.disbursed_on:
            flows.append((fee.at, _periods_to(terms, fee.at), fee_amount(terms, fee)))
    if received <= 0:
        raise BadInput("terms.fees: the fees at disbursement leave nothing to pay out", field="terms.fees")
    with localcontext() as context:
        context.prec = _DIGITS
        period = internal_rate(received, [(periods, amount) for _, periods, amount in flows])
        per_year = {Unit.MONTHS: Decimal(12), Unit.WEEKS: Decimal(52), Unit.DAYS: Decimal(365)}[terms.every_unit] / terms.every_count
        days = [(Decimal((on - terms.disbursed_on).days) / 365, amount) for on, _, amount in flows]
        return YearlyCost(period * per_year, internal_rate(received, days))


def internal_rate(received: int, flows: Sequence[tuple[Decimal, int]]) -> Decimal:
    """The rate at which the flows, each `amount` after some time, are worth `received` today.

    Newton on y = ln(1 + rate): what the flows are worth falls and is convex in y, so that from y = 0, where it
    is not below `received`, every round comes nearer from the same side.
    """
    y = Decimal(0)
    for _ in range(_MOST_ROUNDS):
        worth = [(time, amount * (-y * time).exp()) for time, amount in flows]
        slope = sum((time * value for time, value in worth), Decimal(0))
        moved = (sum((value for _, value in worth), Decimal(0)) - received) / slope
        y += moved
        if abs(moved) < _CLOSE:
            break
    return y.exp() - 1


def _periods_to(terms: Terms, on: date) -> Decimal:
    """How many periods after the payout a dated fee falls; a part of a period by its days."""
    for n in range(1, terms.instalments + 1):
        end = due_on(terms, n)
        if on <= end or n == terms.instalments:
            start = period_start(terms, n)
            return n - 1 + Decimal((on - start).days) / (end - start).days
    return Decimal(terms.instalments)


def _four(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.0001"), ROUND_HALF_UP)
