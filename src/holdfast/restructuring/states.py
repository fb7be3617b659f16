"""The life of a request for more time: what is not in the table is refused."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from holdfast.kernel.errors import Refusal
from holdfast.restructuring.model import DeferralState


class DeferralEvent(StrEnum):
    """What may be done with a request."""

    AGREE = "agree"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"


LIFE: Final = {
    (DeferralState.ASKED, DeferralEvent.AGREE): DeferralState.AGREED,
    (DeferralState.ASKED, DeferralEvent.REFUSE): DeferralState.REFUSED,
    (DeferralState.ASKED, DeferralEvent.WITHDRAW): DeferralState.WITHDRAWN,
}


class DeferralCannot(Refusal):
    """The table has no such line."""

    code = "deferral_state"

    def __init__(self, state: DeferralState, event: DeferralEvent) -> None:
        super().__init__(f"the request is {state} already; nobody can {event} it now", state=str(state), event=str(event))


def after(state: DeferralState, event: DeferralEvent) -> DeferralState:
    """The state that `event` leads to; DeferralCannot if the table has no such line."""
    try:
        return LIFE[state, event]
    except KeyError:
        raise DeferralCannot(state, event) from None
