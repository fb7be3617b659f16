"""The pay-off: what ends the loan on a day, line by line."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from holdfast.products.terms import PayoffInterest
from holdfast.servicing.payoff import PayoffLine, ends, payoff, payoff_lines
from tests.servicing.contracts import START, Story, contract, lent, stories


def test_the_running_period_owes_interest_for_its_days_only() -> None:
    # 15 of February's 28 days of 11.00: 5.89.
    story = lent().paid(11_200, date(2026, 2, 1)).due(1)
    assert payoff_lines(story.state, date(2026, 2, 16)) == [
        PayoffLine("principal", 0, 110_000),
        PayoffLine("interest_running", 2, 589, of=1_100, days=15, period_days=28),
    ]


def test_instalments_that_have_fallen_due_owe_their_whole_interest_and_later_ones_none() -> None:
    assert payoff_lines(lent().state, date(2026, 3, 1)) == [
        PayoffLine("principal", 0, 120_000),
        PayoffLine("interest", 1, 1_200),
        PayoffLine("interest", 2, 1_100),
    ]


def test_on_the_day_of_the_payout_no_interest_is_owed() -> None:
    assert payoff(lent().state, START) == 120_000


def test_interest_paid_ahead_and_not_earned_is_given_back() -> None:
    # The first instalment was paid on 10 January; on the 11th, 10 of 31 days are earned: 3.87 of 12.00.
    story = lent().paid(11_200, date(2026, 1, 10))
    assert payoff_lines(story.state, date(2026, 1, 11)) == [
        PayoffLine("principal", 0, 110_000),
        PayoffLine("paid_ahead", 0, 387 - 1_200),
    ]
    state = story.paid(109_187, date(2026, 1, 11)).state
    assert (state.principal_out, state.totals.interest_earned, state.totals.interest_paid, state.totals.overpaid) == (0, 387, 387, 0)


def test_fees_and_penalties_are_owed_whole() -> None:
    story = (
        lent().tell("charge", START, part="fee", amount=500, due_on=START).tell("charge", START, part="penalty", amount=50, due_on=START)
    )
    assert [line.part for line in payoff_lines(story.state, START)] == ["principal", "fee", "penalty"]
    assert payoff(story.state, START) == 120_550


def test_a_contract_may_ask_for_the_whole_scheduled_interest() -> None:
    state = lent(contract(payoff_interest=PayoffInterest.SCHEDULED)).state
    assert payoff(state, START) == 120_000 + 100 * sum(range(1, 13))


def test_a_closed_loan_owes_nothing() -> None:
    state = lent().paid(120_000, START).state
    assert (payoff(state, START), payoff_lines(state, START)) == (0, [])


def test_the_interest_of_a_loan_paid_off_early_falls_away() -> None:
    state = lent().paid(121_200, date(2026, 2, 1)).due(2, 3).state
    assert state.totals.interest_earned == 1_200
    assert [row.interest for row in state.instalments] == [1_200] + [0] * 11


@given(stories(), st.integers(0, 500))
def test_the_lines_sum_to_the_pay_off(story: Story, day: int) -> None:
    on = story.terms.disbursed_on + timedelta(days=day)
    total = sum(line.amount for line in payoff_lines(story.state, on))
    assert payoff(story.state, on) == max(0, total)


@given(stories(), st.integers(0, 500), st.integers(-200_000, 200_000))
def test_money_ends_the_loan_exactly_if_it_reaches_the_pay_off(story: Story, day: int, beside: int) -> None:
    state, on = story.state, max(START + timedelta(days=day), story.state.through)
    if not state.closed:
        owed = payoff(state, on)
        assert ends(state, owed, on)
        assert not owed or not ends(state, owed - 1, on)
        amount = max(0, owed + beside)
        assert ends(state, amount, on) is (amount >= owed)
