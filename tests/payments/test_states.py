"""Each table of states, whole: every pair is allowed or refused, and what is refused says where the thing stands."""

from __future__ import annotations

from enum import StrEnum
from itertools import product
from typing import Any

import pytest

from holdfast.kernel.errors import Refusal
from holdfast.payments.states import (
    BANK_LINE_LIFE,
    DEBIT_LIFE,
    DRAWER_LIFE,
    INTENT_LIFE,
    MANDATE_LIFE,
    MATTER_LIFE,
    PAYOUT_FILE_LIFE,
    PAYOUT_LIFE,
    BankLineEvent,
    BankLineState,
    DebitEvent,
    DebitState,
    DrawerEvent,
    DrawerState,
    IntentEvent,
    IntentState,
    MandateEvent,
    MandateState,
    MatterEvent,
    MatterState,
    PayoutEvent,
    PayoutFileEvent,
    PayoutFileState,
    PayoutState,
    after,
)

# For each state, the events that it allows and where they lead.
PAYOUT = {
    "asked": {"approve": "approved", "cancel": "cancelled"},
    "approved": {"cancel": "cancelled", "send": "sent", "list": "listed"},
    "listed": {"send": "sent", "unlist": "approved"},
    "sent": {"accepted": "sent", "paid": "paid", "rejected": "rejected", "unknown": "unknown"},
    "unknown": {"accepted": "unknown", "paid": "paid", "rejected": "rejected", "unknown": "unknown"},
    "paid": {"paid": "paid", "accepted": "paid", "unknown": "paid"},
    "rejected": {"rejected": "rejected", "accepted": "rejected", "unknown": "rejected", "dispute": "unknown"},
    "cancelled": {},
}
PAYOUT_FILE = {
    "made": {"take": "taken", "stop": "stopped"},
    "taken": {"take": "taken", "hand_over": "handed"},
    "handed": {},
    "stopped": {},
}
MATTER = {"open": {"rule": "ruled", "end": "ended"}, "ruled": {"disagree": "open", "end": "ended"}, "ended": {}}
MANDATE = {
    "drafted": {"sign": "active", "cancel": "cancelled"},
    "active": {"cancel": "cancelled", "end": "ended"},
    "cancelled": {},
    "ended": {},
}
DEBIT = {
    "proposed": {"send": "sent", "drop": "dropped"},
    "sent": {"accepted": "sent", "paid": "collected", "rejected": "failed", "unknown": "unknown", "return": "returned"},
    "unknown": {"accepted": "unknown", "paid": "collected", "rejected": "failed", "unknown": "unknown", "return": "returned"},
    "collected": {"paid": "collected", "accepted": "collected", "unknown": "collected", "return": "returned"},
    "failed": {"rejected": "failed", "accepted": "failed", "unknown": "failed", "paid": "collected"},
    "returned": {"paid": "returned", "accepted": "returned", "unknown": "returned", "return": "returned"},
    "dropped": {},
}
DRAWER = {"open": {"take": "open", "count": "counted"}, "counted": {"recount": "open", "close": "closed"}, "closed": {}}
BANK_LINE = {
    "read": {"match": "matched", "miss": "unmatched", "pass_over": "ignored", "repeat": "duplicate", "answer": "answered"},
    "matched": {"reverse": "reversed", "return": "returned"},
    "unmatched": {"match": "matched", "set_aside": "ignored", "split": "split", "return": "returned"},
    "reversed": {"match": "matched", "set_aside": "ignored", "split": "split", "return": "returned"},
    "ignored": {"answer": "answered"},
    "duplicate": {},
    "answered": {},
    "returned": {},
    "split": {},
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
    (PAYOUT_FILE_LIFE, PayoutFileState, PayoutFileEvent, PAYOUT_FILE),
    (MATTER_LIFE, MatterState, MatterEvent, MATTER),
    (MANDATE_LIFE, MandateState, MandateEvent, MANDATE),
    (DEBIT_LIFE, DebitState, DebitEvent, DEBIT),
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
    """An order is sent from `approved`, or out of a file that nobody took out before; nothing that was sent leads back there."""
    before = {PayoutState.ASKED, PayoutState.APPROVED, PayoutState.LISTED}
    assert {state for (state, event), _ in PAYOUT_LIFE.items() if event is PayoutEvent.SEND} == {PayoutState.APPROVED, PayoutState.LISTED}
    assert {state for (state, _), to in PAYOUT_LIFE.items() if to in before} <= before
    assert PayoutState.ASKED not in PAYOUT_LIFE.values()


def test_nothing_leads_from_a_debit_that_was_sent_back_to_sending() -> None:
    assert [state for (state, event), _ in DEBIT_LIFE.items() if event is DebitEvent.SEND] == [DebitState.PROPOSED]
    assert DebitState.PROPOSED not in DEBIT_LIFE.values()
