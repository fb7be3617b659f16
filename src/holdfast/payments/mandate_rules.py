"""When a mandate collects, and how much: pure, from the plan of the pack and what was tried before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta


def attempt_today(due_on: date, plan: Sequence[int], tried_on: Sequence[date], today: date) -> bool:
    """Whether an instalment is collected today: a planned day has come for which nothing was tried yet, and nothing was tried today.

    `plan` counts days after the due day. Days that passed before there was a mandate are made up for, one a day.
    """
    come = sum(1 for days in plan if due_on + timedelta(days=days) <= today)
    return len(tried_on) < come and today not in tried_on


def given_up(plan: Sequence[int], tried: int) -> bool:
    """Whether every planned attempt has been made."""
    return tried >= len(plan)


def to_collect(unpaid: int, *, most_each: int, most_a_month: int, this_month: int) -> int:
    """How much is asked for: never more than is unpaid, than one debit may be, or than is left of the month; 0 for nothing."""
    return max(0, min(unpaid, most_each, most_a_month - this_month))
