"""Forecast: what a phone will fetch in the months of a loan, and how much may be lent on it so that the loan stays covered.

The value follows a lognormal path: log V(t) = log V0 - mu t + s0 e + sm sqrt(t) z. At each instalment the lower
quantile, less what selling costs, must cover what the contract's own schedule then still leaves owed, after the time that
a sale takes. Pure; probabilities are floats, and money becomes whole minor units only at the edge, rounded down.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from statistics import NormalDist
from typing import Final

from holdfast.kernel.errors import BadInput, Fault

# Loss of value a year: log price of 5,881 second-hand phones by age (0.308, s.e. 0.002; a cross-section, so an upper guess).
DRIFT_A_YEAR: Final = 0.30
# Residual spread of one phone's log price: of models that the price book knows, and of those it does not (lower bound / price 0.64).
SPREAD_SEEN: Final = 0.234
SPREAD_UNSEEN: Final = 0.271
# Spread of a model's own price over a year. Assumed; to be learned from the house's sales.
SPREAD_A_YEAR: Final = 0.14
# Between what is asked and what is paid, and what a sale costs: shares. Assumed until own sales tell.
ASK_TO_SALE: Final = 0.10
SALE_FEE: Final = 0.08
# Cost of recovering a phone, in minor units of each currency. Assumed.
RECOVERY_COST: Final[Mapping[str, int]] = {
    "CNY": 7_000, "USD": 1_000, "HKD": 7_800, "EUR": 900, "GBP": 800, "SGD": 1_300, "JPY": 150_000,
}  # fmt: skip
# Months between default and the money of the sale. Assumed.
LAG_MONTHS: Final = 2
# The quantile that must cover the debt: one phone in twenty may fetch less.
QUANTILE: Final = 0.05
QUANTILES: Final = (0.05, 0.25, 0.50, 0.75, 0.95)
MONTHS: Final = 12


@dataclass(frozen=True, slots=True)
class Spread:
    """How sure the value is: drift and spreads by which it is forecast."""

    drift: float = DRIFT_A_YEAR
    now: float = SPREAD_SEEN
    a_year: float = SPREAD_A_YEAR


@dataclass(frozen=True, slots=True)
class Sale:
    """What a sale takes off: shares, a cost in minor units, and months."""

    ask_to_sale: float = ASK_TO_SALE
    fee: float = SALE_FEE
    cost: int = 0
    lag_months: int = LAG_MONTHS


@dataclass(frozen=True, slots=True)
class Limit:
    """The most that may be lent, in minor units, and the month whose value binds it."""

    amount: int
    binding_month: int


def quantile(point: int, months: float, q: float, spread: Spread) -> float:
    """The value in minor units, not rounded, that a share `q` of such phones stays below after so many months."""
    if not 0 < q < 1:
        raise Fault("a quantile lies between 0 and 1")
    years = months / 12
    width = math.sqrt(spread.now**2 + spread.a_year**2 * years)
    return point * math.exp(-spread.drift * years + NormalDist().inv_cdf(q) * width)


def net(point: int, months: float, q: float, spread: Spread, sale: Sale) -> float:
    """What is left of that value once it is sold: less the way from asking to sale, the fee and the cost."""
    return (1 - sale.ask_to_sale) * (1 - sale.fee) * quantile(point, months, q, spread) - sale.cost


def limit(point: int, balances: Sequence[Fraction], monthly_rate: Fraction, *, spread: Spread, sale: Sale, q: float = QUANTILE) -> Limit:
    """The largest principal that every month's net value covers.

    `balances[k]` is what is owed of one unit of principal before instalment k + 1, a month after the one before; the debt
    grows by `monthly_rate` in that month and in those that a sale takes.
    """
    if not balances or balances[0] != 1:
        raise BadInput("loan: a schedule begins with the whole principal owed", field="loan")
    growth = float(1 + monthly_rate * (1 + sale.lag_months))
    worst, month = math.inf, 0
    for k, owed in enumerate(balances, start=1):
        if owed <= 0:
            continue
        covered = net(point, k + sale.lag_months, q, spread, sale) / (float(owed) * growth)
        if covered < worst:
            worst, month = covered, k
    return Limit(max(0, math.floor(min(worst, net(point, 0, q, spread, sale)))), month)


def balances_of(method: str, instalments: int, monthly_rate: Fraction) -> list[Fraction]:
    """What is owed of one unit of principal before each monthly instalment, by the contract's method."""
    if instalments < 1:
        raise BadInput("loan.instalments: at least 1", field="loan.instalments")
    if method in ("bullet", "interest_first", "single_period"):
        return [Fraction(1)] * instalments
    if method == "equal_principal":
        return [Fraction(instalments - k, instalments) for k in range(instalments)]
    if method != "equal_instalment":
        raise BadInput(
            f"loan.method: {method!r} is not one of bullet, interest_first, single_period, equal_principal, equal_instalment",
            field="loan.method",
        )
    if not monthly_rate:
        return [Fraction(instalments - k, instalments) for k in range(instalments)]
    grown = (1 + monthly_rate) ** instalments
    level = monthly_rate * grown / (grown - 1)
    found, owed = [], Fraction(1)
    for _ in range(instalments):
        found.append(owed)
        owed = owed * (1 + monthly_rate) - level
    return found


def haircut_ppm(point: int, lent: int) -> int:
    """The share of the value that is not lent, in parts per million, rounded up."""
    return -((-(point - lent) * 1_000_000) // point) if point else 1_000_000


def spread_of(*, seen: bool) -> Spread:
    """The spread for a model that the price book knows, or does not."""
    return Spread(now=SPREAD_SEEN if seen else SPREAD_UNSEEN)


def monthly(percent_a_year: str, field: str = "loan.rate_percent") -> Fraction:
    """A yearly percentage as the exact rate of a month."""
    try:
        rate = Decimal(percent_a_year)
    except ArithmeticError:
        raise BadInput(f"{field}: write a percentage a year, such as 18.5", field=field) from None
    if not rate.is_finite() or not 0 <= rate <= 100:
        raise BadInput(f"{field}: a rate lies between 0 and 100 percent", field=field)
    return Fraction(rate) / 1200
