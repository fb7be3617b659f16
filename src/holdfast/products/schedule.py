"""Schedule: when each instalment falls due and how it divides into principal and interest.

Everything is exact: rates are fractions, an amount becomes whole minor units only where the contract
names a rounding, and the principal of a schedule always sums to the principal of the loan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import lru_cache

from holdfast.kernel.calendar import DayCount, Unit, add_months, step, year_fraction
from holdfast.kernel.errors import BadInput
from holdfast.kernel.rate import BILLION, Per, Rate
from holdfast.kernel.rounding import divide, to_minor
from holdfast.products.terms import Annuity, Fee, FeeAt, FeeOf, Method, PeriodInterest, Terms


@dataclass(slots=True)
class Instalment:
    """One row of the schedule, with what has been paid on it. Amounts are minor units.

    `n` is the contract's number. Rows that it does not number are 0 and below (down payments), or one
    more than there are instalments (charges that fall due after the last). `late_base` sums, over the days that
    have borne penalty interest, what bore it: minor units times days.
    """

    n: int
    due_on: date
    principal: int
    interest: int
    fee: int = 0
    penalty: int = 0
    principal_paid: int = 0
    interest_paid: int = 0
    fee_paid: int = 0
    penalty_paid: int = 0
    paid_on: date | None = None
    late_base: int = 0

    @property
    def due(self) -> int:
        """All that the instalment asks for."""
        return self.principal + self.interest + self.fee + self.penalty

    @property
    def paid(self) -> int:
        return self.principal_paid + self.interest_paid + self.fee_paid + self.penalty_paid

    @property
    def unpaid(self) -> int:
        # Asked of every row of every loan that a batch touches, so the two sums are not asked for first.
        return (
            self.principal + self.interest + self.fee + self.penalty
            - self.principal_paid - self.interest_paid - self.fee_paid - self.penalty_paid
        )  # fmt: skip


def due_on(terms: Terms, n: int) -> date:
    """The due date of instalment `n` (from 1), counted from the first due date or else from the payout."""
    if terms.last_due_on is not None and n >= terms.instalments:
        return terms.last_due_on
    start, steps = (terms.disbursed_on, n) if terms.first_due_on is None else (terms.first_due_on, n - 1)
    try:
        return step(start, terms.every_unit, terms.every_count * steps)
    except (ValueError, OverflowError):
        raise BadInput(f"terms.instalments: instalment {n} would fall due beyond the calendar", field="terms.instalments") from None


def period_start(terms: Terms, n: int) -> date:
    """The day from which instalment `n` bears interest: the due date before it, or the payout."""
    return terms.disbursed_on if n <= 1 else due_on(terms, n - 1)


def period_rate(terms: Terms, n: int) -> Fraction:
    """The interest of period `n` on one unit of principal."""
    if terms.last_due_on is not None and n == terms.instalments:
        return rate_over(terms, period_start(terms, n), terms.last_due_on)
    if n > 1 and terms.rate.per is not Per.DAY and terms.period_interest is PeriodInterest.PERIOD:
        return _whole_period(terms.rate, terms.every_unit, terms.every_count, terms.day_count)
    start, end = period_start(terms, n), due_on(terms, n)
    rate = _yearly(terms.rate)
    if terms.rate.per is Per.DAY:
        return terms.rate.fraction * (end - start).days
    if terms.period_interest is PeriodInterest.DAILY:
        if terms.day_count is DayCount.THIRTY_360:
            if terms.every_unit is not Unit.MONTHS:
                return rate * Fraction((end - start).days, 360)
            if n > 1 or end == step(start, terms.every_unit, terms.every_count):
                # From the 28th of February to the 31st of March is one month, not a month and three days.
                return rate * Fraction(terms.every_count, 12)
        return rate * year_fraction(start, end, terms.day_count)
    if n == 1 and end != step(start, terms.every_unit, terms.every_count):
        # A first period of another length has no fixed share of the year.
        return rate * year_fraction(start, end, DayCount.THIRTY_360)
    return _whole_period(terms.rate, terms.every_unit, terms.every_count, terms.day_count)


def added_time_rate(terms: Terms, start: date, end: date, *, months: int) -> Fraction:
    """The interest of `months` more months, from `start` to `end`, on one unit of principal.

    A whole month is a twelfth of a year, as in the schedule itself, unless the contract counts days.
    """
    if terms.rate.per is Per.DAY:
        return terms.rate.fraction * (end - start).days
    if terms.period_interest is PeriodInterest.DAILY and terms.day_count is not DayCount.THIRTY_360:
        return _yearly(terms.rate) * year_fraction(start, end, terms.day_count)
    return _yearly(terms.rate) * Fraction(months, 12)


def rate_over(terms: Terms, start: date, end: date) -> Fraction:
    """The interest of the days from `start` to `end` on one unit of principal, wherever an agreement has put the two.

    As in the schedule itself, whole months are twelfths of a year unless the contract counts days; what is no
    whole number of months is counted by days.
    """
    if terms.rate.per is Per.DAY:
        return terms.rate.fraction * (end - start).days
    rate = _yearly(terms.rate)
    months = _whole_months(terms, start, end)
    if terms.period_interest is PeriodInterest.DAILY and terms.day_count is not DayCount.THIRTY_360:
        return rate * year_fraction(start, end, terms.day_count)
    if months is not None:
        return rate * Fraction(months, 12)
    if terms.every_unit is not Unit.MONTHS:
        if terms.period_interest is PeriodInterest.DAILY:
            return rate * Fraction((end - start).days, 360)
        whole = step(start, terms.every_unit, terms.every_count)
        return rate * _share_of_year(terms) * Fraction((end - start).days, (whole - start).days)
    return rate * year_fraction(start, end, DayCount.THIRTY_360)


def _whole_months(terms: Terms, start: date, end: date) -> int | None:
    """How many months lie between two days that are the same of their month, the 31st being the last of a shorter one."""
    if terms.every_unit is not Unit.MONTHS:
        return None
    months = (end.year - start.year) * 12 + end.month - start.month
    anchor = (terms.disbursed_on if terms.first_due_on is None else terms.first_due_on).day
    for day in (anchor, start.day, end.day):
        first = date(2000, 1, day)
        if (
            add_months(first, (start.year - 2000) * 12 + start.month - 1) == start
            and add_months(first, (end.year - 2000) * 12 + end.month - 1) == end
        ):
            return months
    return None


@lru_cache(maxsize=4096)
def level(terms: Terms) -> int:
    """The amount that repeats: the whole instalment, or under equal principal its principal.

    It is the contract's own figure where the contract gives one. Methods that repeat nothing answer 0.
    """
    if terms.instalment_amount is not None:
        return terms.instalment_amount
    if terms.method is Method.FLAT:
        paying = terms.instalments - terms.principal_grace
        return _rounded(terms, Fraction(financed(terms) - terms.balloon, paying)) + _rounded(terms, Fraction(_flat_interest(terms)))
    if terms.method in (Method.INTEREST_FIRST, Method.SINGLE_PERIOD):
        return 0
    return level_over(terms, financed(terms), _rates(terms, 1), principal_grace=terms.principal_grace)


def level_over(terms: Terms, balance: int, rates: Sequence[Fraction], *, principal_grace: int = 0) -> int:
    """What repeats when `balance` comes back in as many instalments as there are `rates`, one rate for each."""
    if terms.method is not Method.EQUAL_INSTALMENT:
        return _rounded(terms, Fraction(balance - terms.balloon, len(rates) - principal_grace))
    worth, growth = Fraction(0), Fraction(1)
    for rate in rates[principal_grace:]:
        growth *= 1 + (_thirty_days(terms) if terms.annuity is Annuity.THIRTY_DAYS else rate)
        worth += 1 / growth
    amount = _rounded(terms, (balance - terms.balloon / growth) / worth)
    return _balanced(terms, amount, balance, rates, principal_grace) if terms.balanced else amount


def financed(terms: Terms) -> int:
    """The principal that comes back in instalments: all but what falls due on the day of the payout."""
    return terms.principal - down_payment(terms, terms.principal)


def down_payment(terms: Terms, amount: int) -> int:
    """The part of a payout that falls due on its own day; rounding never makes it more than all of it."""
    return min(amount, to_minor(Fraction(amount * terms.down_payment_ppb, BILLION), terms.rounding, multiple=terms.instalment_multiple))


def schedule(terms: Terms) -> list[Instalment]:
    """The instalments as agreed at the payout, with the fees that fall due with them.

    What falls due on the day of the payout stands first, as number 0: a down payment, and the fees of that day. They are
    asked for beside the payout, never taken out of it.
    """
    rows = rest_of_schedule(terms, balance=financed(terms), first=1)
    for row in rows:
        row.fee = _fees_of(terms, row, last=row.n == rows[-1].n)
    at_once = Instalment(0, terms.disbursed_on, terms.principal - financed(terms), 0, payout_fees(terms))
    return [at_once, *rows] if at_once.due else rows


def payout_fees(terms: Terms) -> int:
    """The fees that fall due on the day of the payout, in minor units."""
    return sum(fee_amount(terms, fee) for fee in terms.fees if fee.at in (FeeAt.DISBURSEMENT, terms.disbursed_on))


def rest_of_schedule(terms: Terms, *, balance: int, first: int) -> list[Instalment]:
    """Instalments from number `first` on for an owed `balance`, at the contract's own repeating amount.

    Interest is on the balance at hand (flat: on the first principal); the last instalment takes the rest;
    a balance that is paid down sooner ends the schedule early.
    """
    flat = _flat_interests(terms)[first - 1 :] if terms.method is Method.FLAT else None
    parts = lay_out(
        terms, balance, _rates(terms, first) if flat is None else (), repeating=level(terms), fixed_interest=flat,
        principal_grace=max(0, terms.principal_grace - first + 1), interest_grace=max(0, terms.interest_grace - first + 1),
    )  # fmt: skip
    return [Instalment(n, due_on(terms, n), principal, interest) for n, (principal, interest) in enumerate(parts, first)]


def evenly(terms: Terms, amount: int, count: int) -> list[int]:
    """`amount` in `count` equal principals by the contract's rounding; the last takes the rest."""
    each = _rounded(terms, Fraction(amount, count))
    parts = []
    for _ in range(count - 1):
        parts.append(min(each, amount))
        amount -= parts[-1]
    return [*parts, amount]


