"""What became of messages outside: receipts kept, matched and settled; what nobody knows ends with a person.

A receipt may come before the answer to its message, on another connection, twice, or never. It is kept before it is
understood, matched by the outside's number for the part, and only where that is lost with its answer by the borrower's
number, if a single message can be meant. A message of which nobody knows is not sent again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import psycopg

from holdfast import duties
from holdfast.contact import receipt_store, store
from holdfast.contact.model import Dispatched
from holdfast.contact.ports import Channels, Heard, SmsChannel
from holdfast.contact.receipt_store import Key, Part, Stuck, Undelivered, Waiting
from holdfast.contact.rules import FORBIDS_ALL
from holdfast.contact.states import ANSWER_EVENTS, FINAL, RECEIPT_EVENTS, PartEvent, PartState, after, message_state
from holdfast.journal import SYSTEM
from holdfast.kernel.clock import Clock
from holdfast.life import LoanState

Db = psycopg.Connection[Any]
Edge = Callable[[], AbstractContextManager[Db]]

# How long a message may be on its way before whoever sent it is taken to be gone. Longer than any answer is waited for.
STUCK_AFTER: Final = timedelta(minutes=5)
# A receipt without a message waits so long for the answer that would bring its number.
ANSWER_LATE: Final = timedelta(minutes=6)
# How long the outside may take for a receipt, by the protocol's own text.
RECEIPT_WITHIN: Final = timedelta(hours=48)
# What nobody knows waits so long for a receipt that may still tell; then a person takes it.
PERSON_AFTER: Final = timedelta(hours=1)
ASK_AFTER: Final = timedelta(minutes=10)
_GIVE_UP_RECEIPT: Final = timedelta(hours=72)
_FIRST_LOOK: Final = timedelta(seconds=1)
_DUTY: Final = "reach"
# Before money is out, and once all is settled, no borrower waits for it: somebody has the case in hand, or nobody needs it.
_REACHED_IN: Final = frozenset({LoanState.ACTIVE, LoanState.WRITTEN_OFF, LoanState.RELEASING})
# What was never sent, and must reach the borrower all the same: another way, by a person. A rule of the pack that forbids it is not here.
_BY_A_PERSON: Final = frozenset(
    {"tonight.hold", "contact.window", "contact.no_number", "contact.no_channel", "contact.finance_allowed",
     "contact.text_approved"}
)  # fmt: skip
# Of a message after another channel had failed, these rules end it for people too.
_FINAL: Final = FORBIDS_ALL | {"duty.closed"}
# What closed the duty of a message that did not arrive, where it says no more than that it had left: anything else, a receipt for one,
# has ended the reason for it.
_PROVES_NOTHING_OF: Final = frozenset({"", "contact.sent", "contact.refused", "contact.handed_over"})
_PURPOSES: Final = frozenset({"service", "reminder", "collection"})
_AT_ONCE: Final = 1_000


def keep_heard(edge: Edge, clock_of: Callable[[Db], Clock]) -> Callable[[str, Sequence[Heard]], None]:
    """The `Keep` of a channel: what it hears is committed when the call returns."""

    def keep(channel: str, heard: Sequence[Heard]) -> None:
        with edge() as db:
            receipt_store.keep(db, channel, heard, clock_of(db).now())

    return keep


def settle_heard(db: Db, *, clock: Clock, limit: int = _AT_ONCE) -> tuple[int, list[Dispatched]]:
    """Settle what was heard: how many things, and the messages that are now known to have arrived, whose duties they may prove."""
    receipt_store.one_reader(db)
    now = clock.now()
    heard = receipt_store.waiting(db, now, limit)
    placed, later = _placed(db, heard, now)
    parts = receipt_store.parts_of(db, {key for each in placed if (key := _key(each)) is not None})
    moved: dict[Key, dict[int, Part]] = {}
    outcomes: list[tuple[Waiting, str]] = []
    for each in placed:
        key = _key(each)
        part = parts.get(key, {}).get(each.part_no or 0) if key is not None else None
        if key is None or part is None:
            outcomes.append((each, "no_message"))
            continue
        event = RECEIPT_EVENTS[each.state] if each.kind == "receipt" else ANSWER_EVENTS[each.state]
        state, what = after(part.state, event)
        outcomes.append((each, what))
        if what == "moved" or (part.provider_id is None and each.provider_id is not None):
            following = replace(part, state=state, provider_id=part.provider_id or each.provider_id, stat=each.stat or part.stat)
            parts[key][part.part_no] = moved.setdefault(key, {})[part.part_no] = following
    receipt_store.came_to(db, outcomes)
    receipt_store.look_later(db, later)
    return len(outcomes), _move(db, moved, parts, now)


def end_waiting(db: Db, *, clock: Clock, limit: int = _AT_ONCE) -> int:
    """Say of parts whose receipt did not come in its time that nobody knows; how many."""
    receipt_store.one_reader(db)
    now = clock.now()
    late = receipt_store.overdue(db, now - RECEIPT_WITHIN, limit)
    parts = receipt_store.parts_of(db, {(loan_id, message_no) for loan_id, message_no, _ in late})
    moved: dict[Key, dict[int, Part]] = {}
    for loan_id, message_no, part_no in late:
        part = parts[loan_id, message_no][part_no]
        state, _ = after(part.state, PartEvent.RUN_OUT)
        why = f"no receipt within {int(RECEIPT_WITHIN.total_seconds()) // 3600} hours"
        parts[loan_id, message_no][part_no] = moved.setdefault((loan_id, message_no), {})[part_no] = replace(part, state=state, stat=why)
    _move(db, moved, parts, now)
    return len(late)


def end_sending(db: Db, channels: Channels, *, clock: Clock, limit: int = _AT_ONCE) -> int:
    """Say of messages whose sender is gone that nobody knows whether they left; how many.

    Where a key is sent once however often it is given, they go again instead.
    """
    now = clock.now()
    gone = receipt_store.stuck(db, now - STUCK_AFTER, limit)
    once = {name for name, channel in channels.items() if channel.capabilities().once_per_key}
    again = [each for each in gone if each.channel in once]
    lost = [each for each in gone if each.channel not in once]
    store.queue_again(db, [(each.loan_id, each.message_no) for each in again], now)
    _lose(db, lost, now)
    store.write_ledger(
        db,
        [
            (each.loan_id, each.party_id, each.purpose, each.channel, clock.today(), now, "unknown", "contact.sender_gone", None)
            for each in lost
        ],
    )  # fmt: skip
    return len(gone)


def ask_after(db: Db, channel: SmsChannel, *, clock: Clock, limit: int = 200) -> int:
    """Ask a channel that can be asked about parts that wait, and for messages that wait with it; how many things it told."""
    can = channel.capabilities()
    heard: list[Heard] = []
    if can.receipts_pulled:
        asked = receipt_store.to_ask(db, can.name, clock.now() - ASK_AFTER, limit)
        heard += channel.pull_receipts(asked) if asked else ()
    if can.inbound:
        heard += channel.pull_inbound()
    receipt_store.keep(db, can.name, heard, clock.now())
    return len(heard)


def undelivered(db: Db, *, clock: Clock, limit: int = 200) -> tuple[list[Undelivered], list[Dispatched]]:
    """The messages that a person has to take over now, marked as such; and which duties of theirs this ends.

    They did not arrive, or nobody knows, or they were never sent: held by a person, no number, no way to send, their time over.
    The caller records the latter (`record_contacts`) and then calls `hand_to_a_person` for each of the former.
    """
    now = clock.now()
    found = receipt_store.undelivered(db, now - PERSON_AFTER, limit) + receipt_store.unsent(db, _BY_A_PERSON, _FINAL, limit)
    receipt_store.given_up(db, [(each.loan_id, each.message_no) for each in found], now)
    told = [each for each in found if each.purpose in _PURPOSES and each.loan_state in _REACHED_IN and each.proof in _PROVES_NOTHING_OF]
    ended = [
        Dispatched(each.loan_id, each.message_no, each.duty_no, "handed_over", "contact.undelivered")
        for each in told
        if each.duty_no is not None and each.duty_open
    ]
    return told, ended


def hand_to_a_person(db: Db, each: Undelivered, *, clock: Clock) -> None:
    """Open the duty to reach the borrower otherwise, or add to the one that is open."""
    case = duties.take_by_id(db, each.loan_id)
    says = {"message": each.message_no, "purpose": each.purpose, "template": each.template, "state": each.state, "why": each.why}
    opens = () if case.open(_DUTY) else (_DUTY,)
    duties.enter(db, case, clock=clock, by=SYSTEM, kind="message.undelivered", says=says, opens=opens, while_frozen=True)


# ── how it is done ─────────────────────────────────────────────────────────────────────────────────────────


def _placed(db: Db, heard: Sequence[Waiting], now: datetime) -> tuple[list[Waiting], list[tuple[Waiting, datetime]]]:
    """Which message each thing heard is about; and what has to be looked at again, and when."""
    placed, later = [], []
    meant: set[tuple[int, int, int]] = set()
    for each in heard:
        if each.loan_id is not None:
            placed.append(each)
            continue
        age = now - each.heard_at
        if age >= ANSWER_LATE and each.number_lookup is not None:
            lost = [one for one in receipt_store.lost_to(db, each.channel, each.number_lookup, each.heard_at) if one not in meant]
            if len({one[:2] for one in lost}) == 1:
                meant.add(lost[0])
                placed.append(replace(each, loan_id=lost[0][0], message_no=lost[0][1], part_no=lost[0][2]))
                continue
        if age >= _GIVE_UP_RECEIPT:
            placed.append(each)
        else:
            later.append((each, now + max(_FIRST_LOOK, age)))
    return placed, later


def _key(each: Waiting) -> Key | None:
    return None if each.loan_id is None or each.message_no is None else (each.loan_id, each.message_no)


def _move(db: Db, moved: Mapping[Key, Mapping[int, Part]], parts: Mapping[Key, Mapping[int, Part]], now: datetime) -> list[Dispatched]:
    """Write moved parts and their messages; the messages that are now delivered."""
    receipt_store.move_parts(
        db, [(key, part, now if part.state in FINAL else None) for key, those in moved.items() for part in those.values()]
    )
    arrived = []
    for key in moved:
        these = parts[key].values()
        state = message_state([part.state for part in these])
        if state is PartState.SENDING:
            continue
        why = next((part.stat for part in these if part.state is state), "") if state is not PartState.DELIVERED else ""
        first = next((part.provider_id for part in these if part.provider_id), None)
        duty_no = receipt_store.move_message(db, key, state.value, why, now if state in FINAL else None, first)
        if state is PartState.DELIVERED and duty_no is not None:
            arrived.append(Dispatched(*key, duty_no, "delivered", "contact.receipt"))
    return arrived


def _lose(db: Db, lost: Sequence[Stuck], now: datetime) -> None:
    keys = [(each.loan_id, each.message_no) for each in lost]
    parts = receipt_store.parts_of(db, keys)
    moved = {
        key: {
            number: replace(part, state=after(part.state, PartEvent.NO_ANSWER)[0], stat="whoever sent it is gone")
            for number, part in those.items()
            if part.state is PartState.SENDING
        }
        for key, those in parts.items()
    }
    receipt_store.move_parts(db, [(key, part, None) for key, those in moved.items() for part in those.values()])
    for key in keys:
        receipt_store.move_message(db, key, PartState.UNKNOWN.value, "whoever sent it is gone", None, None)
