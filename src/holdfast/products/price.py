"""Price: what a loan costs the borrower in all, and whether that is lawful on a day.

All that the borrower bears counts, whoever collects it. Of the two yearly figures (nominal and
effective) the higher is held against the ceiling, unrounded.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from holdfast.kernel.errors import Refusal
from holdfast.kernel.rate import BILLION, percent_of_ppb
from holdfast.policy import Ceiling, Lender, Pack
from holdfast.products.cost import YearlyCost, exact_cost, yearly_cost
from holdfast.products.schedule import Instalment, contract_rate, days_in_year, fee_amount, penalty_rate, schedule
from holdfast.products.terms import Fee, FeeAt, Terms


@dataclass(frozen=True, slots=True)
class Price:
    """All that the borrower pays if the loan is performed as agreed. Amounts are minor units.

    `fees` pairs each fee with its sum over the life of the loan; `total` is principal, interest and fees.
    """

    principal: int
    interest: int
    fees: tuple[tuple[Fee, int], ...]
    total: int
    cost: YearlyCost
    instalments: tuple[Instalment, ...]

    @property
    def all_in(self) -> Decimal:
        """The yearly figure that people are shown: the higher of the two, to four decimals."""
        return max(self.cost.nominal, self.cost.effective)


def price_of(terms: Terms) -> Price:
    """The price of these terms, with the schedule it is the sum of."""
    rows = tuple(schedule(terms))
    fees = tuple(
        (fee, sum(fee_amount(terms, fee, row) for row in rows if row.n >= 1) if fee.at is FeeAt.EACH_INSTALMENT else fee_amount(terms, fee))
        for fee in terms.fees
    )
    interest = sum(row.interest for row in rows)
    total = terms.principal + interest + sum(amount for _fee, amount in fees)
    return Price(terms.principal, interest, fees, total, yearly_cost(terms), rows)


def check_ceiling(terms: Terms, pack: Pack, lender: Lender, *, on: date, product: str) -> Ceiling:
    """The ceiling of that day, if these terms keep it; Refusal, naming the rule and both figures, if they do not."""
    ceiling = pack.ceiling(on=on, lender_type=lender.lender_type or "", product=product)
    exact = exact_cost(terms)
    highest = max(exact.nominal, exact.effective)
    if highest * BILLION > ceiling.rate.ppb:
        shown = max(yearly_cost(terms).nominal, yearly_cost(terms).effective) * 100
        raise Refusal(
            f"all costs together come to {shown:.2f} % a year; rule {ceiling.rule.key} allows {percent_of_ppb(ceiling.rate.ppb)} % on {on}",
            code="above_ceiling",
            field="terms.rate",
            all_in=str(highest.quantize(Decimal("0.000001"))),
            ceiling_ppb=ceiling.rate.ppb,
        )
    _check_penalty(terms, pack, lender, ceiling, on=on)
    return ceiling


def penalty_cap(terms: Terms, *, percent: int, ceiling_ppb: int) -> Fraction:
    """The most that penalty interest may come to by the year: that share of the contract's rate, never above the ceiling of all costs."""
    return min(contract_rate(terms) * Fraction(percent, 100), Fraction(ceiling_ppb, BILLION))


def _check_penalty(terms: Terms, pack: Pack, lender: Lender, ceiling: Ceiling, *, on: date) -> None:
    """Refusal if penalty interest is dearer than the pack's share of the contract's rate, or by the year than the ceiling of all costs."""
    if terms.penalty is None:
        return
    percent = pack.number("servicing.penalty_cap_percent", on=on, lender_type=lender.lender_type)
    yearly, most = penalty_rate(terms) * days_in_year(terms), penalty_cap(terms, percent=percent, ceiling_ppb=ceiling.rate.ppb)
    if yearly > most:
        raise Refusal(
            f"penalty interest of {_told(yearly)} % a year is too dear: rule servicing.penalty_cap_percent allows {percent} % of the "
            f"contract's rate, and {ceiling.rule.key} {percent_of_ppb(ceiling.rate.ppb)} % in all; at most {_told(most)} % here",
            code="penalty_above_cap",
            field="terms.penalty",
            yearly=_told(yearly),
            most=_told(most),
        )


def _told(share: Fraction) -> str:
    return f"{Decimal(share.numerator) / share.denominator * 100:.4f}"
