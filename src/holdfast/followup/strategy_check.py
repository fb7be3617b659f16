"""What is wrong with a strategy before it decides: loans that no row speaks of, and loans of which two rows speak.

A row is a box in the space of the inputs, so both are found exactly, by taking boxes away from boxes and not by trying cases:
a gap is what is left of the space, an overlap what two boxes share. A product that no row names counts as one more product.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from typing import Final

from holdfast.followup.strategy_model import INPUTS, Condition, Row, Span

OTHER: Final = "*"  # any word that no row names
_EVERYTHING: Final = Span(0)
_MOST_BOXES: Final = 20_000
_MOST_TOLD: Final = 8

Box = tuple[Condition, ...]


class Flaw(StrEnum):
    """What may be wrong."""

    GAP = "gap"
    OVERLAP = "overlap"
    INTRICATE = "intricate"


@dataclass(frozen=True, slots=True)
class Defect:
    """One defect: the rows concerned (none of a gap) and the cell, whose inputs that may be anything are left out.

    `*` among the words of a cell is any word that no row names.
    """

    flaw: Flaw
    rows: tuple[str, ...]
    cell: Mapping[str, Condition]

    @property
    def sentence(self) -> str:
        """In plain words, for the API and the journal."""
        where = ", ".join(f"{name} {_said(condition)}" for name, condition in self.cell.items()) or "every loan"
        if self.flaw is Flaw.GAP:
            return f"no row for {where}"
        if self.flaw is Flaw.OVERLAP:
            return f"rows {' and '.join(self.rows)} overlap at {where}"
        return "the rows cut the loans into too many cases to be looked through; make them simpler"


def check(rows: Sequence[Row]) -> list[Defect]:
    """The defects of the rows above the last one, which only catches what is not known: overlaps in their order, then gaps.

    Of gaps the first few are told; filling them brings out the rest.
    """
    deciding = rows[:-1]
    space = _space(deciding)
    boxes = {row.row_id: tuple(row.when.get(each.name, whole) for each, whole in zip(INPUTS, space, strict=True)) for row in deciding}
    found = [
        Defect(Flaw.OVERLAP, (one, other), _cell(shared, space))
        for (one, box), (other, beside) in combinations(boxes.items(), 2)
        if (shared := _meet(box, beside)) is not None
    ]
    left = [space]
    for box in boxes.values():
        left = [piece for each in left for piece in _minus(each, box)]
        if len(left) > _MOST_BOXES:
            return [*found, Defect(Flaw.INTRICATE, (), {})]
    return [*found, *(Defect(Flaw.GAP, (), _cell(each, space)) for each in left[:_MOST_TOLD])]


def _space(rows: Sequence[Row]) -> Box:
    """All that the inputs can be."""
    whole: list[Condition] = []
    for each in INPUTS:
        if each.numeric:
            whole.append(_EVERYTHING)
        elif each.words:
            whole.append(frozenset(each.words))
        else:
            named = (row.when.get(each.name, frozenset()) for row in rows)
            whole.append(frozenset({OTHER}).union(*(words for words in named if isinstance(words, frozenset))))
    return tuple(whole)


def _meet(one: Box, other: Box) -> Box | None:
    """What two boxes share; None if nothing."""
    shared = []
    for a, b in zip(one, other, strict=True):
        both = _both(a, b)
        if both is None:
            return None
        shared.append(both)
    return tuple(shared)


def _minus(box: Box, taken: Box) -> list[Box]:
    """What is left of a box, as boxes that share nothing with each other."""
    if _meet(box, taken) is None:
        return [box]
    left, rest = [], list(box)
    for place, condition in enumerate(taken):
        for outside in _outside(rest[place], condition):
            left.append((*rest[:place], outside, *rest[place + 1 :]))
        inside = _both(rest[place], condition)
        assert inside is not None
        rest[place] = inside
    return left


def _both(a: Condition, b: Condition) -> Condition | None:
    if isinstance(a, Span) and isinstance(b, Span):
        low = max(a.low, b.low)
        ends = [each.high for each in (a, b) if each.high is not None]
        high = min(ends) if ends else None
        return Span(low, high) if high is None or low <= high else None
    assert isinstance(a, frozenset) and isinstance(b, frozenset)
    return a & b or None


def _outside(a: Condition, b: Condition) -> list[Condition]:
    """The parts of `a` that are not in `b`."""
    if isinstance(a, Span) and isinstance(b, Span):
        parts: list[Condition] = []
        if a.low < b.low:
            parts.append(Span(a.low, b.low - 1))
        if b.high is not None and (a.high is None or b.high < a.high):
            parts.append(Span(b.high + 1, a.high))
        return parts
    assert isinstance(a, frozenset) and isinstance(b, frozenset)
    return [a - b] if a - b else []


def _cell(box: Box, space: Box) -> dict[str, Condition]:
    return {each.name: condition for each, condition, whole in zip(INPUTS, box, space, strict=True) if condition != whole}


def _said(condition: Condition) -> str:
    if isinstance(condition, Span):
        if condition.high is None:
            return f"{condition.low} or more"
        return str(condition.low) if condition.low == condition.high else f"{condition.low} to {condition.high}"
    return " or ".join("any other" if word == OTHER else word for word in sorted(condition, key=lambda word: (word == OTHER, word)))
