"""A request for other terms, and the comparison that whoever asks, agrees or decides has in front of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from holdfast.kernel.money import Money
from holdfast.servicing import Kind, Rearrangement

# Why other terms are asked for. A code, not free words: what befell a borrower is no business of an append-only journal.
REASONS: Final = ("income_late", "income_less", "unforeseen_cost", "other")
# What a borrower can ask for on their own page; everything else is talked over with staff, who propose it.
BORROWER_MAY_ASK: Final = frozenset({Kind.DEFER, Kind.DUE_DATES, Kind.EXTEND})
# An extension within the pack's limits follows from the borrower's own request. Whatever else changes the contract is agreed to
# by its borrower with a code that stands for exactly these figures (Civil Code 543), and by two people of the lender.
PLAIN: Final = frozenset({Kind.DEFER})


class RequestState(StrEnum):
    """Where a request stands."""

    PROPOSED = "proposed"  # waits for the borrower to agree with a code
    ASKED = "asked"  # waits for people of the lender
    SECONDED = "seconded"  # one of two has agreed
    AGREED = "agreed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    REVERSED = "reversed"


OPEN: Final = frozenset({RequestState.PROPOSED, RequestState.ASKED, RequestState.SECONDED})


@dataclass(frozen=True, slots=True)
class Line:
    """One instalment today and after: its day and what it still asks for in minor units; no day where it is not there then."""

    n: int
    was_due_on: date | None
    was_due: int
    due_on: date | None
    due: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Today, after, and what it costs. The lines are the instalments that ask for anything today or after.

    `shown` is the digest of exactly these figures: who asks, agrees or decides hands it back, so that nobody agrees to what
    they have not seen. `extra_cost` may be less than nothing. `yearly_before` and `yearly_after` say what is left costs by the year, as a
    share of one with four decimals: the rate that makes all instalments still to pay worth the principal owed today; None where
    nothing is to come.
    """

    loan: str
    on: date
    change: Rearrangement
    lines: tuple[Line, ...]
    extra_cost: Money
    total_before: Money
    total_after: Money
    was_ending_on: date
    ends_on: date
    days_late: int
    watched_until: date
    yearly_before: str | None
    yearly_after: str | None
    shown: str

    @property
    def before(self) -> tuple[Line, ...]:
        """The instalments that ask for money today."""
        return tuple(line for line in self.lines if line.was_due)

    @property
    def after(self) -> tuple[Line, ...]:
        """The instalments that ask for money afterwards."""
        return tuple(line for line in self.lines if line.due)

    @property
    def usual_before(self) -> int:
        """What an instalment asks for most often today; the first of those asked for equally often."""
        return _usual([line.was_due for line in self.before])

    @property
    def usual_after(self) -> int:
        return _usual([line.due for line in self.after])


@dataclass(frozen=True, slots=True)
class Answer:
    """What one person of the lender said."""

    name: str
    agreed: bool
    words: str
    at: datetime
    seq: int
    staff_id: int


@dataclass(frozen=True, slots=True)
class Request:
    """One request, with both schedules as they were shown. `answers` are those of the lender's people, oldest first.

    `event_no` is the loan's event that brought it about. `consent_seq` is the record of the borrower's own agreement.
    """

    public_id: str
    request_no: int
    loan: str
    state: RequestState
    change: Rearrangement
    reason: str
    comparison: Comparison
    asked_on: date
    asked_at: datetime
    asked_by: str
    asked_role: str
    asked_name: str | None
    asked_staff_id: int | None
    asked_person_id: int | None
    asked_seq: int
    consented_at: datetime | None
    consent_seq: int | None
    decided_at: datetime | None
    decided_seq: int | None
    event_no: int | None
    reversed_seq: int | None
    answers: tuple[Answer, ...] = ()

    @property
    def months(self) -> int | None:
        """By how many months it moves every instalment; None for any other kind."""
        return self.change.months

    @property
    def needed(self) -> int:
        """How many people of the lender must agree."""
        return 1 if self.change.kind in PLAIN else 2

    @property
    def words(self) -> str:
        """What was said last."""
        return self.answers[-1].words if self.answers else ""

    @property
    def decided_name(self) -> str | None:
        """Who said the last word."""
        return self.answers[-1].name if self.answers and self.decided_seq is not None else None


def comparison_json(told: Comparison) -> dict[str, Any]:
    """The comparison as its row keeps it."""
    return {
        "loan": told.loan,
        "on": told.on.isoformat(),
        "change": told.change.to_json(),
        "lines": [
            {"n": line.n, "was_due_on": _text(line.was_due_on), "was_due": line.was_due, "due_on": _text(line.due_on), "due": line.due}
            for line in told.lines
        ],
        "extra_cost": told.extra_cost.as_json(),
        "total_before": told.total_before.as_json(),
        "total_after": told.total_after.as_json(),
        "was_ending_on": told.was_ending_on.isoformat(),
        "ends_on": told.ends_on.isoformat(),
        "days_late": told.days_late,
        "watched_until": told.watched_until.isoformat(),
        "yearly_before": told.yearly_before,
        "yearly_after": told.yearly_after,
        "shown": told.shown,
    }


def comparison_of(data: Mapping[str, Any]) -> Comparison:
    """A comparison as `comparison_json` wrote it."""

    def day(text: str | None) -> date | None:
        return None if text is None else date.fromisoformat(text)

    return Comparison(
        loan=data["loan"],
        on=date.fromisoformat(data["on"]),
        change=Rearrangement.from_json(data["change"]),
        lines=tuple(Line(line["n"], day(line["was_due_on"]), line["was_due"], day(line["due_on"]), line["due"]) for line in data["lines"]),
        extra_cost=Money(**data["extra_cost"]),
        total_before=Money(**data["total_before"]),
        total_after=Money(**data["total_after"]),
        was_ending_on=date.fromisoformat(data["was_ending_on"]),
        ends_on=date.fromisoformat(data["ends_on"]),
        days_late=data["days_late"],
        watched_until=date.fromisoformat(data["watched_until"]),
        yearly_before=data["yearly_before"],
        yearly_after=data["yearly_after"],
        shown=data["shown"],
    )


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _usual(amounts: list[int]) -> int:
    return max(amounts, key=amounts.count, default=0)
