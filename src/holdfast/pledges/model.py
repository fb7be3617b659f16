"""The right over a thing, and what the verbs of this stage answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from holdfast.approvals import Request
from holdfast.kernel.errors import Refusal
from holdfast.kernel.money import Money
from holdfast.loans import Happened
from holdfast.pledges.rules import How
from holdfast.pledges.states import PledgeState

# What a photo of the intake shows.
PHOTOS: Final = ("front", "back", "seal")


@dataclass(frozen=True, slots=True)
class Pledge:
    """A right over one thing and the loans that it secures, by public id. `receipt` is the custody receipt's file."""

    pledge_id: int
    public_id: str
    thing_id: int
    thing: str
    item_id: int
    state: PledgeState
    secures: tuple[str, ...]
    drafted_on: date
    delivered_on: date | None
    ended_on: date | None
    how: str
    taken_by: str
    witness: str
    receipt: str | None
    request: str | None


@dataclass(frozen=True, slots=True)
class Done:
    """What an act of this stage did: the pledges that it changed, and what a later stage must answer."""

    loan: str
    pledges: tuple[Pledge, ...]
    record_seq: int | None = None
    happened: tuple[Happened, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """An act that waits for the second person; for an intake, the draft of the pledge."""

    request: Request
    pledge: Pledge | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """A request after an answer. `done`: what the yes did, if it did."""

    request: Request
    done: Any = None
    happened: tuple[Happened, ...] = ()


@dataclass(frozen=True, slots=True)
class Cover:
    """What a pledge secures and what else does: the figures that `rules.may_lift` is asked with."""

    owed: Money
    remaining: Money
    loans: tuple[str, ...]
    parts: Mapping[str, Money]


@dataclass(frozen=True, slots=True)
class Preview:
    """What would stand behind a loan after an act, and what stands in its way. `how` is None where no pledge ends."""

    how: How | None
    cover: Cover | None
    refused: Refusal | None


@dataclass(frozen=True, slots=True)
class IntakeRead:
    """What was seen at the counter when a thing came in; everything must hold before it is taken."""

    lock_off: bool
    sim_out: bool
    imeis: tuple[str, ...]
    photos: Mapping[str, str]
    seal_no: str
    slot: str


@dataclass(frozen=True, slots=True)
class Kept:
    """What fills a slot of a shelf: the thing, the pledge on it, and the loan it stands behind, by masked name."""

    item_id: int
    thing_id: int
    thing: str
    model: str
    storage_gb: int
    place: str
    level: int
    slot: int
    state: str
    seal_no: str
    pledge: str | None
    pledge_state: str
    loan: str | None
    borrower: str
    loan_state: str
    frozen: bool


@dataclass(frozen=True, slots=True)
class Passage:
    """One line of a thing's way in and out, from its chain: what, when, who, and the record's number."""

    kind: str
    at: datetime
    by: str
    seq: int
    says: Mapping[str, Any]
