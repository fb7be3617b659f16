"""Sending: how an approved payout reaches the rail, and how one whose answer was lost is asked after.

For each payout: written down as sent and committed; then the rail is called, with no transaction open; then
the answer is recorded and committed. A process that dies between the first and the last leaves a payout that is
`sent`; whoever comes next asks the rail by its key. The one who is at it holds a lock of the session, so that
nobody asks after an order that is still on its way.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Protocol

from holdfast.journal import SYSTEM, Actor
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import HoldfastError, Unavailable
from holdfast.payments import store
from holdfast.payments.model import Payout
from holdfast.payments.payouts import instruct
from holdfast.payments.ports import Answer, Outcome, PayoutRail
from holdfast.payments.store import Db

Edge = Callable[[], AbstractContextManager[Db]]


class Recorder(Protocol):
    """Records an answer with all that must begin because of it: `record_answer` as the edge carries it."""

    def __call__(self, db: Db, *, clock: Clock, by: Actor, payout: str, answer: Answer) -> Payout: ...


def send_approved(edge: Edge, rail: PayoutRail, record: Recorder, clock: Clock) -> int:
    """Send what is approved, and ask after what was sent without an answer; how many payouts were touched."""
    with edge() as db:
        waiting, unanswered = store.payouts_to_send(db), store.payouts_to_enquire(db, clock.now())
    failed: list[HoldfastError] = []
    for work, public_ids in ((_send, waiting), (_ask, unanswered)):
        for public_id in public_ids:
            try:
                _alone(edge, public_id, partial(work, edge, rail, record, clock, public_id))
            except HoldfastError as error:  # the others go on; what failed is told below and tried again next time
                failed.append(error)
    if failed:
        raise failed[0]
    return len(waiting) + len(unanswered)


def _send(edge: Edge, rail: PayoutRail, record: Recorder, clock: Clock, public_id: str) -> None:
    with edge() as db:
        order = instruct(db, clock=clock, payout=public_id)
    if order is None:
        return
    try:
        answer = rail.send(order)
    except Unavailable as error:
        answer = Answer(Outcome.UNKNOWN, why=error.sentence)
    with edge() as db:
        record(db, clock=clock, by=SYSTEM, payout=public_id, answer=answer)


def _ask(edge: Edge, rail: PayoutRail, record: Recorder, clock: Clock, public_id: str) -> None:
    with edge() as db:
        if public_id not in store.payouts_to_enquire(db, clock.now()):
            return  # answered since
    try:
        answer = rail.enquire(public_id)
    except Unavailable as error:
        answer = Answer(Outcome.UNKNOWN, why=error.sentence)
    with edge() as db:
        record(db, clock=clock, by=SYSTEM, payout=public_id, answer=answer)


def _alone(edge: Edge, public_id: str, work: Callable[[], None]) -> None:
    """Do the work unless another process is at the same payout. The lock is the session's, so it ends with its process."""
    with edge() as db:
        ours = store.lock_payout(db, public_id)
    if not ours:
        return
    try:
        work()
    finally:
        with edge() as db:
            store.unlock_payout(db, public_id)
