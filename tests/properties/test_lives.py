"""Random lives of random contracts keep every promise about money, whatever borrowers and staff do and in whatever order it is learned.

`auditor` knows the promises, `lives` what may happen. A life that breaks one is told again with all left out that is not
needed, and printed with its seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from holdfast.servicing import allocation
from holdfast.servicing import payoff as payoff_module
from holdfast.servicing.state import State
from tests.properties.auditor import Broken
from tests.properties.lives import FoldOf, live, shrunk, story_of

CASES, LIVES, MANY = 8, 2_000, 100_000


@pytest.mark.parametrize("case", range(CASES))
def test_two_thousand_lives_keep_every_promise(case: int) -> None:
    _lives(range(case * LIVES // CASES, (case + 1) * LIVES // CASES))


@pytest.mark.long
@pytest.mark.parametrize("case", range(100))
def test_a_hundred_thousand_lives_keep_every_promise(case: int) -> None:
    _lives(range(LIVES + case * MANY // 100, LIVES + (case + 1) * MANY // 100))


def _lives(seeds: range) -> None:
    for seed in seeds:
        try:
            live(seed)
        except Exception as error:
            life = getattr(error, "life", None)
            if life is None:
                raise
            events, kept = shrunk(life, error, seed)
            raise AssertionError(f"seed {seed}: {kept!r}\n{story_of(life.terms, events)}") from error


# ── an auditor that cannot fail is worthless ───────────────────────────────────────────────────────────────


def _found(seeds: Sequence[int] = range(60)) -> set[str]:
    """The promises that these lives are found to break."""
    found = set()
    for seed in seeds:
        try:
            live(seed)
        except Broken as broken:
            found.add(broken.promise)
    return found


def test_money_that_is_lost_on_its_way_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = allocation.pay

    def careless(state: State, row: Any, *, event_no: int, on: date, amount: int, order: Sequence[str]) -> int:
        used = honest(state, row, event_no=event_no, on=on, amount=amount, order=order)
        return used + 1 if amount - used > 100 else used

    monkeypatch.setattr(allocation, "pay", careless)
    assert "each receipt is what it paid and what was too much" in _found()


def test_a_quote_that_is_one_minor_unit_short_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FoldOf, "quote", lambda self, state, on: max(0, payoff_module.payoff(state, on) - 1))
    assert "a pay-off quote is exactly what closes the loan" in _found()
