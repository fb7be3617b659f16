"""Where the parts of messages and all that channels have told are kept."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

import psycopg

from holdfast.contact.ports import Heard, LateAnswer, PartAnswer, Receipt
from holdfast.contact.states import ANSWER_EVENTS, PartState, after
from holdfast.kernel import canonical
from holdfast.kernel.sealing import NONCE_BYTES, Sealed, master_box
from holdfast.parties import PrivateKind, lookup_of

Db = psycopg.Connection[Any]
Key = tuple[int, int]
_BOX: Final = "heard"

WRITE_PARTS: Final = """
    INSERT INTO message_part (loan_id, message_no, part_no, channel, state, provider_id, stat, answered_at, settled_at)
    SELECT * FROM unnest(%s::bigint[], %s::integer[], %s::integer[], %s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[],
                         %s::timestamptz[])
    ON CONFLICT (loan_id, message_no, part_no) DO UPDATE SET
        (channel, state, provider_id, stat, answered_at, settled_at)
        = (excluded.channel, excluded.state, excluded.provider_id, excluded.stat, excluded.answered_at, excluded.settled_at)"""
# Promises: the same thing told twice is kept once.
KEEP: Final = """
    INSERT INTO channel_heard (channel, kind, digest, provider_id, number_lookup, state, stat, loan_id, message_no, part_no, heard_at,
                               look_at, sealed)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (digest) DO NOTHING"""
# Two readers would each see a part that the other is about to change.
ONE_READER: Final = "SELECT pg_advisory_xact_lock(hashtextextended('holdfast receipts', 0))"
# Promises: what was heard and is not settled, oldest first, each with the part that bears its number (of this year's only).
WAITING: Final = """
    SELECT h.heard_id, h.channel, h.kind, h.provider_id, h.number_lookup, h.state, h.stat, h.heard_at, h.sealed,
           COALESCE(p.loan_id, h.loan_id), COALESCE(p.message_no, h.message_no), COALESCE(p.part_no, h.part_no)
    FROM channel_heard h
    LEFT JOIN LATERAL (
        SELECT loan_id, message_no, part_no FROM message_part
        WHERE provider_id = h.provider_id AND channel = h.channel AND h.kind = 'receipt' AND answered_at > h.heard_at - interval '200 days'
        ORDER BY answered_at DESC LIMIT 1
    ) p ON true
    WHERE h.came_to IS NULL AND h.kind <> 'inbound' AND h.look_at <= %s
    ORDER BY h.heard_id LIMIT %s FOR UPDATE OF h"""
PARTS_OF: Final = """
    SELECT p.loan_id, p.message_no, p.part_no, p.state, p.provider_id, p.stat FROM message_part p
    JOIN unnest(%s::bigint[], %s::integer[]) AS line (loan_id, message_no) USING (loan_id, message_no)
    ORDER BY p.loan_id, p.message_no, p.part_no FOR UPDATE OF p"""
# Promises: messages to that number that nobody knows of, while no answer to that number is awaited.
LOST_TO: Final = """
    SELECT m.loan_id, m.message_no, m.sent_at, p.part_no FROM message m JOIN message_part p USING (loan_id, message_no)
    WHERE m.to_lookup = %(lookup)s AND m.state = 'unknown' AND m.sent_at <= %(heard)s AND m.sent_at > %(heard)s - interval '3 days'
      AND p.channel = %(channel)s AND p.provider_id IS NULL AND p.state = 'unknown'
    ORDER BY m.sent_at, m.loan_id, m.message_no, p.part_no"""
MOVE_PART: Final = """
    UPDATE message_part SET state = %s, provider_id = %s, stat = %s, settled_at = %s
    WHERE loan_id = %s AND message_no = %s AND part_no = %s"""
MOVE_MESSAGE: Final = """
    UPDATE message SET state = %s, state_why = %s, settled_at = %s, provider_id = COALESCE(provider_id, %s)
    WHERE loan_id = %s AND message_no = %s RETURNING duty_no"""
CAME_TO: Final = "UPDATE channel_heard SET came_to = %s, loan_id = %s, message_no = %s, part_no = %s WHERE heard_id = %s"
LOOK_LATER: Final = "UPDATE channel_heard SET look_at = %s WHERE heard_id = %s"
# Promises: parts that were taken so long ago that no receipt will come.
OVERDUE: Final = (
    "SELECT loan_id, message_no, part_no FROM message_part WHERE state = 'sent' AND answered_at <= %s ORDER BY 1, 2, 3 LIMIT %s"
)
# Promises: parts that wait for a receipt, of a channel that can be asked, the longest waiting first.
TO_ASK: Final = """
    SELECT provider_id FROM message_part WHERE state = 'sent' AND channel = %s AND answered_at <= %s AND provider_id IS NOT NULL
    ORDER BY answered_at LIMIT %s"""
# Promises: on their way for so long that whoever sent them is gone.
STUCK: Final = """
    SELECT m.loan_id, m.message_no, m.duty_no, m.party_id, m.purpose, m.channel
    FROM message m WHERE m.state = 'sending' AND m.sent_at <= %s ORDER BY m.sent_at, m.loan_id, m.message_no LIMIT %s FOR UPDATE OF m"""
# Promises: failed for good, or unknown for longer than anyone should wait, and given to nobody yet.
UNDELIVERED: Final = """
    SELECT m.loan_id, m.message_no, m.duty_no, m.purpose, m.template, m.state, m.state_why, COALESCE(d.open, false), l.state,
           m.channel, m.on_date, m.send_until, coalesce(m.ended_by, ''), coalesce(d.about, ''), coalesce(r.kind, '')
    FROM message m LEFT JOIN duty d ON d.loan_id = m.loan_id AND d.duty_no = m.duty_no LEFT JOIN loan l ON l.loan_id = m.loan_id
    LEFT JOIN record r ON r.loan_id = d.loan_id AND r.seq = d.proof_seq
    WHERE m.state IN ('failed', 'unknown') AND m.given_up_at IS NULL AND m.sent_at IS NOT NULL
      AND (m.state = 'failed' OR m.sent_at <= %s)
    ORDER BY m.sent_at, m.loan_id, m.message_no LIMIT %s FOR UPDATE OF m"""
UNSENT: Final = """
    SELECT m.loan_id, m.message_no, m.duty_no, m.purpose, m.template, m.state, m.state_why, COALESCE(d.open, false), l.state,
           m.channel, m.on_date, m.send_until, coalesce(m.ended_by, ''), coalesce(d.about, ''), coalesce(r.kind, '')
    FROM message m LEFT JOIN duty d ON d.loan_id = m.loan_id AND d.duty_no = m.duty_no LEFT JOIN loan l ON l.loan_id = m.loan_id
    LEFT JOIN record r ON r.loan_id = d.loan_id AND r.seq = d.proof_seq
    WHERE m.state = 'dropped' AND m.given_up_at IS NULL AND m.party_id IS NOT NULL
      AND (m.ended_by = ANY(%s) OR (m.after_no IS NOT NULL AND m.ended_by <> ALL(%s)))
    ORDER BY m.settled_at, m.loan_id, m.message_no LIMIT %s FOR UPDATE OF m"""
ENDED_BY: Final = """
    UPDATE message m SET ended_by = line.rule FROM unnest(%s::bigint[], %s::integer[], %s::text[]) AS line (loan_id, message_no, rule)
    WHERE m.loan_id = line.loan_id AND m.message_no = line.message_no"""
GIVEN_UP: Final = """
    UPDATE message m SET given_up_at = %s FROM unnest(%s::bigint[], %s::integer[]) AS line (loan_id, message_no)
    WHERE m.loan_id = line.loan_id AND m.message_no = line.message_no"""
INBOUND: Final = """
    SELECT heard_id, channel, number_lookup, heard_at, sealed FROM channel_heard
    WHERE kind = 'inbound' AND came_to IS NULL AND look_at <= %s ORDER BY heard_id LIMIT %s FOR UPDATE"""
COUNTS: Final = """
    SELECT count(*) FILTER (WHERE came_to IS NULL), count(*) FILTER (WHERE came_to = 'no_message'),
           count(*) FILTER (WHERE came_to = 'contradicts')
    FROM channel_heard WHERE kind = 'receipt' AND heard_at > %s"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something heard that is not settled; loan, message and part are None while nobody knows what it is about."""

    heard_id: int
    channel: str
    kind: str
    provider_id: str | None
    number_lookup: bytes | None
    state: str
    stat: str
    heard_at: datetime
    sealed: bytes = field(repr=False)
    loan_id: int | None
    message_no: int | None
    part_no: int | None


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a message as it stands."""

    part_no: int
    state: PartState
    provider_id: str | None
    stat: str


@dataclass(frozen=True, slots=True)
class Stuck:
    """A message that was handed to the outside by somebody who is gone."""

    loan_id: int
    message_no: int
    duty_no: int | None
    party_id: int | None
    purpose: str
    channel: str


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A message that did not arrive, or of which nobody knows; `loan_state` None: it is about no loan.

    `rule` ended it before it was sent, empty if it was sent; `about` is its duty's, and `proof` the kind of record that closed that.
    """

    loan_id: int
    message_no: int
    duty_no: int | None
    purpose: str
    template: str
    state: str
    why: str
    duty_open: bool
    loan_state: str | None
    channel: str
    on_date: date
    send_until: datetime
    rule: str
    about: str
    proof: str


