"""Peer terms: a product and a loan of the second family of worked examples, as our own contract terms.

What the family leaves unsaid it always means alike: two decimals, interest by days over 365, the equal
instalment an annuity of twelfths rounded up to a whole unit. A field that is not known is never guessed at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from holdfast.kernel.calendar import DayCount, Unit, add_months, parse_date, step
from holdfast.kernel.errors import BadInput
from holdfast.kernel.money import minor_of
from holdfast.kernel.rate import Rate, ppb_of_percent
from holdfast.kernel.rounding import Rounding
from holdfast.products.schedule import Instalment, evenly, level, schedule
from holdfast.products.terms import MOST_INSTALMENTS, Annuity, Method, PayoffInterest, PeriodInterest, Terms
from holdfast.servicing.vectors.fields import NotYet, a_whole, an_object

CURRENCY: Final = "CNY"  # the family names none; it keeps two decimals
# A currency without decimals: the preview of an application rounds each month's interest to the whole unit.
WHOLE_UNITS: Final = "JPY"
_WHOLE_UNIT: Final = 100
_PRODUCT: Final = frozenset(
    {
        "name", "max", "rate", "term", "schedule", "cycle_day", "min_days_first_repayment", "penalty_rate", "grace_days",
        "auto_write_off_limit",
    }
)  # fmt: skip
_LOAN: Final = frozenset(
    {
        "id", "principal", "rate", "periods", "emi", "method", "bpi_recovery", "limit", "limit_from", "limit_to", "accrual", "frequency",
        "auto_write_off_limit", "npa_threshold_dpd", "loans", "frozen_from",
    }
)  # fmt: skip
_EVERY: Final = {
    "monthly": (1, Unit.MONTHS),
    "quarterly": (3, Unit.MONTHS),
    "weekly": (1, Unit.WEEKS),
    "bi-weekly": (2, Unit.WEEKS),
    "daily": (1, Unit.DAYS),
}
_IN_ADVANCE: Final = ("principal", "interest", "fee", "penalty")


@dataclass(frozen=True, slots=True)
class Broken:
    """Interest of the days between the payout and the first whole period, and what becomes of it."""

    days: int
    interest: int
    recovery: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The terms of one payout, the broken period before them, and whether the money is repaid on demand or at once."""

    terms: Terms
    broken: Broken
    running: bool

    def rows(self) -> list[Instalment]:
        """The schedule with the broken period's interest where the contract puts it."""
        rows, broken = schedule(self.terms), self.broken
        if not broken.interest:
            return rows
        if broken.recovery.startswith("amorti"):
            evened = replace(self.terms, instalment_rounding=Rounding.HALF_UP, instalment_multiple=1)
            for row, share in zip(rows, evenly(evened, broken.interest, len(rows)), strict=True):
                row.interest += share
        elif broken.recovery.startswith("add"):
            rows[0].interest += broken.interest
        else:
            # Due by itself on the day on which the first whole period begins; the payout itself is never cut.
            rows.insert(0, Instalment(0, self.terms.disbursed_on, 0, broken.interest))
        return rows


def known(given: Mapping[str, Any], fields: frozenset[str], where: str) -> None:
    """NotYet for a field that we have no rule for: what it would change is not guessed."""
    for name in given:
        if name not in fields:
            raise NotYet(f"{where}-{name}".replace("_", "-"), f"{where}.{name}")


def check(product: Mapping[str, Any], loan: Mapping[str, Any]) -> None:
    """BadInput or NotYet for what cannot be said in our terms."""
    known(product, _PRODUCT, "product")
    known(loan, _LOAN, "loan")
    several = loan.get("loans", [])
    if not isinstance(several, list):
        raise BadInput(f"loan.loans: write a list, not {several!r}", field="loan.loans")
    for number, each in enumerate(several):
        known(an_object(each, f"loan.loans[{number}]", known=None, needed=("id",)), _LOAN, "loan")


def money(value: object, field: str, currency: str = CURRENCY) -> int:
    """An amount in whole units with up to two decimals, read as decimal text."""
    return minor_of(_decimal_text(value, field, "an amount"), currency, field)


def percent(value: object, field: str) -> int:
    """A percentage in parts per billion."""
    return ppb_of_percent(_decimal_text(value, field, "a percentage"), field)


def _decimal_text(value: object, field: str, what: str) -> str:
    if isinstance(value, int | Decimal | str) and not isinstance(value, bool):
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            number = Decimal("NaN")
        if number.is_finite():
            return format(number, "f")
    raise BadInput(f"{field}: write {what}, not {value!r}", field=field)


def rate_of(product: Mapping[str, Any], loan: Mapping[str, Any]) -> Rate:
    """The loan's own yearly rate, else the product's."""
    return Rate(percent(loan.get("rate", product.get("rate")), "loan.rate"))


def runs(product: Mapping[str, Any], loan: Mapping[str, Any]) -> bool:
    """Whether interest simply runs on what is owed: on demand, or all at one time."""
    return product.get("term") is False or str(loan.get("frequency", "")).lower() == "one time"


