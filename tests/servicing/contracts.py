"""Contracts and events that the tests of the rules stand on: round numbers, and chance for the properties."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from holdfast.kernel.calendar import DayCount, Unit
from holdfast.kernel.rate import Per, Rate
from holdfast.kernel.rounding import Rounding
from holdfast.products.schedule import due_on
from holdfast.products.terms import Across, Excess, Method, PeriodInterest, Terms
from holdfast.servicing.fold import Event, State, fold

START = date(2026, 1, 1)
TWELVE_PERCENT = Rate(120_000_000)


def contract(**other: Any) -> Terms:
    """1,200.00 over 12 months at 12 % a year, equal principal: 100.00 principal, and 1 % of what is owed."""
    plain: dict[str, Any] = {
        "currency": "CNY",
        "principal": 120_000,
        "method": Method.EQUAL_PRINCIPAL,
        "rate": TWELVE_PERCENT,
        "instalments": 12,
        "disbursed_on": START,
    }
    return Terms(**(plain | other))


@dataclass
class Story:
    """Events written down in the order they are told."""

    terms: Terms
    events: list[Event]

    def tell(self, kind: str, on: date, **payload: Any) -> Story:
        return Story(self.terms, [*self.events, Event(len(self.events) + 1, kind, on, on, payload)])

    def paid(self, amount: int, on: date) -> Story:
        return self.tell("receipt", on, amount=amount)

    def due(self, *numbers: int) -> Story:
        story = self
        for n in numbers:
            story = story.tell("instalment_due", due_on(self.terms, n), n=n)
        return story

    @property
    def state(self) -> State:
        return fold(self.terms, self.events)


def lent(terms: Terms | None = None, **other: Any) -> Story:
    """The contract, paid out on its day."""
    terms = terms or contract(**other)
    return Story(terms, []).tell("disbursed", terms.disbursed_on, amount=terms.principal)


@st.composite
def contracts(draw: st.DrawFn) -> Terms:
    method = draw(st.sampled_from(Method))
    instalments = 1 if method is Method.SINGLE_PERIOD else draw(st.integers(1, 24))
    unit, count = draw(st.sampled_from([(Unit.MONTHS, 1), (Unit.MONTHS, 3), (Unit.WEEKS, 2), (Unit.DAYS, 10)]))
    return Terms(
        currency="CNY",
        principal=draw(st.integers(1_000, 100_000_000)),
        method=method,
        rate=Rate(draw(st.sampled_from([0, 36_000_000, 123_456_789, 240_000_000])), draw(st.just(Per.YEAR))),
        instalments=instalments,
        disbursed_on=draw(st.dates(date(2024, 1, 1), date(2026, 12, 31))),
        day_count=draw(st.sampled_from(DayCount)),
        period_interest=draw(st.sampled_from(PeriodInterest)),
        every_count=count,
        every_unit=unit,
        rounding=draw(st.sampled_from(Rounding)),
        instalment_rounding=draw(st.sampled_from(Rounding)),
        instalment_multiple=draw(st.sampled_from([1, 100])),
        principal_grace=draw(st.integers(0, instalments - 1)),
        interest_grace=draw(st.integers(0, instalments - 1)),
        balanced=draw(st.booleans()),
        allocation=draw(st.permutations(("fee", "penalty", "interest", "principal")).map(tuple)),
        across=draw(st.sampled_from(Across)),
        excess=draw(st.sampled_from(Excess)),
    )


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """A loan with receipts on any days, charges now and then, and the nights that have passed."""
    story = lent(draw(contracts()))
    terms = story.terms
    days = (due_on(terms, terms.instalments) - terms.disbursed_on).days + 60
    for day in sorted(draw(st.lists(st.integers(0, days), max_size=8))):
        on = terms.disbursed_on + timedelta(days=day)
        if draw(st.integers(0, 4)):
            story = story.paid(draw(st.integers(1, terms.principal * 2 // 3 + 1)), on)
        else:
            part = draw(st.sampled_from(["fee", "penalty"]))
            story = story.tell("charge", on, part=part, amount=draw(st.integers(1, 10_000)), due_on=on)
    return story.due(*range(1, draw(st.integers(0, terms.instalments)) + 1))
