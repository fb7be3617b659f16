"""Arrears: how late a loan is, and the class that its lateness gives it.

Both follow from dates alone, so a loan changes class without anyone touching its row.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from holdfast.kernel.errors import BadInput

# From best to worst: 正常 关注 次级 可疑 损失.
CLASSES: Final = ("pass", "special_mention", "substandard", "doubtful", "loss")


def days_past_due(oldest_unpaid_due_on: date | None, today: date) -> int:
    """Days since the oldest unpaid instalment fell due; 0 if none, or none yet due.

    Counts calendar days, grace included: grace waives the penalty, not the count.
    """
    if oldest_unpaid_due_on is None or oldest_unpaid_due_on >= today:
        return 0
    return (today - oldest_unpaid_due_on).days


def five_tier(dpd: int, floors: Mapping[str, int], class_floor: str = "pass") -> str:
    """The class of a loan `dpd` days late: the worst whose floor is reached, never better than `class_floor`.

    `floors` gives for each class but `pass` the days past due at which it begins, as the policy pack says.
    """
    if class_floor not in CLASSES:
        raise BadInput(f"class_floor: {class_floor!r} is not one of {', '.join(CLASSES)}", field="class_floor")
    reached = [rank for rank, name in enumerate(CLASSES) if rank and name in floors and dpd >= floors[name]]
    return CLASSES[max([CLASSES.index(class_floor), *reached])]
