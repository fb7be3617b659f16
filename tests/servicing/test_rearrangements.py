"""Rearrangements: what an agreement makes of the instalments to come, by hand and by chance.

The loan by hand: 1,200.00 at 12 % a year in three equal principals from 1 January 2026, so 400.00 each and 12.00,
8.00 and 4.00 of interest.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.kernel.errors import BadInput, Refusal
from holdfast.kernel.money import Money
from holdfast.kernel.rate import Rate
from holdfast.products.terms import Method
from holdfast.servicing import Rearrangement, preview, rearrange, reverse
from holdfast.servicing.fold import Event, fold
from holdfast.servicing.payoff import payoff
from holdfast.servicing.rescheduling import Arrears, Asks, Charges, Kind, Rearranged, rearranged
from holdfast.servicing.state import by_day
from holdfast.servicing.verify import verify_books
from tests.books import OFFICER, Book
from tests.servicing.contracts import Story, lent, stories

DAY = date(2026, 3, 2)
SIX_PERCENT = Rate(60_000_000)


def planned(story: Story, on: date, change: Rearrangement, **other: Any) -> Rearranged:
    return rearranged(story.state, story.events, change, loan="ln_x", on=on, **other)


def agreed(story: Story, on: date, kind: Kind, **parameters: Any) -> Story:
    plan = planned(story, on, Rearrangement(kind, **parameters))
    return story.tell(plan.event_kind, on, **plan.payload)


def rows(story: Story) -> list[tuple[int, str, int, int]]:
    return [(row.n, row.due_on.isoformat(), row.principal, row.interest) for row in story.state.instalments]


THREE = lent(instalments=3)
PAID_ONE = lent(instalments=3).paid(41_200, date(2026, 2, 1))
LATE = lent(instalments=3).due(1)

# ── the rules, by hand ─────────────────────────────────────────────────────────────────────────────────────


def test_one_due_date_moves_and_interest_follows_the_days_of_the_two_periods_that_it_parts() -> None:
    # To 15 February is a month and a half: 18.00 of 1,200.00. From there to 1 March half a month: 4.00 of 800.00.
    story = agreed(THREE, date(2026, 1, 10), Kind.DUE_DATE, from_n=1, due_on=date(2026, 2, 15))
    assert rows(story) == [(1, "2026-02-15", 40_000, 1_800), (2, "2026-03-01", 40_000, 400), (3, "2026-04-01", 40_000, 400)]


def test_all_due_dates_from_one_on_step_from_its_new_day() -> None:
    # From 1 February to 15 March is a month and 14 of 31 days: 8.00 and 3.61.
    story = agreed(PAID_ONE, date(2026, 2, 10), Kind.DUE_DATES, from_n=2, due_on=date(2026, 3, 15))
    assert rows(story)[1:] == [(2, "2026-03-15", 40_000, 1_161), (3, "2026-04-15", 40_000, 400)]


def test_more_instalments_share_the_principal_anew() -> None:
    story = agreed(THREE, date(2026, 1, 10), Kind.EXTEND, instalments=3)
    assert [row[1:] for row in rows(story)] == [
        ("2026-02-01", 20_000, 1_200), ("2026-03-01", 20_000, 1_000), ("2026-04-01", 20_000, 800),
        ("2026-05-01", 20_000, 600), ("2026-06-01", 20_000, 400), ("2026-07-01", 20_000, 200),
    ]  # fmt: skip


def test_a_payment_holiday_asks_for_nothing_and_its_interest_comes_with_the_first_instalment_after_it() -> None:
    # One instalment more at the end. The first month's 12.00 is asked for with the second's 12.00.
    story = agreed(THREE, date(2026, 1, 10), Kind.HOLIDAY, periods=1, longer=True)
    assert rows(story) == [
        (1, "2026-02-01", 0, 0), (2, "2026-03-01", 40_000, 2_400), (3, "2026-04-01", 40_000, 800), (4, "2026-05-01", 40_000, 400),
    ]  # fmt: skip
    assert story.state.oldest_unpaid_due_on == date(2026, 3, 1)


def test_a_holiday_from_principal_within_the_term_asks_for_interest_and_more_principal_later() -> None:
    story = agreed(THREE, date(2026, 1, 10), Kind.HOLIDAY, periods=1, asks=Asks.INTEREST)
    assert [row[2:] for row in rows(story)] == [(0, 1_200), (60_000, 1_200), (60_000, 600)]


def test_a_holiday_from_interest_leaves_principal_as_it_is() -> None:
    story = agreed(THREE, date(2026, 1, 10), Kind.HOLIDAY, periods=2, asks=Asks.PRINCIPAL)
    assert [row[2:] for row in rows(story)] == [(40_000, 0), (40_000, 0), (40_000, 2_400)]


def test_a_new_rate_counts_from_the_instalment_that_is_named() -> None:
    story = agreed(THREE, date(2026, 1, 10), Kind.NEW_RATE, from_n=2, rate=SIX_PERCENT)
    assert [row[2:] for row in rows(story)] == [(40_000, 1_200), (40_000, 400), (40_000, 200)]
    # Extended afterwards from the second on, the new rate stays: 800.00 in four at half a percent a month.
    more = agreed(story, date(2026, 1, 11), Kind.EXTEND, from_n=2, instalments=2)
    assert [row[2:] for row in rows(more)] == [(40_000, 1_200), (20_000, 400), (20_000, 300), (20_000, 200), (20_000, 100)]


def test_a_re_age_counts_the_running_period_from_its_own_beginning_after_other_agreements() -> None:
    # A charge after the schedule has number 4, so the instalments that an extension adds are 5 and 6.
    charged = THREE.tell("charge", date(2026, 1, 5), part="fee", amount=500, due_on=date(2027, 1, 1))
    longer = agreed(charged, date(2026, 1, 10), Kind.EXTEND, instalments=2)
    row = next(row for row in longer.state.instalments if row.n == 5)
    assert (row.due_on, row.interest) == (date(2026, 5, 1), 480)
    # On 17 April: 12.00, 9.60 and 7.20 have fallen due; 16 of the 30 days of April are 2.56 of its 4.80. To 1 June a month and 15 of
    # 31 days more at 1 % on 1,200.00: 17.81.
    new = agreed(longer, date(2026, 4, 17), Kind.REAGE, instalments=2, start_on=date(2026, 6, 1)).state
    assert [row.interest for row in new.instalments if row.n in (7, 8)] == [1_200 + 960 + 720 + 256 + 1_781, 600]


def test_charges_of_what_is_re_amortised_come_with_the_next_or_stay_overdue() -> None:
    charged = LATE.tell("charge", date(2026, 2, 5), part="penalty", amount=500, due_on=date(2026, 2, 1))
    moved = agreed(charged, date(2026, 2, 10), Kind.REAMORTISE).state
    assert (moved.unpaid_due(date(2026, 2, 10)), moved.instalments[1].penalty) == (0, 500)
    stays = agreed(charged, date(2026, 2, 10), Kind.REAMORTISE, charges=Charges.STAY).state
    assert (stays.unpaid_due(date(2026, 2, 10)), stays.instalments[0].penalty) == (500, 500)
    assert stays.oldest_unpaid_due_on == date(2026, 2, 1)


def test_what_bears_no_interest_is_re_amortised_in_equal_shares() -> None:
    # 400.00 overdue over the two that are left, on top of what they ask for.
    free = lent(instalments=3, rate=Rate(0)).paid(15_001, date(2026, 2, 1))
    state = agreed(free, date(2026, 2, 10), Kind.REAMORTISE).state
    assert [row.principal for row in state.instalments] == [15_001, 52_500, 52_499]


def test_what_is_overdue_is_spread_over_the_instalments_to_come() -> None:
    # On 10 February 412.00 is overdue. 1,200.00 in two; the 400.00 bear interest again from the 10th on:
    # 12.00 less 9 of 28 days of 4.00, 1.29, is 10.71; with the overdue 12.00, 22.71. Then 1 % of 600.00.
    story = agreed(LATE, date(2026, 2, 10), Kind.REAMORTISE)
    assert rows(story) == [(1, "2026-02-01", 0, 0), (2, "2026-03-01", 60_000, 2_271), (3, "2026-04-01", 60_000, 600)]
    assert story.state.oldest_unpaid_due_on == date(2026, 3, 1)
    spread = agreed(LATE, date(2026, 2, 10), Kind.REAMORTISE, arrears=Arrears.SPREAD)
    assert [row[2:] for row in rows(spread)] == [(0, 0), (60_000, 1_071 + 600), (60_000, 600 + 600)]


def test_a_re_age_closes_the_old_instalments_and_asks_for_all_that_is_owed_in_new_ones() -> None:
    # On 10 February: 1,200.00; 12.00 overdue; 9 of 28 days of 8.00, 2.57. In four from 10 March: 300.00 each.
    story = agreed(LATE, date(2026, 2, 10), Kind.REAGE, instalments=4, start_on=date(2026, 3, 10))
    assert rows(story) == [
        (1, "2026-02-01", 0, 0), (2, "2026-03-01", 0, 0), (4, "2026-03-10", 30_000, 1_200 + 1_457), (3, "2026-04-01", 0, 0),
        (5, "2026-04-10", 30_000, 900), (6, "2026-05-10", 30_000, 600), (7, "2026-06-10", 30_000, 300),
    ]  # fmt: skip
    assert story.state.oldest_unpaid_due_on == date(2026, 3, 10)
    # The first new period runs from the day of the agreement: on 20 February 10 of 28 days of its 26.57 are owed.
    assert payoff(story.state, date(2026, 2, 20)) == 120_000 + 949


def test_a_loan_due_in_one_sum_comes_back_in_equal_instalments() -> None:
    # 12.00 a month, principal at the end. On 15 January 14 of 31 days, 5.42, are owed. Two of 609.01 at 1 % a month.
    first = lent(method=Method.INTEREST_FIRST, instalments=3)
    story = agreed(first, date(2026, 1, 15), Kind.REINSTAL, instalments=2, start_on=date(2026, 2, 15))
    asked = [row[2:] for row in rows(story) if row[0] > 3]
    assert asked == [(59_701, 1_200 + 542), (60_299, 603)]


def test_a_penalty_and_a_fee_stand_in_nobody_s_way() -> None:
    story = LATE.tell("charge", date(2026, 2, 5), part="penalty", amount=500, due_on=date(2026, 2, 5))
    story = story.tell("charge", date(2026, 2, 5), part="fee", amount=300, due_on=date(2026, 2, 1))
    aged = agreed(story, date(2026, 2, 10), Kind.REAGE, instalments=2, start_on=date(2026, 3, 10))
    first = next(row for row in aged.state.instalments if row.n == 4)
    assert (first.penalty, first.fee) == (500, 300)
    for kind, parameters in (
        (Kind.DEFER, {"months": 2}), (Kind.EXTEND, {"instalments": 2}), (Kind.REAMORTISE, {}),
        (Kind.DUE_DATES, {"from_n": 1, "due_on": date(2026, 3, 5)}),
    ):  # fmt: skip
        after = agreed(story, date(2026, 2, 10), kind, **parameters).state
        assert sum(row.penalty for row in after.instalments) == 500
        assert sum(row.fee for row in after.instalments) == 300


def test_what_was_paid_on_an_instalment_stays_on_it() -> None:
    # 12.00 interest and 188.00 principal are paid of the first; extended, it asks for no less than that.
    story = lent(instalments=3).paid(20_000, date(2026, 1, 5))
    after = agreed(story, date(2026, 1, 10), Kind.EXTEND, instalments=9).state
    first = after.instalments[0]
    assert (first.principal, first.principal_paid, first.unpaid) == (18_800, 18_800, 0)
    assert sum(row.principal for row in after.instalments) == 120_000


def test_the_thirty_first_returns_with_instalments_that_are_added() -> None:
    story = agreed(lent(instalments=1, disbursed_on=date(2026, 1, 31)), date(2026, 2, 1), Kind.EXTEND, instalments=2)
    assert [row[1] for row in rows(story)] == ["2026-02-28", "2026-03-31", "2026-04-30"]


# ── replay ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_receipt_that_is_learned_of_later_gives_other_figures_by_the_same_rule() -> None:
    story = agreed(LATE, date(2026, 2, 10), Kind.REAMORTISE)
    earlier = Event(9, "receipt", date(2026, 2, 1), date(2026, 2, 20), {"amount": 41_200})
    state = fold(story.terms, [*story.events, earlier])
    # Nothing was overdue after all: the two stay as they were.
    assert [(row.principal, row.interest) for row in state.instalments] == [(40_000, 1_200), (40_000, 800), (40_000, 400)]


def test_an_agreement_that_is_taken_back_had_never_been() -> None:
    for kind, parameters in (
        (Kind.EXTEND, {"instalments": 5}), (Kind.HOLIDAY, {"periods": 2, "longer": True}), (Kind.REAMORTISE, {}),
        (Kind.REAGE, {"instalments": 5, "start_on": date(2026, 3, 10)}), (Kind.NEW_RATE, {"rate": SIX_PERCENT}),
    ):  # fmt: skip
        story = agreed(LATE, date(2026, 2, 10), kind, **parameters)
        assert story.state.instalments != LATE.state.instalments
        back = story.tell("reversal", date(2026, 2, 11), event_no=len(story.events))
        assert back.state.instalments == LATE.state.instalments
        assert back.state.totals == LATE.state.totals


def changes(story: Story, on: date) -> st.SearchStrategy[Rearrangement]:
    numbers = st.integers(1, max(1, story.terms.instalments))
    later = st.integers(1, 90).map(lambda days: on + timedelta(days=days))
    return st.one_of(
        st.builds(Rearrangement, st.just(Kind.DEFER), months=st.integers(1, 6)),
        st.builds(Rearrangement, st.just(Kind.DUE_DATE), from_n=numbers, due_on=later),
        st.builds(Rearrangement, st.just(Kind.DUE_DATES), from_n=numbers, due_on=later),
        st.builds(Rearrangement, st.just(Kind.EXTEND), instalments=st.integers(1, 12)),
        st.builds(
            Rearrangement, st.just(Kind.HOLIDAY), periods=st.integers(1, 4), asks=st.sampled_from([None, *Asks]), longer=st.booleans()
        ),
        st.builds(Rearrangement, st.just(Kind.NEW_RATE), rate=st.sampled_from([Rate(0), SIX_PERCENT, Rate(300_000_000)])),
        st.builds(
            Rearrangement, st.just(Kind.REAMORTISE), arrears=st.sampled_from([None, *Arrears]), charges=st.sampled_from([None, *Charges])
        ),
        st.builds(Rearrangement, st.just(Kind.REAGE), instalments=st.integers(1, 12), start_on=later),
        st.builds(Rearrangement, st.just(Kind.REINSTAL), instalments=st.integers(1, 12), start_on=later),
    )  # fmt: skip


@given(stories(), st.data())
def test_no_agreement_makes_or_loses_principal_and_all_of_it_is_earned_when_it_is_paid(story: Story, data: st.DataObject) -> None:
    on = max(event.on for event in story.events) + timedelta(days=1)
    for _ in range(data.draw(st.integers(1, 3))):
        before = story.state
        try:
            plan = planned(story, on, data.draw(changes(story, on)))
        except Refusal:
            continue
        story = story.tell(plan.event_kind, on, **plan.payload)
        after = story.state
        assert sum(row.principal for row in after.instalments) == sum(row.principal for row in before.instalments)
        assert after.principal_out == before.principal_out
        assert after.instalments == sorted(after.instalments, key=by_day)
        assert all(min(row.principal, row.interest, row.fee, row.penalty) >= 0 for row in after.instalments)
        assert all(row.principal_paid <= row.principal and row.interest_paid <= row.interest for row in after.instalments)
        on += timedelta(days=data.draw(st.integers(0, 40)))
    state = story.state
    if not state.closed:
        ends = max(on, *(row.due_on for row in state.instalments))
        story = story.paid(sum(row.unpaid for row in state.instalments), ends)
        state = story.state
    assert sum(row.unpaid for row in state.instalments) == 0
    assert state.principal_out == 0
    assert state.totals.interest_earned == sum(row.interest for row in state.instalments)
    assert state.totals.fee_charged == sum(row.fee for row in state.instalments)


@given(stories(), st.data())
def test_events_in_any_order_give_the_same_state(story: Story, data: st.DataObject) -> None:
    on = max(event.on for event in story.events) + timedelta(days=1)
    try:
        plan = planned(story, on, data.draw(changes(story, on)))
    except Refusal:
        return
    story = story.tell(plan.event_kind, on, **plan.payload).paid(1_000, on + timedelta(days=3))
    assert fold(story.terms, data.draw(st.permutations(story.events))) == story.state


@given(st.data())
def test_what_is_agreed_is_written_and_read_back_the_same(data: st.DataObject) -> None:
    change = data.draw(changes(THREE, DAY))
    assert Rearrangement.from_json(change.to_json()) == change


# ── what is refused ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"kind": "forgive"}, "kind"),
        ({}, "kind"),
        ({"kind": "extend"}, "instalments"),
        ({"kind": "extend", "instalments": 0}, "instalments"),
        ({"kind": "extend", "instalments": "two"}, "instalments"),
        ({"kind": "extend", "instalments": 2, "months": 1}, "months"),
        ({"kind": "extend", "instalments": 2, "colour": "red"}, "colour"),
        ({"kind": "due_date", "from_n": 1}, "due_on"),
        ({"kind": "due_date", "from_n": 1, "due_on": "soon"}, "due_on"),
        ({"kind": "holiday", "periods": 1, "asks": "all"}, "asks"),
        ({"kind": "holiday", "periods": 1, "longer": 1}, "longer"),
        ({"kind": "new_rate", "rate": {"ppb": 1}}, "rate"),
        ({"kind": "new_rate", "rate": {"ppb": -1, "per": "year"}}, "rate"),
        ({"kind": "new_rate", "rate": {"ppb": 1, "per": "century"}}, "rate.per"),
        ({"kind": "reage", "instalments": 2, "start_on": "2026-03-10", "every_unit": "years"}, "every_unit"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_the_field_is_named(said: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as refused:
        Rearrangement.from_json(said)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("story", "change", "code"),
    [
        (lent(instalments=3).paid(200_000, date(2026, 1, 5)), Rearrangement(Kind.EXTEND, instalments=1), "nothing_to_rearrange"),
        (PAID_ONE, Rearrangement(Kind.DUE_DATE, from_n=1, due_on=date(2026, 3, 9)), "instalment_closed"),
        (PAID_ONE, Rearrangement(Kind.DUE_DATE, from_n=9, due_on=date(2026, 3, 9)), "instalment_closed"),
        (LATE, Rearrangement(Kind.NEW_RATE, from_n=1, rate=SIX_PERCENT), "instalment_due"),
        (LATE, Rearrangement(Kind.DUE_DATE, from_n=1, due_on=date(2026, 2, 10)), "day_gone"),
        (LATE, Rearrangement(Kind.DUE_DATE, from_n=2, due_on=date(2026, 4, 2)), "out_of_order"),
        (LATE, Rearrangement(Kind.REAGE, instalments=2, start_on=date(2026, 2, 10)), "day_gone"),
        (THREE, Rearrangement(Kind.REAMORTISE), "nothing_overdue"),
        (THREE, Rearrangement(Kind.HOLIDAY, periods=3), "holiday_too_long"),
        (lent(method=Method.SINGLE_PERIOD, instalments=1), Rearrangement(Kind.EXTEND, instalments=1), "single_period"),
    ],
)
def test_what_would_do_nothing_or_come_too_late_is_refused(story: Story, change: Rearrangement, code: str) -> None:
    on = date(2026, 2, 10) if story is LATE or story is PAID_ONE else date(2026, 1, 10)
    with pytest.raises(Refusal) as refused:
        planned(story, on, change)
    assert refused.value.code == code


def test_when_every_instalment_has_fallen_due_none_can_be_added() -> None:
    with pytest.raises(Refusal) as refused:
        planned(lent(instalments=3), date(2026, 4, 1), Rearrangement(Kind.EXTEND, instalments=1))
    assert refused.value.code == "nothing_to_come"


def test_a_loan_that_may_take_no_new_charge_may_be_made_no_dearer() -> None:
    with pytest.raises(Refusal) as refused:
        planned(THREE, date(2026, 1, 10), Rearrangement(Kind.EXTEND, instalments=3), bears_interest=False)
    assert refused.value.code == "charges_barred"
    cheaper = planned(THREE, date(2026, 1, 10), Rearrangement(Kind.NEW_RATE, rate=Rate(0)), bears_interest=False)
    assert cheaper.extra_cost == Money(-2_400, "CNY")


# ── the verbs ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def book(db: psycopg.Connection[Any]) -> Book:
    return Book(db, DAY)


def proved(book: Book) -> None:
    for check in verify_books(book.db):
        assert check.ok, (check.name, check.differences)


EACH = (
    Rearrangement(Kind.DEFER, months=2),
    Rearrangement(Kind.DUE_DATE, from_n=2, due_on=date(2026, 5, 20)),
    Rearrangement(Kind.DUE_DATES, from_n=1, due_on=date(2026, 4, 20)),
    Rearrangement(Kind.EXTEND, instalments=4),
    Rearrangement(Kind.HOLIDAY, periods=1, longer=True),
    Rearrangement(Kind.NEW_RATE, rate=SIX_PERCENT),
    Rearrangement(Kind.REAMORTISE),
    Rearrangement(Kind.REAGE, instalments=5, start_on=date(2026, 5, 6)),
    Rearrangement(Kind.REINSTAL, instalments=2, start_on=date(2026, 5, 6)),
)


@pytest.mark.parametrize("change", EACH, ids=[change.kind.value for change in EACH])
def test_each_kind_is_previewed_agreed_paid_taken_back_and_the_books_hold(book: Book, change: Rearrangement) -> None:
    loan = book.lend().public_id
    book.walk(36)  # the first instalment is four days late
    plan = preview(book.db, loan=loan, change=change, on=book.day)
    done = rearrange(book.db, clock=book.clock, by=OFFICER, loan=loan, change=change)
    assert preview_rows(book, loan) == [(row.n, row.due_on, row.due) for row in plan.after]
    assert done.record.kind == ("loan.deferred" if change.kind is Kind.DEFER else "loan.rearranged")
    floor = book.db.execute(
        "SELECT class_floor, observe_until FROM account JOIN loan_registry r USING (loan_id) WHERE r.key = %s", [loan]
    ).fetchone()
    assert floor == ("special_mention", date(2027, 4, 7))
    proved(book)
    book.walk(3)
    backdated = book.pay(loan, 150, on=date(2026, 3, 20))
    proved(book)
    reverse(book.db, clock=book.clock, by=OFFICER, loan=loan, event_no=backdated.event_no, reason="银行退票（示例）")
    assert preview_rows(book, loan) == [(row.n, row.due_on, row.due) for row in plan.after]
    reverse(book.db, clock=book.clock, by=OFFICER, loan=loan, event_no=done.event_no, reason="登记错误（示例）")
    assert preview_rows(book, loan) == [(row.n, row.due_on, row.due) for row in plan.before]
    proved(book)
    book.pay(loan, 2_000)
    proved(book)


def preview_rows(book: Book, loan: str) -> list[tuple[int, date, int]]:
    return book.db.execute(
        """SELECT n, due_on, principal + interest + fee + penalty FROM instalment JOIN loan_registry r USING (loan_id)
            WHERE r.key = %s ORDER BY due_on, n""",
        [loan],
    ).fetchall()


def test_only_a_loan_that_is_being_repaid_is_rearranged(book: Book) -> None:
    loan = book.lend().public_id
    book.pay(loan, 2_000)
    with pytest.raises(Refusal, match="only a loan that is being repaid"):
        rearrange(book.db, clock=book.clock, by=OFFICER, loan=loan, change=EACH[3])
