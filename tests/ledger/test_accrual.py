"""The line of what accrues: a straight line between two events, added up by product and rounded down once."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from holdfast.ledger import FLAT, PARTS, Account, Level, Line, Move, Slope, Sum, entries_of, line_of, nearest, sum_moves
from holdfast.ledger.accrual import earned

MARCH = date(2026, 3, 2)
APRIL = date(2026, 4, 2)
KEY = (1, "phone", "CNY")


def test_a_period_of_31_days_earns_a_thirty_first_of_its_interest_each_day() -> None:
    line = line_of(1_200, MARCH, APRIL)  # 12.00 in 31 days: 38.709… fen a day
    assert line.minor(MARCH) == 0
    assert line.minor(MARCH + timedelta(days=1)) == 39
    assert line.minor(MARCH + timedelta(days=10)) == 387
    assert line.minor(MARCH + timedelta(days=30)) == 1_161


def test_the_days_share_is_rounded_down_so_the_last_day_is_short_by_less_than_a_billionth_for_each_day() -> None:
    line = line_of(1_200, MARCH, APRIL)
    assert 0 < 1_200 * PARTS - line.at(APRIL) < 31


def test_what_was_paid_ahead_was_taken_as_earned_and_is_taken_off() -> None:
    line = line_of(1_200, MARCH, APRIL, less=500)
    assert line.minor(MARCH) == -500
    assert line.minor(MARCH + timedelta(days=10)) == -113  # 387.09… less 500


def test_a_period_without_days_has_no_daily_share() -> None:
    assert line_of(1_200, MARCH, MARCH) == FLAT


def test_a_thousand_loans_are_rounded_once_and_not_each() -> None:
    line = line_of(1_200, MARCH, APRIL)
    total = FLAT
    for _ in range(1_000):
        total += line
    day = MARCH + timedelta(days=1)
    assert total.minor(day) == 38_710  # 1,000 times 38.70967…; each rounded for itself would make 39,000
    assert 1_000 * line.minor(day) == 39_000


def test_moves_that_cancel_out_are_not_written() -> None:
    line = line_of(1_200, MARCH, APRIL)
    assert sum_moves([(KEY, Move("accrued", line)), (KEY, Move("accrued", FLAT - line))]) == {}


def test_interest_that_falls_due_leaves_what_accrues_at_once() -> None:
    """On the due date 11.61 had accrued by the night before: as the bill makes 12.00 due, they leave, and 0.39 are the day's income."""
    line = line_of(1_200, MARCH, APRIL)
    yesterday = APRIL - timedelta(days=1)
    billed = Sum(FLAT - line, stood=-line.at(yesterday))
    assert entries_of("accrued", billed) == [Line(Account.INTEREST_INCOME, Account.ACCRUED_INTEREST, 1_161)]
    assert earned("accrued", line.minor(yesterday) + billed.entered, Level(FLAT, 0, 0)) is None


def test_the_night_enters_what_the_line_grew_to_since_the_last() -> None:
    line = line_of(1_200, MARCH, APRIL)
    now = Level(line, 0, line.minor(MARCH + timedelta(days=2)))
    assert earned("accrued", line.minor(MARCH + timedelta(days=1)), now) == Line(Account.ACCRUED_INTEREST, Account.INTEREST_INCOME, 38)


def test_suspended_interest_that_is_written_off_never_was_income_so_it_is_no_loss() -> None:
    gone = Sum(Slope(0, -1_200 * PARTS), lost=1_200, stood=-1_200 * PARTS)
    assert entries_of("suspended", gone) == [Line(Account.INTEREST_SUSPENSE, Account.WRITE_OFF_LOSS, 1_200)]


lives = st.lists(st.tuples(st.integers(0, 10**9), st.integers(1, 366), st.integers(0, 400), st.integers(0, 10**6)), min_size=1, max_size=40)


@given(lives, st.integers(0, 1_200))
def test_the_sum_of_the_moves_is_the_sum_of_the_lines_on_any_day(loans: list[tuple[int, int, int, int]], later: int) -> None:
    """Each loan begins some day, its line changes once to another, and no order or grouping of the moves changes the sum."""
    lines, moves = [], []
    for interest, days, begins, less in loans:
        start = MARCH + timedelta(days=begins)
        first = line_of(interest, start, start + timedelta(days=days), less=less)
        then = line_of(interest // 2, start + timedelta(days=days), start + timedelta(days=2 * days))
        lines.append(then)
        moves += [(KEY, Move("accrued", first)), (KEY, Move("accrued", then - first))]
    total = FLAT
    for line in lines:
        total += line
    folded = sum_moves(reversed(moves)).get((*KEY, "accrued"), Sum()).by
    day = MARCH + timedelta(days=later)
    assert folded == total
    assert folded.minor(day) == nearest(sum(line.at(day) for line in lines))


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(1, 366)), min_size=1, max_size=20), st.integers(1, 366))
def test_skipped_nights_post_in_sum_what_each_night_would_have_posted(loans: list[tuple[int, int]], nights: int) -> None:
    total = FLAT
    for interest, days in loans:
        total += line_of(interest, MARCH, MARCH + timedelta(days=days))
    held, posted = 0, 0
    for night in range(1, nights + 1):
        now = Level(total, 0, total.minor(MARCH + timedelta(days=night)))
        entry = earned("accrued", held, now)
        posted += entry.amount if entry else 0
        held = now.minor
    once = earned("accrued", 0, now)
    assert posted == (once.amount if once else 0)
