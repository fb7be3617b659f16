"""Arrears: how late a loan is, and the class that its lateness gives it.

Both follow from dates alone, so a loan changes class without anyone touching its row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from holdfast.kernel.errors import BadInput
from holdfast.servicing.state import Pause

# From best to worst: 正常 关注 次级 可疑 损失.
CLASSES: Final = ("pass", "special_mention", "substandard", "doubtful", "loss")


def days_past_due(oldest_unpaid_due_on: date | None, today: date, pauses: Sequence[Pause] = ()) -> int:
    """Days since the oldest unpaid instalment fell due; 0 if none, or none yet due.

    Counts calendar days, grace included: grace waives the penalty, not the count. Days of a pause are left out, but
    what is late stays at least one day late.
    """
    if oldest_unpaid_due_on is None or oldest_unpaid_due_on >= today:
        return 0
    return max(1, (today - oldest_unpaid_due_on).days - paused_days(pauses, today, since=oldest_unpaid_due_on))


def five_tier(dpd: int, floors: Mapping[str, int], class_floor: str = "pass") -> str:
    """The class of a loan `dpd` days late: the worst whose floor is reached, never better than `class_floor`.

    `floors` gives for each class but `pass` the days past due at which it begins, as the policy pack says.
    """
    if class_floor not in CLASSES:
        raise BadInput(f"class_floor: {class_floor!r} is not one of {', '.join(CLASSES)}", field="class_floor")
    reached = [rank for rank, name in enumerate(CLASSES) if rank and name in floors and dpd >= floors[name]]
    return CLASSES[max([CLASSES.index(class_floor), *reached])]


def floor_on(class_floor: str, observe_until: date | None, today: date) -> str:
    """The floor that binds on `today`: one that was set with a time of observation ends with that time."""
    return "pass" if observe_until is not None and today > observe_until else class_floor


@dataclass(frozen=True, slots=True)
class Bucket:
    """A range of days late under one name; `most` is None where it has no end."""

    name: str
    least: int
    most: int | None


def bucket_of(buckets: Sequence[Bucket], days: int) -> str | None:
    """The name of the range that `days` late fall in; None if in none."""
    for bucket in buckets:
        if bucket.least <= days and (bucket.most is None or days <= bucket.most):
            return bucket.name
    return None


def paused_days(pauses: Sequence[Pause], on: date, *, since: date = date.min) -> int:
    """How many days after `since` have stood still up to `on`."""
    return sum(max(0, (min(on, pause.ends_on) - max(since, pause.starts_on)).days) for pause in pauses)