def preview(product: Mapping[str, Any], loan: Mapping[str, Any]) -> Terms:
    """An application's preview: each month a twelfth of the year, its interest rounded to the whole unit."""
    begun = date(2000, 1, 1)  # twelfths of a year: the day does not count
    terms = _terms(product, loan, CURRENCY, money(loan["principal"], "loan.principal"), begun, None)
    return replace(
        terms, currency=WHOLE_UNITS, principal=terms.principal // _WHOLE_UNIT, day_count=DayCount.THIRTY_360,
        period_interest=PeriodInterest.PERIOD, instalment_amount=terms.instalment_amount and terms.instalment_amount // _WHOLE_UNIT,
    )  # fmt: skip


def plan(product: Mapping[str, Any], loan: Mapping[str, Any], payout: Mapping[str, Any], amount: int) -> Plan:
    """The terms of `amount` paid out by the event `payout`."""
    paid_on = parse_date(payout.get("date"), "events.date")
    if runs(product, loan):
        return Plan(until(amount, rate_of(product, loan), paid_on, step(paid_on, Unit.DAYS, 1)), Broken(0, 0, ""), running=True)
    count, unit = _every(loan)
    first = _first_due(product, loan, payout, paid_on)
    before = step(first, unit, -count)
    recovery = str(loan.get("bpi_recovery") or "").lower()
    days = max(0, (before - paid_on).days) if recovery or "cycle" in str(product.get("schedule", "")).lower() else 0
    interest = schedule(until(amount, rate_of(product, loan), paid_on, before))[0].interest if days else 0
    # The first due date may stand on the payout's own day: its period is then the whole one before it.
    begun = before if days or first <= paid_on else paid_on
    return Plan(_terms(product, loan, CURRENCY, amount, begun, first), Broken(days, interest, recovery), running=False)


def until(principal: int, rate: Rate, start: date, end: date) -> Terms:
    """Interest by days on `principal` from `start` to `end`, all of it due then: how a loan on demand runs."""
    return Terms(
        CURRENCY, principal, Method.SINGLE_PERIOD, rate, 1, start, day_count=DayCount.ACTUAL_365, period_interest=PeriodInterest.DAILY,
        first_due_on=end, payoff_interest=PayoffInterest.SCHEDULED,
    )  # fmt: skip


def _terms(
    product: Mapping[str, Any], loan: Mapping[str, Any], currency: str, principal: int, begun: date, first: date | None
) -> Terms:  # fmt: skip
    flat = "flat" in str(product.get("schedule", "")).lower()
    count, unit = _every(loan)
    fixed = None if loan.get("emi") is None else money(loan["emi"], "loan.emi", currency)
    # Where the instalment is fixed and the number of them is not, the list ends when the balance is gone.
    number = a_whole(loan.get("periods", MOST_INSTALMENTS if fixed else None), "loan.periods", least=1, most=MOST_INSTALMENTS)
    terms = Terms(
        currency, principal, Method.FLAT if flat else Method.EQUAL_INSTALMENT, rate_of(product, loan), number, begun,
        every_count=count, every_unit=unit, first_due_on=first, instalment_rounding=Rounding.UP, instalment_multiple=_WHOLE_UNIT,
        annuity=Annuity.EACH_PERIOD, allocation=("fee", "penalty", "interest", "principal"), allocation_in_advance=_IN_ADVANCE,
    )  # fmt: skip
    if flat:
        return replace(terms, instalment_multiple=1)
    # The instalment is set as if every period were a whole one, the first too.
    amount = fixed or level(replace(terms, first_due_on=None))
    return replace(terms, day_count=DayCount.ACTUAL_365, period_interest=PeriodInterest.DAILY, instalment_amount=amount)


def _every(loan: Mapping[str, Any]) -> tuple[int, Unit]:
    name = str(loan.get("frequency", "monthly")).lower()
    if name not in _EVERY:
        raise NotYet(f"frequency-{name}".replace(" ", "-"), "loan.frequency")
    return _EVERY[name]


def _first_due(product: Mapping[str, Any], loan: Mapping[str, Any], payout: Mapping[str, Any], paid_on: date) -> date:
    """The first due date: as agreed, or where the product's own rule puts it."""
    kind = str(product.get("schedule", "")).lower()
    next_month = add_months(paid_on.replace(day=1), 1)
    if "pro-rated" in kind:
        if "start of the next month" in kind:
            return next_month
        if "end of the current month" in kind:
            last = step(next_month, Unit.DAYS, -1)
            if last.day != 31:
                raise NotYet("month-end-from-a-short-month", "product.schedule")
            return last
        raise NotYet("schedule-pro-rated", "product.schedule")
    given = None if payout.get("first_due") is None else parse_date(payout["first_due"], "events.first_due")
    if "cycle" in kind and (given is None or given <= paid_on):
        day = a_whole(product.get("cycle_day"), "product.cycle_day", least=1, most=28)
        least = a_whole(product.get("min_days_first_repayment", 0), "product.min_days_first_repayment")
        found = next_month.replace(day=day)
        return found if (found - paid_on).days >= least else add_months(found, 1)
    count, unit = _every(loan)
    return given or step(paid_on, unit, count)