def write_parts(db: Db, rows: Sequence[tuple[int, int, int, str, PartAnswer]], at: datetime) -> None:
    """Write what the outside answered to parts: loan, message, part, channel, answer."""
    if not rows:
        return
    lines = []
    for loan_id, message_no, part_no, channel, answer in rows:
        state, _ = after(PartState.SENDING, ANSWER_EVENTS[answer.outcome])
        settled = at if state in (PartState.DELIVERED, PartState.FAILED) else None
        lines.append((loan_id, message_no, part_no, channel, state.value, answer.provider_id, answer.why, at, settled))
    db.execute(WRITE_PARTS, [list(column) for column in zip(*lines, strict=True)])


def keep(db: Db, channel: str, heard: Iterable[Heard], at: datetime) -> None:
    """Keep what a channel has told, sealed; what it told before is kept once."""
    box, rows = master_box(_BOX), []
    for each in heard:
        said: dict[str, Any]
        same: dict[str, Any]
        row: tuple[Any, ...]
        if isinstance(each, Receipt):
            said = {
                "id": each.provider_id, "state": each.state, "stat": each.stat, "number": each.number, "submitted": each.submitted,
                "done": each.done,
            }  # fmt: skip
            # The gateway's time of the receipt is left out: it may tell one receipt again with another.
            same = {"id": each.provider_id, "stat": each.stat, "state": each.state, "number": each.number, "submitted": each.submitted}
            number = lookup_of(PrivateKind.PHONE, each.number) if each.number else None
            row = ("receipt", each.provider_id, number, each.state, each.stat, None, None, None)
        elif isinstance(each, LateAnswer):
            said = same = {"key": each.key, "part": each.part_no, "id": each.answer.provider_id, "outcome": each.answer.outcome}
            loan_id, message_no = (int(piece) for piece in each.key.split(":"))
            row = ("answer", each.answer.provider_id, None, each.answer.outcome, each.answer.why, loan_id, message_no, each.part_no)
        else:
            said = same = {"id": each.provider_id, "number": each.number, "to": each.to, "text": each.text, "complete": each.complete}
            row = ("inbound", each.provider_id, lookup_of(PrivateKind.PHONE, each.number), "", "", None, None, None)
        digest = box.keyed_hash(canonical.encode({"channel": channel, "kind": row[0], **same}).decode())
        sealed = box.seal(canonical.encode(said), f"heard of {channel}")
        kind, provider_id, lookup, *rest = row
        rows.append((channel, kind, digest, provider_id, lookup, *rest, at, at, sealed.nonce + sealed.sealed))
    with db.cursor() as cursor:
        cursor.executemany(KEEP, rows)


