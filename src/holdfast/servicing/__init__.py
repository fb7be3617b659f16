"""Servicing: schedule, receipts, pay-off, arrears and the night.

State = fold(terms, events). What the account, the instalments and the postings hold is kept in the same
transaction and proved against the fold by `books verify`.
"""

from holdfast.servicing.arrears import days_past_due
from holdfast.servicing.arrivals import Arrival, receive_many
from holdfast.servicing.collectable import Collectable, collectable, receipt_of
from holdfast.servicing.further import Room, lend_more, may_lend_more, room_of
from holdfast.servicing.rearranging import preview, rearrange
from holdfast.servicing.reckoning import Reckoning, debt_parts, reckon
from holdfast.servicing.relief import GROUNDS, PAUSE_REASONS, charge, credit_goodwill, pause, resume, waivable, waive_part
from holdfast.servicing.rescheduling import Arrears, Asks, Kind, Rearranged, Rearrangement, rearranged
from holdfast.servicing.service import (
    Done,
    Quote,
    disburse,
    fulfil,
    note_duty,
    originate,
    owed,
    quote,
    receive,
    refund,
    reverse,
    take_back_waiver,
    take_over,
    waive_for_cooling_off,
    write_off,
)
from holdfast.servicing.store import history as read_history
from holdfast.servicing.store import load as read_loans
from holdfast.servicing.takeover_rows import TakenOver, TakeoverRow

__all__ = [
    "GROUNDS",
    "PAUSE_REASONS",
    "Arrears",
    "Arrival",
    "Asks",
    "Collectable",
    "Done",
    "Kind",
    "Quote",
    "Rearranged",
    "Rearrangement",
    "Reckoning",
    "Room",
    "TakenOver",
    "TakeoverRow",
    "charge",
    "collectable",
    "credit_goodwill",
    "days_past_due",
    "debt_parts",
    "disburse",
    "fulfil",
    "lend_more",
    "may_lend_more",
    "note_duty",
    "originate",
    "owed",
    "pause",
    "preview",
    "quote",
    "read_history",
    "read_loans",
    "rearrange",
    "rearranged",
    "receipt_of",
    "receive",
    "receive_many",
    "reckon",
    "refund",
    "resume",
    "reverse",
    "room_of",
    "take_back_waiver",
    "take_over",
    "waivable",
    "waive_for_cooling_off",
    "waive_part",
    "write_off",
]
