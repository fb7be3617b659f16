"""Promising a message and sending it: the two verbs between a duty and a person's phone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import psycopg

from holdfast.contact.ports import Channels, Handover, Outgoing
from holdfast.contact.rules import Allowed, Made, Refused, limits_of, may_contact
from holdfast.contact.templates import render
from holdfast.kernel import canonical
from holdfast.kernel.clock import Clock
from holdfast.policy import lender, pack_in_force

Db = psycopg.Connection[Any]

# The name that messages are signed with before the lender has one.
_UNNAMED: Final = "Holdfast"


@dataclass(frozen=True, slots=True)
class Promise:
    """A message that is to reach a borrower between `send_from` and `send_until`, and the duty it answers."""

    loan_id: int
    duty_no: int | None
    party_id: int | None
    purpose: str
    channel: str
    template: str
    params: Mapping[str, Any]
    on_date: date
    send_from: datetime
    send_until: datetime


@dataclass(frozen=True, slots=True)
class Dispatched:
    """What became of one message: `outcome` is `sent`, `delivered`, `failed`, `unknown` or `refused`, and by which rule."""

    loan_id: int
    message_no: int
    duty_no: int | None
    outcome: str
    rule: str


# The next number of a loan's messages; the caller holds the loan's row.
_PROMISE = """
WITH asked AS (
    SELECT * FROM unnest(%s::bigint[], %s::integer[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
                         %s::date[], %s::timestamptz[], %s::timestamptz[])
        AS a (loan_id, duty_no, party_id, purpose, channel, template, params, body, on_date, send_from, send_until)
), written AS (
    INSERT INTO message (loan_id, message_no, duty_no, purpose, channel, party_id, template, params, body, on_date, send_from, send_until, state)
    SELECT loan_id,
           (SELECT coalesce(max(m.message_no), 0) FROM message m WHERE m.loan_id = asked.loan_id) + row_number() OVER (PARTITION BY asked.loan_id),
           duty_no, purpose, channel, party_id, template, params, body, on_date, send_from, send_until, 'promised'
      FROM asked
    RETURNING loan_id, message_no, send_from
)
INSERT INTO outbox (loan_id, message_no, send_from) SELECT loan_id, message_no, send_from FROM written
"""

_LANGUAGES = "SELECT party_id, language FROM party WHERE party_id = ANY(%s)"

# Taken from the queue for good: the message's own row says what became of it, in the same transaction.
_TAKE = """
DELETE FROM outbox WHERE queue_id IN (
    SELECT queue_id FROM outbox WHERE send_from <= %s ORDER BY send_from, queue_id LIMIT %s FOR UPDATE SKIP LOCKED
) RETURNING loan_id, message_no
"""

_MESSAGES = """
SELECT m.loan_id, m.message_no, m.duty_no, m.purpose, m.channel, m.party_id, m.body, m.on_date, m.send_until, l.public_id,
       EXISTS (SELECT 1 FROM party_private p WHERE p.party_id = m.party_id AND p.kind = 'phone')
  FROM unnest(%s::bigint[], %s::integer[]) AS taken (loan_id, message_no)
  JOIN message m USING (loan_id, message_no) JOIN loan l ON l.loan_id = m.loan_id
 ORDER BY m.loan_id, m.message_no
"""

_MADE_TODAY = """
SELECT party_id, purpose, channel FROM contact_ledger WHERE party_id = ANY(%s) AND on_date = %s AND outcome IN ('sent', 'reached')
"""

_STOPS = """
SELECT party_id, reason, purposes FROM contact_stop WHERE party_id = ANY(%s) AND since <= %s AND (until IS NULL OR until >= %s)
"""

_SETTLE = """
UPDATE message m SET state = s.state, state_why = s.why, provider_id = s.provider_id, sent_at = s.sent_at, settled_at = s.settled_at
  FROM unnest(%s::bigint[], %s::integer[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[])
    AS s (loan_id, message_no, state, why, provider_id, sent_at, settled_at)
 WHERE m.loan_id = s.loan_id AND m.message_no = s.message_no
"""

_LEDGER = """
INSERT INTO contact_ledger (loan_id, entry_no, party_id, purpose, channel, on_date, at, outcome, rule)
SELECT s.loan_id, (SELECT coalesce(max(c.entry_no), 0) FROM contact_ledger c WHERE c.loan_id = s.loan_id) + row_number() OVER (PARTITION BY s.loan_id),
       s.party_id, s.purpose, s.channel, %s, %s, s.outcome, s.rule
  FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[])
    AS s (loan_id, party_id, purpose, channel, outcome, rule)
"""

_AGAIN = "INSERT INTO outbox (loan_id, message_no, send_from) SELECT * FROM unnest(%s::bigint[], %s::integer[], %s::timestamptz[])"


def promise_batch(db: Db, promises: Sequence[Promise]) -> None:
    """Write messages and queue them, one statement for all; the caller holds the loans' rows."""
    if not promises:
        return
    known = lender(db)
    parties = sorted({each.party_id for each in promises if each.party_id is not None})
    languages = dict(db.execute(_LANGUAGES, [parties]).fetchall())
    rows = [
        (
            each.loan_id, each.duty_no, each.party_id, each.purpose, each.channel, each.template,
            canonical.encode(dict(each.params)).decode(),
            render(each.template, languages.get(each.party_id, "zh-hans"), each.params, signature=known.name or _UNNAMED),
            each.on_date, each.send_from, each.send_until,
        )
        for each in promises
    ]  # fmt: skip
    db.execute(_PROMISE, _columns(rows, 11))


def dispatch(db: Db, channels: Channels, *, clock: Clock, limit: int) -> list[Dispatched]:
    """Send what may be sent by now: at most `limit` messages.

    The rules are asked again for each. A refusal that time lifts puts the message back for its earliest
    moment; any other is final, and the caller closes or hands over the duty.
    """
    now, today = clock.now(), clock.today()
    taken = db.execute(_TAKE, [now, limit]).fetchall()
    if not taken:
        return []
    known = lender(db)
    limits = limits_of(pack_in_force(db, clock), today, known.lender_type)
    messages = db.execute(_MESSAGES, _columns(taken, 2)).fetchall()
    parties = sorted({row[5] for row in messages if row[5] is not None})
    made: dict[int, list[Made]] = {}
    for party_id, purpose, channel in db.execute(_MADE_TODAY, [parties, today]).fetchall():
        made.setdefault(party_id, []).append(Made(purpose, channel))
    stops: dict[int, list[tuple[str, list[str]]]] = {}
    for party_id, reason, purposes in db.execute(_STOPS, [parties, today, today]).fetchall():
        stops.setdefault(party_id, []).append((reason, purposes))

    settled: list[tuple[Any, ...]] = []
    ledger: list[tuple[Any, ...]] = []
    again: list[tuple[Any, ...]] = []
    outcomes: list[Dispatched] = []
    for loan_id, number, duty_no, purpose, channel, party_id, body, _on, until, public_id, has_phone in messages:
        verdict: Allowed | Refused
        if party_id is None or not has_phone:
            verdict = Refused("contact.no_number", "no phone number is on file", None)
        else:
            against = [reason for reason, purposes in stops.get(party_id, []) if purpose in purposes]
            verdict = may_contact(limits, made.get(party_id, []), against, purpose=purpose, channel=channel, moment=now, zone=known.zone)
        if isinstance(verdict, Refused):
            if verdict.earliest is not None and verdict.earliest < until:
                again.append((loan_id, number, verdict.earliest))
                continue
            settled.append((loan_id, number, "dropped", verdict.sentence, None, None, now))
            ledger.append((loan_id, party_id, purpose, channel, "refused", verdict.rule))
            outcomes.append(Dispatched(loan_id, number, duty_no, "refused", verdict.rule))
            continue
        handover = channels[channel].send(Outgoing(f"{public_id}-{number}", party_id, body))
        made.setdefault(party_id, []).append(Made(purpose, channel))
        settled.append((loan_id, number, handover.state, handover.why, handover.provider_id, now, _settled_at(handover, now)))
        ledger.append((loan_id, party_id, purpose, channel, "sent", verdict.rule))
        outcomes.append(Dispatched(loan_id, number, duty_no, handover.state, verdict.rule))
    if settled:
        db.execute(_SETTLE, _columns(settled, 7))
        db.execute(_LEDGER, [today, now, *_columns(ledger, 6)])
    if again:
        db.execute(_AGAIN, _columns(again, 3))
    return outcomes


def _settled_at(handover: Handover, now: datetime) -> datetime | None:
    return now if handover.state in ("delivered", "failed") else None


def _columns(rows: Sequence[Sequence[Any]], width: int) -> list[list[Any]]:
    return [[row[number] for row in rows] for number in range(width)]


