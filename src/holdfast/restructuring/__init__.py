"""Restructuring: a loan is given more time, and the terms that it had before stay readable.

An extension (展期) is asked for by the borrower, or by staff in their words, with what it costs in front of
them; somebody else decides. It moves no principal, never makes late debt look young, and keeps both schedules.
"""

from holdfast.restructuring.model import REASONS, Comparison, Deferral, DeferralState, Line
from holdfast.restructuring.rules import Limits
from holdfast.restructuring.service import (
    ask_deferral,
    compare,
    decide_deferral,
    deferrals_of,
    limits_of,
    may_be_decided_by,
    withdraw_deferral,
)
from holdfast.restructuring.states import DeferralCannot, DeferralEvent, after

__all__ = [
    "REASONS",
    "Comparison",
    "Deferral",
    "DeferralCannot",
    "DeferralEvent",
    "DeferralState",
    "Limits",
    "Line",
    "after",
    "ask_deferral",
    "compare",
    "decide_deferral",
    "deferrals_of",
    "limits_of",
    "may_be_decided_by",
    "withdraw_deferral",
]
