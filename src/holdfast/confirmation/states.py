"""The states of a confirmation, in one table. What is not in the table is refused.

A loan that nobody has called yet waits. That it is frozen is no state of the confirmation: the loan is
frozen, and then nothing of it moves.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from holdfast.kernel.states import following


class ConfirmationState(StrEnum):
    """Where the confirmation of a loan stands; the column `confirmation.state`."""

    WAITING = "waiting"
    IN_CALL = "in_call"
    TO_CALL_BACK = "to_call_back"
    CONFIRMED = "confirmed"
    FAILED = "failed"


class ConfirmationEvent(StrEnum):
    """What can happen to it."""

    DIAL = "dial"
    HANG_UP = "hang_up"
    AGREE_CALL_BACK = "agree_call_back"
    CONFIRM = "confirm"
    FAIL = "fail"
    GIVE_UP = "give_up"


TABLE: Final = {
    (ConfirmationState.WAITING, ConfirmationEvent.DIAL): ConfirmationState.IN_CALL,
    (ConfirmationState.WAITING, ConfirmationEvent.GIVE_UP): ConfirmationState.FAILED,
    (ConfirmationState.TO_CALL_BACK, ConfirmationEvent.DIAL): ConfirmationState.IN_CALL,
    (ConfirmationState.TO_CALL_BACK, ConfirmationEvent.GIVE_UP): ConfirmationState.FAILED,
    (ConfirmationState.IN_CALL, ConfirmationEvent.HANG_UP): ConfirmationState.WAITING,
    (ConfirmationState.IN_CALL, ConfirmationEvent.AGREE_CALL_BACK): ConfirmationState.TO_CALL_BACK,
    (ConfirmationState.IN_CALL, ConfirmationEvent.CONFIRM): ConfirmationState.CONFIRMED,
    (ConfirmationState.IN_CALL, ConfirmationEvent.FAIL): ConfirmationState.FAILED,
}
OVER: Final = frozenset({ConfirmationState.CONFIRMED, ConfirmationState.FAILED})

_NOW: Final = {
    ConfirmationState.WAITING: "waits for a call",
    ConfirmationState.IN_CALL: "is in a call",
    ConfirmationState.TO_CALL_BACK: "waits for the call that was agreed",
    ConfirmationState.CONFIRMED: "is completed",
    ConfirmationState.FAILED: "has failed",
}
_NEEDS: Final = {
    ConfirmationEvent.DIAL: "only one that waits is called",
    ConfirmationEvent.HANG_UP: "there is no call to end",
    ConfirmationEvent.AGREE_CALL_BACK: "there is no call to end",
    ConfirmationEvent.CONFIRM: "it is completed in a call",
    ConfirmationEvent.FAIL: "it is ended in a call",
    ConfirmationEvent.GIVE_UP: "only one that waits is returned",
}


def after(state: ConfirmationState, event: ConfirmationEvent) -> ConfirmationState:
    """The state that `event` leads to; Refusal, saying why, if the table has no such line."""
    return following(TABLE, state, event, words=f"this confirmation {_NOW[state]}; {_NEEDS[event]}", code="confirmation_state")
