"""Each table of states, whole: every pair is allowed or refused, and what is refused says where the thing stands."""

from __future__ import annotations

from enum import StrEnum
from itertools import product
from typing import Any

import pytest

from holdfast.kernel.errors import Refusal
from holdfast.payments.states import (
    BANK_LINE_LIFE,
    DRAWER_LIFE,
    INTENT_LIFE,
    PAYOUT_LIFE,
    BankLineEvent,
    BankLineState,
    DrawerEvent,
    DrawerState,
    IntentEvent,
    IntentState,
    PayoutEvent,
    PayoutState,
    after,
)

# For each state, the events that it allows and where they lead.
PAYOUT = {
    "asked": {"approve": "approved", "cancel": "cancelled"},
    "approved": {"cancel": "cancelled", "send": "sent"},
    "sent": {"accepted": "sent", "paid": "paid", "rejected": "rejected", "unknown": "unknown"},
    "unknown": {"accepted": "unknown", "paid": "paid", "rejected": "rejected", "unknown": "unknown"},
    "paid": {"paid": "paid"},
    "rejected": {"rejected": "rejected"},
    "cancelled": {},
}
DRAWER = {"open": {"take": "open", "count": "counted"}, "counted": {"recount": "open", "close": "closed"}, "closed": {}}
BANK_LINE = {
    "read": {"match": "matched", "miss": "unmatched", "pass_over": "ignored", "repeat": "duplicate"},
    "matched": {"reverse": "reversed"},
    "unmatched": {"match": "matched", "set_aside": "ignored"},
    "reversed": {"match": "matched", "set_aside": "ignored"},
    "ignored": {},
    "duplicate": {},
}
INTENT = {
    "open": {"say_paid": "said_paid", "clear": "cleared", "expire": "expired", "cancel": "cancelled"},
    "said_paid": {"clear": "cleared", "expire": "expired", "cancel": "cancelled"},
    "expired": {"clear": "cleared"},
    "cleared": {"reverse": "expired"},
    "cancelled": {},
}
TABLES: list[tuple[Any, type[StrEnum], type[StrEnum], dict[str, dict[str, str]]]] = [
    (PAYOUT_LIFE, PayoutState, PayoutEvent, PAYOUT),
    (DRAWER_LIFE, DrawerState, DrawerEvent, DRAWER),
    (BANK_LINE_LIFE, BankLineState, BankLineEvent, BANK_LINE),
    (INTENT_LIFE, IntentState, IntentEvent, INTENT),
]
PAIRS = [
    pytest.param(life, state, event, expected.get(state, {}).get(event), id=f"{states.__name__}-{state}-{event}")
    for life, states, events, expected in TABLES
    for state, event in product(states, events)
]


@pytest.mark.parametrize(("life", "state", "event", "leads_to"), PAIRS)
def test_every_pair_is_allowed_or_refused(life: Any, state: StrEnum, event: StrEnum, leads_to: str | None) -> None:
    if leads_to is None:
        with pytest.raises(Refusal, match=f"it is {state}; it cannot") as caught:
            after(life, "it", state, event)
        assert caught.value.code == "wrong_state"
    else:
        assert after(life, "it", state, event) == leads_to


@pytest.mark.parametrize(("life", "states", "events", "expected"), TABLES)
def test_the_tables_name_every_state(life: Any, states: type[StrEnum], events: type[StrEnum], expected: dict[str, Any]) -> None:
    assert set(expected) == set(states)


def test_nothing_leads_from_an_unknown_payout_back_to_sending() -> None:
    """Whatever is answered, an order is sent from `approved` only, and nothing leads back there."""
    assert [state for (state, event), _ in PAYOUT_LIFE.items() if event is PayoutEvent.SEND] == [PayoutState.APPROVED]
    assert {state for (state, _), to in PAYOUT_LIFE.items() if to is PayoutState.APPROVED} == {PayoutState.ASKED}
    assert PayoutState.ASKED not in PAYOUT_LIFE.values()
