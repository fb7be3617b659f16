"""Contact: one ledger of every message, call and visit, and the rules that bind them all.

Nothing reaches a person unless it was written first, asked of the rules when its moment came, and
entered in the ledger by which the next one is asked.
"""

from holdfast.contact.calls import Calls, calls_today, enter_call, may_call
from holdfast.contact.model import Bubble, Dispatched, Message, Promise
from holdfast.contact.ports import Accepted, Capabilities, Channels, Delivery, Letter, SmsChannel
from holdfast.contact.rules import Allowed, Made, Refused, Stop, may_contact
from holdfast.contact.service import dispatch, hold_line, let_go, messages, on_screen, promise, promise_batch, resume, stop, take_receipts
from holdfast.contact.templates import TEMPLATES, segments, text_of

__all__ = [
    "TEMPLATES",
    "Accepted",
    "Allowed",
    "Bubble",
    "Calls",
    "Capabilities",
    "Channels",
    "Delivery",
    "Dispatched",
    "Letter",
    "Made",
    "Message",
    "Promise",
    "Refused",
    "SmsChannel",
    "Stop",
    "calls_today",
    "dispatch",
    "enter_call",
    "hold_line",
    "let_go",
    "may_call",
    "may_contact",
    "messages",
    "on_screen",
    "promise",
    "promise_batch",
    "resume",
    "segments",
    "stop",
    "take_receipts",
    "text_of",
]