def lay_out(
    terms: Terms,
    balance: int,
    rates: Sequence[Fraction],
    *,
    repeating: int,
    fixed_interest: Sequence[int] | None = None,
    principal_grace: int = 0,
    interest_grace: int = 0,
    first_extra: int = 0,
    ahead: int = 0,
) -> list[tuple[int, int]]:
    """Principal and interest of each instalment for an owed `balance`: one rate each, or interest that is fixed.

    The first instalments ask for no principal, or for no interest (it is asked for with the first after them); the
    last takes the rest; a balance that is gone sooner ends the list early. `first_extra` is interest that the first asks
    for beside its own; `ahead` was paid before, and the next instalments ask for that much less principal.
    """
    rows: list[tuple[int, int]] = []
    deferred, count = 0, len(rates if fixed_interest is None else fixed_interest)
    for index in range(count):
        if fixed_interest is not None:
            interest = fixed_interest[index]
        else:
            interest = to_minor(balance * rates[index], terms.rounding) + deferred + (first_extra if index == 0 else 0)
            deferred = 0
            if index < interest_grace:
                interest, deferred = 0, interest
        if index == count - 1:
            principal = balance
        elif index < principal_grace or terms.method in (Method.INTEREST_FIRST, Method.SINGLE_PERIOD):
            principal = 0
        elif terms.method is Method.EQUAL_PRINCIPAL:
            principal = min(balance, repeating)
        else:
            principal = min(balance, max(0, repeating - interest))
        if ahead and index < count - 1:
            less = min(ahead, principal)
            principal -= less
            ahead -= less
        balance -= principal
        rows.append((principal, interest if balance else interest + deferred))
        if balance == 0:
            break
    return rows


