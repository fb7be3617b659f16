"""Restructuring: a loan is given other terms, and those that it had before stay readable.

More time (展期), another day, more instalments, a holiday, another rate, new instalments (分期): asked for by the borrower or
proposed by staff, with today, after, and what it costs side by side; agreed to by the borrower with a code where
the contract changes; decided by other people. It moves no principal, never makes late debt look young, and two can take it back.
"""

from holdfast.restructuring.model import BORROWER_MAY_ASK, OPEN, PLAIN, REASONS, Answer, Comparison, Line, Request, RequestState
from holdfast.restructuring.rules import Limits, wants_consent
from holdfast.restructuring.service import (
    answer_reversal,
    as_it_stands,
    ask,
    ask_code,
    ask_reversal,
    compare,
    consent,
    decide,
    limits_of,
    may_be_decided_by,
    requests_of,
    reversals_of,
    withdraw,
)
from holdfast.restructuring.states import RequestEvent, after

__all__ = [
    "BORROWER_MAY_ASK",
    "OPEN",
    "PLAIN",
    "REASONS",
    "Answer",
    "Comparison",
    "Limits",
    "Line",
    "Request",
    "RequestEvent",
    "RequestState",
    "after",
    "answer_reversal",
    "as_it_stands",
    "ask",
    "ask_code",
    "ask_reversal",
    "compare",
    "consent",
    "decide",
    "limits_of",
    "may_be_decided_by",
    "requests_of",
    "reversals_of",
    "wants_consent",
    "withdraw",
]
