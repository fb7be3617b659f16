"""The loan as it stood after each event was entered: what the book knew, in the order in which it learned of it.

A statement of account and a calendar are told from here, so that what was once said of a day stays true: a receipt
learned of later is a line of the day on which it was learned of.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from holdfast.products.terms import Terms
from holdfast.servicing.fold import Event, State, begin, fold, step


def as_entered(terms: Terms, events: Iterable[Event]) -> Iterator[tuple[Event, State]]:
    """Each event with the state after it, as `rules.change` books it: a reversal or a backdated event is folded anew.

    The state is the next step's raw material; whoever keeps it takes a copy.
    """
    state, known = begin(terms), list[Event]()
    last_on = None
    for event in sorted(events, key=lambda each: each.event_no):
        known.append(event)
        if event.kind == "reversal" or (last_on is not None and event.on < last_on):
            state = fold(terms, known)
        else:
            state = step(state, event)
        last_on = event.on if last_on is None else max(last_on, event.on)
        yield event, state
