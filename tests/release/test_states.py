"""Both tables, whole: each pair of state and event is allowed as written here, or refused."""

from __future__ import annotations

from itertools import product

import pytest

from holdfast.kernel.errors import Refusal
from holdfast.release.states import (
    DISPOSAL,
    RELEASE,
    UNDER_WAY,
    DisposalEvent,
    DisposalState,
    ReleaseEvent,
    ReleaseState,
    after,
    disposal_after,
)

# What may happen, in the words of the trade; everything else is refused.
RELEASES = {
    "opened": {"identify": "identified", "audit": "audited", "cancel": "cancelled"},
    "identified": {"identify": "identified", "audit": "audited", "cancel": "cancelled"},
    "audited": {"identify": "audited", "send_back": "opened", "approve": "approved", "cancel": "cancelled"},
    "approved": {"identify": "approved", "certify": "certified", "cancel": "cancelled"},
    "certified": {
        "identify": "certified", "hand_back": "handed_back", "report": "certified", "complete": "completed",
        "end_otherwise": "ended_otherwise", "cancel": "cancelled",
    },
    "handed_back": {"report": "handed_back", "complete": "completed"},
    # Over, while only a refund keeps the loan open: the pay-off may still be undone, if nothing was handed over (the verb looks).
    "completed": {"cancel": "cancelled"}, "ended_otherwise": {"cancel": "cancelled"}, "cancelled": {},
}  # fmt: skip
DISPOSALS = {
    "noticed": {"value": "valued", "cure": "cured", "cancel": "cancelled"},
    "valued": {"value": "valued", "sell": "sold", "cure": "cured", "cancel": "cancelled"},
    "sold": {"account": "accounted"},
    "accounted": {"return_surplus": "surplus_returned"},
    "surplus_returned": {}, "cured": {}, "cancelled": {},
}  # fmt: skip


@pytest.mark.parametrize(("state", "event"), list(product(ReleaseState, ReleaseEvent)))
def test_a_release_goes_only_where_the_table_leads(state: ReleaseState, event: ReleaseEvent) -> None:
    wanted = RELEASES[state].get(event)
    if wanted is None:
        with pytest.raises(Refusal, match="cannot follow"):
            after(state, event)
    else:
        assert after(state, event) == wanted


@pytest.mark.parametrize(("state", "event"), list(product(DisposalState, DisposalEvent)))
def test_a_disposal_goes_only_where_the_table_leads(state: DisposalState, event: DisposalEvent) -> None:
    wanted = DISPOSALS[state].get(event)
    if wanted is None:
        with pytest.raises(Refusal, match="cannot follow"):
            disposal_after(state, event)
    else:
        assert disposal_after(state, event) == wanted


def test_nothing_is_handed_back_on_a_way_that_passes_by_approval_and_certificate() -> None:
    def before(goal: ReleaseState) -> set[ReleaseState]:
        return {state for (state, _), to in RELEASE.items() if to is goal and state is not goal}

    assert before(ReleaseState.HANDED_BACK) == {ReleaseState.CERTIFIED}
    assert before(ReleaseState.CERTIFIED) == {ReleaseState.APPROVED}
    assert before(ReleaseState.APPROVED) == {ReleaseState.AUDITED}


def test_a_thing_that_was_handed_back_is_never_uncancelled_and_one_that_was_sold_never_cured() -> None:
    assert (ReleaseState.HANDED_BACK, ReleaseEvent.CANCEL) not in RELEASE
    assert (DisposalState.SOLD, DisposalEvent.CURE) not in DISPOSAL
    assert {state for state, event in RELEASE if event is not ReleaseEvent.CANCEL} == UNDER_WAY
