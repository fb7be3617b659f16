"""Valuation: what a pledged thing would fetch on a given day, who says so, and which word counts.

A valuation is never edited. A second look makes a second valuation, and every choice between
sources is kept with the name of the rule that made it and the valuations it was made from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from holdfast.collateral.model import Grade
from holdfast.kernel.errors import BadInput, Refusal
from holdfast.kernel.money import Money
from holdfast.kernel.rounding import Rounding, divide


class Source(StrEnum):
    """Where a value comes from."""

    PRICE_BOOK = "price_book"
    APPRAISAL = "appraisal"
    OUTSIDE_QUOTE = "outside_quote"


@dataclass(frozen=True, slots=True)
class Valuation:
    """One source's word on a thing. `amount` is what it would fetch unlocked, deductions taken off."""

    valuation_id: int
    public_id: str
    thing_id: int
    source: Source
    source_name: str
    grade: Grade
    market: Money
    deductions: Mapping[str, int]
    amount: Money
    locked: bool
    evidence: tuple[str, ...]
    basis: str
    as_of: date
    valid_until: date
    made_by: str | None
    made_at: datetime

    def fresh(self, on: date) -> bool:
        """Whether it may still be used on that day."""
        return self.as_of <= on <= self.valid_until


@dataclass(frozen=True, slots=True)
class Standing:
    """The sources beside each other and the one that counts.

    `referred` says why two people must settle it first; then nothing counts and nothing is lent on it. `amount` is the
    counting value, a locked phone's parts value taken; `lending_value` is what is left of it after the haircut.
    `public_id` names the choice once it has been kept.
    """

    thing_id: int
    public_id: str | None
    rule: str
    counting: Valuation | None
    sources: tuple[Valuation, ...]
    referred: str | None
    apart_percent: int
    locked: bool
    amount: Money
    haircut_percent: int
    lending_value: Money
    valid_until: date | None


@dataclass(frozen=True, slots=True)
class Policy:
    """The pack's figures for valuing a thing, all whole per cents and days."""

    rule: str
    valid_for: int
    stale_after: int
    disagreement_percent: int
    haircut_percent: int
    locked_percent: int


Rule = Callable[[Sequence[Valuation]], Valuation]


def lowest_of_fresh_sources(sources: Sequence[Valuation]) -> Valuation:
    """The lowest; of equal ones the first made."""
    return min(sources, key=lambda each: (each.amount.minor, each.valuation_id))


def middle_of_fresh_sources(sources: Sequence[Valuation]) -> Valuation:
    """The middle one by amount; of an even number the lower of the two in the middle."""
    return sorted(sources, key=lambda each: (each.amount.minor, each.valuation_id))[(len(sources) - 1) // 2]


# The rules that a pack may name under `valuation.rule`.
RULES: Final[Mapping[str, Rule]] = {
    "lowest_of_fresh_sources": lowest_of_fresh_sources,
    "middle_of_fresh_sources": middle_of_fresh_sources,
}
SETTLED: Final = "settled_by_two"


def amount_of(market: Money, deductions: Mapping[str, int]) -> Money:
    """What is left of the market price after the faults; BadInput if a fault adds or nothing is left."""
    for name, minor in deductions.items():
        if minor < 0:
            raise BadInput(f"deductions.{name}: a fault takes off, it does not add", field=f"deductions.{name}")
    left = market.minor - sum(deductions.values())
    if left <= 0:
        raise BadInput(
            "deductions: the faults leave nothing of the price; such a phone is not taken", code="nothing_left", field="deductions"
        )
    return Money(left, market.currency)


def newest(valuations: Sequence[Valuation], on: date) -> list[Valuation]:
    """Of each source the newest word that is still fresh, in the order in which they were given."""
    found: dict[tuple[str, str], Valuation] = {}
    for each in sorted(valuations, key=lambda each: each.valuation_id):
        # One appraiser's word takes the place of another's: it is the same inspection, done again.
        name = "" if each.source is Source.APPRAISAL else each.source_name
        if each.fresh(on):
            found[each.source, name] = each
    return sorted(found.values(), key=lambda each: each.valuation_id)


def lent_on(amount: int, haircut_percent: int) -> int:
    """What may be lent on a value in minor units: what is left of it after the haircut, rounded down."""
    return amount * (100 - haircut_percent) // 100


def apart_percent(sources: Sequence[Valuation]) -> int:
    """How far the lowest lies below the highest, in per cent of the highest, rounded up: what is beyond a line shows as beyond it."""
    highest = max(each.amount.minor for each in sources)
    return divide((highest - min(each.amount.minor for each in sources)) * 100, highest, Rounding.UP)


def choose(thing_id: int, sources: Sequence[Valuation], policy: Policy, settled: Valuation | None = None) -> Standing:
    """Which of the fresh `sources` counts; `settled` is the one that two people chose from exactly these."""
    if not sources:
        raise Refusal("nobody has said what this thing is worth", code="no_valuation")
    if policy.rule not in RULES:
        raise Refusal(f"the policy pack names the rule {policy.rule!r}, which nobody knows", code="no_rule", field="valuation.rule")
    currencies = {each.amount.currency for each in sources}
    if len(currencies) > 1:
        raise Refusal(f"the sources speak in {' and '.join(sorted(currencies))}; they cannot be compared", code="currencies_differ")
    currency = currencies.pop()
    apart = apart_percent(sources)
    locked = any(each.locked for each in sources)
    referred, rule, counting = None, policy.rule, RULES[policy.rule](sources)
    if settled is not None:
        rule, counting = SETTLED, settled
    elif apart > policy.disagreement_percent:
        referred = f"the sources lie {apart} % apart, more than {policy.disagreement_percent} %; two people must settle which counts"
    if referred:
        nothing = Money(0, currency)
        return Standing(thing_id, None, rule, None, tuple(sources), referred, apart, locked, nothing, policy.haircut_percent, nothing, None)
    amount = counting.amount.minor
    if locked:
        amount = amount * policy.locked_percent // 100
    lending = lent_on(amount, policy.haircut_percent)
    return Standing(
        thing_id, None, rule, counting, tuple(sources), None, apart, locked, Money(amount, currency), policy.haircut_percent,
        Money(lending, currency), min(each.valid_until for each in sources),
    )  # fmt: skip
