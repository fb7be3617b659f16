"""The forecast: the worked example, and what must hold of any phone and any schedule."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.collateral.forecast import (
    Limit,
    Sale,
    Spread,
    balances_of,
    haircut_ppm,
    limit,
    monthly,
    net,
    quantile,
    spread_of,
)
from holdfast.kernel.errors import BadInput

# A phone offered at 374.00, as worked out by hand from the same formula: drift 0.295, spreads 0.234 and 0.14, cost 10.00.
PHONE, SPREAD, SALE = 37_400, Spread(0.295, 0.234, 0.14), Sale(cost=1_000)
RATES = st.integers(0, 36).map(lambda percent: monthly(str(percent)))
METHODS = st.sampled_from(["bullet", "equal_principal", "equal_instalment"])
POINTS = st.integers(20_000, 2_000_000)
SPREADS = st.builds(Spread, st.floats(0.05, 0.6), st.floats(0.05, 0.4), st.floats(0.05, 0.3))


@pytest.mark.parametrize(
    ("method", "months", "rate", "lent", "month"),
    [
        ("bullet", 3, "24", 161, 3), ("bullet", 6, "24", 147, 6), ("bullet", 12, "24", 121, 12),
        ("equal_instalment", 3, "24", 172, 1), ("equal_instalment", 12, "24", 172, 1), ("equal_instalment", 6, "36", 167, 1),
    ],
)  # fmt: skip
def test_the_worked_example_comes_out_to_the_unit(method: str, months: int, rate: str, lent: int, month: int) -> None:
    found = limit(PHONE, balances_of(method, months, monthly(rate)), monthly(rate), spread=SPREAD, sale=SALE)
    assert abs(found.amount - lent * 100) <= 100
    assert found.binding_month == month


def test_one_phone_in_twenty_fetches_less_than_two_thirds_today() -> None:
    assert round(quantile(PHONE, 0, 0.05, SPREAD) / PHONE, 2) == 0.68
    assert round(quantile(PHONE, 6, 0.05, SPREAD) / PHONE, 2) == 0.57
    assert round(quantile(PHONE, 12, 0.05, SPREAD) / PHONE, 3) == 0.475


@given(POINTS, SPREADS, METHODS, RATES, st.integers(1, 24))
def test_never_more_is_lent_than_the_thing_would_net_today(point: int, spread: Spread, method: str, rate: Fraction, months: int) -> None:
    found = limit(point, balances_of(method, months, rate), rate, spread=spread, sale=SALE)
    assert 0 <= found.amount <= max(0, net(point, 0, 0.05, spread, SALE))


@given(POINTS, SPREADS, RATES, st.integers(1, 23))
def test_a_longer_bullet_lends_no_more(point: int, spread: Spread, rate: Fraction, months: int) -> None:
    def lent(n: int) -> int:
        return limit(point, balances_of("bullet", n, rate), rate, spread=spread, sale=SALE).amount

    assert lent(months + 1) <= lent(months)


@given(POINTS, SPREADS, METHODS, RATES, st.integers(1, 12))
def test_a_bolder_quantile_lends_more_and_a_faster_fall_or_a_longer_sale_less(
    point: int, spread: Spread, method: str, rate: Fraction, months: int
) -> None:
    balances = balances_of(method, months, rate)

    def lent(spread: Spread = spread, sale: Sale = SALE, q: float = 0.05) -> int:
        return limit(point, balances, rate, spread=spread, sale=sale, q=q).amount

    assert lent(q=0.10) >= lent()
    assert lent(spread=Spread(spread.drift + 0.1, spread.now, spread.a_year)) <= lent()
    assert lent(spread=Spread(spread.drift, spread.now + 0.05, spread.a_year)) <= lent()
    assert lent(sale=Sale(cost=1_000, lag_months=4)) <= lent()


@given(POINTS, METHODS, RATES, st.integers(1, 12))
def test_the_limit_is_the_largest_principal_that_every_month_covers(point: int, method: str, rate: Fraction, months: int) -> None:
    """Brute force: one minor unit more would not be covered in some month."""
    balances = balances_of(method, months, rate)
    found = limit(point, balances, rate, spread=SPREAD, sale=SALE)
    growth = float(1 + rate * (1 + SALE.lag_months))

    def covered(principal: int) -> bool:
        later = all(
            principal * float(owed) * growth <= net(point, k + SALE.lag_months, 0.05, SPREAD, SALE) * (1 + 1e-12)
            for k, owed in enumerate(balances, start=1)
            if owed > 0
        )
        return later and principal <= net(point, 0, 0.05, SPREAD, SALE)

    assert found.amount == 0 or covered(found.amount)
    assert not covered(found.amount + 1)


@given(METHODS, RATES, st.integers(1, 36))
def test_a_schedule_begins_with_all_and_ends_with_nothing_but_the_last_part(method: str, rate: Fraction, months: int) -> None:
    balances = balances_of(method, months, rate)
    assert balances[0] == 1 and len(balances) == months
    assert all(later <= earlier for earlier, later in pairwise(balances))


def test_a_model_that_nobody_priced_is_less_sure() -> None:
    assert quantile(PHONE, 0, 0.05, spread_of(seen=False)) < quantile(PHONE, 0, 0.05, spread_of(seen=True))


def test_a_haircut_is_rounded_against_the_borrower_never_above_the_whole() -> None:
    assert haircut_ppm(300, 200) == 333_334
    assert haircut_ppm(300, 300) == 0
    assert haircut_ppm(300, 0) == 1_000_000


def test_what_is_no_schedule_or_rate_is_refused_by_field() -> None:
    with pytest.raises(BadInput, match="method"):
        balances_of("balloon", 3, Fraction(0))
    with pytest.raises(BadInput, match="at least 1"):
        balances_of("bullet", 0, Fraction(0))
    for text in ("x", "-1", "101", "NaN"):
        with pytest.raises(BadInput, match="rate_percent"):
            monthly(text)
    with pytest.raises(BadInput, match="whole principal"):
        limit(PHONE, [], Fraction(0), spread=SPREAD, sale=SALE)
    assert limit(100, [Fraction(1)], Fraction(0), spread=SPREAD, sale=SALE) == Limit(0, 1)
