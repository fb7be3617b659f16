"""Answers: what banks say of payouts and direct debits, by file (pain.002) or by a feed of the rail, taken in whatever their order.

Everything is kept as it came. What is about no payment of ours, or contradicts what was final, moves nothing and is shown to people.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from holdfast.journal import Actor
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import Refusal
from holdfast.parties import Staff, require
from holdfast.payments import rail_store, store
from holdfast.payments.hearing import keep_heard
from holdfast.payments.messages import read_pain002
from holdfast.payments.ports import Answer
from holdfast.payments.states import PayoutState
from holdfast.payments.store import Db

PAYOUT_KEY: Final = "po_"
DEBIT_KEY: Final = "db_"


class Record(Protocol):
    """Records an answer with all that must begin because of it, as the edge carries it: `take_answer` with its follow-ups."""

    def __call__(self, db: Db, *, clock: Clock, by: Actor, key: str, answer: Answer, source: str) -> object: ...


@dataclass(frozen=True, slots=True)
class AnswersTaken:
    """What a file of answers did: how many lines it had, how many keys moved, how many need a person, how many were about nobody."""

    lines: int
    moved: int
    known: int
    for_people: int


def take_answers(db: Db, *, clock: Clock, by: Staff, data: bytes, name: str, record: Record) -> AnswersTaken:
    """Read a status report (pain.002) and record each of its answers. A refusal of a whole file refuses each payout in it.

    BadInput if the file is no pain.002; then nothing is done.
    """
    require(by, "bank_file.load")
    said: list[tuple[str, Answer]] = []
    for line in read_pain002(data):
        answer = Answer(line.outcome, line.reference, line.why)
        keys = [line.end_to_end] if line.end_to_end else _of_file(db, line.message)
        said.extend((key, answer) for key in keys)
    before = {key: _state(db, key) for key, _ in said}
    for key, answer in said:
        record(db, clock=clock, by=by.actor, key=key, answer=answer, source=name[:100])
    kept = [rail_store.answers(db, key=key, limit=1)[0].fate for key in dict(said)]
    moved = sum(1 for key, state in before.items() if _state(db, key) != state)
    return AnswersTaken(len(said), moved, kept.count("known"), kept.count("contradicts") + kept.count("nobody") + kept.count("noted"))


def take_answer(db: Db, *, clock: Clock, by: Actor, key: str, answer: Answer, source: str, verbs: dict[str, Callable[..., Any]]) -> Any:
    """Record one answer by what its key names: `verbs` has the recorder of payouts and that of direct debits, by prefix.

    What the book refuses to take is kept for people, and None is returned.
    """
    prefix = key[: len(PAYOUT_KEY)]
    known = prefix in verbs and (store.loan_of_payout(db, key) if prefix == PAYOUT_KEY else store.loan_of_debit(db, key)) is not None
    if not known:
        keep_heard(db, clock, key, answer, source, "nobody")
        return None
    try:
        with db.transaction():
            return verbs[prefix](db, clock=clock, by=by, key=key, answer=answer, source=source)
    except Refusal:
        keep_heard(db, clock, key, answer, source, "contradicts")
        return None


def _of_file(db: Db, message: str) -> list[str]:
    named = rail_store.file_named(db, message)
    return [] if named is None else list(rail_store.files(db, public_id=named)[0].payouts)


def _state(db: Db, key: str) -> PayoutState | None:
    found = store.payouts(db, None, public_id=key)
    return found[0].state if found else None