def _rates(terms: Terms, first: int) -> tuple[Fraction, ...]:
    return tuple(period_rate(terms, n) for n in range(first, terms.instalments + 1))


def _yearly(rate: Rate) -> Fraction:
    return rate.fraction * {Per.YEAR: 1, Per.MONTH: 12, Per.DAY: 365}[rate.per]


# A book asks for the same few over and over.
@lru_cache(maxsize=4096)
def _whole_period(rate: Rate, unit: Unit, count: int, day_count: DayCount) -> Fraction:
    """The interest of a period whose share of the year is fixed, on one unit of principal."""
    return _yearly(rate) * _share(unit, count, day_count)


def _share_of_year(terms: Terms) -> Fraction:
    """The fixed share of a year that every whole period is taken for."""
    return _share(terms.every_unit, terms.every_count, terms.day_count)


def _share(unit: Unit, count: int, day_count: DayCount) -> Fraction:
    if unit is Unit.MONTHS:
        return Fraction(count, 12)
    if unit is Unit.WEEKS:
        return Fraction(count, 52)
    return Fraction(count, 360 if day_count in (DayCount.THIRTY_360, DayCount.ACTUAL_360) else 365)


def _thirty_days(terms: Terms) -> Fraction:
    """The rate of a period in which every month has 30 days."""
    if terms.period_interest is PeriodInterest.PERIOD:
        return _yearly(terms.rate) * _share_of_year(terms)
    days = terms.every_count * {Unit.MONTHS: 30, Unit.WEEKS: 7, Unit.DAYS: 1}[terms.every_unit]
    return _yearly(terms.rate) * Fraction(days, 360 if terms.day_count in (DayCount.THIRTY_360, DayCount.ACTUAL_360) else 365)


