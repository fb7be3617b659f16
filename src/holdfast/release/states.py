"""The lives of a release and of a disposal, each as one table. What is not in a table is refused."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from holdfast.kernel.states import following


class ReleaseState(StrEnum):
    """Where a release stands: from the pay-off to the day when nothing is left to do for it."""

    OPENED = "opened"
    IDENTIFIED = "identified"
    AUDITED = "audited"
    APPROVED = "approved"
    CERTIFIED = "certified"
    HANDED_BACK = "handed_back"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    ENDED_OTHERWISE = "ended_otherwise"


class ReleaseEvent(StrEnum):
    """What may be done to a release."""

    IDENTIFY = "identify"
    AUDIT = "audit"
    SEND_BACK = "send_back"
    APPROVE = "approve"
    CERTIFY = "certify"
    HAND_BACK = "hand_back"
    REPORT = "report"
    COMPLETE = "complete"
    END_OTHERWISE = "end_otherwise"
    CANCEL = "cancel"


class DisposalState(StrEnum):
    """Where a default stands: from the notice to the statement and the surplus, or to its cure."""

    NOTICED = "noticed"
    VALUED = "valued"
    SOLD = "sold"
    ACCOUNTED = "accounted"
    SURPLUS_RETURNED = "surplus_returned"
    CURED = "cured"
    CANCELLED = "cancelled"


class DisposalEvent(StrEnum):
    """What may be done to a default."""

    VALUE = "value"
    SELL = "sell"
    ACCOUNT = "account"
    RETURN_SURPLUS = "return_surplus"
    CURE = "cure"
    CANCEL = "cancel"


_S, _E = ReleaseState, ReleaseEvent

# The papers need not wait for the borrower: who comes late is identified late, but before anything is handed over.
RELEASE: Final = {
    (_S.OPENED, _E.IDENTIFY): _S.IDENTIFIED,
    (_S.OPENED, _E.AUDIT): _S.AUDITED,
    (_S.OPENED, _E.CANCEL): _S.CANCELLED,
    (_S.IDENTIFIED, _E.IDENTIFY): _S.IDENTIFIED,
    (_S.IDENTIFIED, _E.AUDIT): _S.AUDITED,
    (_S.IDENTIFIED, _E.CANCEL): _S.CANCELLED,
    (_S.AUDITED, _E.IDENTIFY): _S.AUDITED,
    (_S.AUDITED, _E.SEND_BACK): _S.OPENED,
    (_S.AUDITED, _E.APPROVE): _S.APPROVED,
    (_S.AUDITED, _E.CANCEL): _S.CANCELLED,
    (_S.APPROVED, _E.IDENTIFY): _S.APPROVED,
    (_S.APPROVED, _E.CERTIFY): _S.CERTIFIED,
    (_S.APPROVED, _E.CANCEL): _S.CANCELLED,
    (_S.CERTIFIED, _E.IDENTIFY): _S.CERTIFIED,
    (_S.CERTIFIED, _E.HAND_BACK): _S.HANDED_BACK,
    (_S.CERTIFIED, _E.REPORT): _S.CERTIFIED,
    (_S.CERTIFIED, _E.COMPLETE): _S.COMPLETED,
    (_S.CERTIFIED, _E.END_OTHERWISE): _S.ENDED_OTHERWISE,
    (_S.CERTIFIED, _E.CANCEL): _S.CANCELLED,
    (_S.HANDED_BACK, _E.REPORT): _S.HANDED_BACK,
    (_S.HANDED_BACK, _E.COMPLETE): _S.COMPLETED,
    # All is done and nothing was handed over, but a refund keeps the loan open: its receipts can still be taken back.
    (_S.COMPLETED, _E.CANCEL): _S.CANCELLED,
    (_S.ENDED_OTHERWISE, _E.CANCEL): _S.CANCELLED,
}

# From which a release still goes on.
UNDER_WAY: Final = frozenset({_S.OPENED, _S.IDENTIFIED, _S.AUDITED, _S.APPROVED, _S.CERTIFIED, _S.HANDED_BACK})

_D, _V = DisposalState, DisposalEvent

DISPOSAL: Final = {
    (_D.NOTICED, _V.VALUE): _D.VALUED,
    (_D.NOTICED, _V.CURE): _D.CURED,
    (_D.NOTICED, _V.CANCEL): _D.CANCELLED,
    (_D.VALUED, _V.VALUE): _D.VALUED,
    (_D.VALUED, _V.SELL): _D.SOLD,
    (_D.VALUED, _V.CURE): _D.CURED,
    (_D.VALUED, _V.CANCEL): _D.CANCELLED,
    (_D.SOLD, _V.ACCOUNT): _D.ACCOUNTED,
    (_D.ACCOUNTED, _V.RETURN_SURPLUS): _D.SURPLUS_RETURNED,
}

# Until the thing is sold, the borrower can still pay and have it back.
BEFORE_SALE: Final = frozenset({_D.NOTICED, _D.VALUED})


def after(state: ReleaseState, event: ReleaseEvent) -> ReleaseState:
    """The state that `event` leads to; Refusal if the table has no such line."""
    return following(RELEASE, state, event, words=f"this release is {state}; {event} cannot follow", code="release_state")


def disposal_after(state: DisposalState, event: DisposalEvent) -> DisposalState:
    """The state that `event` leads to; Refusal if the table has no such line."""
    return following(DISPOSAL, state, event, words=f"this disposal is {state}; {event} cannot follow", code="disposal_state")
