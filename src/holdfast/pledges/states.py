"""A pledge's life, as one table: what is not in it is refused."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from holdfast.kernel.states import following


class PledgeState(StrEnum):
    """Where the right over a thing stands. It exists from delivery (Civil Code 429), not from the signature."""

    DRAFTED = "drafted"
    DELIVERED = "delivered"
    LIFTED = "lifted"
    DISPOSED = "disposed"
    VOID = "void"


class PledgeEvent(StrEnum):
    """What happens to a pledge."""

    DELIVER = "deliver"
    VOID = "void"
    LIFT = "lift"
    DISPOSE = "dispose"


LIFE: Final = {
    (PledgeState.DRAFTED, PledgeEvent.DELIVER): PledgeState.DELIVERED,
    (PledgeState.DRAFTED, PledgeEvent.VOID): PledgeState.VOID,
    (PledgeState.DELIVERED, PledgeEvent.LIFT): PledgeState.LIFTED,
    (PledgeState.DELIVERED, PledgeEvent.DISPOSE): PledgeState.DISPOSED,
}

OPEN: Final = frozenset({PledgeState.DRAFTED, PledgeState.DELIVERED})


def after(state: PledgeState, event: PledgeEvent) -> PledgeState:
    """The state that `event` leads to; Refusal if the table has no such line."""
    return following(LIFE, state, event, words=f"the pledge is {state}; {event} is not for a pledge that is", code="pledge_state")
