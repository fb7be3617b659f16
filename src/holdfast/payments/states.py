"""The lives of what moves money, one table each. What is not in its table is refused.

A payout that was sent and whose answer is not known stays unknown until the rail says what became of
it: no line of the table leads from there back to sending.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from holdfast.kernel.states import Event, State, following


class PayoutState(StrEnum):
    """Where a payout stands; the column `payout.state`."""

    ASKED = "asked"
    APPROVED = "approved"
    LISTED = "listed"
    SENT = "sent"
    UNKNOWN = "unknown"
    PAID = "paid"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


class PayoutEvent(StrEnum):
    """What may happen to a payout; the last four are what a rail answers."""

    APPROVE = "approve"
    CANCEL = "cancel"
    LIST = "list"
    UNLIST = "unlist"
    SEND = "send"
    DISPUTE = "dispute"
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
    ANSWERED = "answered"
    RETURNED = "returned"
    SPLIT = "split"


class BankLineEvent(StrEnum):
    """What may happen to a line of a bank's statement."""

    MATCH = "match"
    MISS = "miss"
    ANSWER = "answer"
    PASS_OVER = "pass_over"
    REPEAT = "repeat"
    SET_ASIDE = "set_aside"
    REVERSE = "reverse"
    RETURN = "return"
    SPLIT = "split"


class PayoutFileState(StrEnum):
    """Where a file of payouts stands; the column `payout_file.state`."""

    MADE = "made"
    TAKEN = "taken"
    HANDED = "handed"
    STOPPED = "stopped"


class PayoutFileEvent(StrEnum):
    """What may happen to a file of payouts."""

    TAKE = "take"
    HAND_OVER = "hand_over"
    STOP = "stop"


class MatterState(StrEnum):
    """Where a recall, or a contradiction of the bank, stands; the column `payout_matter.state`."""

    OPEN = "open"
    RULED = "ruled"
    ENDED = "ended"


class MatterEvent(StrEnum):
    """What may happen to a recall or a contradiction: one person says how it ended, another agrees or does not."""

    RULE = "rule"
    DISAGREE = "disagree"
    END = "end"


class MandateState(StrEnum):
    """Where a mandate stands; the column `mandate.state`."""

    DRAFTED = "drafted"
    ACTIVE = "active"
    CANCELLED = "cancelled"
    ENDED = "ended"


class MandateEvent(StrEnum):
    """What may happen to a mandate."""

    SIGN = "sign"
    CANCEL = "cancel"
    END = "end"


class DebitState(StrEnum):
    """Where one direct debit stands; the column `debit.state`."""

    PROPOSED = "proposed"
    SENT = "sent"
    UNKNOWN = "unknown"
    COLLECTED = "collected"
    FAILED = "failed"
    RETURNED = "returned"
    DROPPED = "dropped"


class DebitEvent(StrEnum):
    """What may happen to a direct debit; the four in the middle are what a rail answers."""

    SEND = "send"
    DROP = "drop"
    ACCEPTED = "accepted"
    PAID = "paid"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    RETURN = "return"


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
    # By file: it is sent at the moment at which the second person takes the file out, and not before.
    (PayoutState.APPROVED, PayoutEvent.LIST): PayoutState.LISTED,
    (PayoutState.LISTED, PayoutEvent.UNLIST): PayoutState.APPROVED,
    (PayoutState.LISTED, PayoutEvent.SEND): PayoutState.SENT,
    (PayoutState.SENT, PayoutEvent.ACCEPTED): PayoutState.SENT,
    (PayoutState.SENT, PayoutEvent.PAID): PayoutState.PAID,
    (PayoutState.SENT, PayoutEvent.REJECTED): PayoutState.REJECTED,
    (PayoutState.SENT, PayoutEvent.UNKNOWN): PayoutState.UNKNOWN,
    # The rail has it and is at work: still not known how it ends.
    (PayoutState.UNKNOWN, PayoutEvent.ACCEPTED): PayoutState.UNKNOWN,
    (PayoutState.UNKNOWN, PayoutEvent.PAID): PayoutState.PAID,
    (PayoutState.UNKNOWN, PayoutEvent.REJECTED): PayoutState.REJECTED,
    (PayoutState.UNKNOWN, PayoutEvent.UNKNOWN): PayoutState.UNKNOWN,
    # The same answer once more, or an earlier one that comes late, changes nothing.
    (PayoutState.PAID, PayoutEvent.PAID): PayoutState.PAID,
    (PayoutState.PAID, PayoutEvent.ACCEPTED): PayoutState.PAID,
    (PayoutState.PAID, PayoutEvent.UNKNOWN): PayoutState.PAID,
    (PayoutState.REJECTED, PayoutEvent.REJECTED): PayoutState.REJECTED,
    (PayoutState.REJECTED, PayoutEvent.ACCEPTED): PayoutState.REJECTED,
    (PayoutState.REJECTED, PayoutEvent.UNKNOWN): PayoutState.REJECTED,
    # The bank says that it did pay what it had refused: nobody knows, until two people rule on it.
    (PayoutState.REJECTED, PayoutEvent.DISPUTE): PayoutState.UNKNOWN,
}

