"""What the night bills is earned once: not twice, and not forgotten, whatever has been agreed or charged since.

The loan by hand: 1,200.00 at 12 % a year in three equal principals from 1 January 2026, so 400.00 each and 12.00,
8.00 and 4.00 of interest.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from holdfast.kernel.rate import Rate
from holdfast.products.terms import Early, Excess, Fee, FeeAt
from holdfast.servicing.rescheduling import Kind, Rearrangement
from tests.servicing.contracts import Story, lent
from tests.servicing.test_rearrangements import agreed

THREE = lent(instalments=3)


def unpaid_interest(story: Story) -> int:
    return sum(row.interest - row.interest_paid for row in story.state.instalments)


def test_a_new_instalment_that_falls_due_with_one_that_was_closed_is_billed_too() -> None:
    # From 10 January one instalment on 1 March; the old second one, closed, has that day too.
    story = agreed(THREE, date(2026, 1, 10), Kind.REAGE, instalments=1, start_on=date(2026, 3, 1))
    asked = unpaid_interest(story)
    for n in (1, 2, 4):
        row = next(row for row in story.state.instalments if row.n == n)
        story = story.tell("instalment_due", row.due_on, n=n)
    assert story.state.totals.interest_earned == asked > 0


def test_a_fee_of_the_payout_is_asked_for_on_its_day_and_earned_with_it() -> None:
    story = lent(instalments=3, fees=(Fee("payout", 300, FeeAt.DISBURSEMENT),))
    state = story.state
    assert (state.totals.disbursed, state.principal_out) == (120_000, 120_000)
    assert (state.totals.fee_charged, state.next_due) == (300, (state.terms.disbursed_on, 300))
    paid = story.paid(300, state.terms.disbursed_on).state
    assert (paid.totals.fee_paid, paid.next_due) == (300, (date(2026, 2, 1), 41_200))
    # The night has nothing more to bill of it.
    assert story.tell("instalment_due", date(2026, 2, 1), n=1).state.totals.fee_charged == 300


def test_a_charge_after_the_schedule_that_has_been_billed_is_not_billed_again_when_another_comes() -> None:
    story = THREE.due(1, 2, 3).tell("charge", date(2026, 4, 2), part="fee", amount=500, due_on=date(2026, 4, 5))
    story = story.tell("instalment_due", date(2026, 4, 5), n=4)
    story = story.tell("charge", date(2026, 4, 20), part="fee", amount=300, due_on=date(2026, 4, 30))
    story = story.tell("instalment_due", date(2026, 4, 30), n=5)
    assert story.state.totals.fee_charged == 800
    assert [(row.n, row.fee) for row in story.state.instalments if row.fee] == [(4, 500), (5, 300)]


def test_a_charge_on_what_stands_alone_keeps_the_instalments_in_the_order_of_their_days() -> None:
    # All comes back on 15 January; the old ones, closed, lie after it, and a charge later still takes one of them up.
    story = agreed(THREE, date(2026, 1, 10), Kind.REAGE, instalments=1, start_on=date(2026, 1, 15))
    rows = story.tell("charge", date(2026, 1, 20), part="fee", amount=500, due_on=date(2026, 6, 1)).state.instalments
    assert [row.due_on for row in rows] == sorted(row.due_on for row in rows)


def test_interest_that_was_waived_is_not_asked_for_again_when_money_next_comes() -> None:
    terms = replace(THREE.terms, early=Early.REDUCE)
    story = lent(terms).due(1).tell("waived_part", date(2026, 2, 10), interest=1_200)
    after = story.paid(40_000, date(2026, 2, 20)).state
    first = after.instalments[0]
    assert (first.interest, first.unpaid) == (0, 0)
    assert after.totals.interest_earned == sum(row.interest for row in after.instalments if row.due_on <= after.through)


def test_a_receipt_can_be_taken_back_though_an_agreement_has_moved_what_it_leaves_without_days() -> None:
    more = agreed(THREE, date(2026, 1, 10), Kind.EXTEND, instalments=1)
    moved = agreed(more, date(2026, 1, 11), Kind.DUE_DATES, from_n=4, due_on=date(2026, 5, 9))
    back = moved.tell("reversal", date(2026, 1, 12), event_no=2)
    assert Rearrangement.from_json(moved.events[-1].payload["change"]).from_n == 4
    assert back.state.instalments == THREE.state.instalments


def test_a_further_payout_without_interest_asks_no_instalment_for_less_than_was_paid_on_it() -> None:
    # 900.00 of the first are paid; 300.00 more make 1,500.00 in three of 500.00, but the first keeps its 900.00.
    story = lent(instalments=3, rate=Rate(0), limit=150_000, excess=Excess.NEXT)
    story = agreed(story, date(2026, 1, 5), Kind.REAGE, instalments=1, start_on=date(2026, 2, 1)).paid(90_000, date(2026, 1, 10))
    story = agreed(story, date(2026, 1, 11), Kind.EXTEND, instalments=2).tell("disbursed", date(2026, 1, 12), amount=30_000)
    rows = [row for row in story.state.instalments if row.principal]
    assert all(row.principal_paid <= row.principal for row in rows)
    assert sum(row.principal for row in rows) == 150_000
