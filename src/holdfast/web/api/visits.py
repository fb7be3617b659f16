"""Field visits: planning one, the door, the report of one of the two, the confirmation of the other, moving and calling off."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Router
from pydantic import AwareDatetime, Field

from holdfast.followup import visits
from holdfast.followup.visits_model import Point, Visit
from holdfast.kernel.errors import BadInput
from holdfast.parties import staff_by_id
from holdfast.web.api.operation import Call, operation
from holdfast.web.api.values import In, Instant, Name, Out, Words

router = Router()


class VisitPointIn(In):
    """A place in millionths of a degree (WGS 84). `accuracy_m` as the device says it; without it the figures were typed in."""

    lat: Annotated[int, Field(ge=-90_000_000, le=90_000_000)]
    lon: Annotated[int, Field(ge=-180_000_000, le=180_000_000)]
    accuracy_m: Annotated[int, Field(ge=0, le=1_000_000)] | None = None

    def point(self) -> Point:
        return Point(self.lat / 1_000_000, self.lon / 1_000_000, self.accuracy_m, self.accuracy_m is None)


class VisitOpenedOut(Out):
    """What lies sealed of a visit, for the two who make it and whoever planned it. `metres_off`: from the known point, if any."""

    address: str
    why: str
    metres_off: int | None
    said: str


class VisitOut(Out):
    """A visit. `opened` is null for whoever has no part in it; `rule` is the rule of contact that was asked at the door."""

    id: str
    loan: str
    state: str
    reason: str
    planned_for: Instant
    visitors: list[str]
    begun_at: Instant | None
    rule: str | None
    reported_at: Instant | None
    reported_by: str | None
    met: str | None
    told: str | None
    outcome: str | None
    photos: list[str]
    confirmed_at: Instant | None
    confirmed_by: str | None
    ended_why: str | None
    opened: VisitOpenedOut | None


class VisitList(Out):
    items: list[VisitOut]


class VisitPlanIn(In):
    """Why, where, when, and the public ids of the two. Without `address`: the one that the borrower gave."""

    reason: Literal["unreachable", "promise_broken", "arrears", "collateral", "review"]
    words: Words
    planned_for: AwareDatetime
    visitors: Annotated[list[Name], Field(min_length=2, max_length=2)]
    address: Words | None = None
    point: VisitPointIn | None = None


class VisitMoveIn(In):
    """Another time."""

    planned_for: AwareDatetime


class VisitCancelIn(In):
    """Why it does not take place."""

    words: Words


class VisitReportIn(In):
    """What one of the two found. `photos` are JPEG, PNG or WebP in base64, at least one."""

    met: Literal["borrower", "somebody_else", "nobody", "wrong_place"]
    told: Literal["nobody", "borrower", "somebody_else"]
    outcome: Literal["promised", "will_pay_now", "cannot_pay", "disputes", "refused_to_talk", "agreed", "nothing"]
    words: Words
    stood: VisitPointIn
    photos: Annotated[list[Annotated[str, Field(max_length=8_000_000)]], Field(min_length=1, max_length=visits.MOST_PHOTOS)]


@operation(router, "GET", "/visits", "visits.list", answer=VisitList)
def listed(call: Call, only_open: bool = True) -> Any:
    """The visits within sight: what is still to be done, or all."""
    return {"items": [_told(call, each) for each in visits.listed(call.db, by=call.staff, only_open=only_open, limit=visits.MOST_LISTED)]}


@operation(router, "GET", "/loans/{loan}/visits", "visits.of_loan", answer=VisitList)
def of_loan(call: Call, loan: str) -> Any:
    """The visits about a loan, newest first."""
    return {"items": [_told(call, each) for each in visits.visits_of(call.db, by=call.staff, loan=loan)]}


@operation(router, "POST", "/loans/{loan}/visits", "visits.plan", answer=VisitOut, status=201)
def plan(call: Call, loan: str, body: VisitPlanIn) -> Any:
    """Plan a visit by two people. Refused with the name of the rule if the borrower may not be visited at that time."""
    made = visits.plan(
        call.db, clock=call.clock, by=call.staff, loan=loan, reason=body.reason, words=body.words, planned_for=_when(body.planned_for),
        visitors=body.visitors, address=body.address or "", point=body.point.point() if body.point else None,
    )  # fmt: skip
    return _told(call, made)


@operation(router, "POST", "/loans/{loan}/visits/{visit}/time", "visits.move", answer=VisitOut)
def move(call: Call, loan: str, visit: str, body: VisitMoveIn) -> Any:
    """Another time, asked of the same rules; the borrower is told."""
    return _told(call, visits.move(call.db, **_about(call, loan, visit), planned_for=_when(body.planned_for)))


@operation(router, "POST", "/loans/{loan}/visits/{visit}/cancellation", "visits.cancel", answer=VisitOut)
def cancel(call: Call, loan: str, visit: str, body: VisitCancelIn) -> Any:
    """Call a visit off; the borrower is told."""
    return _told(call, visits.cancel(call.db, **_about(call, loan, visit), words=body.words))


@operation(router, "POST", "/loans/{loan}/visits/{visit}/beginning", "visits.begin", answer=VisitOut)
def begin(call: Call, loan: str, visit: str) -> Any:
    """At the door, on the planned day: the rules are asked once more."""
    return _told(call, visits.begin(call.db, **_about(call, loan, visit)))


@operation(router, "POST", "/loans/{loan}/visits/{visit}/report", "visits.report", answer=VisitOut)
def report(call: Call, loan: str, visit: str, body: VisitReportIn) -> Any:
    """What one of the two found; it counts once the other one has confirmed it."""
    found = visits.report(
        call.db, **_about(call, loan, visit), met=body.met, told=body.told, outcome=body.outcome, words=body.words,
        stood=body.stood.point(), photos=[_picture(each) for each in body.photos],
    )  # fmt: skip
    return _told(call, found)


@operation(router, "POST", "/loans/{loan}/visits/{visit}/confirmation", "visits.confirm", answer=VisitOut)
def confirm(call: Call, loan: str, visit: str) -> Any:
    """The other of the two says that it was so. Never whoever reported it."""
    return _told(call, visits.confirm(call.db, **_about(call, loan, visit)))


def _about(call: Call, loan: str, visit: str) -> dict[str, Any]:
    return {"clock": call.clock, "by": call.staff, "loan": loan, "visit": visit}


def _when(given: datetime) -> datetime:
    if not 1970 <= given.year <= 2199:
        raise BadInput("planned_for: name a time between 1970 and 2199", field="planned_for")
    return given


def _picture(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadInput("photos: send each picture in base64", field="photos") from None


def _told(call: Call, found: Visit) -> dict[str, Any]:
    names = ("loan", "reason", "planned_for", "begun_at", "rule", "reported_at", "met", "told", "outcome", "confirmed_at", "ended_why")

    def who(staff_id: int | None) -> str | None:
        return staff_by_id(call.db, staff_id).public_id if staff_id is not None else None

    return {
        **{name: getattr(found, name) for name in names}, "id": found.public_id, "state": str(found.state),
        "visitors": [who(found.first_id), who(found.second_id)], "reported_by": who(found.reported_by),
        "confirmed_by": who(found.confirmed_by), "photos": list(found.photos),
        "opened": visits.opened(call.db, by=call.staff, visit=found),
    }  # fmt: skip
