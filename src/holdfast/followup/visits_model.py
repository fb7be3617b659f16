"""A field visit: who goes where, when and why, what was found there, and how far from the known address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import asin, cos, radians, sin, sqrt
from typing import Final

from holdfast.kernel.errors import BadInput
from holdfast.kernel.states import following

REASONS: Final = ("unreachable", "promise_broken", "arrears", "collateral", "review")
MET: Final = ("borrower", "somebody_else", "nobody", "wrong_place")
TOLD: Final = ("nobody", "borrower", "somebody_else")
OUTCOMES: Final = ("promised", "will_pay_now", "cannot_pay", "disputes", "refused_to_talk", "agreed", "nothing")
# Of the sphere that is used for short distances.
_EARTH_M: Final = 6_371_000


class VisitState(StrEnum):
    """Where a visit stands."""

    PLANNED = "planned"
    BEGUN = "begun"
    REPORTED = "reported"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"


class VisitEvent(StrEnum):
    """What may be done with a visit."""

    MOVE = "move"
    BEGIN = "begin"
    REPORT = "report"
    CONFIRM = "confirm"
    CANCEL = "cancel"


LIFE: Final = {
    (VisitState.PLANNED, VisitEvent.MOVE): VisitState.PLANNED,
    (VisitState.PLANNED, VisitEvent.BEGIN): VisitState.BEGUN,
    (VisitState.PLANNED, VisitEvent.CANCEL): VisitState.CANCELLED,
    (VisitState.BEGUN, VisitEvent.REPORT): VisitState.REPORTED,
    (VisitState.BEGUN, VisitEvent.CANCEL): VisitState.CANCELLED,
    (VisitState.REPORTED, VisitEvent.CONFIRM): VisitState.CONFIRMED,
}
OPEN: Final = frozenset({VisitState.PLANNED, VisitState.BEGUN, VisitState.REPORTED})


def after(state: VisitState, event: VisitEvent) -> VisitState:
    """The state that `event` leads to; Refusal if the table has no such line."""
    return following(LIFE, state, event, words=f"the visit is {state}; nobody can {event} it now", code="visit_state")


@dataclass(frozen=True, slots=True)
class Point:
    """A place on the map in degrees (WGS 84), as a browser gives it or somebody reads it off; `accuracy_m` is the browser's own word."""

    lat: float
    lon: float
    accuracy_m: int | None = None
    typed: bool = False

    def __post_init__(self) -> None:
        if not (-90 <= self.lat <= 90 and -180 <= self.lon <= 180):
            raise BadInput("place: latitude lies between -90 and 90, longitude between -180 and 180", field="place")
        if self.accuracy_m is not None and self.accuracy_m < 0:
            raise BadInput("accuracy_m: a number of metres, not less than 0", field="accuracy_m")

    def metres_to(self, other: Point) -> int:
        """The distance over ground in whole metres, by the haversine formula: right to half a percent."""
        half_lat, half_lon = radians(other.lat - self.lat) / 2, radians(other.lon - self.lon) / 2
        part = sin(half_lat) ** 2 + cos(radians(self.lat)) * cos(radians(other.lat)) * sin(half_lon) ** 2
        return round(2 * _EARTH_M * asin(min(1.0, sqrt(part))))


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit as its row has it. Where it goes and what was said lies sealed: `visits.opened` reads it."""

    public_id: str
    visit_no: int
    loan: str
    contract_no: str
    borrower: str
    state: VisitState
    reason: str
    planned_for: datetime
    planned_at: datetime
    planned_by: int
    first_id: int
    second_id: int
    place: str
    begun_at: datetime | None
    rule: str | None
    reported_at: datetime | None
    reported_by: int | None
    met: str | None
    told: str | None
    outcome: str | None
    said: str | None
    seen: str | None
    confirmed_at: datetime | None
    confirmed_by: int | None
    ended_why: str | None
    photos: tuple[str, ...] = ()

    @property
    def open(self) -> bool:
        """Whether something is still to be done about it."""
        return self.state in OPEN


@dataclass(frozen=True, slots=True)
class Opened:
    """What lies sealed of a visit: the address, why we went, its point if one is known, where the visitors stood, and what was said."""

    address: str
    why: str
    known: Point | None
    stood: Point | None
    said: str

    @property
    def metres_off(self) -> int | None:
        """How far from the known address they stood; None unless both points are known."""
        return self.known.metres_to(self.stood) if self.known and self.stood else None
