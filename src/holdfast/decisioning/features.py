"""The feature record: all that a decision about a loan may look at, and nothing else.

Each fact has a kind, a unit and a range. What is absent is absent (None), never a guess; what is there but
cannot be what it says is named in `unreadable` and taken as absent, so that a person looks at it. What a
caller noticed about a person is not among the keys, and an unknown key cannot get in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from holdfast.kernel.errors import BadInput

FORM: Final = "holdfast-features/1"

HOUSING: Final = ("own", "rent", "other")
SAVINGS: Final = ("none", "low", "medium", "high")
PURPOSES: Final = (
    "medical", "education", "home", "working_capital", "daily_life", "other", "stock", "house_purchase", "gambling", "relending",
)  # fmt: skip
VALUATIONS: Final = ("counting", "referred", "stale", "missing")

MOST_MINOR: Final = 10**12


@dataclass(frozen=True, slots=True)
class Facts:
    """One applicant's facts at one moment. Sums are minor units of the loan's currency, a month where they recur."""

    # as asked for
    amount_minor: int
    instalments: int
    purpose: str | None = None
    # about the person, as answered in the application or supplemented in the call
    adult: bool | None = None
    employment_years: int | None = None
    housing: str | None = None
    savings_band: str | None = None
    existing_loans: int | None = None
    monthly_income_minor: int | None = None
    monthly_obligations_minor: int | None = None
    # about the thing
    lending_value_minor: int | None = None
    valuation: str = "missing"
    locked: bool | None = None
    open_pledges: int = 0
    # about the house
    may_originate: bool = False
    owed_here_minor: int = 0
    # what was there and could not be read
    unreadable: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The record as it is kept."""
        return {"form": FORM, **{name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Facts:
        """The facts of a record that was kept; BadInput if it has other keys than these."""
        if set(record) != {"form", *KEYS} or record["form"] != FORM:
            raise BadInput("a feature record has exactly the keys of its form", field="features")
        given: dict[str, Any] = {name: record[name] for name in KEYS}
        return cls(**{**given, "unreadable": tuple(given["unreadable"])})

    @property
    def missing(self) -> tuple[str, ...]:
        """The questions without an answer."""
        return tuple(name for name in ASKED if getattr(self, name) is None)


KEYS: Final = tuple(each.name for each in fields(Facts))

# A reader gives the value, or None for what cannot be one.
_Reader = Callable[[Any], int | str | bool | None]


def _whole(least: int, most: int) -> _Reader:
    def read(value: Any) -> int | None:
        return value if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most else None

    return read


def _one_of(words: tuple[str, ...]) -> _Reader:
    return lambda value: value if isinstance(value, str) and value in words else None


def _money(value: Any) -> int | None:
    """Minor units, given bare or as `{"minor", "currency"}`."""
    if isinstance(value, Mapping):
        value = value.get("minor")
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_MINOR else None


# What is asked of the person, and how an answer is read.
ASKED: Final[Mapping[str, _Reader]] = {
    "purpose": _one_of(PURPOSES),
    "adult": lambda value: value if isinstance(value, bool) else None,
    "employment_years": _whole(0, 80),
    "housing": _one_of(HOUSING),
    "savings_band": _one_of(SAVINGS),
    "existing_loans": _whole(0, 100),
    "monthly_income_minor": _money,
    "monthly_obligations_minor": _money,
}

# What a scorecard may ask for: nothing that a person is, and nothing that a caller noticed.
SCORED: Final = ("instalments", "employment_years", "housing", "savings_band", "existing_loans")


def read_answers(answers: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The answers to what is asked, each typed, and the names of those that cannot be what they say. Other answers are not looked at."""
    found: dict[str, Any] = {}
    unreadable = []
    for name, reader in ASKED.items():
        given = answers.get(name)
        found[name] = None if given is None or given == "" else reader(given)
        if found[name] is None and given is not None and given != "":
            unreadable.append(name)
    return found, tuple(unreadable)
