"""Receipts: what a payment pays, in which order, and that no fen is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.kernel.errors import Fault, Refusal
from holdfast.kernel.rate import Rate
from holdfast.kernel.rounding import Rounding
from holdfast.products.schedule import due_on
from holdfast.products.terms import Across, ChargesDue, Excess, Method, PayoffInterest, PayoutJoins
from holdfast.servicing.fold import Allocation, Event, State, begin, fold, in_order, step
from holdfast.servicing.payoff import payoff
from tests.servicing.contracts import START, Story, contract, lent, stories

FIRST = date(2026, 2, 1)
SECOND = date(2026, 3, 1)


def laid(state: State) -> list[tuple[int, int, int, int, int]]:
    """Each allocation as instalment, principal, interest, fee, penalty."""
    return [(line.n, line.principal, line.interest, line.fee, line.penalty) for line in state.allocations]


def test_an_exact_receipt_on_the_due_date_pays_the_instalment() -> None:
    state = lent().paid(11_200, FIRST).state
    assert laid(state) == [(1, 10_000, 1_200, 0, 0)]
    assert state.instalments[0].paid_on == FIRST
    assert state.next_due == (SECOND, 11_100)


def test_a_receipt_pays_fees_then_penalties_then_interest_then_principal() -> None:
    charged = (
        lent().tell("charge", FIRST, part="fee", amount=500, due_on=FIRST).tell("charge", FIRST, part="penalty", amount=300, due_on=FIRST)
    )
    assert laid(charged.paid(400, FIRST).state) == [(1, 0, 0, 400, 0)]
    assert laid(charged.paid(700, FIRST).state) == [(1, 0, 0, 500, 200)]
    assert laid(charged.paid(1_900, FIRST).state) == [(1, 0, 1_100, 500, 300)]
    assert laid(charged.paid(2_500, FIRST).state) == [(1, 500, 1_200, 500, 300)]


def test_a_charge_is_asked_for_on_its_own_day_or_with_its_instalment() -> None:
    order = ("principal", "interest", "fee", "penalty")
    own_day = contract(allocation_in_advance=order, excess=Excess.LAST)
    for terms, paid in ((own_day, (1, 0, 0, 500, 0)), (replace(own_day, charges_due=ChargesDue.INSTALMENT), (12, 500, 0, 0, 0))):
        charged = lent(terms).tell("charge", date(2026, 1, 5), part="fee", amount=500, due_on=date(2026, 1, 8))
        assert laid(charged.paid(500, date(2026, 1, 10)).state) == [paid]


def test_what_already_fell_due_on_a_day_is_paid_before_the_down_payment_of_a_payout_on_that_day() -> None:
    story = lent(contract(principal=100_000, instalments=4, rate=Rate(0), down_payment_ppb=200_000_000, limit=200_000)).paid(20_000, START)
    story = story.tell("disbursed", FIRST, amount=50_000)
    rows = [(row.n, row.due_on, row.principal) for row in story.state.instalments[:3]]
    assert rows == [(0, START, 20_000), (1, FIRST, 20_000), (-1, FIRST, 10_000)]
    assert [line[0] for line in laid(story.paid(30_000, FIRST).state)[1:]] == [1, -1]


def test_a_payout_may_join_what_falls_due_on_its_day_and_its_down_payment_then_comes_first() -> None:
    terms = contract(principal=100_000, instalments=4, rate=Rate(0), down_payment_ppb=200_000_000, limit=200_000)
    story = lent(replace(terms, payout_joins=PayoutJoins.SAME_DAY)).paid(20_000, START).tell("disbursed", FIRST, amount=50_000)
    # 1,000.00 less 200.00 at once, and 500.00 less 100.00 at once: 1,200.00 over the four that fall due from that day on.
    rows = [(row.n, row.due_on, row.principal) for row in story.state.instalments]
    assert rows[:3] == [(0, START, 20_000), (-1, FIRST, 10_000), (1, FIRST, 30_000)]
    assert [row[2] for row in rows[3:]] == [30_000, 30_000, 30_000]
    assert [line[0] for line in laid(story.paid(30_000, FIRST).state)[1:]] == [-1, 1]


def test_a_payout_on_the_last_day_joins_the_instalment_of_that_day_only_where_the_contract_says_so() -> None:
    terms = contract(principal=100_000, instalments=1, rate=Rate(0), limit=200_000)
    with pytest.raises(Refusal, match="last due date"):
        _ = lent(terms).tell("disbursed", FIRST, amount=50_000).state
    state = lent(replace(terms, payout_joins=PayoutJoins.SAME_DAY)).paid(100_000, FIRST).tell("disbursed", FIRST, amount=50_000).state
    assert (state.instalments[0].unpaid, state.instalments[0].paid_on, state.next_due) == (50_000, None, (FIRST, 50_000))


def test_two_events_of_one_number_are_a_fault() -> None:
    story = lent().paid(100, FIRST)
    with pytest.raises(Fault, match="same number"):
        fold(story.terms, [*story.events, story.events[-1]])


def test_the_contract_may_name_another_order() -> None:
    terms = contract(allocation=("principal", "interest", "penalty", "fee"))
    assert laid(lent(terms).paid(10_500, FIRST).state) == [(1, 10_000, 500, 0, 0)]


def test_what_is_due_is_paid_before_what_is_not_and_the_oldest_first() -> None:
    state = lent().paid(25_000, SECOND).state
    assert laid(state) == [(1, 10_000, 1_200, 0, 0), (2, 10_000, 1_100, 0, 0), (3, 1_700, 1_000, 0, 0)]


def test_a_partial_receipt_leaves_the_instalment_open() -> None:
    state = lent().paid(5_000, FIRST).state
    assert state.instalments[0].paid_on is None
    assert state.next_due == (FIRST, 6_200)
    assert state.oldest_unpaid_due_on == FIRST


def test_an_instalment_that_asks_for_nothing_is_never_the_next_due() -> None:
    state = lent(contract(principal_grace=2, interest_grace=2)).state
    assert state.next_due == (date(2026, 4, 1), 12_000 + 3_600)
    assert state.oldest_unpaid_due_on == date(2026, 4, 1)


def test_an_early_receipt_pays_the_next_instalment_ahead() -> None:
    state = lent().paid(11_200, date(2026, 1, 10)).state
    assert state.instalments[0].paid_on == date(2026, 1, 10)
    assert state.totals.interest_earned == 1_200


def test_money_in_advance_may_have_an_order_of_its_own() -> None:
    terms = contract(allocation_in_advance=("principal", "fee", "penalty", "interest"))
    assert laid(lent(terms).paid(10_500, date(2026, 1, 10)).state) == [(1, 10_000, 500, 0, 0)]


def test_money_beyond_the_due_may_go_to_the_last_instalment() -> None:
    state = lent(contract(excess=Excess.LAST)).paid(12_200, FIRST).state
    assert laid(state) == [(1, 10_000, 1_200, 0, 0), (12, 900, 100, 0, 0)]


def test_money_beyond_the_due_may_be_spread_evenly_and_the_last_takes_the_rest() -> None:
    terms = contract(principal=40_000, rate=Rate(0), instalments=4, excess=Excess.SPREAD)
    state = lent(terms).paid(20_000, FIRST).state
    assert [row.paid for row in state.instalments] == [10_000, 3_333, 3_333, 3_334]


def test_a_spread_share_rounded_up_never_takes_more_than_there_is() -> None:
    # 0.01 over three instalments, each share rounded up to 0.01: the first takes it all.
    terms = contract(principal=40_000, rate=Rate(0), instalments=4, excess=Excess.SPREAD, rounding=Rounding.UP)
    assert laid(lent(terms).paid(10_001, FIRST).state) == [(1, 10_000, 0, 0, 0), (2, 1, 0, 0, 0)]


def test_a_receipt_may_go_across_instalments_part_by_part() -> None:
    state = lent(contract(across=Across.PART)).paid(2_000, date(2026, 3, 2)).state
    assert laid(state) == [(1, 0, 1_200, 0, 0), (2, 0, 800, 0, 0)]


def test_more_than_the_pay_off_is_kept_apart_as_over_paid() -> None:
    state = lent().paid(130_000, FIRST).state
    assert state.paid_off_on == FIRST
    assert state.totals.overpaid == 130_000 - 121_200


def test_a_receipt_after_the_pay_off_is_over_paid() -> None:
    state = lent().paid(121_200, FIRST).paid(100, SECOND).state
    assert (state.totals.overpaid, state.principal_out) == (100, 0)


def test_a_refund_returns_what_was_over_paid_and_no_more() -> None:
    story = lent().paid(121_300, FIRST)
    assert story.tell("refund", SECOND, amount=100).state.totals.refunded == 100
    with pytest.raises(Refusal, match="over-paid"):
        _ = story.tell("refund", SECOND, amount=101).state


def test_a_receipt_before_the_money_was_paid_out_is_refused() -> None:
    with pytest.raises(Refusal, match="paid out"):
        _ = Story(contract(), []).paid(100, FIRST).state


def test_a_receipt_after_a_write_off_is_recovered_and_beyond_the_claim_over_paid() -> None:
    story = lent().due(1).tell("written_off", date(2026, 6, 1))
    lost = story.state.totals
    assert (lost.principal_written_off, lost.interest_written_off, story.state.principal_out) == (120_000, 1_200, 0)
    state = story.paid(121_300, date(2026, 7, 1)).state
    assert (state.totals.recovered, state.totals.overpaid) == (121_200, 100)


def test_the_night_earns_the_interest_of_an_instalment_whether_or_not_it_is_paid() -> None:
    assert lent().due(1).state.totals.interest_earned == 1_200
    assert lent().paid(11_200, FIRST).due(1).state.totals.interest_earned == 1_200
    assert lent().paid(700, date(2026, 1, 10)).due(1).state.totals.interest_earned == 1_200


def test_a_charge_lands_in_the_instalment_whose_period_it_falls_in() -> None:
    state = lent(contract(instalments=3)).tell("charge", START, part="penalty", amount=500, due_on=date(2026, 2, 20)).state
    assert [row.penalty for row in state.instalments] == [0, 500, 0]


def test_a_charge_that_has_fallen_due_is_paid_before_what_is_paid_in_advance() -> None:
    terms = contract(
        allocation=("penalty", "fee", "interest", "principal"), allocation_in_advance=("principal", "penalty", "fee", "interest")
    )
    story = lent(terms)
    for day in (15, 20):
        story = story.tell("charge", date(2026, 1, 15), part="penalty", amount=500, due_on=date(2026, 1, day))
    state = story.paid(2_000, date(2026, 1, 15)).state
    assert laid(state) == [(1, 0, 0, 0, 500), (1, 1_500, 0, 0, 0)]


def test_a_charge_after_the_last_due_date_stands_alone() -> None:
    state = lent(contract(instalments=1)).tell("charge", START, part="fee", amount=500, due_on=date(2026, 2, 20)).state
    assert [(row.n, row.due_on, row.principal, row.fee) for row in state.instalments][1:] == [(2, date(2026, 2, 20), 0, 500)]


def test_a_second_payout_joins_the_instalments_still_to_come() -> None:
    terms = contract(principal=30_000, rate=Rate(0), instalments=3)
    state = lent(terms).tell("disbursed", date(2026, 2, 10), amount=10_000).state
    assert [row.principal for row in state.instalments] == [10_000, 15_000, 15_000]


def test_a_second_payout_bears_interest_from_its_day_and_joins_what_is_still_to_fall_due() -> None:
    # 1,200.00 in twelve at 1 % a month; 550.00 more on the first due date. 1,650.00 in eleven: 150.00, and 16.50 first.
    state = lent().paid(11_200, FIRST).tell("disbursed", FIRST, amount=55_000).state
    assert [(row.principal, row.interest) for row in state.instalments[:3]] == [(10_000, 1_200), (15_000, 1_650), (15_000, 1_500)]
    assert state.principal_out == 165_000


def test_a_second_payout_within_a_period_bears_interest_for_the_rest_of_it() -> None:
    # 550.00 more on 15 February: 14 of 28 days are gone, so of its 5.50 for the month 2.75 are asked for.
    state = lent().paid(11_200, FIRST).tell("disbursed", date(2026, 2, 15), amount=55_000).state
    assert [(row.principal, row.interest) for row in state.instalments[1:3]] == [(15_000, 1_100 + 275), (15_000, 1_500)]


def test_a_contract_that_fixes_its_instalment_keeps_it_and_the_last_takes_the_rest() -> None:
    # 300.00 paid out of 600.00 at 1 % a month, 103.53 a time; the other 300.00 follow on the first due date.
    terms = contract(principal=30_000, method=Method.EQUAL_INSTALMENT, instalments=6, instalment_amount=10_353, limit=60_000)
    story = lent(terms).paid(10_353, FIRST).tell("disbursed", FIRST, amount=30_000)
    rows = story.state.instalments
    assert [row.due for row in rows[:5]] == [10_353] * 5 and sum(row.principal for row in rows) == 60_000


def test_a_down_payment_falls_due_on_the_day_of_the_payout() -> None:
    state = lent(contract(principal=40_000, rate=Rate(0), instalments=3, down_payment_ppb=250_000_000)).state
    assert [(row.n, row.due_on, row.principal) for row in state.instalments][:2] == [(0, START, 10_000), (1, FIRST, 10_000)]


def test_a_loan_taken_over_starts_with_the_balance_that_the_tape_gives() -> None:
    story = Story(contract(), []).tell("taken_over", date(2026, 3, 15), balance=95_000, first_unpaid_n=3)
    state = story.state
    assert (state.principal_out, state.oldest_unpaid_due_on) == (95_000, date(2026, 4, 1))
    assert sum(row.principal for row in state.instalments) == 95_000
    assert state.totals.interest_earned == 0


def test_interest_already_due_when_a_loan_is_taken_over_is_owed() -> None:
    story = Story(contract(), []).tell("taken_over", date(2026, 5, 15), balance=100_000, first_unpaid_n=3)
    # April and May: 1 % of 1,000.00 and of 900.00.
    assert story.state.totals.interest_earned == 1_900
    assert payoff(story.state, date(2026, 5, 15)) == 100_000 + 1_900 + round(800 * 14 / 31)


def test_a_loan_taken_over_with_nothing_owed_is_paid_off() -> None:
    state = Story(contract(), []).tell("taken_over", FIRST, balance=0, first_unpaid_n=13).state
    assert (state.paid_off_on, state.principal_out, state.instalments) == (FIRST, 0, [])


def test_a_loan_taken_over_charged_off_is_written_off_and_can_be_recovered() -> None:
    story = Story(contract(), []).tell("taken_over", FIRST, balance=0, first_unpaid_n=13, principal_written_off=50_000)
    assert (story.state.written_off_on, story.state.principal_out) == (FIRST, 0)
    assert story.paid(20_000, SECOND).state.totals.recovered == 20_000


def test_a_reversal_is_folded_never_stepped() -> None:
    state = lent().state
    with pytest.raises(Fault, match="reversal"):
        step(state, Event(9, "reversal", FIRST, FIRST, {"event_no": 1}))


@pytest.mark.parametrize("amount", [-1, 1.5, True, "100"])
def test_an_amount_that_is_not_whole_minor_units_is_a_fault(amount: object) -> None:
    with pytest.raises(Fault, match="whole minor units"):
        _ = lent().tell("receipt", FIRST, amount=amount).state


@given(stories())
def test_no_receipt_loses_or_makes_money(story: Story) -> None:
    state = story.state
    received = sum(event.payload["amount"] for event in story.events if event.kind == "receipt")
    assert received == sum(line.amount for line in state.allocations) + state.totals.overpaid + state.totals.recovered


@given(stories())
def test_what_is_paid_on_instalments_is_what_the_totals_say(story: Story) -> None:
    state, totals = story.state, story.state.totals
    rows = state.instalments
    assert sum(row.principal_paid for row in rows) == totals.principal_paid
    assert sum(row.interest_paid for row in rows) == totals.interest_paid
    assert sum(row.fee_paid for row in rows) == totals.fee_paid
    assert sum(row.penalty_paid for row in rows) == totals.penalty_paid
    assert sum(row.principal - row.principal_paid for row in rows) == state.principal_out


@given(stories())
def test_no_part_is_ever_paid_beyond_what_it_asks_for(story: Story) -> None:
    for row in story.state.instalments:
        for part in ("principal", "interest", "fee", "penalty"):
            assert 0 <= getattr(row, f"{part}_paid") <= getattr(row, part)
        assert (row.paid_on is not None) >= (row.due > 0 and row.unpaid == 0)


@given(stories())
def test_interest_that_is_earned_and_not_paid_is_what_billed_instalments_still_owe(story: Story) -> None:
    state = story.state
    owed = sum(row.interest - row.interest_paid for row in state.instalments if row.due_on <= state.through)
    assert state.totals.interest_earned - state.totals.interest_paid == owed


@given(stories(), st.randoms())
def test_the_fold_does_not_depend_on_the_order_in_which_events_are_handed_over(story: Story, chance: object) -> None:
    mixed = list(story.events)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    assert fold(story.terms, mixed) == story.state


@given(stories())
def test_the_fold_is_the_steps_one_by_one(story: Story) -> None:
    state = begin(story.terms)
    for event in in_order(story.events):
        before = state.copy()
        after = step(state.copy(), event)
        assert state == before
        state = step(state, event)
        assert state == after
    assert state == story.state


@given(stories(), st.integers(0, 300), st.integers(1, 10**8))
def test_a_reversed_receipt_is_as_if_it_had_never_been(story: Story, day: int, amount: int) -> None:
    on = story.terms.disbursed_on + timedelta(days=day)
    paid = story.paid(amount, on)
    undone = paid.tell("reversal", on, event_no=paid.events[-1].event_no)
    assert undone.state == story.state


@given(stories(), st.integers(0, 300), st.integers(1, 10**8))
def test_a_backdated_receipt_counts_on_its_own_day(story: Story, day: int, amount: int) -> None:
    on = story.terms.disbursed_on + timedelta(days=day)
    late = story.paid(amount, on)
    last = late.events[-1]
    place = sum(event.on <= on for event in in_order(story.events))
    in_time = in_order(story.events)
    in_time.insert(place, last)
    state = begin(story.terms)
    for event in in_time:
        step(state, event)
    assert state == late.state


@given(stories(), st.integers(0, 400))
def test_the_pay_off_amount_ends_the_loan_to_the_fen(story: Story, day: int) -> None:
    last = max(event.on for event in story.events)
    on = max(last, story.terms.disbursed_on + timedelta(days=day))
    before = story.state
    asked = payoff(before, on)
    if asked == 0:
        return
    state = story.paid(asked, on).state
    assert (state.paid_off_on, state.principal_out, state.next_due) == (on, 0, (None, 0))
    assert state.totals.overpaid == before.totals.overpaid
    short = story.paid(asked - 1, on).state
    assert short.paid_off_on is None


@given(stories())
def test_a_contract_that_asks_for_the_whole_interest_is_paid_off_by_all_that_is_unpaid(story: Story) -> None:
    terms = contract(payoff_interest=PayoffInterest.SCHEDULED)
    state = lent(terms).state
    assert payoff(state, due_on(terms, 1)) == sum(row.unpaid for row in state.instalments)


def test_an_allocation_knows_its_amount() -> None:
    assert Allocation(1, 1, 10, 20, 30, 40).amount == 100