def said(channel: str, sealed: bytes) -> Mapping[str, Any]:
    """What was told, in the clear."""
    opened = master_box(_BOX).open(Sealed(bytes(sealed[:NONCE_BYTES]), bytes(sealed[NONCE_BYTES:])), f"heard of {channel}")
    told: Mapping[str, Any] = canonical.decode(opened)
    return told


def one_reader(db: Db) -> None:
    """Wait until no other transaction settles receipts."""
    db.execute(ONE_READER)


def waiting(db: Db, now: datetime, limit: int) -> list[Waiting]:
    """What was heard and may be looked at by now, oldest first."""
    return [Waiting(*row) for row in db.execute(WAITING, (now, limit)).fetchall()]


def parts_of(db: Db, keys: Iterable[Key]) -> dict[Key, dict[int, Part]]:
    """The parts of these messages, locked."""
    wanted = sorted(set(keys))
    found: dict[Key, dict[int, Part]] = {}
    if wanted:
        for loan_id, message_no, part_no, state, provider_id, stat in db.execute(
            PARTS_OF, ([loan for loan, _ in wanted], [number for _, number in wanted])
        ):
            found.setdefault((loan_id, message_no), {})[part_no] = Part(part_no, PartState(state), provider_id, stat)
    return found


def lost_to(db: Db, channel: str, lookup: bytes, heard_at: datetime) -> list[tuple[int, int, int]]:
    """The parts, of messages that nobody knows of, that a receipt for this number may be about: loan, message, part."""
    rows = db.execute(LOST_TO, {"lookup": lookup, "heard": heard_at, "channel": channel}).fetchall()
    return [(row[0], row[1], row[3]) for row in rows]


