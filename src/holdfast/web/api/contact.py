"""Contact that rests: what is paused with the borrower of a loan, pausing it and lifting it."""

from __future__ import annotations

from typing import Any, Literal

from ninja import Router

from holdfast import contact
from holdfast.parties import staff_by_id
from holdfast.web.api.operation import Call, operation
from holdfast.web.api.values import Day, In, Out, Words

router = Router()

Reason = Literal["opt_out", "complaint", "dispute", "hardship"]


class ContactPauseOut(Out):
    """A pause in force. `until` null: until it is lifted; `by` empty: a case or the borrower's own word has set it."""

    reason: str
    purposes: list[str]
    since: Day
    until: Day | None
    by: str
    because: str


class ContactPauseList(Out):
    items: list[ContactPauseOut]


class ContactPauseIn(In):
    """What contact rests for and why; without `until` until it is lifted."""

    reason: Reason
    because: Words
    until: Day | None = None


class ContactLiftIn(In):
    """Why contact goes on."""

    because: Words


@operation(router, "GET", "/loans/{loan}/contact/pauses", "contact.pauses", answer=ContactPauseList)
def pauses(call: Call, loan: str) -> Any:
    """What rests today with the borrower of a loan, whichever loan it is about."""
    return _told(call, loan)


@operation(router, "POST", "/loans/{loan}/contact/pauses", "contact.pause", answer=ContactPauseList, status=201)
def pause(call: Call, loan: str, body: ContactPauseIn) -> Any:
    """Pause reminders, collection and marketing with the borrower of a loan, over every channel."""
    given: dict[str, Any] = {"reason": body.reason, "because": body.because, "until": body.until}
    contact.pause(call.db, clock=call.clock, by=call.staff, loan=loan, **given)
    return _told(call, loan)


@operation(router, "POST", "/loans/{loan}/contact/pauses/{reason}/lift", "contact.lift", answer=ContactPauseList)
def lift(call: Call, loan: str, reason: str, body: ContactLiftIn) -> Any:
    """Let contact go on. For a complaint or a dispute this is never who paused it, under whichever log-in."""
    contact.lift(call.db, clock=call.clock, by=call.staff, loan=loan, reason=reason, because=body.because)
    return _told(call, loan)


def _told(call: Call, loan: str) -> dict[str, Any]:
    found = contact.pauses_of(call.db, clock=call.clock, by=call.staff, loan=loan)
    return {
        "items": [
            {
                "reason": each.reason, "purposes": sorted(each.purposes), "since": each.since, "until": each.until,
                "by": "" if each.by_staff is None else staff_by_id(call.db, each.by_staff).public_id, "because": each.because,
            }
            for each in found
        ]
    }  # fmt: skip
