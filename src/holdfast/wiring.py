"""Wiring: the only place where ports meet adapters and events meet verbs.

Each stage registers here what the ground asks of it. What one stage did and a later one must answer
(`life.BEGINS`) is carried out by `carry`, in the transaction of the verb that did it, so that no
path can do the one without the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol, TypeVar

import psycopg

from holdfast import servicing
from holdfast.adapters.local_ca import LocalNotary
from holdfast.adapters.local_outbox import LocalOutbox
from holdfast.adapters.typst_press import TypstPress
from holdfast.contact import Channels
from holdfast.duties.audit import Provider
from holdfast.duties.chained import chained_duties
from holdfast.files.ports import Notary, Press
from holdfast.journal import Actor
from holdfast.kernel.clock import Clock
from holdfast.life import BEGINS
from holdfast.loans import Happened
from holdfast.parties import Staff
from holdfast.servicing.expectations import serviced_loans

Db = psycopg.Connection[Any]

# What `duties audit` holds the book against, stage by stage.
EXPECTATIONS: Final[tuple[Provider, ...]] = (serviced_loans, chained_duties)

# How a person is reached. A lender without a carrier has the outbox that the console shows as a phone.
CHANNELS: Final[Channels] = {"sms": LocalOutbox()}

# Who signs documents, and who sets them; what a test notary signs says so on every sheet.
NOTARY: Final[Notary] = LocalNotary()
PRESS: Final[Press] = TypstPress(test=NOTARY.capabilities().test)


class _Result(Protocol):
    @property
    def happened(self) -> tuple[Happened, ...]: ...


class _Follower(Protocol):
    """A verb that begins because of an event: it is told the loan and the event's facts."""

    def __call__(self, db: Db, *, clock: Clock, by: Actor, loan: str, facts: Mapping[str, Any]) -> _Result | None: ...


Result = TypeVar("Result", bound=_Result)


def _receive(db: Db, *, clock: Clock, by: Actor, loan: str, facts: Mapping[str, Any]) -> servicing.Done:
    return servicing.receive(
        db, clock=clock, by=by, loan=loan, amount=facts["amount"], received_on=facts["received_on"], source=facts.get("source", "")
    )


# The verb behind each name of `life.BEGINS`; a test makes sure that none is missing.
FOLLOWERS: Final[Mapping[str, _Follower]] = {"servicing.receive": _receive}


def carry(verb: Callable[..., Result], db: Db, *, clock: Clock, by: Actor | Staff, **inputs: Any) -> Result:
    """Do a verb and all that must begin because of it, in the caller's transaction; if one of them refuses, nothing is done.

    Every edge calls a verb that has `happened` through here.
    """
    result = verb(db, clock=clock, by=by, **inputs)
    _begin(db, clock, by.actor if isinstance(by, Staff) else by, result.happened)
    return result


def _begin(db: Db, clock: Clock, by: Actor, happened: tuple[Happened, ...]) -> None:
    for each in happened:
        follower = FOLLOWERS.get(BEGINS[each.name])
        further = follower(db, clock=clock, by=by, loan=each.loan, facts=each.facts) if follower else None
        if further is not None:
            _begin(db, clock, by, further.happened)
