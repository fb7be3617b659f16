"""The scorecard: whole points for each answer, and what their sum says about the chance of a bad end.

A compiled scorecard is sorted edges and whole numbers: two machines that read the same file give the same
score. Nothing here needs what fitted it. Higher is better; by the scale every `pdo` points double the odds.
"""

from __future__ import annotations

import hashlib
import json
import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from holdfast.kernel import canonical
from holdfast.kernel.errors import BadInput

FORM: Final = "holdfast-scorecard/1"
MILLI: Final = 1000
MILLION: Final = 1_000_000

Value = int | float | str | None


@dataclass(frozen=True, slots=True)
class Scale:
    """`score` points stand for odds of `odds` good to one bad, and `pdo` more points double them."""

    pdo: int = 20
    score: int = 600
    odds: int = 50


@dataclass(frozen=True, slots=True)
class Characteristic:
    """One question and the points of its answers.

    A number falls into the bin after the last edge that is not above it, so that `points` has one entry more than
    `edges`; a number that is one of `codes` has points of its own. A level (a word) has its own points, or `other`.
    """

    name: str
    numeric: bool
    missing: int
    edges: tuple[str, ...] = ()
    points: tuple[int, ...] = ()
    codes: Mapping[str, int] = field(default_factory=dict)
    levels: Mapping[str, int] = field(default_factory=dict)
    other: int = 0

    @property
    def best(self) -> int:
        """The most points that an answer can earn."""
        return max(self.points) if self.numeric else max((*self.levels.values(), self.other))


@dataclass(frozen=True, slots=True)
class Earned:
    """What one answer earned, and how far that is from the best answer."""

    name: str
    points: int
    best: int

    @property
    def lost(self) -> int:
        """Points lost against the best answer; never negative."""
        return max(self.best - self.points, 0)


@dataclass(frozen=True, slots=True)
class Score:
    """`milli` is the score in thousandths of a point; `pd_ppm` the chance of a bad end in parts per million."""

    milli: int
    pd_ppm: int
    earned: tuple[Earned, ...]

    @property
    def points(self) -> int:
        """The score in whole points, rounded down: what policy holds against its bands."""
        return self.milli // MILLI


@dataclass(frozen=True, slots=True)
class Scorecard:
    """A fitted scorecard. `base_milli` are the points that everybody begins with."""

    name: str
    target: str
    scale: Scale
    base_milli: int
    characteristics: tuple[Characteristic, ...]
    _compiled: tuple[tuple[str, Any, Any, Any, int], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_compiled", tuple(_compile(each) for each in self.characteristics))

    def milli_of(self, answers: Mapping[str, Value]) -> int:
        """The score in thousandths of a point. Numbers must be given as numbers, levels as text, an absent answer as None."""
        total = 0
        for name, edges, points, own, missing in self._compiled:
            value = answers[name]
            if value is None:
                total += missing
            elif edges is None:
                total += own.get(value, points)
            elif own and value in own:
                total += own[value]
            else:
                total += points[bisect_right(edges, value)]
        return self.base_milli + total * MILLI

    def score(self, answers: Mapping[str, Value]) -> Score:
        """The score with what each answer earned. BadInput for a number given as text, or the other way about."""
        earned = []
        for each in self.characteristics:
            value = answers[each.name]
            if value is not None and isinstance(value, str) is each.numeric:
                wanted = "a number" if each.numeric else "one of its levels, as text"
                raise BadInput(f"{each.name}: give {wanted}, not {value!r}", field=each.name)
            earned.append(Earned(each.name, self.points_of(each, value), each.best))
        milli = self.base_milli + MILLI * sum(each.points for each in earned)
        return Score(milli, pd_ppm(milli, self.scale), tuple(earned))

    def points_of(self, characteristic: Characteristic, value: Value) -> int:
        """The points of one answer, read from the table as a person would: from the first bin to the last."""
        if value is None:
            return characteristic.missing
        if not characteristic.numeric:
            return characteristic.levels.get(str(value), characteristic.other)
        number = float(value)
        for code, points in characteristic.codes.items():
            if number == float(code):
                return points
        place = 0
        while place < len(characteristic.edges) and number >= float(characteristic.edges[place]):
            place += 1
        return characteristic.points[place]

    @property
    def content(self) -> bytes:
        """The scorecard's own bytes: canonical, so that one scorecard has one digest."""
        return canonical.encode(
            {
                "form": FORM,
                "name": self.name,
                "target": self.target,
                "scale": {"pdo": self.scale.pdo, "score": self.scale.score, "odds": self.scale.odds},
                "base_milli": self.base_milli,
                "characteristics": [_to_json(each) for each in self.characteristics],
            }
        )

    @property
    def sha256(self) -> str:
        """The digest of `content`, in hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()


def pd_ppm(milli: int, scale: Scale) -> int:
    """The chance of a bad end that a score stands for, in parts per million."""
    return round(MILLION * pd(milli, scale))


def pd(milli: int, scale: Scale) -> float:
    """The same as a fraction, for measuring."""
    doublings = min(max((milli / MILLI - scale.score) / scale.pdo, -500.0), 500.0)
    return 1 / (1 + scale.odds * math.pow(2.0, doublings))


def log_odds(milli: int, scale: Scale) -> float:
    """The natural logarithm of the odds of bad to good."""
    return -(math.log(scale.odds) + (milli / MILLI - scale.score) / scale.pdo * math.log(2))


def read(data: bytes) -> Scorecard:
    """The scorecard of those bytes; BadInput, naming what is wrong, unless they are exactly what `content` would write."""
    try:
        raw = json.loads(data.decode())
    except (ValueError, RecursionError) as error:
        raise BadInput(f"the scorecard is not JSON: {error}", field="scorecard") from None
    if not isinstance(raw, dict) or raw.get("form") != FORM:
        raise BadInput(f"the scorecard's form must be {FORM}", field="scorecard.form")
    try:
        found = Scorecard(
            name=raw["name"], target=raw["target"], scale=Scale(**raw["scale"]), base_milli=raw["base_milli"],
            characteristics=tuple(_from_json(each) for each in raw["characteristics"]),
        )  # fmt: skip
        same = found.content == data
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise BadInput(f"the scorecard is damaged: {type(error).__name__} {error}", field="scorecard") from None
    if not same:
        raise BadInput("the scorecard is damaged: it is not in the form in which a scorecard is written", field="scorecard")
    return found


def _compile(each: Characteristic) -> tuple[str, Any, Any, Any, int]:
    if not each.numeric:
        return each.name, None, each.other, dict(each.levels), each.missing
    edges = [float(edge) for edge in each.edges]
    if edges != sorted(set(edges)) or len(each.points) != len(edges) + 1:
        raise ValueError(f"the edges of {each.name} are not in order, or its points do not fit them")
    return each.name, edges, each.points, {float(code): points for code, points in each.codes.items()}, each.missing


def _to_json(each: Characteristic) -> dict[str, Any]:
    if each.numeric:
        kind = {"edges": list(each.edges), "points": list(each.points), "codes": dict(each.codes)}
    else:
        kind = {"levels": dict(each.levels), "other": each.other}
    return {"name": each.name, "kind": "number" if each.numeric else "level", "missing": each.missing, **kind}


def _from_json(raw: Mapping[str, Any]) -> Characteristic:
    if raw["kind"] == "number":
        return Characteristic(raw["name"], True, raw["missing"], tuple(raw["edges"]), tuple(raw["points"]), dict(raw["codes"]))
    return Characteristic(raw["name"], False, raw["missing"], levels=dict(raw["levels"]), other=raw["other"])
