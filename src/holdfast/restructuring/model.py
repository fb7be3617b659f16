"""A request for more time, and the comparison that whoever asks has in front of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from holdfast.kernel.money import Money

# Why more time is asked for. A code, not free words: what befell a borrower is no business of an append-only journal.
REASONS: Final = ("income_late", "income_less", "unforeseen_cost", "other")


class DeferralState(StrEnum):
    """Where a request stands."""

    ASKED = "asked"
    AGREED = "agreed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Line:
    """One instalment today and after: its day and what it still asks for. Amounts are minor units."""

    n: int
    was_due_on: date
    was_due: int
    due_on: date
    due: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Today, after, and what it costs. The lines are the instalments not wholly paid.

    `shown` is the digest of exactly these figures: who asks hands it back, so that nobody asks for what they have not seen.
    """

    loan: str
    on: date
    months: int
    from_n: int
    lines: tuple[Line, ...]
    extra_interest: Money
    total_before: Money
    total_after: Money
    ends_on: date
    days_late: int
    watched_until: date
    shown: str

    @property
    def was_ending_on(self) -> date:
        """The last due date as it stands today."""
        return max(line.was_due_on for line in self.lines)


@dataclass(frozen=True, slots=True)
class Deferral:
    """One request, with both schedules as they were shown. `decided_by` is the name of whoever decided."""

    public_id: str
    deferral_no: int
    loan: str
    state: DeferralState
    months: int
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
    decided_at: datetime | None
    decided_name: str | None
    decided_seq: int | None
    words: str
    event_no: int | None


def comparison_json(told: Comparison) -> dict[str, Any]:
    """The comparison as its row keeps it."""
    return {
        "loan": told.loan,
        "on": told.on.isoformat(),
        "months": told.months,
        "from_n": told.from_n,
        "lines": [
            {
                "n": line.n,
                "was_due_on": line.was_due_on.isoformat(),
                "was_due": line.was_due,
                "due_on": line.due_on.isoformat(),
                "due": line.due,
            }
            for line in told.lines
        ],
        "extra_interest": told.extra_interest.as_json(),
        "total_before": told.total_before.as_json(),
        "total_after": told.total_after.as_json(),
        "ends_on": told.ends_on.isoformat(),
        "days_late": told.days_late,
        "watched_until": told.watched_until.isoformat(),
        "shown": told.shown,
    }


def comparison_of(data: Mapping[str, Any]) -> Comparison:
    """A comparison as `comparison_json` wrote it."""

    def day(text: str) -> date:
        return date.fromisoformat(text)

    return Comparison(
        loan=data["loan"],
        on=day(data["on"]),
        months=data["months"],
        from_n=data["from_n"],
        lines=tuple(Line(line["n"], day(line["was_due_on"]), line["was_due"], day(line["due_on"]), line["due"]) for line in data["lines"]),
        extra_interest=Money(**data["extra_interest"]),
        total_before=Money(**data["total_before"]),
        total_after=Money(**data["total_after"]),
        ends_on=day(data["ends_on"]),
        days_late=data["days_late"],
        watched_until=day(data["watched_until"]),
        shown=data["shown"],
    )