def move_parts(db: Db, moved: Sequence[tuple[Key, Part, datetime | None]]) -> None:
    """Write where parts stand now."""
    with db.cursor() as cursor:
        cursor.executemany(
            MOVE_PART,
            [(part.state.value, part.provider_id, part.stat, settled, *key, part.part_no) for key, part, settled in moved],
        )


def move_message(db: Db, key: Key, state: str, why: str, settled: datetime | None, provider_id: str | None) -> int | None:
    """Write where a message stands now; the duty that it answers."""
    row = db.execute(MOVE_MESSAGE, (state, why, settled, provider_id, *key)).fetchone()
    return None if row is None else row[0]


def came_to(db: Db, rows: Sequence[tuple[Waiting, str]]) -> None:
    """Write what became of things heard."""
    with db.cursor() as cursor:
        cursor.executemany(CAME_TO, [(what, each.loan_id, each.message_no, each.part_no, each.heard_id) for each, what in rows])


def look_later(db: Db, rows: Sequence[tuple[Waiting, datetime]]) -> None:
    """Write when to look at these again."""
    with db.cursor() as cursor:
        cursor.executemany(LOOK_LATER, [(until, each.heard_id) for each, until in rows])


def overdue(db: Db, before: datetime, limit: int) -> list[tuple[int, int, int]]:
    """Parts that were taken before that moment and have no receipt: loan, message, part."""
    return [(row[0], row[1], row[2]) for row in db.execute(OVERDUE, (before, limit)).fetchall()]


def to_ask(db: Db, channel: str, before: datetime, limit: int) -> list[str]:
    """The outside's ids of parts without a receipt since before that moment."""
    return [row[0] for row in db.execute(TO_ASK, (channel, before, limit)).fetchall()]


def stuck(db: Db, before: datetime, limit: int) -> list[Stuck]:
    """Messages that were handed over before that moment and have no answer."""
    return [Stuck(*row) for row in db.execute(STUCK, (before, limit)).fetchall()]


def undelivered(db: Db, before: datetime, limit: int) -> list[Undelivered]:
    """Messages that failed, or that nobody knows of since before that moment, and that no person has yet."""
    return [Undelivered(*row) for row in db.execute(UNDELIVERED, (before, limit)).fetchall()]


def unsent(db: Db, rules: Collection[str], final: Collection[str], limit: int) -> list[Undelivered]:
    """Messages to somebody the book knows that one of these rules ended before they were sent, and that no person has yet.

    One that came after another channel had failed is among them whatever ended it, but for the rules that are `final`.
    """
    return [Undelivered(*row) for row in db.execute(UNSENT, (sorted(rules), sorted(final), limit)).fetchall()]


def ended_by(db: Db, rows: Sequence[tuple[int, int, str]]) -> None:
    """Write by which rule messages were never sent: loan, message, rule."""
    if rows:
        db.execute(ENDED_BY, [list(column) for column in zip(*rows, strict=True)])


def given_up(db: Db, keys: Sequence[Key], at: datetime) -> None:
    """Write that these are with a person now, or need none."""
    if keys:
        db.execute(GIVEN_UP, (at, [loan for loan, _ in keys], [number for _, number in keys]))


def inbound(db: Db, now: datetime, limit: int) -> list[tuple[int, str, bytes, datetime, bytes]]:
    """Inbound messages that nobody has looked at: number of the row, channel, number's hash, when, sealed."""
    return [(row[0], row[1], bytes(row[2]), row[3], bytes(row[4])) for row in db.execute(INBOUND, (now, limit)).fetchall()]


def inbound_came_to(db: Db, heard_id: int, what: str) -> None:
    """Write what became of an inbound message."""
    db.execute("UPDATE channel_heard SET came_to = %s WHERE heard_id = %s", (what, heard_id))


def counts(db: Db, now: datetime) -> tuple[int, int, int]:
    """Of the last seven days' receipts: not settled yet, about no message of ours, contradicting an earlier one."""
    row = db.execute(COUNTS, (now - timedelta(days=7),)).fetchone()
    return (0, 0, 0) if row is None else (row[0], row[1], row[2])
