"""Pay-off statement: what ends a loan on a day, of what it consists, by how much the next day differs, and for how long it holds.

The sum is the one that a receipt of that day settles the loan with, unless money comes in or the terms change before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import psycopg

from holdfast.kernel.errors import BadInput, Refusal
from holdfast.kernel.money import Money
from holdfast.servicing import reading, store
from holdfast.servicing.fold import State
from holdfast.servicing.payoff import PayoffLine, payoff, payoff_lines
from holdfast.servicing.views import Look

_DAY: Final = timedelta(days=1)
# So many days after the one asked for are told one by one, and a sum that stays the same is followed at most so far.
_FOLLOWING: Final = 7
_SAME_AT_MOST: Final = timedelta(days=31)
_FARTHEST: Final = timedelta(days=3660)


@dataclass(frozen=True, slots=True)
class PayoffStatement:
    """What ends the loan on `on`. The lines sum to `total`; `a_day_more` is what the day after asks for beyond it, which may be less.

    `good_until` is the last day on which the same sum ends the loan; `following` the days after `on` with their sums.
    """

    loan: str
    contract_no: str
    borrower: str
    product_zh: str
    product_en: str
    on: date
    drawn_on: date
    lines: tuple[PayoffLine, ...]
    total: Money
    a_day_more: Money
    good_until: date
    following: tuple[tuple[date, Money], ...]


def sum_on(state: State, on: date) -> int:
    """What ends the debt on `on`, in minor units: the pay-off, or of a debt written off what is still claimed."""
    return state.lost if state.written_off_on is not None else payoff(state, on)


def lines_on(state: State, on: date) -> tuple[PayoffLine, ...]:
    """The lines of `sum_on`; a claim that was written off is one line, `claim`."""
    if state.written_off_on is not None:
        return (PayoffLine("claim", 0, state.lost),) if state.lost else ()
    return tuple(payoff_lines(state, on))


def good_until(state: State, on: date) -> date:
    """The last day, `on` or later, up to which the sum stays the same every day."""
    total, day = sum_on(state, on), on
    while day - on < _SAME_AT_MOST and sum_on(state, day + _DAY) == total:
        day += _DAY
    return day


def payoff_statement(db: psycopg.Connection[Any], look: Look, loan: str, *, on: date | None = None) -> PayoffStatement:
    """The pay-off statement of a loan within sight, for today or a day ahead.

    BadInput for a day that is over or more than ten years ahead; Refusal if nothing is owed.
    """
    on = on or look.today
    if not look.today <= on <= look.today + _FARTHEST:
        why = f"on: a pay-off statement is for {look.today} or a day after it, ten years ahead at most; not {on}"
        raise BadInput(why, field="on", code="payoff_day")
    detail = reading.loan_detail(db, look, loan)
    if not detail.last_event_no:
        raise Refusal(f"loan {loan} has no account yet; nothing is owed on it", code="nothing_owed", loan=loan)
    held = store.load(db, [detail.number], lock=False)[0]
    state, row = held.state, detail.row
    if not sum_on(state, on):
        raise Refusal(f"nothing is owed on loan {loan}", code="nothing_owed", loan=loan)

    def money(minor: int) -> Money:
        return Money(minor, row.currency)

    total = sum_on(state, on)
    following = tuple((day, money(sum_on(state, day))) for day in (on + _DAY * ahead for ahead in range(1, _FOLLOWING + 1)))
    return PayoffStatement(
        loan=row.id, contract_no=row.contract_no, borrower=row.borrower, product_zh=row.product_name_zh, product_en=row.product_name_en,
        on=on, drawn_on=look.today, lines=lines_on(state, on), total=money(total), a_day_more=money(following[0][1].minor - total),
        good_until=good_until(state, on), following=following,
    )  # fmt: skip
