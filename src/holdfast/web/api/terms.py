"""A contract's terms as a request says them, and as servicing takes them.

Amounts come as money; inside they are bare minor units of the one currency of the contract. What the
request leaves out comes from the product, and then from the defaults of `products.Terms`.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import DecimalException
from typing import Annotated, Any, Final, Literal

from pydantic import Field, StrictBool, StrictInt

from holdfast.kernel.calendar import DayCount, Unit
from holdfast.kernel.errors import BadInput
from holdfast.kernel.money import LARGEST_MINOR
from holdfast.kernel.rate import Per
from holdfast.kernel.rounding import Rounding
from holdfast.products.cost import YearlyCost, yearly_cost
from holdfast.products.schedule import due_on
from holdfast.products.terms import MOST_INSTALMENTS, FeeAt, FeeOf, Method, PayoffInterest, PenaltyBase, PeriodInterest, Terms
from holdfast.web.api.values import LAST_DAY, Day, In, MoneyIn, Name

# Ten times the principal for each period: far beyond any lawful rate, so that no amount outgrows the book.
HIGHEST_PPB: Final = 10_000_000_000
Part = Literal["fee", "penalty", "interest", "principal"]


class TermsRateIn(In):
    """Parts per billion of its own period: 12 % a year is `{"ppb": 120000000, "per": "year"}`."""

    ppb: Annotated[StrictInt, Field(ge=0, le=HIGHEST_PPB)]
    per: Per


class FeeIn(In):
    """A cost that the contract names, due at a named moment or on a day: an amount, or `ppb` parts per billion `of` something."""

    name: Name
    amount: MoneyIn | None = None
    at: FeeAt | Day
    collected_by: Name = "lender"
    ppb: Annotated[StrictInt, Field(ge=1, le=HIGHEST_PPB)] | None = None
    of: FeeOf | None = None


class PenaltyIn(In):
    """Penalty interest on what is late: `ppb` parts per billion a day, or `ratio_ppb` times the contract's rate in parts per billion."""

    base: PenaltyBase
    ppb: Annotated[StrictInt, Field(ge=1, le=HIGHEST_PPB)] | None = None
    ratio_ppb: Annotated[StrictInt, Field(ge=1, le=10 * HIGHEST_PPB)] | None = None
    from_day: Annotated[StrictInt, Field(ge=1, le=366)] = 1


class TermsIn(In):
    """What the contract says about money and days."""

    principal: MoneyIn
    disbursed_on: Day
    method: Method | None = None
    rate: TermsRateIn | None = None
    instalments: Annotated[StrictInt, Field(ge=1, le=MOST_INSTALMENTS)] | None = None
    first_due_on: Day | None = None
    day_count: DayCount | None = None
    period_interest: PeriodInterest | None = None
    every_count: Annotated[StrictInt, Field(ge=1, le=366)] | None = None
    every_unit: Unit | None = None
    rounding: Rounding | None = None
    instalment_rounding: Rounding | None = None
    instalment_multiple: Annotated[StrictInt, Field(ge=1, le=LARGEST_MINOR)] | None = None
    instalment_amount: MoneyIn | None = None
    principal_grace: Annotated[StrictInt, Field(ge=0, le=MOST_INSTALMENTS)] | None = None
    interest_grace: Annotated[StrictInt, Field(ge=0, le=MOST_INSTALMENTS)] | None = None
    balanced: StrictBool | None = None
    allocation: Annotated[list[Part], Field(min_length=4, max_length=4)] | None = None
    payoff_interest: PayoffInterest | None = None
    fees: Annotated[list[FeeIn], Field(max_length=20)] | None = None
    penalty: PenaltyIn | None = None


def terms_of(asked: TermsIn, offered: Mapping[str, Any]) -> Terms:
    """The contract's terms: what was asked, laid over what the product offers. BadInput names what does not fit."""
    currency = str(asked.principal.currency)
    if offered.get("currency", currency) != currency:
        raise BadInput(f"terms.principal.currency: the product is in {offered['currency']}", field="terms.principal.currency")
    fields = {name: value for name, value in asked.model_dump(mode="json", exclude={"fees", "penalty"}).items() if value is not None}
    fields |= {"currency": currency, "principal": asked.principal.minor}
    if asked.instalment_amount is not None:
        fields["instalment_amount"] = _minor(asked.instalment_amount, currency, "terms.instalment_amount")
    if asked.fees is not None:
        fields["fees"] = [_fee(fee, currency, f"terms.fees[{number}]") for number, fee in enumerate(asked.fees)]
    if asked.penalty is not None:
        fields["penalty"] = asked.penalty.model_dump(mode="json", exclude_none=True)
    terms = Terms.from_json({**offered, **fields})
    _check_length(terms)
    return terms


def cost_of(terms: Terms) -> YearlyCost:
    """What the loan costs in a year; BadInput where that is beyond any figure."""
    try:
        return yearly_cost(terms)
    except (DecimalException, ZeroDivisionError):
        raise BadInput(
            "terms.rate: these terms cost more in a year than can be stated; lower the rate or the fees", field="terms.rate"
        ) from None


def _fee(fee: FeeIn, currency: str, field: str) -> dict[str, Any]:
    if (fee.amount is None) == (fee.ppb is None) or (fee.ppb is None) != (fee.of is None):
        raise BadInput(f"{field}: give an amount, or ppb of something, and not both", field=field)
    return {
        "name": fee.name,
        "amount": 0 if fee.amount is None else _minor(fee.amount, currency, f"{field}.amount"),
        "at": fee.at.value if isinstance(fee.at, FeeAt) else fee.at.isoformat(),
        "collected_by": fee.collected_by,
        **({} if fee.of is None else {"ppb": fee.ppb, "of": fee.of.value}),
    }


def _minor(amount: MoneyIn, currency: str, field: str) -> int:
    if amount.currency != currency:
        raise BadInput(f"{field}.currency: the contract is in {currency}, not {amount.currency}", field=f"{field}.currency")
    return amount.minor


def _check_length(terms: Terms) -> None:
    """The last instalment must fall due on a day that the book can name."""
    try:
        fits = due_on(terms, terms.instalments) <= LAST_DAY
    except (ValueError, OverflowError):
        fits = False
    if not fits:
        raise BadInput(f"terms.instalments: the last one would fall due after {LAST_DAY}", field="terms.instalments")
