"""How a table of states is read, once for every stage that has one: what is not in the table is refused."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from holdfast.kernel.errors import Refusal

State = TypeVar("State", bound=StrEnum)
Event = TypeVar("Event", bound=StrEnum)


def following(table: Mapping[tuple[State, Event], State], state: State, event: Event, *, words: str, code: str) -> State:
    """The state that `event` leads to from `state`; a Refusal in `words`, with both of them named, if the table has no such line."""
    try:
        return table[state, event]
    except KeyError:
        raise Refusal(words, code=code, state=str(state), event=str(event)) from None
