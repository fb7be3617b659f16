"""Where a message that left the house stands, part by part, and what each answer and each receipt changes.

A long message goes as several short ones, each with its own answer and its own receipt. Answers and receipts come late,
twice, in any order or never: what is final stays, and what nobody knows is said to be unknown.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import Final


class PartState(StrEnum):
    """Where one part stands. A message that has one part stands where it does."""

    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNKNOWN = "unknown"


class PartEvent(StrEnum):
    """What is heard of a part: the gateway's answer first, then receipts; or nothing, for too long."""

    TAKEN = "taken"
    REFUSED = "refused"
    NO_ANSWER = "no_answer"
    WAITS = "waits"
    DELIVERED = "delivered"
    FAILED = "failed"
    NOBODY_KNOWS = "nobody_knows"
    RUN_OUT = "run_out"


# What is not here changes nothing: the first final word stands.
LIFE: Final = {
    (PartState.SENDING, PartEvent.TAKEN): PartState.SENT,
    (PartState.SENDING, PartEvent.REFUSED): PartState.FAILED,
    (PartState.SENDING, PartEvent.NO_ANSWER): PartState.UNKNOWN,
    (PartState.SENDING, PartEvent.DELIVERED): PartState.DELIVERED,
    (PartState.SENT, PartEvent.WAITS): PartState.SENT,
    (PartState.SENT, PartEvent.DELIVERED): PartState.DELIVERED,
    (PartState.SENT, PartEvent.FAILED): PartState.FAILED,
    (PartState.SENT, PartEvent.NOBODY_KNOWS): PartState.UNKNOWN,
    (PartState.SENT, PartEvent.RUN_OUT): PartState.UNKNOWN,
    (PartState.UNKNOWN, PartEvent.TAKEN): PartState.SENT,
    (PartState.UNKNOWN, PartEvent.REFUSED): PartState.FAILED,
    (PartState.UNKNOWN, PartEvent.DELIVERED): PartState.DELIVERED,
    (PartState.UNKNOWN, PartEvent.FAILED): PartState.FAILED,
}
FINAL: Final = frozenset({PartState.DELIVERED, PartState.FAILED})
# What a receipt may say, in the words of the port.
RECEIPT_EVENTS: Final = {
    "delivered": PartEvent.DELIVERED,
    "failed": PartEvent.FAILED,
    "waiting": PartEvent.WAITS,
    "unknown": PartEvent.NOBODY_KNOWS,
}
# What a gateway may answer to a part.
ANSWER_EVENTS: Final = {
    "sent": PartEvent.TAKEN,
    "delivered": PartEvent.DELIVERED,
    "failed": PartEvent.REFUSED,
    "unknown": PartEvent.NO_ANSWER,
}


def after(state: PartState, event: PartEvent) -> tuple[PartState, str]:
    """Where the part stands now, and what the event came to: `moved`, `repeated` or `contradicts`."""
    following = LIFE.get((state, event))
    if following is not None:
        return following, "moved" if following is not state else "repeated"
    contradicts = (state, event) in {(PartState.DELIVERED, PartEvent.FAILED), (PartState.FAILED, PartEvent.DELIVERED)}
    return state, "contradicts" if contradicts else "repeated"


def message_state(parts: Collection[PartState]) -> PartState:
    """A message is delivered when all its parts are; one that failed or that nobody knows of decides for the whole."""
    for decisive in (PartState.FAILED, PartState.UNKNOWN, PartState.SENDING, PartState.SENT):
        if decisive in parts:
            return decisive
    return PartState.DELIVERED