PAYOUT_FILE_LIFE: Final = {
    (PayoutFileState.MADE, PayoutFileEvent.TAKE): PayoutFileState.TAKEN,
    (PayoutFileState.MADE, PayoutFileEvent.STOP): PayoutFileState.STOPPED,
    # The same bytes once more: it may be downloaded again, and nothing is sent again by that.
    (PayoutFileState.TAKEN, PayoutFileEvent.TAKE): PayoutFileState.TAKEN,
    (PayoutFileState.TAKEN, PayoutFileEvent.HAND_OVER): PayoutFileState.HANDED,
}

MATTER_LIFE: Final = {
    (MatterState.OPEN, MatterEvent.RULE): MatterState.RULED,
    (MatterState.OPEN, MatterEvent.END): MatterState.ENDED,
    (MatterState.RULED, MatterEvent.DISAGREE): MatterState.OPEN,
    (MatterState.RULED, MatterEvent.END): MatterState.ENDED,
}

MANDATE_LIFE: Final = {
    (MandateState.DRAFTED, MandateEvent.SIGN): MandateState.ACTIVE,
    (MandateState.DRAFTED, MandateEvent.CANCEL): MandateState.CANCELLED,
    (MandateState.ACTIVE, MandateEvent.CANCEL): MandateState.CANCELLED,
    (MandateState.ACTIVE, MandateEvent.END): MandateState.ENDED,
}

DEBIT_LIFE: Final = {
    (DebitState.PROPOSED, DebitEvent.SEND): DebitState.SENT,
    (DebitState.PROPOSED, DebitEvent.DROP): DebitState.DROPPED,
    (DebitState.SENT, DebitEvent.ACCEPTED): DebitState.SENT,
    (DebitState.SENT, DebitEvent.PAID): DebitState.COLLECTED,
    (DebitState.SENT, DebitEvent.REJECTED): DebitState.FAILED,
    (DebitState.SENT, DebitEvent.UNKNOWN): DebitState.UNKNOWN,
    (DebitState.UNKNOWN, DebitEvent.ACCEPTED): DebitState.UNKNOWN,
    (DebitState.UNKNOWN, DebitEvent.PAID): DebitState.COLLECTED,
    (DebitState.UNKNOWN, DebitEvent.REJECTED): DebitState.FAILED,
    (DebitState.UNKNOWN, DebitEvent.UNKNOWN): DebitState.UNKNOWN,
    # The same answer once more, or an earlier one that comes late, changes nothing.
    (DebitState.COLLECTED, DebitEvent.PAID): DebitState.COLLECTED,
    (DebitState.COLLECTED, DebitEvent.ACCEPTED): DebitState.COLLECTED,
    (DebitState.COLLECTED, DebitEvent.UNKNOWN): DebitState.COLLECTED,
    (DebitState.FAILED, DebitEvent.REJECTED): DebitState.FAILED,
    (DebitState.FAILED, DebitEvent.ACCEPTED): DebitState.FAILED,
    (DebitState.FAILED, DebitEvent.UNKNOWN): DebitState.FAILED,
    (DebitState.RETURNED, DebitEvent.PAID): DebitState.RETURNED,
    (DebitState.RETURNED, DebitEvent.ACCEPTED): DebitState.RETURNED,
    (DebitState.RETURNED, DebitEvent.UNKNOWN): DebitState.RETURNED,
    # The bank says that it did collect what it had refused: the money is the borrower's payment.
    (DebitState.FAILED, DebitEvent.PAID): DebitState.COLLECTED,
    # The payer's bank took the money back; its receipt is reversed in the same transaction.
    (DebitState.COLLECTED, DebitEvent.RETURN): DebitState.RETURNED,
    # The first that is heard of it: it was collected and given back since. What is said late of its being paid changes nothing.
    (DebitState.SENT, DebitEvent.RETURN): DebitState.RETURNED,
    (DebitState.UNKNOWN, DebitEvent.RETURN): DebitState.RETURNED,
    (DebitState.RETURNED, DebitEvent.RETURN): DebitState.RETURNED,
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
    # It tells what became of a payment of ours: a payout, or a direct debit whose money is in the book already.
    (BankLineState.READ, BankLineEvent.ANSWER): BankLineState.ANSWERED,
    (BankLineState.IGNORED, BankLineEvent.ANSWER): BankLineState.ANSWERED,
    (BankLineState.UNMATCHED, BankLineEvent.MATCH): BankLineState.MATCHED,
    (BankLineState.UNMATCHED, BankLineEvent.SPLIT): BankLineState.SPLIT,
    (BankLineState.REVERSED, BankLineEvent.SPLIT): BankLineState.SPLIT,
    # The bank took the money back: from the loan that had it, or out of suspense.
    (BankLineState.MATCHED, BankLineEvent.RETURN): BankLineState.RETURNED,
    (BankLineState.UNMATCHED, BankLineEvent.RETURN): BankLineState.RETURNED,
    (BankLineState.REVERSED, BankLineEvent.RETURN): BankLineState.RETURNED,
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


def after(life: Mapping[tuple[State, Event], State], name: str, state: State, event: Event) -> State:
    """The state that `event` leads to; Refusal, naming the thing and where it stands, if its life has no such line."""
    return following(life, state, event, words=f"{name} is {state}; it cannot {event.replace('_', ' ')}", code="wrong_state")
