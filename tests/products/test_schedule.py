"""The schedule: when each instalment falls due, and how it divides."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given

from holdfast.kernel.calendar import DayCount, Unit
from holdfast.kernel.errors import BadInput
from holdfast.kernel.rate import Per, Rate
from holdfast.kernel.rounding import Rounding
from holdfast.products.schedule import due_on, level, period_rate, rest_of_schedule, schedule
from holdfast.products.terms import Annuity, Excess, Fee, FeeAt, Method, PeriodInterest, Terms
from tests.servicing.contracts import contract, contracts


def principals(terms: Terms) -> list[int]:
    return [row.principal for row in schedule(terms)]


def interests(terms: Terms) -> list[int]:
    return [row.interest for row in schedule(terms)]


def test_equal_instalments_are_equal_and_the_last_takes_the_rest() -> None:
    # 4,000.00 at 1.20 % a month over 6 months: 694.94 five times, then 694.97.
    terms = contract(principal=400_000, instalments=6, rate=Rate(12_000_000, Per.MONTH), method=Method.EQUAL_INSTALMENT)
    assert [row.due for row in schedule(terms)] == [69_494] * 5 + [69_497]


@pytest.mark.parametrize(("principal", "rate_ppb", "instalment"), [(2_000_000, 53_100_000, 60_221), (1_650_000, 53_200_000, 49_690)])
def test_a_contract_may_round_its_instalment_up_to_the_cent(principal: int, rate_ppb: int, instalment: int) -> None:
    terms = contract(
        currency="USD",
        principal=principal,
        instalments=36,
        rate=Rate(rate_ppb),
        method=Method.EQUAL_INSTALMENT,
        instalment_rounding=Rounding.UP,
    )
    assert level(terms) == instalment


def test_equal_principal_repays_the_same_share_and_interest_falls_with_the_balance() -> None:
    terms = contract(instalments=3, principal=30_000)
    assert principals(terms) == [10_000, 10_000, 10_000]
    assert interests(terms) == [300, 200, 100]


def test_interest_first_asks_for_interest_each_period_and_principal_at_the_end() -> None:
    terms = contract(method=Method.INTEREST_FIRST, instalments=3, principal=100_000)
    assert principals(terms) == [0, 0, 100_000]
    assert interests(terms) == [1_000, 1_000, 1_000]


def test_a_single_period_pays_all_at_once() -> None:
    terms = contract(method=Method.SINGLE_PERIOD, instalments=1, every_count=3, principal=100_000)
    assert [(row.due_on, row.due) for row in schedule(terms)] == [(date(2026, 4, 1), 103_000)]


def test_flat_interest_is_on_the_first_principal_throughout() -> None:
    terms = contract(method=Method.FLAT, instalments=3, principal=300_000)
    assert [(row.principal, row.interest) for row in schedule(terms)] == [(100_000, 3_000)] * 3


def test_flat_interest_that_does_not_divide_leaves_its_rest_to_the_last() -> None:
    terms = contract(method=Method.FLAT, instalments=3, principal=10_000, rate=Rate(40_000_000))
    # 4 % a year of 100.00 for 3 months is 1.00: 0.33, 0.33, 0.34.
    assert interests(terms) == [33, 33, 34]


def test_flat_interest_rounded_up_never_asks_for_more_than_there_is() -> None:
    # 0.05 of interest over 4 instalments, each rounded up to 0.02: 0.02, 0.02, 0.01 and nothing.
    terms = contract(method=Method.FLAT, instalments=4, principal=1_000, rate=Rate(15_000_000), rounding=Rounding.UP)
    assert interests(terms) == [2, 2, 1, 0]


def test_interest_put_off_is_still_asked_for_when_the_balance_ends_within_the_grace() -> None:
    terms = contract(instalments=4, principal=400, rate=Rate(240_000_000), interest_grace=3, instalment_multiple=200)
    assert [(row.principal, row.interest) for row in schedule(terms)] == [(200, 0), (200, 12)]


def test_no_interest_means_equal_parts() -> None:
    terms = contract(method=Method.EQUAL_INSTALMENT, rate=Rate(0), instalments=3, principal=10_000)
    assert principals(terms) == [3_333, 3_333, 3_334]


def test_an_instalment_may_be_rounded_to_whole_yuan() -> None:
    terms = contract(method=Method.EQUAL_INSTALMENT, principal=500_000, instalments=18, instalment_multiple=100)
    assert [row.due for row in schedule(terms)] == [30_500] * 17 + [30_322]


def test_grace_on_principal_asks_for_interest_only_at_first() -> None:
    terms = contract(method=Method.EQUAL_INSTALMENT, principal=500_000, instalments=18, principal_grace=3, instalment_multiple=100)
    assert [(row.principal, row.interest) for row in schedule(terms)[:4]] == [(0, 5_000)] * 3 + [(31_100, 5_000)]


def test_grace_on_interest_moves_it_to_the_first_instalment_after() -> None:
    terms = contract(method=Method.INTEREST_FIRST, principal=100_000, instalments=4, interest_grace=2)
    assert interests(terms) == [0, 0, 3_000, 1_000]


def test_the_31st_returns_after_a_short_month() -> None:
    terms = contract(disbursed_on=date(2026, 1, 31), instalments=3)
    assert [row.due_on for row in schedule(terms)] == [date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30)]


def test_the_contract_may_name_its_first_due_date() -> None:
    terms = contract(first_due_on=date(2026, 2, 15), instalments=2)
    assert [due_on(terms, 1), due_on(terms, 2)] == [date(2026, 2, 15), date(2026, 3, 15)]


def test_a_longer_first_period_bears_interest_for_its_months_and_days() -> None:
    # 1 January to 15 February: a month, and 14 of February's 28 days: a month and a half.
    terms = contract(first_due_on=date(2026, 2, 15), instalments=2, principal=100_000)
    assert interests(terms)[0] == 1_500


@pytest.mark.parametrize(
    ("day_count", "interest"),
    [(DayCount.ACTUAL_360, 1_033), (DayCount.ACTUAL_365, 1_019), (DayCount.ACTUAL_ACTUAL, 1_019), (DayCount.THIRTY_360, 1_000)],
)
def test_interest_by_days_follows_the_day_count(day_count: DayCount, interest: int) -> None:
    # 1,000.00 for the 31 days of January 2026 at 12 %.
    terms = contract(principal=100_000, day_count=day_count, period_interest=PeriodInterest.DAILY)
    assert interests(terms)[0] == interest


def test_a_whole_month_is_a_twelfth_even_from_the_end_of_february() -> None:
    daily = {"period_interest": PeriodInterest.DAILY, "day_count": DayCount.THIRTY_360, "method": Method.INTEREST_FIRST}
    terms = contract(principal=100_000, instalments=4, disbursed_on=date(2026, 1, 31), **daily)
    assert interests(terms) == [1_000] * 4


def test_a_rate_per_day_counts_every_day() -> None:
    # 0.05 % a day on 1,000.00 for 10 days: 5.00.
    terms = contract(
        method=Method.SINGLE_PERIOD, instalments=1, every_unit=Unit.DAYS, every_count=10, rate=Rate(500_000, Per.DAY), principal=100_000
    )
    assert interests(terms) == [500]


def test_every_two_weeks_is_fourteen_days_of_a_360_day_year() -> None:
    terms = contract(every_unit=Unit.WEEKS, every_count=2, period_interest=PeriodInterest.DAILY)
    assert period_rate(terms, 1) == terms.rate.fraction * 14 / 360


def test_an_annuity_of_thirty_days_ignores_the_length_of_months() -> None:
    daily = {"method": Method.EQUAL_INSTALMENT, "period_interest": PeriodInterest.DAILY, "day_count": DayCount.ACTUAL_365}
    terms = contract(principal=500_000, instalments=6, annuity=Annuity.THIRTY_DAYS, disbursed_on=date(2022, 11, 1), **daily)
    # 30/365 of 12 % a period: 862.34; by each month's own days 862.57.
    assert level(terms) == 86_234
    assert level(contract(principal=500_000, instalments=6, disbursed_on=date(2022, 11, 1), **daily)) == 86_257


def test_a_balanced_instalment_moves_the_rest_of_rounding_over_all() -> None:
    plain = {"principal": 33_177, "rate": Rate(106_500_000), "instalments": 5, "method": Method.EQUAL_INSTALMENT}
    daily = {"period_interest": PeriodInterest.DAILY, "day_count": DayCount.ACTUAL_ACTUAL, "disbursed_on": date(2023, 12, 12)}
    assert [row.due for row in schedule(contract(**plain, **daily))] == [6_813] * 4 + [6_816]
    assert [row.due for row in schedule(contract(**plain, **daily, balanced=True))] == [6_814] * 4 + [6_812]


def test_a_fee_falls_due_with_each_instalment_or_with_the_one_that_its_date_belongs_to() -> None:
    fees = (Fee("insurance", 200, FeeAt.EACH_INSTALMENT), Fee("survey", 1_000, date(2026, 3, 1)), Fee("filing", 50, date(2027, 1, 1)))
    assert [row.fee for row in schedule(contract(instalments=3, fees=fees))] == [200, 1_200, 250]


def test_fees_of_the_payout_fall_due_on_its_day_beside_what_is_paid_out() -> None:
    terms = contract(instalments=3, fees=(Fee("payout", 300, FeeAt.DISBURSEMENT), Fee("survey", 500, date(2026, 1, 1))))
    first, *rest = schedule(terms)
    assert (first.n, first.due_on, first.principal, first.fee) == (0, terms.disbursed_on, 0, 800)
    # Nothing is taken out of the principal: all of it comes back in the instalments.
    assert sum(row.principal for row in rest) == terms.principal
    assert [row.fee for row in rest] == [0, 0, 0]


def test_a_down_payment_and_the_fees_of_the_payout_stand_in_one_row() -> None:
    first = schedule(contract(down_payment_ppb=250_000_000, fees=(Fee("payout", 300, FeeAt.DISBURSEMENT),)))[0]
    assert (first.n, first.principal, first.fee) == (0, 30_000, 300)


def test_a_balance_taken_over_runs_on_at_the_contract_s_own_instalment() -> None:
    terms = contract(method=Method.EQUAL_INSTALMENT, principal=400_000, instalments=6, rate=Rate(12_000_000, Per.MONTH))
    rows = rest_of_schedule(terms, balance=200_000, first=4)
    assert [(row.n, row.due, row.interest) for row in rows] == [(4, 69_494, 2_400), (5, 69_494, 1_595), (6, 65_787, 780)]


def test_a_balance_paid_down_ends_the_schedule_early() -> None:
    rows = rest_of_schedule(contract(), balance=15_000, first=3)
    assert [(row.n, row.principal, row.interest) for row in rows] == [(3, 10_000, 150), (4, 5_000, 50)]


def test_instalments_beyond_the_calendar_are_refused() -> None:
    with pytest.raises(BadInput, match="beyond the calendar"):
        schedule(contract(disbursed_on=date(9999, 6, 1)))


@given(contracts())
def test_the_principal_of_a_schedule_sums_to_the_principal(terms: Terms) -> None:
    rows = schedule(terms)
    assert sum(row.principal for row in rows) == terms.principal
    assert all(row.principal >= 0 and row.interest >= 0 for row in rows)
    assert [row.n for row in rows] == list(range(1, len(rows) + 1))


@given(contracts())
def test_due_dates_only_go_forward(terms: Terms) -> None:
    dates = [terms.disbursed_on, *(row.due_on for row in schedule(terms))]
    assert dates == sorted(set(dates))


# ── balloon, a last day of its own, decimals ───────────────────────────────────────────────────────────────


def test_a_balloon_falls_due_with_the_last_instalment_beside_its_own() -> None:
    # 1,200.00 in three equal principals with a balloon of 600.00: 200.00 each, and 12.00, 10.00, 8.00 of interest.
    terms = contract(principal=120_000, instalments=3, balloon=60_000)
    assert [(row.principal, row.interest) for row in schedule(terms)] == [(20_000, 1_200), (20_000, 1_000), (80_000, 800)]
    # Equal instalments: (1,200.00 - 600.00 / 1.01^3) / 2.940985 = 210.01; the last asks for 600.00 more, give or take a fen.
    equal = schedule(contract(principal=120_000, instalments=3, balloon=60_000, method=Method.EQUAL_INSTALMENT))
    assert [row.due for row in equal] == [21_001, 21_001, 81_002]
    flat = schedule(contract(principal=120_000, instalments=3, balloon=60_000, method=Method.FLAT))
    assert [(row.principal, row.interest) for row in flat] == [(20_000, 1_200), (20_000, 1_200), (80_000, 1_200)]


def test_the_last_instalment_may_have_a_day_of_its_own_and_bears_interest_for_its_days() -> None:
    # From 1 March to 16 March is 15 of 31 days: of 400.00 at 1 % a month 1.94.
    rows = schedule(contract(principal=120_000, instalments=3, last_due_on=date(2026, 3, 16)))
    assert [(row.due_on.isoformat(), row.interest) for row in rows] == [("2026-02-01", 1_200), ("2026-03-01", 800), ("2026-03-16", 194)]


@pytest.mark.parametrize(("currency", "each"), [("JPY", [400, 400, 400]), ("CNY", [400, 400, 400]), ("KWD", [400, 400, 400])])
def test_a_currency_has_its_own_decimals(currency: str, each: list[int]) -> None:
    rows = schedule(contract(principal=1_200, instalments=3, currency=currency))
    assert [row.principal for row in rows] == each and [row.interest for row in rows] == [12, 8, 4]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"balloon": -1}, "terms.balloon"),
        ({"balloon": 120_000}, "terms.balloon"),
        ({"balloon": 1, "method": Method.INTEREST_FIRST}, "terms.balloon"),
        ({"last_due_on": date(2026, 1, 1)}, "terms.last_due_on"),
        ({"limit": 119_999}, "terms.limit"),
        ({"excess_for": (("salary", Excess.NEXT),)}, "terms.excess_for.salary"),
    ],
)
def test_terms_that_cannot_be_are_refused(change: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as refused:
        contract(**change)
    assert refused.value.field == field


def test_these_terms_are_written_and_read_back_the_same() -> None:
    terms = contract(balloon=100, last_due_on=date(2027, 2, 1), limit=130_000, excess_for=(("goodwill", Excess.LAST),))
    assert Terms.from_json(terms.to_json()) == terms
