"""The lives of what moves money, one table each. What is not in its table is refused.

A payout that was sent and whose answer is not known stays unknown until the rail says what became of
it: no line of the table leads from there back to sending.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeVar

from holdfast.kernel.errors import Refusal


class PayoutState(StrEnum):
    """Where a payout stands; the column `payout.state`."""

    ASKED = "asked"
    APPROVED = "approved"
    SENT = "sent"
    UNKNOWN = "unknown"
    PAID = "paid"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


class PayoutEvent(StrEnum):
    """What may happen to a payout; the last four are what a rail answers."""

    APPROVE = "approve"
    CANCEL = "cancel"
    SEND = "send"
    ACCEPTED = "accepted"
    PAID = "paid"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


class DrawerState(StrEnum):
    """Where a drawer stands; the column `drawer.state`."""

    OPEN = "open"
    COUNTED = "counted"
    CLOSED = "closed"


class DrawerEvent(StrEnum):
    """What may happen to a drawer."""

    TAKE = "take"
    COUNT = "count"
    RECOUNT = "recount"
    CLOSE = "close"


class BankLineState(StrEnum):
    """Where a line of a bank's statement stands; the column `bank_line.state`."""

    READ = "read"
    MATCHED = "matched"
    UNMATCHED = "unmatched"
    IGNORED = "ignored"
    DUPLICATE = "duplicate"
    REVERSED = "reversed"


class BankLineEvent(StrEnum):
    """What may happen to a line of a bank's statement."""

    MATCH = "match"
    MISS = "miss"
    PASS_OVER = "pass_over"
    REPEAT = "repeat"
    SET_ASIDE = "set_aside"
    REVERSE = "reverse"


class IntentState(StrEnum):
    """Where a payment intent stands; the column `payment_intent.state`."""

    OPEN = "open"
    SAID_PAID = "said_paid"
    CLEARED = "cleared"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class IntentEvent(StrEnum):
    """What may happen to a payment intent."""

    SAY_PAID = "say_paid"
    CLEAR = "clear"
    EXPIRE = "expire"
    CANCEL = "cancel"
    REVERSE = "reverse"


PAYOUT_LIFE: Final = {
    (PayoutState.ASKED, PayoutEvent.APPROVE): PayoutState.APPROVED,
    (PayoutState.ASKED, PayoutEvent.CANCEL): PayoutState.CANCELLED,
    (PayoutState.APPROVED, PayoutEvent.CANCEL): PayoutState.CANCELLED,
    (PayoutState.APPROVED, PayoutEvent.SEND): PayoutState.SENT,
    (PayoutState.SENT, PayoutEvent.ACCEPTED): PayoutState.SENT,
    (PayoutState.SENT, PayoutEvent.PAID): PayoutState.PAID,
    (PayoutState.SENT, PayoutEvent.REJECTED): PayoutState.REJECTED,
    (PayoutState.SENT, PayoutEvent.UNKNOWN): PayoutState.UNKNOWN,
    # The rail has it and is at work: still not known how it ends.
    (PayoutState.UNKNOWN, PayoutEvent.ACCEPTED): PayoutState.UNKNOWN,
    (PayoutState.UNKNOWN, PayoutEvent.PAID): PayoutState.PAID,
    (PayoutState.UNKNOWN, PayoutEvent.REJECTED): PayoutState.REJECTED,
    (PayoutState.UNKNOWN, PayoutEvent.UNKNOWN): PayoutState.UNKNOWN,
    # The same answer once more changes nothing.
    (PayoutState.PAID, PayoutEvent.PAID): PayoutState.PAID,
    (PayoutState.REJECTED, PayoutEvent.REJECTED): PayoutState.REJECTED,
}

DRAWER_LIFE: Final = {
    (DrawerState.OPEN, DrawerEvent.TAKE): DrawerState.OPEN,
    (DrawerState.OPEN, DrawerEvent.COUNT): DrawerState.COUNTED,
    (DrawerState.COUNTED, DrawerEvent.RECOUNT): DrawerState.OPEN,
    (DrawerState.COUNTED, DrawerEvent.CLOSE): DrawerState.CLOSED,
}

BANK_LINE_LIFE: Final = {
    (BankLineState.READ, BankLineEvent.MATCH): BankLineState.MATCHED,
    (BankLineState.READ, BankLineEvent.MISS): BankLineState.UNMATCHED,
    (BankLineState.READ, BankLineEvent.PASS_OVER): BankLineState.IGNORED,
    (BankLineState.READ, BankLineEvent.REPEAT): BankLineState.DUPLICATE,
    (BankLineState.UNMATCHED, BankLineEvent.MATCH): BankLineState.MATCHED,
    (BankLineState.UNMATCHED, BankLineEvent.SET_ASIDE): BankLineState.IGNORED,
    (BankLineState.MATCHED, BankLineEvent.REVERSE): BankLineState.REVERSED,
    (BankLineState.REVERSED, BankLineEvent.MATCH): BankLineState.MATCHED,
    (BankLineState.REVERSED, BankLineEvent.SET_ASIDE): BankLineState.IGNORED,
}

INTENT_LIFE: Final = {
    (IntentState.OPEN, IntentEvent.SAY_PAID): IntentState.SAID_PAID,
    (IntentState.OPEN, IntentEvent.CLEAR): IntentState.CLEARED,
    (IntentState.OPEN, IntentEvent.EXPIRE): IntentState.EXPIRED,
    (IntentState.OPEN, IntentEvent.CANCEL): IntentState.CANCELLED,
    (IntentState.SAID_PAID, IntentEvent.CLEAR): IntentState.CLEARED,
    (IntentState.SAID_PAID, IntentEvent.EXPIRE): IntentState.EXPIRED,
    (IntentState.SAID_PAID, IntentEvent.CANCEL): IntentState.CANCELLED,
    # The money came after all.
    (IntentState.EXPIRED, IntentEvent.CLEAR): IntentState.CLEARED,
    # Its line was matched wrongly: the code no longer stands for money that came.
    (IntentState.CLEARED, IntentEvent.REVERSE): IntentState.EXPIRED,
}

State = TypeVar("State", bound=StrEnum)
Event = TypeVar("Event", bound=StrEnum)


def after(life: Mapping[tuple[State, Event], State], name: str, state: State, event: Event) -> State:
    """The state that `event` leads to; Refusal, naming the thing and where it stands, if its life has no such line."""
    try:
        return life[state, event]
    except KeyError:
        raise Refusal(f"{name} is {state}; it cannot {event.replace('_', ' ')}", code="wrong_state", state=str(state)) from None
