"""The states of a confirmation: every pair of state and event is in the table or refused."""

from __future__ import annotations

import pytest

from holdfast.confirmation.states import OVER, TABLE, ConfirmationEvent, ConfirmationState, after
from holdfast.kernel.errors import Refusal

S, E = ConfirmationState, ConfirmationEvent
# Written out a second time, so that a line that slips into the table is seen.
ALLOWED = {
    (S.WAITING, E.DIAL): S.IN_CALL,
    (S.TO_CALL_BACK, E.DIAL): S.IN_CALL,
    (S.IN_CALL, E.HANG_UP): S.WAITING,
    (S.IN_CALL, E.AGREE_CALL_BACK): S.TO_CALL_BACK,
    (S.IN_CALL, E.CONFIRM): S.CONFIRMED,
    (S.IN_CALL, E.FAIL): S.FAILED,
    (S.WAITING, E.GIVE_UP): S.FAILED,
    (S.TO_CALL_BACK, E.GIVE_UP): S.FAILED,
}


@pytest.mark.parametrize("state", list(S))
@pytest.mark.parametrize("event", list(E))
def test_every_pair_is_allowed_or_refused(state: ConfirmationState, event: ConfirmationEvent) -> None:
    if (state, event) in ALLOWED:
        assert after(state, event) is ALLOWED[state, event]
    else:
        with pytest.raises(Refusal) as refused:
            after(state, event)
        assert refused.value.code == "confirmation_state"
        assert refused.value.facts == {"state": state.value, "event": event.value}


def test_nothing_follows_an_end() -> None:
    assert not [pair for pair in TABLE if pair[0] in OVER]
