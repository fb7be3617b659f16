"""Where messages, the outbox, the contact ledger, pauses and held lines are kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

import psycopg

from holdfast.contact.model import Bubble, Due, Handed, Message, Promise, SealedLetter
from holdfast.contact.rules import Made, Stop
from holdfast.contact.texts_model import Wording
from holdfast.kernel import canonical
from holdfast.kernel.sealing import NONCE_BYTES, Sealed, master_box

Db = psycopg.Connection[Any]
_LETTERS: Final = "letters"

LAST_MESSAGE_NOS: Final = "SELECT loan_id, max(message_no) FROM message WHERE loan_id = ANY(%s) GROUP BY loan_id"
LAST_ENTRY_NOS: Final = "SELECT loan_id, max(entry_no) FROM contact_ledger WHERE loan_id = ANY(%s) GROUP BY loan_id"
COPY_MESSAGES: Final = """
    COPY message (loan_id, message_no, duty_no, purpose, channel, party_id, template, params, body, on_date, send_from, send_until, state,
                  sealed_letter, text_version, text_sha256, after_no)
    FROM STDIN (FORMAT BINARY)"""
MESSAGE_TYPES: Final = (
    "int8", "int4", "int4", "text", "text", "int8", "text", "text", "text", "date", "timestamptz", "timestamptz", "text", "bytea",
    "int4", "bytea", "int4",
)  # fmt: skip
COPY_OUTBOX: Final = "COPY outbox (loan_id, message_no, send_from) FROM STDIN (FORMAT BINARY)"
OUTBOX_TYPES: Final = ("int8", "int4", "timestamptz")
COPY_LEDGER: Final = "COPY contact_ledger (loan_id, entry_no, party_id, purpose, channel, on_date, at, outcome, rule, by_staff) FROM STDIN"
LANGUAGES: Final = "SELECT party_id, language FROM party WHERE party_id = ANY(%s)"

# Two dispatchers would each see a budget that the other is about to use.
ONE_DISPATCHER: Final = "SELECT pg_advisory_xact_lock(hashtextextended('holdfast dispatch', 0))"
# Two callers would each see a day's calls that the other is about to use.
ONE_CALLER: Final = "SELECT pg_advisory_xact_lock(hashtextextended('holdfast call ' || %s::text, 0))"
# Promises: a row is worked by one dispatcher; whether its duty is still open and its line is held is read with it.
CLAIM_DUE: Final = """
    SELECT o.queue_id, m.loan_id, m.message_no, m.duty_no, m.party_id, m.purpose, m.channel, m.body, m.send_until,
           m.duty_no IS NULL OR COALESCE(d.open, false), h.reason, m.after_no, coalesce(d.about, ''), coalesce(r.kind, ''), m.text_sha256,
           m.sealed_letter
    FROM outbox o
    JOIN message m USING (loan_id, message_no)
    LEFT JOIN duty d ON d.loan_id = m.loan_id AND d.duty_no = m.duty_no
    LEFT JOIN record r ON m.after_no IS NOT NULL AND r.loan_id = d.loan_id AND r.seq = d.proof_seq
    LEFT JOIN tonight_hold h ON h.loan_id = m.loan_id AND h.on_date = m.on_date AND h.kind = 'message' AND h.about = d.about
    WHERE o.send_from <= %s
    ORDER BY o.send_from, o.queue_id
    LIMIT %s
    FOR UPDATE OF o"""
POSTPONE: Final = """
    UPDATE outbox o SET send_from = line.send_from
    FROM unnest(%s::bigint[], %s::timestamptz[]) AS line (queue_id, send_from) WHERE o.queue_id = line.queue_id"""
DELETE_WORKED: Final = "DELETE FROM outbox WHERE queue_id = ANY(%s)"
UPDATE_MESSAGES: Final = """
    UPDATE message m SET (state, state_why, provider_id, sent_at, settled_at)
        = (line.state, line.why, line.provider_id, line.sent_at, line.settled_at)
    FROM unnest(%s::bigint[], %s::integer[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[])
         AS line (loan_id, message_no, state, why, provider_id, sent_at, settled_at)
    WHERE m.loan_id = line.loan_id AND m.message_no = line.message_no"""
SHOW_TEXT: Final = "UPDATE message SET body = %s WHERE loan_id = %s AND message_no = %s"
# Promises: on its way out, with what a receipt may have to be matched by.
HAND_OVER: Final = """
    UPDATE message m SET state = 'sending', sent_at = %s, to_lookup = line.to_lookup
    FROM unnest(%s::bigint[], %s::integer[], %s::bytea[]) AS line (loan_id, message_no, to_lookup)
    WHERE m.loan_id = line.loan_id AND m.message_no = line.message_no"""
OPEN_PARTS: Final = """
    INSERT INTO message_part (loan_id, message_no, part_no, channel, state)
    SELECT line.loan_id, line.message_no, part_no, line.channel, 'sending'
      FROM unnest(%s::bigint[], %s::integer[], %s::integer[], %s::text[]) AS line (loan_id, message_no, parts, channel),
           generate_series(1, line.parts) AS part_no
    ON CONFLICT (loan_id, message_no, part_no) DO UPDATE SET (channel, state) = (excluded.channel, excluded.state)"""
# Promises: certainly not sent, so that it may go again from that moment on.
TAKE_BACK: Final = """
    UPDATE message m SET state = 'promised', sent_at = NULL
    FROM unnest(%s::bigint[], %s::integer[]) AS line (loan_id, message_no)
    WHERE m.loan_id = line.loan_id AND m.message_no = line.message_no AND m.state = 'sending'"""
QUEUE_AGAIN: Final = """
    INSERT INTO outbox (loan_id, message_no, send_from)
    SELECT loan_id, message_no, %s FROM unnest(%s::bigint[], %s::integer[]) AS line (loan_id, message_no)"""
# What is on its way out counts before it is entered.
SELECT_MADE: Final = """
    SELECT party_id, on_date, purpose, channel, outcome FROM contact_ledger WHERE party_id = ANY(%(parties)s) AND on_date = %(on)s
    UNION ALL
    SELECT party_id, %(on)s, purpose, channel, 'sending' FROM message WHERE party_id = ANY(%(parties)s) AND state = 'sending'"""
RINGING_TO: Final = "SELECT staff_id FROM ringing_call WHERE party_id = %s"
RINGING_OF: Final = "SELECT loan_id, party_id, purpose, rule, on_date, since FROM ringing_call WHERE staff_id = %s"
ALL_RINGING: Final = """
    SELECT staff_id, loan_id, party_id, purpose, rule, on_date, since FROM ringing_call WHERE on_date <= %s ORDER BY since, staff_id"""
INSERT_RINGING: Final = """
    INSERT INTO ringing_call (staff_id, loan_id, party_id, purpose, rule, on_date, since) VALUES (%s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (staff_id) DO NOTHING"""
END_RINGING: Final = "DELETE FROM ringing_call WHERE staff_id = %s"
SELECT_STOPS: Final = "SELECT party_id, reason, purposes, since, until, by_staff, because FROM contact_stop WHERE party_id = ANY(%s)"
UPSERT_STOP: Final = """
    INSERT INTO contact_stop (party_id, reason, purposes, since, until, by_staff, because) VALUES (%s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (party_id, reason, since)
    DO UPDATE SET (purposes, until, by_staff, because) = (excluded.purposes, excluded.until, excluded.by_staff, excluded.because)"""
END_STOPS: Final = "UPDATE contact_stop SET until = %s WHERE party_id = %s AND reason = %s AND (until IS NULL OR until > %s)"
END_OF_A_CASE: Final = END_STOPS + " AND by_staff IS NULL"
UPSERT_HOLD: Final = """
    INSERT INTO tonight_hold (loan_id, on_date, kind, about, reason, by_staff, held_at) VALUES (%s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (loan_id, on_date, kind, about) DO UPDATE SET
        (reason, by_staff, held_at) = (excluded.reason, excluded.by_staff, excluded.held_at)"""
DELETE_HOLD: Final = "DELETE FROM tonight_hold WHERE loan_id = %s AND on_date = %s AND kind = %s AND about = %s"
# Newest first, by loans within sight only.
SELECT_MESSAGES: Final = """
    SELECT l.public_id, m.message_no, m.purpose, m.channel, m.template, m.body, x.masked, l.borrower_label, m.on_date, m.send_from,
           m.state, m.state_why, m.sent_at, m.settled_at
    FROM message m JOIN loan l USING (loan_id)
    LEFT JOIN party_private x ON x.party_id = m.party_id AND x.kind = 'phone'
    WHERE {condition} AND (%(loan)s::bigint IS NULL OR m.loan_id = %(loan)s) AND (%(on)s::date IS NULL OR m.on_date = %(on)s)
    ORDER BY m.on_date DESC, m.send_from DESC, m.loan_id, m.message_no DESC LIMIT %(limit)s"""

_CODE: Final = (
    """code_id, chain_id, party_id, purpose, bound, lookup, masked, salt, hash, sent_at, expires_at, attempts, proved_at, used_at"""
)
INSERT_CODE: Final = """
    INSERT INTO one_time_code (code_id, chain_id, party_id, purpose, bound, lookup, masked, salt, hash, sent_at, expires_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"""
SELECT_CODE: Final = f"SELECT {_CODE} FROM one_time_code WHERE code_id = %s"
COUNT_ATTEMPT: Final = "UPDATE one_time_code SET attempts = attempts + 1, proved_at = %s WHERE code_id = %s"
USE_CODE: Final = "UPDATE one_time_code SET used_at = %s WHERE code_id = %s"
ONE_NUMBER: Final = "SELECT pg_advisory_xact_lock(hashtextextended('codes to ' || encode(%s, 'hex'), 0))"
CODES_SENT: Final = "SELECT sent_at FROM one_time_code WHERE lookup = %s AND sent_at > %s"


@dataclass(frozen=True, slots=True)
class OneTimeCode:
    """The row of a code; what was sent is not in it, only a keyed hash."""

    code_id: str
    chain_id: int
    party_id: int | None
    purpose: str
    bound: str
    lookup: bytes
    masked: str
    salt: bytes
    hash: bytes = field(repr=False)
    sent_at: datetime
    expires_at: datetime
    attempts: int
    proved_at: datetime | None
    used_at: datetime | None


# Newest first, whoever they went to.
SELECT_ON_SCREEN: Final = """
    SELECT m.loan_id, m.message_no, m.body, x.masked, m.sent_at, m.purpose, m.template, m.channel, l.public_id
    FROM message m LEFT JOIN party_private x ON x.party_id = m.party_id AND x.kind = 'phone' LEFT JOIN loan l ON l.loan_id = m.loan_id
    WHERE m.on_date >= %s AND m.state = 'delivered' ORDER BY m.sent_at DESC, m.loan_id DESC LIMIT %s"""
CODES_TO: Final = "SELECT chain_id, masked FROM one_time_code WHERE chain_id = ANY(%s)"


def write_promises(
    db: Db, promises: Sequence[Promise], bodies: Sequence[str], letters: Sequence[SealedLetter | None], wordings: Sequence[Wording]
) -> list[int]:
    """Write messages and their places in the outbox; gives back their numbers, in order."""
    last = dict(db.execute(LAST_MESSAGE_NOS, (sorted({each.loan_id for each in promises}),)).fetchall())
    numbers = []
    with db.cursor() as cursor:
        with cursor.copy(COPY_MESSAGES) as copy:
            copy.set_types(MESSAGE_TYPES)
            for each, body, kept, words in zip(promises, bodies, letters, wordings, strict=True):
                letter = _seal(each.loan_id, kept) if kept else None
                number = last[each.loan_id] = last.get(each.loan_id, 0) + 1
                numbers.append(number)
                params = canonical.encode(dict(each.params)).decode()
                copy.write_row(
                    (each.loan_id, number, each.duty_no, each.purpose, each.channel, each.party_id, each.template, params, body,
                     each.on_date, each.send_from, each.send_until, "promised", letter, words.version, words.sha256,
                     each.after_no)
                )  # fmt: skip
        with cursor.copy(COPY_OUTBOX) as copy:
            copy.set_types(OUTBOX_TYPES)
            for each, number in zip(promises, numbers, strict=True):
                copy.write_row((each.loan_id, number, each.send_from))
    return numbers


def languages(db: Db, party_ids: Iterable[int]) -> Mapping[int, str]:
    """The language of each party."""
    return dict(db.execute(LANGUAGES, (sorted(set(party_ids)),)).fetchall())


def one_dispatcher(db: Db) -> None:
    """Wait until no other transaction dispatches."""
    db.execute(ONE_DISPATCHER)


def one_caller(db: Db, party_id: int) -> None:
    """Wait until no other transaction asks whether this person may be called."""
    db.execute(ONE_CALLER, (party_id,))


def ringing_to(db: Db, party_id: int) -> list[int]:
    """Who rings this person now."""
    return [row[0] for row in db.execute(RINGING_TO, (party_id,))]


def ringing_of(db: Db, staff_id: int) -> tuple[int, int, str, str, date, datetime] | None:
    """The call of somebody of the house that is not hung up: loan, party, purpose, rule, business date and instant."""
    return db.execute(RINGING_OF, (staff_id,)).fetchone()


def all_ringing(db: Db, upto: date) -> list[tuple[int, int, int, str, str, date, datetime]]:
    """Every call dialled by the end of that day and not hung up, the oldest first: who, then as `ringing_of`."""
    return db.execute(ALL_RINGING, (upto,)).fetchall()


def write_ringing(db: Db, row: tuple[int, int, int, str, str, date, datetime]) -> bool:
    """Have a call ring: who, loan, party, purpose, rule, business date and instant. False if another of theirs rings already."""
    return db.execute(INSERT_RINGING, row).rowcount == 1


def end_ringing(db: Db, staff_id: int) -> None:
    """The call of this person rings no more."""
    db.execute(END_RINGING, (staff_id,))


def claim_due(db: Db, now: datetime, limit: int) -> list[Due]:
    """The messages whose time has come, oldest first, locked for this transaction."""
    rows = db.execute(CLAIM_DUE, (now, limit)).fetchall()
    return [Due(*(*row[:-5], _open(row[1], row[-1]), None if row[-2] is None else bytes(row[-2]), *row[-5:-2])) for row in rows]


def waiting_now(db: Db, now: datetime) -> int:
    """How many places of the outbox have had their time come."""
    row = db.execute("SELECT count(*) FROM outbox WHERE send_from <= %s", (now,)).fetchone()
    return 0 if row is None else int(row[0])


def _seal(chain_id: int, letter: SealedLetter) -> bytes:
    sealed = master_box(_LETTERS).seal(canonical.encode({"number": letter.number, "text": letter.text}), f"letter of chain {chain_id}")
    return sealed.nonce + sealed.sealed


def _open(chain_id: int, kept: bytes | None) -> SealedLetter | None:
    if kept is None:
        return None
    sealed = Sealed(bytes(kept[:NONCE_BYTES]), bytes(kept[NONCE_BYTES:]))
    return SealedLetter(**canonical.decode(master_box(_LETTERS).open(sealed, f"letter of chain {chain_id}")))


def show_texts(db: Db, shown: Sequence[tuple[int, int, str]]) -> None:
    """Write the whole text of messages whose phone is our own screen: loan, number, text."""
    with db.cursor() as cursor:
        cursor.executemany(SHOW_TEXT, [(text, loan_id, message_no) for loan_id, message_no, text in shown])


def postpone(db: Db, until: Sequence[tuple[int, datetime]]) -> None:
    """Move places in the outbox to later."""
    if until:
        db.execute(POSTPONE, ([queue_id for queue_id, _ in until], [moment for _, moment in until]))


def write_states(db: Db, rows: Sequence[tuple[Due, str, str, str | None, datetime | None, datetime | None]]) -> None:
    """Write what became of messages (state, why, outside's id, sent, settled) and take them out of the outbox."""
    if not rows:
        return
    columns = list(zip(*((due.loan_id, due.message_no, *rest) for due, *rest in rows), strict=True))
    db.execute(UPDATE_MESSAGES, [list(column) for column in columns])
    db.execute(DELETE_WORKED, ([due.queue_id for due, *_ in rows],))


def hand_over(db: Db, handed: Sequence[tuple[Handed, bytes, str | None, int]], at: datetime) -> None:
    """Write messages as being on their way, and take them out of the outbox: number's keyed hash, channel (None: no receipts), parts."""
    if not handed:
        return
    dues = [each.due for each, *_ in handed]
    loans, numbers = [due.loan_id for due in dues], [due.message_no for due in dues]
    db.execute(HAND_OVER, (at, loans, numbers, [lookup for _, lookup, _, _ in handed]))
    told = [(each.due.loan_id, each.due.message_no, parts, channel) for each, _, channel, parts in handed if channel is not None]
    if told:
        db.execute(OPEN_PARTS, [list(column) for column in zip(*told, strict=True)])
    db.execute(DELETE_WORKED, ([due.queue_id for due in dues],))


def put_back(db: Db, dues: Sequence[Due], until: datetime) -> None:
    """Write that these certainly did not leave, and let them go again from `until` on."""
    if dues:
        loans, numbers = [due.loan_id for due in dues], [due.message_no for due in dues]
        db.execute(DELETE_WORKED, ([due.queue_id for due in dues],))
        db.execute(TAKE_BACK, (loans, numbers))
        db.execute(QUEUE_AGAIN, (until, loans, numbers))


def queue_again(db: Db, keys: Sequence[tuple[int, int]], until: datetime) -> None:
    """Let messages whose sender is gone go again from `until` on."""
    if keys:
        loans, numbers = [loan for loan, _ in keys], [number for _, number in keys]
        db.execute(TAKE_BACK, (loans, numbers))
        db.execute(QUEUE_AGAIN, (until, loans, numbers))


def write_ledger(db: Db, rows: Sequence[tuple[int, int | None, str, str, date, datetime, str, str, int | None]]) -> None:
    """Append contacts: loan, party, purpose, channel, date, instant, outcome, rule, staff."""
    if not rows:
        return
    last = dict(db.execute(LAST_ENTRY_NOS, (sorted({row[0] for row in rows}),)).fetchall())
    with db.cursor() as cursor, cursor.copy(COPY_LEDGER) as copy:
        for loan_id, *rest in rows:
            last[loan_id] = last.get(loan_id, 0) + 1
            copy.write_row((loan_id, last[loan_id], *rest))


def made_on(db: Db, party_ids: Sequence[int], on: date) -> dict[int, list[Made]]:
    """What was made with each party on that business date."""
    made: dict[int, list[Made]] = {}
    for party_id, *rest in db.execute(SELECT_MADE, {"parties": list(party_ids), "on": on}).fetchall():
        made.setdefault(party_id, []).append(Made(*rest))
    return made


def stops_of(db: Db, party_ids: Sequence[int]) -> dict[int, list[Stop]]:
    """The pauses of each party."""
    stops: dict[int, list[Stop]] = {}
    for party_id, reason, purposes, since, until, by_staff, because in db.execute(SELECT_STOPS, (list(party_ids),)).fetchall():
        stops.setdefault(party_id, []).append(Stop(reason, frozenset(purposes), since, until, by_staff, because))
    return stops


def in_force(db: Db, party_id: int, on: date) -> list[Stop]:
    """The pauses of a party that bind on that day, the oldest first."""
    found = [each for each in stops_of(db, [party_id]).get(party_id, []) if each.since <= on and (each.until is None or on <= each.until)]
    return sorted(found, key=lambda each: (each.since, each.reason))


def write_stop(db: Db, party_id: int, stop: Stop) -> None:
    """Write a pause."""
    db.execute(UPSERT_STOP, (party_id, stop.reason, sorted(stop.purposes), stop.since, stop.until, stop.by_staff, stop.because))


def end_stops(db: Db, party_id: int, reason: str, until: date, *, of_a_case: bool = False) -> bool:
    """End the pauses of that reason with that day, of a case only those that no person set; False if there was none."""
    return bool(db.execute(END_OF_A_CASE if of_a_case else END_STOPS, (until, party_id, reason, until)).rowcount)


def write_hold(db: Db, *, loan_id: int, on: date, kind: str, about: str, reason: str, by_staff: int, at: datetime) -> None:
    """Write a held line."""
    db.execute(UPSERT_HOLD, (loan_id, on, kind, about, reason, by_staff, at))


def delete_hold(db: Db, *, loan_id: int, on: date, kind: str, about: str) -> bool:
    """Let a held line go; False if it was not held."""
    return bool(db.execute(DELETE_HOLD, (loan_id, on, kind, about)).rowcount)


def messages(db: Db, condition: str, values: Mapping[str, Any], *, loan_id: int | None, on: date | None, limit: int) -> list[Message]:
    """Messages of loans that meet the condition."""
    statement = SELECT_MESSAGES.format(condition=condition)
    return [Message(*row) for row in db.execute(statement, {**values, "loan": loan_id, "on": on, "limit": limit}).fetchall()]


def insert_code(db: Db, code: OneTimeCode, hashed: bytes) -> None:
    """Write a code that is about to be sent."""
    db.execute(
        INSERT_CODE,
        (code.code_id, code.chain_id, code.party_id, code.purpose, code.bound, code.lookup, code.masked, code.salt, hashed, code.sent_at,
         code.expires_at),
    )  # fmt: skip


def code(db: Db, code_id: str, *, lock: bool) -> OneTimeCode | None:
    """A code's row, locked for this transaction if asked; None if there is no such code."""
    row = db.execute(SELECT_CODE + " FOR UPDATE" if lock else SELECT_CODE, (code_id,)).fetchone()
    if row is None:
        return None
    found_id, chain_id, party_id, purpose, bound, lookup, masked, salt, hashed, *times = row
    return OneTimeCode(found_id, chain_id, party_id, purpose, bound, bytes(lookup), masked, bytes(salt), bytes(hashed), *times)


def count_attempt(db: Db, code_id: str, proved_at: datetime | None) -> None:
    """Count one attempt, and say since when the code is proved if it was right."""
    db.execute(COUNT_ATTEMPT, (proved_at, code_id))


def use_code(db: Db, code_id: str, at: datetime) -> None:
    """Use a code up."""
    db.execute(USE_CODE, (at, code_id))


def codes_sent(db: Db, lookup: bytes, since: datetime) -> list[datetime]:
    """When codes went to that number since then; whoever else asks for the same number waits for this transaction."""
    db.execute(ONE_NUMBER, (lookup,))
    return [row[0] for row in db.execute(CODES_SENT, (lookup, since)).fetchall()]


def on_screen(db: Db, since: date, limit: int) -> list[Bubble]:
    """What was delivered since that day, newest first."""
    rows = db.execute(SELECT_ON_SCREEN, (since, limit)).fetchall()
    strangers = dict(db.execute(CODES_TO, ([row[0] for row in rows if row[3] is None],)).fetchall())
    return [Bubble(row[2], row[3] or strangers.get(row[0], ""), row[4], row[5], row[8], row[7]) for row in rows]
