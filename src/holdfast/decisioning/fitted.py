"""What comes out of fitting: a scorecard, and all that its card tells of how it came about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from holdfast.decisioning.measures import Measures
from holdfast.decisioning.scorecard import Scorecard

FOLDS: Final = 5
LEAST_INFORMATION: Final = 0.02  # below it a characteristic says nothing, by the usual reading of information values;
TIMES_CHANCE: Final = 2.0  # and in a small file chance alone gives some, so that it must also be so many times that


@dataclass(frozen=True, slots=True)
class Wishes:
    """What whoever trains may ask for beyond the file."""

    include: frozenset[str] = frozenset()  # protected columns to be used all the same
    exclude: frozenset[str] = frozenset()
    levels: frozenset[str] = frozenset()  # columns of numbers that are names of things
    silence_may_gain: bool = True  # whether a missing answer may earn more than the average


@dataclass(frozen=True, slots=True)
class Bin:
    """One bin of a characteristic as fitted: what falls into it, how many rows, and how they ended."""

    what: str
    rows: int
    bad: int
    woe: float
    points: int


@dataclass(frozen=True, slots=True)
class Used:
    """A characteristic of the scorecard, with its bins and how much it tells."""

    name: str
    information: float
    weight: float
    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True)
class Fitted:
    """A scorecard and all that its card tells: what was used, what was left out and why, and how good it is on unseen rows."""

    scorecard: Scorecard
    rows: int
    bad: int
    used: tuple[Used, ...]
    left_out: tuple[tuple[str, str], ...]
    unseen: Measures
    seen: Measures
    shrinkage: float
