"""Wiring: the only place where ports meet adapters and events meet verbs.

Each stage registers here what the ground asks of it. What one stage did and a later one must answer
(`life.BEGINS`) is carried out by `carry`, in the transaction of the verb that did it, so that no
path can do the one without the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, Protocol, TypeVar

import psycopg

from holdfast import payments, release, servicing
from holdfast.adapters.bureau_file import BureauFile
from holdfast.adapters.described_sms import sms_described
from holdfast.adapters.http_rail import HttpRail, rail_described
from holdfast.adapters.local_bank import LocalBank
from holdfast.adapters.local_ca import LocalNotary
from holdfast.adapters.local_outbox import LocalOutbox
from holdfast.adapters.local_voice import LocalVoice
from holdfast.adapters.typst_press import TypstPress
from holdfast.contact import Channels, keep_heard
from holdfast.database.connection import transaction
from holdfast.duties.audit import Provider
from holdfast.duties.chained import chained_duties
from holdfast.files.ports import Notary, Press
from holdfast.followup import settlements
from holdfast.followup.reviews_expected import reviews_called_for
from holdfast.journal import Actor
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import HoldfastError
from holdfast.life import BEGINS
from holdfast.loans import Happened, loan_id_of
from holdfast.parties import Staff
from holdfast.pledges import Owed
from holdfast.policy import clock
from holdfast.release.ports import Bureau
from holdfast.servicing.expectations import serviced_loans

Db = psycopg.Connection[Any]

# What `duties audit` holds the book against, stage by stage.
EXPECTATIONS: Final[tuple[Provider, ...]] = (serviced_loans, chained_duties, reviews_called_for)

# How a person is reached: the way that HOLDFAST_SMS describes, else the outbox that the console shows as a phone; calls ring there too,
# and nowhere as long as messages leave over a carrier.
_CARRIER: Final = sms_described(keep_heard(transaction, clock))
CHANNELS: Final[Channels] = {"sms": _CARRIER} if _CARRIER else {"sms": LocalOutbox(), "voice": LocalVoice()}

# Who signs documents, and who sets them; what a test notary signs says so on every sheet.
NOTARY: Final[Notary] = LocalNotary()
PRESS: Final[Press] = TypstPress(test=NOTARY.capabilities().test)


# How much a loan's pledges still secure.
OWED: Final[Owed] = servicing.owed

# Whether a loan that is being repaid may grow by a further payout.
GROWS: Final[payments.Grows] = servicing.may_lend_more

# How a settled debt is reported to the credit bureau.
BUREAU: Final[Bureau] = BureauFile()


# How money goes out and is collected: the rail that HOLDFAST_RAIL describes, else the built-in stand-in, which moves none.
RAIL: Final[HttpRail | LocalBank] = rail_described() or LocalBank(transaction)


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


def _disburse(db: Db, *, clock: Clock, by: Actor, loan: str, facts: Mapping[str, Any]) -> servicing.Done:
    return servicing.disburse(db, clock=clock, by=by, loan=loan, terms=facts["terms"], paid_on=facts["paid_on"])


def _lend_more(db: Db, *, clock: Clock, by: Actor, loan: str, facts: Mapping[str, Any]) -> servicing.Done:
    return servicing.lend_more(db, clock=clock, by=by, loan=loan, amount=facts["amount"], paid_on=facts["paid_on"])


def _waive(db: Db, *, clock: Clock, by: Actor, loan: str, facts: Mapping[str, Any]) -> servicing.Done:
    return servicing.waive_for_cooling_off(db, clock=clock, by=by, loan=loan)


def _take_back_waiver(db: Db, *, clock: Clock, by: Actor, loan: str, facts: Mapping[str, Any]) -> servicing.Done:
    return servicing.take_back_waiver(db, clock=clock, by=by, loan=loan)


def _take_back_receipt(db: Db, *, clock: Clock, by: Actor, loan: str, facts: Mapping[str, Any]) -> servicing.Done | None:
    event_no = servicing.receipt_of(db, loan_id_of(db, loan), facts["source"])
    return None if event_no is None else servicing.reverse(db, clock=clock, by=by, loan=loan, event_no=event_no, reason=facts["reason"])


def _take_back_money(db: Db, *, clock: Clock, by: Actor, loan: str, facts: Mapping[str, Any]) -> None:
    payments.take_back(db, clock=clock, by=by, source=facts["source"])


# The verb behind each name of `life.BEGINS`; a test makes sure that none is missing.
FOLLOWERS: Final[Mapping[str, _Follower]] = {
    "servicing.disburse": _disburse,
    "servicing.lend_more": _lend_more,
    "servicing.waive": _waive,
    "servicing.take_back_waiver": _take_back_waiver,
    "servicing.receive": _receive,
    "servicing.take_back_receipt": _take_back_receipt,
    "payments.take_back": _take_back_money,
    "settlements.judge": settlements.judge,
    "settlements.undo": settlements.undo,
    "release.open": release.open,
    "release.cancel": partial(release.cancel, bureau=BUREAU),
    "release.cure": release.cure,
}


def carry(verb: Callable[..., Result], db: Db, *, clock: Clock, by: Actor | Staff, **inputs: Any) -> Result:
    """Do a verb and all that must begin because of it, in the caller's transaction; if one of them refuses, nothing is done.

    Every edge calls a verb that has `happened` through here.
    """
    result = verb(db, clock=clock, by=by, **inputs)
    _begin(db, clock, by.actor if isinstance(by, Staff) else by, result.happened)
    return result


def receive_many(db: Db, money: Sequence[payments.Incoming], *, clock: Clock, by: Actor, label: str) -> Sequence[HoldfastError | None]:
    """Post the receipts of a bank's file, each of another loan, and all that must begin because of them; for each, why it was refused."""
    arrivals = [servicing.Arrival(each.loan_id, each.amount, each.received_on, each.source) for each in money]
    refused: list[HoldfastError | None] = []
    for done in servicing.receive_many(db, arrivals, clock=clock, by=by, label=label):
        if isinstance(done, servicing.Done):
            _begin(db, clock, by, done.happened)
            refused.append(None)
        else:
            refused.append(done)
    return refused


def take_answer(db: Db, *, clock: Clock, by: Actor, key: str, answer: payments.Answer, source: str) -> Any:
    """Record what a bank said of a payout or a direct debit, whichever its key names, with all that must begin because of it."""
    return payments.take_answer(db, clock=clock, by=by, key=key, answer=answer, source=source, verbs=_RECORDERS)


def _payout_said(db: Db, *, clock: Clock, by: Actor, key: str, answer: payments.Answer, source: str) -> payments.Payout:
    return carry(payments.record_answer, db, clock=clock, by=by, payout=key, answer=answer, source=source)


def _debit_said(db: Db, *, clock: Clock, by: Actor, key: str, answer: payments.Answer, source: str) -> payments.Debit:
    return carry(payments.record_debit, db, clock=clock, by=by, debit=key, answer=answer, source=source)


_RECORDERS: Final[dict[str, Callable[..., Any]]] = {"po_": _payout_said, "db_": _debit_said}


def _begin(db: Db, clock: Clock, by: Actor, happened: tuple[Happened, ...]) -> None:
    for each in happened:
        further = FOLLOWERS[BEGINS[each.name]](db, clock=clock, by=by, loan=each.loan, facts=each.facts)
        if further is not None:
            _begin(db, clock, by, further.happened)
