"""An item's stay in custody, as one table: what is not in it is refused."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from holdfast.kernel.states import following


class ItemState(StrEnum):
    """Where a thing is, as far as we answer for it."""

    EXPECTED = "expected"
    IN_CUSTODY = "in_custody"
    MISSING = "missing"
    LOST = "lost"
    HANDED_BACK = "handed_back"
    DISPOSED = "disposed"


class ItemEvent(StrEnum):
    """What happens to a thing in custody."""

    TAKE_IN = "take_in"
    TURN_AWAY = "turn_away"
    MOVE = "move"
    MISS = "miss"
    FIND = "find"
    LOSE = "lose"
    HAND_BACK = "hand_back"
    DISPOSE = "dispose"


LIFE: Final = {
    (ItemState.EXPECTED, ItemEvent.TAKE_IN): ItemState.IN_CUSTODY,
    (ItemState.EXPECTED, ItemEvent.TURN_AWAY): ItemState.HANDED_BACK,
    (ItemState.IN_CUSTODY, ItemEvent.MOVE): ItemState.IN_CUSTODY,
    (ItemState.IN_CUSTODY, ItemEvent.MISS): ItemState.MISSING,
    (ItemState.MISSING, ItemEvent.FIND): ItemState.IN_CUSTODY,
    (ItemState.MISSING, ItemEvent.LOSE): ItemState.LOST,
    (ItemState.IN_CUSTODY, ItemEvent.HAND_BACK): ItemState.HANDED_BACK,
    (ItemState.IN_CUSTODY, ItemEvent.DISPOSE): ItemState.DISPOSED,
}

# In these a thing holds a slot of a shelf.
IN_PLACE: Final = frozenset({ItemState.EXPECTED, ItemState.IN_CUSTODY, ItemState.MISSING})


def after(state: ItemState, event: ItemEvent) -> ItemState:
    """The state that `event` leads to; Refusal if the table has no such line."""
    return following(LIFE, state, event, words=f"the thing is {state}; {event} is not for a thing that is", code="item_state")
