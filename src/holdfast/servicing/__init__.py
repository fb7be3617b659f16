"""Servicing: schedule, receipts, pay-off, arrears and the night.

State = fold(terms, events). What the account, the instalments and the postings hold is kept in the same
transaction and proved against the fold by `books verify`.
"""

from holdfast.servicing.service import Done, Quote, note_duty, originate, quote, receive, refund, reverse, take_over, write_off
from holdfast.servicing.store import load as read_loans
from holdfast.servicing.takeover_rows import TakenOver, TakeoverRow

__all__ = [
    "Done",
    "Quote",
    "TakenOver",
    "TakeoverRow",
    "note_duty",
    "originate",
    "quote",
    "read_loans",
    "receive",
    "refund",
    "reverse",
    "take_over",
    "write_off",
]
