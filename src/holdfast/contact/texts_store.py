"""Where the wordings of messages and the carriers' word about them are kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import psycopg

from holdfast.contact.templates import tongue_of
from holdfast.contact.texts_model import AtCarrier, CarrierState, Text, TextState, Wording, Wordings

Db = psycopg.Connection[Any]

ONE_TEXT: Final = "SELECT pg_advisory_xact_lock(hashtextextended('text ' || %s || ' ' || %s, 0))"
IN_FORCE: Final = "SELECT template, language, version, words, sha256 FROM message_text WHERE state = 'approved'"
INSERT: Final = """
    INSERT INTO message_text (text_id, public_id, template, language, version, words, sha256, state, writers, drafted_at)
    SELECT %s, %s, %s, %s, COALESCE(max(version), 0) + 1, %s, %s, 'draft', ARRAY[%s::bigint], %s
      FROM message_text WHERE template = %s AND language = %s"""
# Promises: whoever wrote before still counts as a writer.
REWRITE: Final = """
    UPDATE message_text SET (words, sha256, writers, drafted_at) = (%s, %s, array_remove(writers, %s::bigint) || %s::bigint, %s)
    WHERE text_id = %s AND state = 'draft'"""
ASKED: Final = "UPDATE message_text SET (state, request) = (%s, %s) WHERE text_id = %s"
DECIDED: Final = "UPDATE message_text SET (state, decided_by, decided_at) = (%s, %s, %s) WHERE text_id = %s"
ENDED: Final = "UPDATE message_text SET (state, ended_by, ended_at, ended_why) = (%s, %s, %s, %s) WHERE text_id = %s"
_TEXT: Final = """
    SELECT t.text_id, t.public_id, t.template, t.language, t.version, t.words, t.sha256, t.state, t.writers, t.drafted_at, w.name,
           t.request, t.decided_at, d.name, t.ended_at, e.name, t.ended_why
      FROM message_text t JOIN staff w ON w.staff_id = t.writers[cardinality(t.writers)]
      LEFT JOIN staff d ON d.staff_id = t.decided_by LEFT JOIN staff e ON e.staff_id = t.ended_by"""
VERSIONS: Final = _TEXT + " WHERE t.template = %s AND t.language = %s ORDER BY t.version DESC"
OPEN_ONES: Final = _TEXT + " WHERE t.state IN ('draft', 'asked') ORDER BY t.template, t.language, t.version"
AT_CARRIER: Final = """
    SELECT c.carrier, c.sha256, c.state, c.at, s.name, c.words FROM carrier_text c JOIN staff s ON s.staff_id = c.by_staff
    WHERE c.template = %s AND c.language = %s ORDER BY c.carrier, c.sha256"""
AT_ALL_CARRIERS: Final = """
    SELECT c.carrier, c.sha256, c.state, c.at, s.name, c.words FROM carrier_text c JOIN staff s ON s.staff_id = c.by_staff
    ORDER BY c.carrier, c.sha256"""
CARRIER_STATE: Final = "SELECT state FROM carrier_text WHERE carrier = %s AND sha256 = %s FOR UPDATE"
NOTE_CARRIER: Final = """
    INSERT INTO carrier_text (carrier, sha256, template, language, version, state, words, by_staff, at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (carrier, sha256) DO UPDATE
       SET (state, words, by_staff, at) = (excluded.state, excluded.words, excluded.by_staff, excluded.at)"""
TAKEN_BY_CARRIER: Final = "SELECT sha256 FROM carrier_text WHERE carrier = %s AND state = 'approved'"


def one_text(db: Db, template: str, language: str) -> None:
    """Wait until no other transaction writes at this text."""
    db.execute(ONE_TEXT, (template, tongue_of(language)))


def wordings(db: Db) -> Wordings:
    """What is sent now. One statement, however many messages follow."""
    return Wordings({(row[0], row[1]): Wording(*(*row[:4], bytes(row[4]))) for row in db.execute(IN_FORCE).fetchall()})


def insert(db: Db, *, text_id: int, public_id: str, template: str, language: str, words: str, sha256: bytes, by: int, at: datetime) -> None:
    """Write the next version, a draft."""
    db.execute(INSERT, (text_id, public_id, template, language, words, sha256, by, at, template, language))


def rewrite(db: Db, text_id: int, *, words: str, sha256: bytes, by: int, at: datetime) -> None:
    """Write other words into a draft."""
    db.execute(REWRITE, (words, sha256, by, by, at, text_id))


def asked(db: Db, text_id: int, state: TextState, request: str) -> None:
    """Write that a version was asked for."""
    db.execute(ASKED, (state, request, text_id))


def decided(db: Db, text_id: int, state: TextState, by: int, at: datetime) -> None:
    """Write who answered."""
    db.execute(DECIDED, (state, by, at, text_id))


def ended(db: Db, text_id: int, state: TextState, by: int, at: datetime, why: str) -> None:
    """Write that a version is no longer sent, or was given up."""
    db.execute(ENDED, (state, by, at, why, text_id))


def versions(db: Db, template: str, language: str) -> list[Text]:
    """The versions of a text that the lender wrote, newest first."""
    return [_text(row) for row in db.execute(VERSIONS, (template, language)).fetchall()]


def open_ones(db: Db) -> list[Text]:
    """Every version that is drafted or asked for."""
    return [_text(row) for row in db.execute(OPEN_ONES).fetchall()]


def at_carriers(db: Db, template: str, language: str) -> list[AtCarrier]:
    """What carriers say to the wordings of a text."""
    return [_at(row) for row in db.execute(AT_CARRIER, (template, language)).fetchall()]


def at_all_carriers(db: Db) -> Mapping[tuple[str, bytes], AtCarrier]:
    """What carriers say, by carrier and digest."""
    found = [_at(row) for row in db.execute(AT_ALL_CARRIERS).fetchall()]
    return {(each.carrier, each.sha256): each for each in found}


def carrier_state(db: Db, carrier: str, sha256: bytes) -> CarrierState:
    """What a carrier says to a wording, locked for this transaction."""
    row = db.execute(CARRIER_STATE, (carrier, sha256)).fetchone()
    return CarrierState(row[0]) if row else CarrierState.UNKNOWN


def note_carrier(db: Db, carrier: str, text: Wording, state: CarrierState, *, words: str, by: int, at: datetime) -> None:
    """Write what a carrier says to a wording."""
    db.execute(NOTE_CARRIER, (carrier, text.sha256, text.template, text.language, text.version, state, words, by, at))


def taken_by(db: Db, carrier: str) -> frozenset[bytes]:
    """The digests of the wordings that a carrier approved."""
    return frozenset(bytes(row[0]) for row in db.execute(TAKEN_BY_CARRIER, (carrier,)).fetchall())


def _text(row: Any) -> Text:
    return Text(*(*row[:6], bytes(row[6]), TextState(row[7]), tuple(row[8]), *row[9:]))


def _at(row: Any) -> AtCarrier:
    return AtCarrier(row[0], bytes(row[1]), CarrierState(row[2]), *row[3:])
