"""Confirmation: a person calls, makes sure who it is, what they want and that they understand it.

No loan goes on without it, and a sign of fraud stops everything in the same moment. What a caller merely
noticed is not handed out here: it is for people who look again, never for a decision.
"""

from holdfast.confirmation.figures import Facts, spoken
from holdfast.confirmation.fraud import (
    SIGNS,
    Reported,
    Reviewed,
    Sign,
    answer_review,
    ask_refusal,
    ask_thaw,
    may_review,
    report_fraud,
    reviews_of,
    signs_of,
)
from holdfast.confirmation.model import UNREACHED, Answer, Call, CallOutcome, Confirmation, Failure
from holdfast.confirmation.reading import queue
from holdfast.confirmation.rules import Turn, Waiting
from holdfast.confirmation.script import Script, Step, script
from holdfast.confirmation.service import (
    CodeSent,
    Confirmed,
    Ended,
    Progress,
    answer,
    confirm,
    confirmation_of,
    confirmed_facts,
    dial,
    end_call,
    facts_now,
    fail,
    give_up,
    keep_recording,
    picked_up,
    send_code,
    take_case,
    try_code,
    try_code_as_borrower,
)
from holdfast.confirmation.states import ConfirmationState

__all__ = [
    "SIGNS",
    "UNREACHED",
    "Answer",
    "Call",
    "CallOutcome",
    "CodeSent",
    "Confirmation",
    "ConfirmationState",
    "Confirmed",
    "Ended",
    "Facts",
    "Failure",
    "Progress",
    "Reported",
    "Reviewed",
    "Script",
    "Sign",
    "Step",
    "Turn",
    "Waiting",
    "answer",
    "answer_review",
    "ask_refusal",
    "ask_thaw",
    "confirm",
    "confirmation_of",
    "confirmed_facts",
    "dial",
    "end_call",
    "facts_now",
    "fail",
    "give_up",
    "keep_recording",
    "may_review",
    "picked_up",
    "queue",
    "report_fraud",
    "reviews_of",
    "script",
    "send_code",
    "signs_of",
    "spoken",
    "take_case",
    "try_code",
    "try_code_as_borrower",
]
