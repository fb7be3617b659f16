"""Duties: what must be done for a loan by a moment, so that nothing is missed.

A live loan always points at its earliest open duty; the database refuses one that does not. A
duty closes only with a later journal record of its own loan, of a kind that `life.DUTIES` allows.
"""

from holdfast.duties.case import Case, Freeze, begin, enter, freeze, in_sight, own, take, take_by_id, take_own, thaw
from holdfast.duties.model import Duty, Moment
from holdfast.duties.rules import Arrangement, escalation, rearrange, state_after, times

__all__ = [
    "Arrangement",
    "Case",
    "Duty",
    "Freeze",
    "Moment",
    "begin",
    "enter",
    "escalation",
    "freeze",
    "in_sight",
    "own",
    "rearrange",
    "state_after",
    "take",
    "take_by_id",
    "take_own",
    "thaw",
    "times",
]
