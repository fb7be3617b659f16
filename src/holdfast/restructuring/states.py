"""The life of a request for other terms: what is not in the table is refused."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from holdfast.kernel.states import following
from holdfast.restructuring.model import RequestState


class RequestEvent(StrEnum):
    """What may be done with a request."""

    CONSENT = "consent"  # the borrower agrees with a code
    SECOND = "second"  # the first of two people of the lender agrees
    AGREE = "agree"  # the last of them agrees, and the terms change
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    REVERSE = "reverse"  # what was agreed is taken back by two


LIFE: Final = {
    (RequestState.PROPOSED, RequestEvent.CONSENT): RequestState.ASKED,
    (RequestState.PROPOSED, RequestEvent.REFUSE): RequestState.REFUSED,
    (RequestState.PROPOSED, RequestEvent.WITHDRAW): RequestState.WITHDRAWN,
    (RequestState.ASKED, RequestEvent.SECOND): RequestState.SECONDED,
    (RequestState.ASKED, RequestEvent.AGREE): RequestState.AGREED,
    (RequestState.ASKED, RequestEvent.REFUSE): RequestState.REFUSED,
    (RequestState.ASKED, RequestEvent.WITHDRAW): RequestState.WITHDRAWN,
    (RequestState.SECONDED, RequestEvent.AGREE): RequestState.AGREED,
    (RequestState.SECONDED, RequestEvent.REFUSE): RequestState.REFUSED,
    (RequestState.SECONDED, RequestEvent.WITHDRAW): RequestState.WITHDRAWN,
    (RequestState.AGREED, RequestEvent.REVERSE): RequestState.REVERSED,
}


def after(state: RequestState, event: RequestEvent) -> RequestState:
    """The state that `event` leads to; Refusal if the table has no such line."""
    if state is RequestState.PROPOSED:
        words, code = f"the request waits for the borrower's own agreement; nobody can {event} it now", "restructuring_no_consent"
    else:
        words, code = f"the request is {state} already; nobody can {event} it now", "restructuring_state"
    return following(LIFE, state, event, words=words, code=code)
