"""The states of the decision on a loan, and what leads from one to another. What is not in the table is refused."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from holdfast.kernel.states import following


class DecisionState(StrEnum):
    """Where the decision on a loan stands."""

    PENDING = "pending"
    REFERRED = "referred"
    APPROVED = "approved"
    REFUSED = "refused"


class DecisionEvent(StrEnum):
    """What happens to it. `YES` and `NO` are the two people's; a review is asked for by the borrower."""

    APPROVE = "approve"
    REFER = "refer"
    REFUSE = "refuse"
    YES = "yes"
    NO = "no"
    REVIEW = "review"


LIFE: Final = {
    (DecisionState.PENDING, DecisionEvent.APPROVE): DecisionState.APPROVED,
    (DecisionState.PENDING, DecisionEvent.REFER): DecisionState.REFERRED,
    (DecisionState.PENDING, DecisionEvent.REFUSE): DecisionState.REFUSED,
    # facts may have changed: a thing was valued, an answer supplemented
    (DecisionState.REFERRED, DecisionEvent.APPROVE): DecisionState.APPROVED,
    (DecisionState.REFERRED, DecisionEvent.REFER): DecisionState.REFERRED,
    (DecisionState.REFERRED, DecisionEvent.REFUSE): DecisionState.REFUSED,
    (DecisionState.REFERRED, DecisionEvent.YES): DecisionState.APPROVED,
    (DecisionState.REFERRED, DecisionEvent.NO): DecisionState.REFUSED,
    (DecisionState.REFUSED, DecisionEvent.REVIEW): DecisionState.REFERRED,
}


def after(state: DecisionState, event: DecisionEvent) -> DecisionState:
    """The state that `event` leads to; Refusal if the table has no such line."""
    return following(LIFE, state, event, words=f"the decision is {state}; it cannot {event}", code="decision_state")
