"""Sending: how an approved payout, or a proposed debit, reaches the rail, and how one whose answer was lost is asked after.

For each of them: written down as sent and committed; then the rail is called, with no transaction open; then
the answer is recorded and committed. A process that dies between the first and the last leaves one that is
`sent`; whoever comes next asks the rail by its key. The one who is at it holds a lock of the session, so that
nobody asks after an order that is still on its way.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from holdfast.journal import SYSTEM, Actor
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import HoldfastError, Unavailable
from holdfast.payments import mandate_store, store
from holdfast.payments.debits import DueOf, instruct_debit
from holdfast.payments.model import Debit, Payout
from holdfast.payments.payouts import instruct
from holdfast.payments.ports import Answer, DebitRail, Order, Outcome, PayoutRail
from holdfast.payments.store import Db

Edge = Callable[[], AbstractContextManager[Db]]


class Recorder(Protocol):
    """Records an answer with all that must begin because of it: `record_answer` as the edge carries it."""

    def __call__(self, db: Db, *, clock: Clock, by: Actor, payout: str, answer: Answer) -> Payout: ...


class DebitRecorder(Protocol):
    """The same of a direct debit: `record_debit` as the edge carries it."""

    def __call__(self, db: Db, *, clock: Clock, by: Actor, debit: str, answer: Answer) -> Debit: ...


@dataclass(frozen=True, slots=True)
class _Way:
    """What differs between paying out and collecting; the order of the steps does not."""

    instruct: Callable[[Db, str], Order | None]
    call: Callable[[Order], Answer]
    enquire: Callable[[str], Answer]
    due_to_enquire: Callable[[Db], list[str]]
    record: Callable[[Db, str, Answer], object]


def send_approved(edge: Edge, rail: PayoutRail, record: Recorder, clock: Clock) -> int:
    """Send what is approved, and ask after what was sent without an answer; how many payouts were touched."""
    way = _Way(
        lambda db, key: instruct(db, clock=clock, payout=key), rail.send, rail.enquire,
        lambda db: store.payouts_to_enquire(db, clock.now()),
        lambda db, key, said: record(db, clock=clock, by=SYSTEM, payout=key, answer=said),
    )  # fmt: skip
    return _work(edge, way, store.payouts_to_send)


def collect_proposed(edge: Edge, rail: DebitRail, record: DebitRecorder, clock: Clock, due_of: DueOf) -> int:
    """Collect what is proposed, and ask after what was sent without an answer; how many debits were touched."""
    way = _Way(
        lambda db, key: instruct_debit(db, clock=clock, debit=key, due_of=due_of), rail.collect, rail.enquire,
        lambda db: mandate_store.debits_to_enquire(db, clock.now()),
        lambda db, key, said: record(db, clock=clock, by=SYSTEM, debit=key, answer=said),
    )  # fmt: skip
    return _work(edge, way, mandate_store.debits_to_send)


def _work(edge: Edge, way: _Way, to_send: Callable[[Db], list[str]]) -> int:
    with edge() as db:
        waiting, unanswered = to_send(db), way.due_to_enquire(db)
    failed: list[HoldfastError] = []
    for work, keys in ((_send, waiting), (_ask, unanswered)):
        for key in keys:
            try:
                _alone(edge, key, partial(work, edge, way, key))
            except HoldfastError as error:  # the others go on; what failed is told below and tried again next time
                failed.append(error)
    if failed:
        raise failed[0]
    return len(waiting) + len(unanswered)


def _send(edge: Edge, way: _Way, key: str) -> None:
    with edge() as db:
        order = way.instruct(db, key)
    if order is None:
        return
    try:
        answer = way.call(order)
    except Unavailable as error:
        answer = Answer(Outcome.UNKNOWN, why=error.sentence)
    with edge() as db:
        way.record(db, key, answer)


def _ask(edge: Edge, way: _Way, key: str) -> None:
    with edge() as db:
        if key not in way.due_to_enquire(db):
            return  # answered since
    try:
        answer = way.enquire(key)
    except Unavailable as error:
        answer = Answer(Outcome.UNKNOWN, why=error.sentence)
    with edge() as db:
        way.record(db, key, answer)


def _alone(edge: Edge, key: str, work: Callable[[], None]) -> None:
    """Do the work unless another process is at the same key. The lock is the session's, so it ends with its process."""
    with edge() as db:
        ours = store.lock_payment(db, key)
    if not ours:
        return
    try:
        work()
    finally:
        with edge() as db:
            store.unlock_payment(db, key)