def _balanced(terms: Terms, amount: int, balance: int, rates: Sequence[Fraction], principal_grace: int) -> int:
    """The instalment moved by its share of what the last one would differ by, where that makes the difference smaller.

    Worth trying only if the difference is at least half a minor unit for each instalment.
    """

    def last_difference(repeating: int) -> int:
        principal, interest = lay_out(
            terms, balance, rates, repeating=repeating, principal_grace=principal_grace, interest_grace=terms.interest_grace
        )[-1]
        return principal + interest - repeating - terms.balloon

    difference = last_difference(amount)
    if 2 * abs(difference) < len(rates):
        return amount
    moved = amount + _rounded(terms, Fraction(difference, len(rates)))
    return moved if abs(last_difference(moved)) < abs(difference) else amount


def _flat_interest(terms: Terms) -> int:
    """One instalment's interest under flat: the whole, shared over those that ask for interest."""
    return divide(_flat_total(terms), terms.instalments - terms.interest_grace, terms.rounding)


def _flat_interests(terms: Terms) -> tuple[int, ...]:
    """The interest of every instalment under flat; the last takes the rest, and none asks for more than there is."""
    left, each = _flat_total(terms), _flat_interest(terms)
    parts = [0] * terms.interest_grace
    while len(parts) < terms.instalments - 1:
        parts.append(min(each, left))
        left -= parts[-1]
    return (*parts, left)


def _flat_total(terms: Terms) -> int:
    rates = sum((period_rate(terms, n) for n in range(1, terms.instalments + 1)), Fraction(0))
    return to_minor(financed(terms) * rates, terms.rounding)


def _rounded(terms: Terms, value: Fraction) -> int:
    return to_minor(value, terms.instalment_rounding, multiple=terms.instalment_multiple)


def contract_rate(terms: Terms) -> Fraction:
    """The contract's rate for a year: twelve months, or the days that its day count gives the year."""
    return terms.rate.fraction * {Per.YEAR: 1, Per.MONTH: 12, Per.DAY: days_in_year(terms)}[terms.rate.per]


def days_in_year(terms: Terms) -> int:
    """Over how many days a yearly rate is shared out: 360 under 30/360 and actual/360, else 365."""
    return 360 if terms.day_count in (DayCount.THIRTY_360, DayCount.ACTUAL_360) else 365


@lru_cache(maxsize=4096)
def penalty_rate(terms: Terms) -> Fraction:
    """What a day late costs on one unit of what bears penalty interest; 0 where the contract names none."""
    penalty = terms.penalty
    if penalty is None:
        return Fraction(0)
    if penalty.ppb:
        return Fraction(penalty.ppb, BILLION)
    return contract_rate(terms) / days_in_year(terms) * Fraction(penalty.ratio_ppb, BILLION)


def fee_amount(terms: Terms, fee: Fee, row: Instalment | None = None) -> int:
    """What a fee comes to once, in minor units; one that is a part of the instalment needs its `row`."""
    if fee.of is None:
        return fee.amount
    if fee.of is FeeOf.PRINCIPAL or row is None:
        base = terms.principal
    else:
        base = (row.principal if fee.of is not FeeOf.INSTALMENT_INTEREST else 0) + (
            row.interest if fee.of is not FeeOf.INSTALMENT_PRINCIPAL else 0
        )
    return to_minor(Fraction(base * fee.ppb, BILLION), terms.rounding)


def _fees_of(terms: Terms, row: Instalment, *, last: bool) -> int:
    """The fees that fall due with the instalment: its own, and dated ones since the due date before it."""
    start, end = period_start(terms, row.n), due_on(terms, row.n)
    total = 0
    for fee in terms.fees:
        if isinstance(fee.at, FeeAt):
            total += fee_amount(terms, fee, row) if fee.at is FeeAt.EACH_INSTALMENT else 0
        elif (start < fee.at <= end) or (row.n == 1 and fee.at < terms.disbursed_on) or (last and fee.at > end):
            total += fee_amount(terms, fee)
    return total
