"""The figures on the page docs/capabilities/servicing.md are those that the rules give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from holdfast.kernel.money import decimal_of
from holdfast.products.terms import Early, Method, OverdueInterest
from holdfast.servicing.fold import Event
from holdfast.servicing.payoff import payoff, payoff_lines
from holdfast.servicing.rescheduling import Kind, Rearrangement, rearranged
from tests.servicing.contracts import Story, contract, lent

PAGE = (Path(__file__).parents[2] / "docs" / "capabilities" / "servicing.md").read_text()
FIRST, SECOND = date(2026, 2, 1), date(2026, 3, 1)
EQUAL = contract(method=Method.EQUAL_INSTALMENT, instalments=6, early=Early.REDUCE)


def agreed(story: Story, on: date, change: Rearrangement) -> Story:
    plan = rearranged(story.state, story.events, change, loan="ln_x", on=on)
    return story.tell(plan.event_kind, on, **plan.payload)


def table(story: Story) -> str:
    """The instalments as the page shows them."""

    def money(minor: int) -> str:
        return decimal_of(minor, story.terms.currency)

    lines = ["| n | due on | principal | interest | due | paid |", "|--:|---|--:|--:|--:|--:|"]
    for row in story.state.instalments:
        amounts = " | ".join(money(minor) for minor in (row.principal, row.interest, row.due, row.paid))
        lines.append(f"| {row.n} | {row.due_on} | {amounts} |")
    return "\n".join(lines) + "\n"


def backdated() -> Story:
    late = lent(instalments=3).due(1)
    told = agreed(late, date(2026, 2, 10), Rearrangement(Kind.REAMORTISE))
    return Story(told.terms, [*told.events, Event(9, "receipt", FIRST, date(2026, 2, 20), {"amount": 41_200})])


EXAMPLES: dict[str, Callable[[], Story]] = {
    "equal principal": lambda: lent(instalments=3),
    "equal instalments": lambda: lent(EQUAL),
    "flat": lambda: lent(instalments=3, method=Method.FLAT),
    "interest first": lambda: lent(instalments=3, method=Method.INTEREST_FIRST),
    "balloon": lambda: lent(instalments=3, balloon=60_000),
    "partial": lambda: lent(instalments=3).paid(30_000, FIRST),
    "early, ahead": lambda: lent(instalments=3).paid(61_200, FIRST),
    "early, reduce": lambda: lent(EQUAL).paid(60_706, FIRST),
    "early, shorten": lambda: lent(replace(EQUAL, early=Early.SHORTEN)).paid(60_706, FIRST),
    "early, next": lambda: lent(replace(EQUAL, early=Early.NEXT)).paid(60_706, FIRST),
    "overdue bears interest": lambda: (
        lent(replace(EQUAL, overdue_interest=OverdueInterest.ALWAYS)).paid(41_412, SECOND)
    ),
    "more is lent": lambda: lent(instalments=3, limit=200_000).paid(41_200, FIRST).tell("disbursed", FIRST, amount=40_000),
    "re-amortise": lambda: agreed(lent(instalments=3).due(1), date(2026, 2, 10), Rearrangement(Kind.REAMORTISE)),
    "backdated": backdated,
    "holiday": lambda: agreed(lent(instalments=3), date(2026, 1, 10), Rearrangement(Kind.HOLIDAY, periods=1, longer=True)),
    "re-age": lambda: agreed(
        lent(instalments=3).due(1), date(2026, 2, 10), Rearrangement(Kind.REAGE, instalments=4, start_on=date(2026, 3, 10))
    ),
    "defer": lambda: agreed(lent(instalments=3), date(2026, 1, 10), Rearrangement(Kind.DEFER, months=1)),
}  # fmt: skip


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_page_shows_what_the_rules_give(name: str) -> None:
    assert f"**{name}**" in PAGE
    assert table(EXAMPLES[name]()) in PAGE.split(f"**{name}**", 1)[1].split("\n**", 1)[0]


def test_the_page_shows_a_pay_off_as_its_lines_sum() -> None:
    state = lent(instalments=3).paid(41_200, FIRST).state
    lines = {line.part: line.amount for line in payoff_lines(state, date(2026, 2, 15))}
    assert lines == {"principal": 80_000, "interest_running": 400} and payoff(state, date(2026, 2, 15)) == 80_400
    assert "800.00 + 4.00 = 804.00" in PAGE
