"""Penalty interest: what a day late costs, from which day, on what, and that nobody's looking or paying in parts changes a fen of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.kernel.calendar import DayCount
from holdfast.kernel.errors import BadInput, Refusal
from holdfast.kernel.money import Money
from holdfast.kernel.rate import Per, Rate
from holdfast.kernel.rounding import Rounding, to_minor
from holdfast.policy import lender, shipped
from holdfast.products import check_ceiling
from holdfast.products.schedule import penalty_rate
from holdfast.products.terms import Penalty, PenaltyBase, Terms
from holdfast.servicing import debt_parts, owed, quote, read_loans, reckon
from holdfast.servicing.charging import accrue, as_of
from holdfast.servicing.fold import Event, fold, step
from holdfast.servicing.night import run_night
from holdfast.servicing.payoff import payoff, payoff_lines
from holdfast.servicing.reading import loan_detail, loan_list, look_of, schedule
from holdfast.servicing.service import reverse
from holdfast.servicing.verify import verify_books
from tests.books import OFFICER, Book, round_terms
from tests.servicing.contracts import Story, contract, contracts, lent

# 12 % a year on 360 days is 0.0333... % a day; half as much again is 0.05 %: 0.50 a day on 1,000.00.
HALF_MORE = Penalty(PenaltyBase.PRINCIPAL, ratio_ppb=1_500_000_000)
ON_BOTH = Penalty(PenaltyBase.PRINCIPAL_AND_INTEREST, ratio_ppb=1_500_000_000)
DAY = date(2026, 3, 2)


def late(**other: Any) -> Story:
    """1,200.00 in three: 400.00 and 12.00 fell due on 1 February and nobody paid; 400.00 at 0.05 % is 0.20 a day."""
    return lent(instalments=3, **({"penalty": HALF_MORE} | other)).due(1)


def penalty_on(story: Story, on: date) -> int:
    return sum(row.penalty for row in as_of(story.state, on).instalments)


# ── by hand ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("day", "fen"), [(1, 0), (2, 20), (3, 40), (11, 200), (28, 540)])
def test_a_day_late_costs_half_as_much_again_as_the_contracts_rate_on_the_principal_that_is_late(day: int, fen: int) -> None:
    assert penalty_on(late(), date(2026, 2, day)) == fen


def test_on_principal_and_interest_the_interest_that_is_late_bears_it_too() -> None:
    # 412.00 at 0.05 % is 0.206 a day; ten days are 2.06.
    assert penalty_on(late(penalty=ON_BOTH), date(2026, 2, 11)) == 206


def test_a_rate_of_its_own_is_a_daily_one() -> None:
    # 0.04 % a day on 400.00 is 0.16.
    assert penalty_on(late(penalty=Penalty(PenaltyBase.PRINCIPAL, ppb=400_000)), date(2026, 2, 11)) == 160


def test_the_first_days_late_may_cost_nothing_and_are_not_asked_for_afterwards() -> None:
    # It begins on the fourth day late: on the 5th one day has counted, on the 11th seven.
    story = late(penalty=Penalty(PenaltyBase.PRINCIPAL, ratio_ppb=1_500_000_000, from_day=4))
    assert [penalty_on(story, date(2026, 2, day)) for day in (2, 4, 5, 11)] == [0, 0, 20, 140]


@pytest.mark.parametrize(("count", "days"), [(DayCount.THIRTY_360, 360), (DayCount.ACTUAL_360, 360), (DayCount.ACTUAL_365, 365)])
def test_the_contracts_rate_is_shared_out_over_the_year_of_its_day_count(count: DayCount, days: int) -> None:
    assert penalty_rate(contract(penalty=HALF_MORE, day_count=count)) == Fraction(18, 100 * days)
    monthly = contract(penalty=HALF_MORE, day_count=count, rate=Rate(10_000_000, Per.MONTH))
    assert penalty_rate(monthly) == Fraction(18, 100 * days)
    assert penalty_rate(contract(penalty=HALF_MORE, rate=Rate(300_000, Per.DAY))) == Fraction(45, 100_000)


def test_a_part_payment_lowers_what_bears_it_from_the_next_day_on() -> None:
    # Ten days on 400.00: 2.00. Of 214.00 it takes 2.00, the interest 12.00, the principal 200.00; ten days on the other 200.00: 1.00.
    story = late().paid(21_400, date(2026, 2, 11))
    row = as_of(story.state, date(2026, 2, 21)).instalments[0]
    assert (row.principal_paid, row.interest_paid, row.penalty_paid, row.penalty) == (20_000, 1_200, 200, 300)


def test_whoever_pays_the_instalment_and_not_its_penalty_still_owes_it_and_it_grows_no_more() -> None:
    story = late(allocation=("interest", "principal", "fee", "penalty")).paid(41_200, date(2026, 2, 11))
    assert story.state.oldest_unpaid_due_on == date(2026, 2, 1)
    assert penalty_on(story, date(2026, 3, 1)) == 200
    assert story.paid(200, date(2026, 3, 1)).state.oldest_unpaid_due_on == date(2026, 3, 1)


def test_two_late_instalments_bear_it_each_from_its_own_day() -> None:
    # On 11 March the first is 38 days late, the second 10: 7.60 and 2.00.
    rows = as_of(late().due(2).state, date(2026, 3, 11)).instalments
    assert [row.penalty for row in rows] == [760, 200, 0]


def test_what_ends_the_loan_has_it_in_and_pays_it() -> None:
    # 1,200.00, the 12.00 that fell due, 10 of 28 days of the second's 8.00 (2.86), and 2.00.
    story = late()
    assert payoff(story.state, date(2026, 2, 11)) == 120_000 + 1_200 + 286 + 200
    line = next(line for line in payoff_lines(story.state, date(2026, 2, 11)) if line.part == "penalty")
    assert (line.n, line.amount, line.days) == (1, 200, 10)
    done = story.paid(121_686, date(2026, 2, 11)).state
    assert done.paid_off_on == date(2026, 2, 11)
    assert done.totals.penalty_charged == done.totals.penalty_paid == 200


def test_asking_what_is_owed_changes_nothing() -> None:
    state = late().state
    before = state.copy()
    payoff(state, date(2026, 2, 20))
    as_of(state, date(2026, 2, 25))
    assert state == before


def test_a_receipt_learned_of_later_lowers_what_was_charged() -> None:
    # Paid in full on the 6th, five days late, learned of on the 20th: 1.00, not 3.80.
    story = late().paid(1_00, date(2026, 2, 20))
    assert story.state.totals.penalty_charged == 380
    known = fold(story.terms, [*story.events, Event(9, "receipt", date(2026, 2, 6), date(2026, 2, 21), {"amount": 41_300})])
    assert known.totals.penalty_charged == 100
    assert known.instalments[0].unpaid == 0


def test_a_receipt_taken_back_lets_it_run_as_if_it_had_never_come() -> None:
    story = late().paid(41_400, date(2026, 2, 11)).tell("reversal", date(2026, 2, 20), event_no=3)
    assert penalty_on(story, date(2026, 2, 21)) == 400


def test_an_instalment_whose_day_is_moved_keeps_what_it_cost_and_bears_none_until_its_new_day() -> None:
    moved = [{"n": n, "due_on": f"2026-0{n + 2}-01", "was_due_on": f"2026-0{n + 1}-01"} for n in (1, 2, 3)]
    story = late().tell("deferred", date(2026, 2, 11), from_n=1, months=1, bears_interest=False, instalments=moved)
    assert [penalty_on(story, on) for on in (date(2026, 2, 11), date(2026, 3, 1), date(2026, 3, 2))] == [200, 200, 220]


def test_a_written_off_debt_bears_none_and_the_claim_holds_what_it_had_borne() -> None:
    story = late().tell("written_off", date(2026, 2, 11), reason="示例")
    totals = as_of(story.state, date(2026, 4, 1)).totals
    assert (totals.penalty_charged, totals.penalty_written_off) == (200, 200)
    assert story.state.lost == 120_000 + 1_200 + 200
    recovered = story.paid(121_500, date(2026, 4, 1)).state
    assert (recovered.lost, recovered.totals.overpaid) == (0, 100)


# ── one rounding, however it is looked at ──────────────────────────────────────────────────────────────────


@given(contracts(), st.lists(st.integers(1, 400), min_size=1, max_size=12), st.sampled_from(PenaltyBase), st.integers(1, 15))
def test_however_often_it_is_brought_up_to_date_it_is_one_sum_rounded_once(
    terms: Terms, looks: list[int], base: PenaltyBase, from_day: int
) -> None:
    terms = replace(terms, penalty=Penalty(base, ppb=477_777, from_day=from_day))
    often, once = lent(terms).state, lent(terms).state
    days = sorted(set(looks))
    for day in days:
        accrue(often, terms.disbursed_on + timedelta(days=day))
    accrue(once, terms.disbursed_on + timedelta(days=days[-1]))
    assert often.instalments == once.instalments
    for row in once.instalments:
        late_days = (terms.disbursed_on + timedelta(days=days[-1]) - row.due_on).days - from_day + 1
        bears = row.principal + (row.interest if base is PenaltyBase.PRINCIPAL_AND_INTEREST else 0)
        assert row.penalty == to_minor(max(0, late_days) * bears * Fraction(477_777, 10**9), terms.rounding)


@given(st.lists(st.tuples(st.integers(1, 200), st.integers(1, 60_000)), max_size=6), st.permutations(range(6)))
def test_the_order_in_which_receipts_are_learned_of_changes_nothing(paid: list[tuple[int, int]], order: list[int]) -> None:
    story = late()
    receipts = [
        Event(10 + number, "receipt", date(2026, 2, 1) + timedelta(days=day), date(2026, 12, 1), {"amount": amount})
        for number, (day, amount) in enumerate(paid)
    ]
    known = fold(story.terms, [*story.events, *receipts])
    shuffled = [receipts[at] for at in order if at < len(receipts)]
    assert fold(story.terms, [*shuffled, *story.events]) == known
    stepped = story.state
    for event in sorted(receipts, key=lambda each: (each.on, each.event_no)):
        stepped = step(stepped, event)
    assert stepped == known


# ── the contract and the law ───────────────────────────────────────────────────────────────────────────────


def checked(book: Book, **terms: Any) -> None:
    check_ceiling(round_terms(DAY, **terms), shipped(), lender(book.db), on=DAY, product="phone")


def test_penalty_interest_above_half_as_much_again_is_refused_when_the_contract_is_made(db: psycopg.Connection[Any]) -> None:
    book = Book(db, DAY)
    checked(book, penalty=HALF_MORE)
    for dear in (Penalty(PenaltyBase.PRINCIPAL, ratio_ppb=1_500_000_001), Penalty(PenaltyBase.PRINCIPAL, ppb=500_001)):
        with pytest.raises(Refusal) as refused:
            checked(book, penalty=dear)
        assert (refused.value.code, refused.value.field) == ("penalty_above_cap", "terms.penalty")
        with pytest.raises(Refusal):
            book.lend(round_terms(DAY, penalty=dear))


def test_by_the_year_it_may_not_pass_the_ceiling_of_all_costs_either(db: psycopg.Connection[Any]) -> None:
    # 18 % half as much again would be 27 %; the ceiling of that day is 24 %.
    book = Book(db, DAY)
    with pytest.raises(Refusal, match=r"at most 24\.0000 % here"):
        checked(book, rate=Rate(180_000_000), penalty=HALF_MORE)
    checked(book, rate=Rate(180_000_000), penalty=Penalty(PenaltyBase.PRINCIPAL, ratio_ppb=1_300_000_000))


def test_terms_with_penalty_interest_read_back_as_they_were_written() -> None:
    terms = contract(penalty=Penalty(PenaltyBase.PRINCIPAL, ratio_ppb=1_500_000_000, from_day=3))
    assert Terms.from_json(terms.to_json()) == terms
    assert "penalty" not in contract().to_json()


@pytest.mark.parametrize(
    "wrong",
    [
        {"base": "all", "ppb": 1},
        {"base": "principal"},
        {"base": "principal", "ppb": 1, "ratio_ppb": 1},
        {"base": "principal", "ppb": -1},
        {"base": "principal", "ppb": 1, "from_day": 0},
        {"base": "principal", "ppb": 1, "extra": 0},
        {"ppb": 1},
        [],
    ],
)
def test_a_malformed_penalty_is_named(wrong: Any) -> None:
    with pytest.raises(BadInput) as refused:
        Terms.from_json(contract().to_json() | {"penalty": wrong})
    assert (refused.value.field or "").startswith("terms.penalty")


# ── in the book ────────────────────────────────────────────────────────────────────────────────────────────


class Everything:
    """A person's data scope: the whole book."""

    def condition(self, alias: str) -> tuple[str, dict[str, Any]]:
        return "TRUE", {}


