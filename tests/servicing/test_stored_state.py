"""A loan that is read from its row goes on exactly as if it had been folded from its first event."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from holdfast.kernel.errors import Refusal
from holdfast.servicing.fold import Event, State, fold, in_order, step
from holdfast.servicing.rescheduling import rearranged
from holdfast.servicing.state import by_day
from holdfast.servicing.store import agreed_text, charges_of, charges_text, pauses_of, pauses_text, put_agreed
from tests.servicing.contracts import Story, stories
from tests.servicing.test_rearrangements import changes
from tests.servicing.test_recalculation import recalculating


def reread(state: State) -> State:
    """The state as `account` and `instalment` give it back."""
    stored = State(
        terms=state.terms,
        instalments=sorted((replace(row) for row in state.instalments), key=by_day),
        totals=replace(state.totals),
        through=state.through,
        paid_off_on=state.paid_off_on,
        written_off_on=state.written_off_on,
        penalised_through=state.penalised_through,
        pauses=pauses_of(pauses_text(state.pauses)),
        charges=charges_of(charges_text(state.charges)),
    )
    text = agreed_text(state)
    if text is not None:
        put_agreed(stored, text)
    return stored


def compared(state: State) -> State:
    """Without what a row does not keep: how each event's money fell is in `allocation`."""
    return replace(state, allocations=[])


def with_agreements(story: Story, data: st.DataObject) -> Story:
    on = max(event.on for event in story.events) + timedelta(days=1)
    for _ in range(data.draw(st.integers(0, 2))):
        try:
            plan = rearranged(story.state, story.events, data.draw(changes(story, on)), loan="ln_x", on=on)
        except Refusal:
            continue
        story = story.tell(plan.event_kind, on, **plan.payload)
        on += timedelta(days=data.draw(st.integers(0, 40)))
        story = story.paid(data.draw(st.integers(1, story.terms.principal)), on)
    return story


def step_by_step(terms: Any, events: list[Event]) -> State:
    state = fold(terms, [])
    for event in in_order(events):
        state = step(reread(state), event)
    return state


@given(st.one_of(stories(), recalculating()), st.data())
def test_each_event_on_the_stored_row_gives_what_the_fold_of_all_gives(story: Story, data: st.DataObject) -> None:
    story = with_agreements(story, data)
    assert compared(step_by_step(story.terms, story.events)) == compared(story.state)
