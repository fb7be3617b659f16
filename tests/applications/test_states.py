"""Where a file may go: every pair of state and event is allowed or refused."""

from __future__ import annotations

import itertools

import pytest

from holdfast.applications import LIFE, ApplicationEvent, ApplicationState, after
from holdfast.kernel.errors import Refusal

ALLOWED = {
    "draft": {"change_plan": "draft", "fill_in": "draft", "submit": "submitted", "withdraw": "withdrawn", "close": "closed"},
    "submitted": {"supplement": "submitted", "return": "returned", "withdraw": "withdrawn", "close": "closed"},
    "returned": {"fill_in": "returned", "supplement": "returned", "submit": "submitted", "withdraw": "withdrawn", "close": "closed"},
    "withdrawn": {},
    "closed": {},
}  # fmt: skip


@pytest.mark.parametrize(("state", "event"), list(itertools.product(ApplicationState, ApplicationEvent)))
def test_every_event_in_every_state_is_allowed_or_refused(state: ApplicationState, event: ApplicationEvent) -> None:
    to = ALLOWED[state].get(event)
    if to is None:
        with pytest.raises(Refusal, match="not possible any more") as refused:
            after(state, event)
        assert refused.value.code == "application_state"
    else:
        assert after(state, event) == to


def test_the_table_holds_no_line_beyond_these() -> None:
    assert len(LIFE) == sum(len(events) for events in ALLOWED.values())