def clean(book: Book) -> None:
    for check in verify_books(book.db):
        assert check.ok, (check.name, check.differences)


def sleep(book: Book, nights: int) -> None:
    for _ in range(nights):
        run_night(book.db, clock=book.clock, on=book.day)
        book.walk(1)


def late_loan(db: psycopg.Connection[Any]) -> tuple[Book, str]:
    """1,200.00 lent on 2 March; the first instalment, 412.00, fell due on 2 April; it is the 12th: ten days, 2.00."""
    book = Book(db, DAY)
    loan = book.lend(round_terms(DAY, penalty=HALF_MORE)).public_id
    sleep(book, 41)
    assert book.day == date(2026, 4, 12)
    return book, loan


def test_every_figure_that_is_shown_has_it_in_to_the_fen(db: psycopg.Connection[Any]) -> None:
    book, loan = late_loan(db)
    look = look_of(db, Everything(), book.clock)
    ends = 120_000 + 1_200 + 267 + 200  # 10 of 30 days of the second's 8.00
    assert owed(db, loan=loan, on=book.day) == Money(ends, "CNY")
    assert quote(db, loan=loan, on=book.day).total == Money(ends, "CNY")
    assert debt_parts(db, loan=loan, on=book.day)["penalty"] == 200
    first = schedule(db, look, loan)[0]
    assert (first.penalty.minor, first.unpaid.minor) == (200, 41_400)
    detail = loan_detail(db, look, loan)
    assert (detail.balances.penalty_unpaid.minor, detail.row.next_due) == (200, Money(41_400, "CNY"))
    assert loan_list(db, look).items[0].next_due == Money(41_400, "CNY")
    clean(book)


