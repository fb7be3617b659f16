"""The rows of what people write to us, and of the tickets it opens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Final

import psycopg

Db = psycopg.Connection[Any]

# Promises: the loans of these parties in these states, in order; what a message is about can only be one of them.
_LOANS_OF: Final = "SELECT loan_id, public_id FROM loan WHERE party_id = ANY(%s) AND state = ANY(%s) ORDER BY loan_id"
_ANSWERED_TODAY: Final = "SELECT count(*) FROM inbound WHERE number_lookup = %s AND on_date = %s AND answered"
_INSERT: Final = """
    INSERT INTO inbound (public_id, heard_id, channel, number_lookup, heard_at, on_date, question, known_to, came_to, answered, answer_by,
                         loan_id)
    VALUES (%(public_id)s, %(heard_id)s, %(channel)s, %(lookup)s, %(heard_at)s, %(on)s, %(question)s, %(known_to)s, %(came_to)s,
            %(answered)s, %(answer_by)s, %(loan_id)s)"""
_COLUMNS: Final = """
    SELECT i.public_id, i.channel, i.heard_at, i.question, i.known_to, i.came_to, i.answer_by, i.number_lookup, h.sealed
      FROM inbound i JOIN channel_heard h USING (heard_id)"""
_QUEUE: Final = f"{_COLUMNS} WHERE i.came_to = 'queued' ORDER BY i.answer_by, i.inbound_id LIMIT %s"
_ONE: Final = f"{_COLUMNS} WHERE i.public_id = %s FOR UPDATE OF i"
_CLOSE: Final = """
    UPDATE inbound SET came_to = %s, closed_at = %s, closed_by = %s, why = %s, loan_id = %s WHERE public_id = %s"""
# Promises: the loans within sight whose borrower has this number; nobody is told of any other.
_CANDIDATES: Final = """
    SELECT l.public_id, l.contract_no, l.borrower_label FROM loan l JOIN party_private p ON p.party_id = l.party_id
     WHERE p.kind = 'phone' AND p.lookup = %(lookup)s AND {sight} ORDER BY l.loan_id DESC LIMIT 20"""
_NEW_TICKET: Final = """
    INSERT INTO ticket (loan_id, ticket_no, public_id, opened_at, answer_by, in_duty)
    VALUES (%(loan)s, (SELECT coalesce(max(ticket_no), 0) + 1 FROM ticket WHERE loan_id = %(loan)s), %(public_id)s, %(at)s, %(answer_by)s,
            %(in_duty)s)
    RETURNING ticket_no"""
_SAY: Final = """
    INSERT INTO ticket_word (loan_id, ticket_no, word_no, what, channel, at, staff_id, seq, sealed)
    VALUES (%(loan)s, %(no)s, (SELECT coalesce(max(word_no), 0) + 1 FROM ticket_word WHERE loan_id = %(loan)s AND ticket_no = %(no)s),
            %(what)s, %(channel)s, %(at)s, %(by)s, %(seq)s, %(sealed)s)"""
_TICKETS: Final = """
    SELECT t.loan_id, t.ticket_no, t.public_id, l.public_id, l.contract_no, l.borrower_label, t.opened_at, t.answer_by, t.in_duty,
           t.answered_at
      FROM ticket t JOIN loan l USING (loan_id)"""
_OF_LOAN: Final = f"{_TICKETS} WHERE t.loan_id = %s ORDER BY t.ticket_no DESC"
_OPEN: Final = _TICKETS + " WHERE t.answered_at IS NULL AND {sight} ORDER BY t.answer_by, t.loan_id LIMIT %(limit)s"
_WORDS: Final = """
    SELECT w.ticket_no, w.what, w.channel, w.at, coalesce(s.name, ''), w.seq, w.sealed
      FROM ticket_word w LEFT JOIN staff s USING (staff_id) WHERE w.loan_id = %s ORDER BY w.ticket_no, w.word_no"""


@dataclass(frozen=True, slots=True)
class Said:
    """One thing asked or answered. `by` is empty where the borrower wrote it; `seq` is its record on the loan's chain."""

    what: str
    channel: str
    at: datetime
    by: str
    seq: int
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Ticket:
    """A question that a person answers, and what was said about it."""

    loan_id: int
    ticket_no: int
    public_id: str
    loan: str
    contract_no: str
    borrower: str
    opened_at: datetime
    answer_by: date
    in_duty: bool
    answered_at: datetime | None
    said: tuple[Said, ...] = ()

    @property
    def open(self) -> bool:
        """Whether an answer is owed."""
        return self.answered_at is None


