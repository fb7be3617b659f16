"""Contact: one ledger of every message, call and visit, and the rules that bind them all.

Nothing reaches a person unless it was written first, asked of the rules when its moment came, and
entered in the ledger by which the next one is asked.
"""

from holdfast.contact.calls import Calls, calls_today, enter_call, may_call
from holdfast.contact.inbound import take_inbound
from holdfast.contact.keywords import Question
from holdfast.contact.model import Bubble, Dispatched, Handed, Message, Promise
from holdfast.contact.pauses import lift, pause, pauses_of, resume, stop
from holdfast.contact.ports import (
    Accepted,
    Capabilities,
    Channels,
    Heard,
    Inbound,
    Keep,
    LateAnswer,
    Letter,
    PartAnswer,
    Receipt,
    SmsChannel,
)
from holdfast.contact.receipt_store import Undelivered
from holdfast.contact.receipts import (
    ask_after,
    end_sending,
    end_waiting,
    hand_to_a_person,
    keep_heard,
    settle_heard,
    undelivered,
)
from holdfast.contact.rules import Allowed, Made, Refused, Stop, may_contact
from holdfast.contact.service import (
    CANNOT_BE_USED,
    claim,
    dispatch,
    hand_over,
    hold_line,
    let_go,
    messages,
    on_screen,
    promise,
    promise_batch,
    take_answers,
    waiting_now,
)
from holdfast.contact.templates import TEMPLATES, parts_of, segments, text_of
from holdfast.contact.texts_model import Wording, Wordings
from holdfast.contact.texts_store import wordings

__all__ = [
    "CANNOT_BE_USED",
    "TEMPLATES",
    "Accepted",
    "Allowed",
    "Bubble",
    "Calls",
    "Capabilities",
    "Channels",
    "Dispatched",
    "Handed",
    "Heard",
    "Inbound",
    "Keep",
    "LateAnswer",
    "Letter",
    "Made",
    "Message",
    "PartAnswer",
    "Promise",
    "Question",
    "Receipt",
    "Refused",
    "SmsChannel",
    "Stop",
    "Undelivered",
    "Wording",
    "Wordings",
    "ask_after",
    "calls_today",
    "claim",
    "dispatch",
    "end_sending",
    "end_waiting",
    "enter_call",
    "hand_over",
    "hand_to_a_person",
    "hold_line",
    "keep_heard",
    "let_go",
    "lift",
    "may_call",
    "may_contact",
    "messages",
    "on_screen",
    "parts_of",
    "pause",
    "pauses_of",
    "promise",
    "promise_batch",
    "resume",
    "segments",
    "settle_heard",
    "stop",
    "take_answers",
    "take_inbound",
    "text_of",
    "undelivered",
    "waiting_now",
    "wordings",
]