def test_no_night_writes_anything_for_it(db: psycopg.Connection[Any]) -> None:
    book, loan = late_loan(db)
    counted = "SELECT (SELECT count(*) FROM loan_event), (SELECT count(*) FROM posting), (SELECT sum(late_base) FROM instalment)"
    before = db.execute(counted).fetchone()
    sleep(book, 5)
    assert db.execute(counted).fetchone() == before
    assert owed(db, loan=loan, on=book.day).minor == 120_000 + 1_200 + 400 + 300


def test_the_message_of_the_morning_after_says_what_is_owed_on_that_morning(db: psycopg.Connection[Any]) -> None:
    book = Book(db, DAY)
    book.lend(round_terms(DAY, penalty=HALF_MORE))
    sleep(book, 31)
    run_night(db, clock=book.clock, on=book.day)
    row = db.execute("SELECT params FROM message WHERE template = 'overdue'").fetchone()
    assert row is not None and '"minor":41220' in row[0].replace(" ", "")


def test_paying_what_is_shown_pays_what_is_late(db: psycopg.Connection[Any]) -> None:
    book, loan = late_loan(db)
    done = book.pay(loan, "414.00")
    held = read_loans(db, [done.loan_id], lock=False)[0]
    assert held.state.unpaid_due(book.day) == 0
    assert held.state.totals.penalty_paid == held.state.totals.penalty_charged == 200
    assert reckon(db, loan=loan).parts["penalty"] == Money(200, "CNY")
    clean(book)


def test_backdated_and_reversed_receipts_post_the_difference_and_the_books_hold(db: psycopg.Connection[Any]) -> None:
    book, loan = late_loan(db)
    one = book.pay(loan, "10.00")
    book.pay(loan, "412.60", on=date(2026, 4, 5))  # three days late: 0.60, all of it
    clean(book)
    state = read_loans(db, [one.loan_id], lock=False)[0].state
    assert state.totals.penalty_charged == 60
    reverse(db, clock=book.clock, by=OFFICER, loan=loan, event_no=one.event_no + 1, reason="退票（示例）")
    clean(book)
    assert read_loans(db, [one.loan_id], lock=False)[0].state.totals.penalty_charged == 200


def test_rounding_is_the_contracts() -> None:
    # 333.33 bears 0.166665 on the first day: 0.17, or 0.16 rounded down.
    up = late(principal=99_999)
    down = late(principal=99_999, rounding=Rounding.DOWN)
    assert (penalty_on(up, date(2026, 2, 2)), penalty_on(down, date(2026, 2, 2))) == (17, 16)