@dataclass(frozen=True, slots=True)
class Queued:
    """A message that nobody could be told to have written: from a number that we do not know, or that is not one loan's alone."""

    public_id: str
    channel: str
    heard_at: datetime
    question: str
    known_to: int
    came_to: str
    answer_by: date | None
    lookup: bytes = field(repr=False)
    sealed: bytes = field(repr=False)


def loans_of(db: Db, party_ids: Sequence[int], states: Sequence[str]) -> list[tuple[int, str]]:
    """The loans of these parties that stand in these states: number and public id."""
    return [(row[0], row[1]) for row in db.execute(_LOANS_OF, (list(party_ids), list(states))).fetchall()]


def answered_today(db: Db, lookup: bytes, on: date) -> int:
    """How many messages went back to that number by themselves that day."""
    row = db.execute(_ANSWERED_TODAY, (lookup, on)).fetchone()
    return 0 if row is None else int(row[0])


def insert(db: Db, **row: Any) -> None:
    """Write what a message came to."""
    db.execute(_INSERT, row)


def queue(db: Db, limit: int) -> list[Queued]:
    """What waits for a person to say whose it is, the earliest last day first."""
    return [_queued(row) for row in db.execute(_QUEUE, (limit,)).fetchall()]


def queued(db: Db, public_id: str) -> Queued | None:
    """One message, locked for the rest of the transaction."""
    row = db.execute(_ONE, (public_id,)).fetchone()
    return None if row is None else _queued(row)


def close(db: Db, public_id: str, came_to: str, *, at: datetime, by: int, why: str, loan_id: int | None) -> None:
    """A person has said whose the message is, or that it is nobody's."""
    db.execute(_CLOSE, (came_to, at, by, why, loan_id, public_id))


def candidates(db: Db, lookup: bytes, sight: str, values: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Public id, contract number and masked borrower of the loans within sight that have this number."""
    rows = db.execute(_CANDIDATES.format(sight=sight).encode(), {**values, "lookup": lookup}).fetchall()
    return [(row[0], row[1], row[2]) for row in rows]


def new_ticket(db: Db, *, loan: int, public_id: str, at: datetime, answer_by: date, in_duty: bool) -> int:
    """Open a ticket; its number within the loan."""
    row = db.execute(_NEW_TICKET, {"loan": loan, "public_id": public_id, "at": at, "answer_by": answer_by, "in_duty": in_duty}).fetchone()
    assert row is not None
    return int(row[0])


def say(db: Db, **row: Any) -> None:
    """Write one thing that was asked or answered."""
    db.execute(_SAY, row)


def answered(db: Db, loan_id: int, ticket_no: int, at: datetime) -> None:
    """The ticket has its answer."""
    db.execute("UPDATE ticket SET answered_at = %s WHERE loan_id = %s AND ticket_no = %s", (at, loan_id, ticket_no))


def of_loan(db: Db, loan_id: int) -> list[Ticket]:
    """The loan's tickets with all that was said, newest first."""
    said: dict[int, list[Said]] = {}
    for row in db.execute(_WORDS, (loan_id,)).fetchall():
        said.setdefault(row[0], []).append(Said(row[1], row[2], row[3], row[4], row[5], bytes(row[6])))
    return [replace(Ticket(*row), said=tuple(said.get(row[1], ()))) for row in db.execute(_OF_LOAN, (loan_id,)).fetchall()]


def open_tickets(db: Db, sight: str, values: Mapping[str, Any], limit: int) -> list[Ticket]:
    """The tickets within sight that wait for their answer, the earliest last day first; without what was said."""
    return [Ticket(*row) for row in db.execute(_OPEN.format(sight=sight).encode(), {**values, "limit": limit}).fetchall()]


def _queued(row: Sequence[Any]) -> Queued:
    return Queued(row[0], row[1], row[2], row[3], row[4], row[5], row[6], bytes(row[7]), bytes(row[8]))
