"""Schedule: when each instalment falls due and how it divides into principal and interest.

Everything is exact: rates are fractions, an amount becomes whole minor units only where the contract
names a rounding, and the principal of a schedule always sums to the principal of the loan.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from functools import lru_cache

from holdfast.kernel.calendar import DayCount, Unit, step, year_fraction
from holdfast.kernel.rate import Per
from holdfast.kernel.rounding import to_minor
from holdfast.servicing.state import Instalment
from holdfast.servicing.terms import FeeAt, Method, PeriodInterest, Terms


def due_on(terms: Terms, n: int) -> date:
    """The due date of instalment `n` (from 1), counted from the first due date or else from the payout."""
    if terms.first_due_on is not None:
        return step(terms.first_due_on, terms.every_unit, terms.every_count * (n - 1))
    return step(terms.disbursed_on, terms.every_unit, terms.every_count * n)


def period_start(terms: Terms, n: int) -> date:
    """The day from which instalment `n` bears interest: the due date before it, or the payout."""
    return terms.disbursed_on if n <= 1 else due_on(terms, n - 1)


def period_rate(terms: Terms, n: int) -> Fraction:
    """The interest of period `n` on one unit of principal."""
    start, end = period_start(terms, n), due_on(terms, n)
    rate = terms.rate.fraction
    if terms.rate.per is Per.DAY:
        return rate * (end - start).days
    if terms.rate.per is Per.MONTH:
        rate *= 12
    if terms.period_interest is PeriodInterest.DAILY:
        return rate * year_fraction(start, end, terms.day_count)
    if end != step(start, terms.every_unit, terms.every_count) and n == 1:
        # A first period of another length has no fixed share of the year.
        return rate * year_fraction(start, end, DayCount.THIRTY_360)
    if terms.every_unit is Unit.MONTHS:
        return rate * Fraction(terms.every_count, 12)
    if terms.every_unit is Unit.WEEKS:
        return rate * Fraction(terms.every_count, 52)
    return rate * Fraction(terms.every_count, 360 if terms.day_count in (DayCount.THIRTY_360, DayCount.ACTUAL_360) else 365)


@lru_cache(maxsize=4096)
def level(terms: Terms) -> int:
    """The amount that repeats: the whole instalment, or under equal principal its principal.

    It is the contract's own figure where the contract gives one. Methods that repeat nothing answer 0.
    """
    if terms.instalment_amount is not None:
        return terms.instalment_amount
    paying = terms.instalments - terms.principal_grace
    if terms.method in (Method.EQUAL_PRINCIPAL, Method.FLAT):
        return _rounded(terms, Fraction(terms.principal, paying))
    if terms.method is not Method.EQUAL_INSTALMENT:
        return 0
    annuity, growth = Fraction(0), Fraction(1)
    for n in range(terms.principal_grace + 1, terms.instalments + 1):
        growth *= 1 + period_rate(terms, n)
        annuity += 1 / growth
    return _rounded(terms, terms.principal / annuity)


def schedule(terms: Terms) -> list[Instalment]:
    """The instalments as agreed at the payout, with the fees that fall due with them."""
    rows = rest_of_schedule(terms, balance=terms.principal, first=1)
    for row in rows:
        row.fee = _fees_of(terms, row.n, last=row.n == rows[-1].n)
    return rows


def rest_of_schedule(terms: Terms, *, balance: int, first: int) -> list[Instalment]:
    """Instalments from number `first` on for an owed `balance`, at the contract's own repeating amount.

    Interest is on the balance at hand; the last instalment takes the rest; a balance that is paid down
    sooner ends the schedule early.
    """
    rows: list[Instalment] = []
    repeating = level(terms)
    deferred = 0
    for n in range(first, terms.instalments + 1):
        base = terms.principal if terms.method is Method.FLAT else balance
        interest = to_minor(base * period_rate(terms, n), terms.rounding)
        if n == terms.instalments:
            principal = balance
        elif n <= terms.principal_grace:
            principal = 0
        elif terms.method is Method.EQUAL_INSTALMENT or (terms.method is Method.FLAT and terms.instalment_amount is not None):
            principal = min(balance, max(0, repeating - interest))
        else:
            principal = min(balance, repeating)
        if n <= terms.interest_grace and n < terms.instalments:
            interest, deferred = 0, deferred + interest
        else:
            interest, deferred = interest + deferred, 0
        balance -= principal
        rows.append(Instalment(n, due_on(terms, n), principal, interest))
        if balance == 0:
            break
    return rows


def _rounded(terms: Terms, value: Fraction) -> int:
    return to_minor(value, terms.instalment_rounding, multiple=terms.instalment_multiple)


def _fees_of(terms: Terms, n: int, *, last: bool) -> int:
    """The fees that fall due with instalment `n`: its own, and dated ones since the due date before it."""
    start, end = period_start(terms, n), due_on(terms, n)
    total = 0
    for fee in terms.fees:
        if isinstance(fee.at, FeeAt):
            total += fee.amount if fee.at is FeeAt.EACH_INSTALMENT else 0
        elif (start < fee.at <= end) or (n == 1 and fee.at <= start) or (last and fee.at > end):
            total += fee.amount
    return total
