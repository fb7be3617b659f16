"""Where strategies are kept, and the facts of the book that they are asked about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import psycopg

from holdfast.servicing.pages import fetch
from holdfast.servicing.reading import LATE

Db = psycopg.Connection[Any]

_DRAFTS: Final = """
    SELECT d.draft_id, d.public_id, d.content, d.revision, d.writers, s.name, d.drafted_at, d.changed_at, d.ended_at
      FROM strategy_draft d JOIN staff s ON s.staff_id = d.writers[cardinality(d.writers)]
     WHERE CASE WHEN %(draft)s::text IS NULL THEN d.ended_at IS NULL ELSE d.public_id = %(draft)s END ORDER BY d.draft_id DESC"""
_INSERT_DRAFT: Final = """
    INSERT INTO strategy_draft (public_id, content, revision, writers, drafted_at, changed_at)
    VALUES (%(public_id)s, %(content)s, 1, ARRAY[%(by)s::bigint], %(at)s, %(at)s)"""
# Promises: one who wrote at it before stands once, at the end.
_CHANGE_DRAFT: Final = """
    UPDATE strategy_draft SET content = %(content)s, revision = revision + 1, changed_at = %(at)s,
           writers = array_append(array_remove(writers, %(by)s::bigint), %(by)s::bigint)
     WHERE draft_id = %(draft)s"""
_END_DRAFT: Final = "UPDATE strategy_draft SET ended_at = %s WHERE draft_id = %s"
_VERSIONS: Final = """
    SELECT t.strategy_id, t.public_id, d.public_id, t.version, t.content, encode(t.sha256, 'hex'), t.from_day, t.approval, s.name,
           t.made_at, l.live_at
      FROM strategy t JOIN strategy_draft d USING (draft_id) JOIN staff s ON s.staff_id = t.made_by
      LEFT JOIN strategy_live l USING (strategy_id)
     WHERE %(strategy)s::text IS NULL OR t.public_id = %(strategy)s ORDER BY t.version DESC"""
_INSERT_VERSION: Final = """
    INSERT INTO strategy (public_id, draft_id, version, content, sha256, from_day, approval, made_by, made_at)
    SELECT %(public_id)s, %(draft)s, coalesce(max(version), 0) + 1, %(content)s, sha256(convert_to(%(content)s, 'UTF8')), %(from_day)s,
           %(approval)s, %(by)s, %(at)s FROM strategy"""
# The live version of a day: the latest that has begun, and of two that begin on one day the later one.
_IN_FORCE: Final = """
    SELECT t.public_id FROM strategy_live JOIN strategy t USING (strategy_id) WHERE t.from_day <= %s
     ORDER BY t.from_day DESC, t.version DESC LIMIT 1"""

# How loans stand today: days late and class floor as servicing reckons them, principal owed.
_STANDING: Final = f"""
    SELECT l.loan_id, l.public_id, l.contract_no, l.borrower_label, l.currency, l.product_code, l.principal_out, {LATE} AS days_late,
           a.class_floor, a.observe_until, a.pauses
      FROM loan l JOIN account a USING (loan_id) WHERE l.loan_id = ANY(%(loans)s::bigint[]) ORDER BY l.loan_id"""
# Loans with a follow-up that is due, within sight, in the order of their deadlines.
_DUE: Final = """
    SELECT l.loan_id FROM duty d JOIN loan l USING (loan_id)
     WHERE d.open AND d.kind = 'follow_up' AND d.due_on <= %(today)s AND {sight} ORDER BY d.due_at, l.loan_id LIMIT %(limit)s"""
_NUMBERS: Final = "SELECT loan_id FROM loan_registry WHERE kind = 'public_id' AND key = ANY(%s::text[]) ORDER BY loan_id"
_IN_SIGHT: Final = "SELECT l.loan_id, l.public_id, l.contract_no FROM loan l WHERE l.loan_id = ANY(%(loans)s::bigint[]) AND {sight}"
# What else was known of loans at the end of a day. `days` is how late each was: what people noted since counts as of this run of arrears.
# A rearrangement counts unless it was taken back by then.
_KNOWN: Final = """
    SELECT l.loan_id,
           (SELECT count(*) FROM promise p WHERE p.loan_id = l.loan_id AND p.state = 'broken' AND p.ended_on <= %(on)s) AS promises_broken,
           (SELECT count(DISTINCT d.proof_seq) FROM duty d JOIN record r ON r.loan_id = d.loan_id AND r.seq = d.proof_seq
             WHERE d.loan_id = l.loan_id AND d.kind = 'follow_up' AND r.kind = 'contact.noted'
               AND d.closed_on > %(on)s::date - asked.days AND d.closed_on <= %(on)s) AS times_followed_up,
           EXISTS (SELECT 1 FROM loan_pledge lp JOIN pledge p USING (pledge_id) WHERE lp.loan_id = l.loan_id AND p.delivered_on <= %(on)s
                      AND (p.ended_on IS NULL OR p.ended_on > %(on)s)) AS in_custody,
           EXISTS (SELECT 1 FROM loan_event e
                    WHERE e.loan_id = l.loan_id AND e.kind IN ('deferred', 'rearranged') AND e.entered_on <= %(on)s
                      AND NOT EXISTS (SELECT 1 FROM loan_event x
                                       WHERE x.loan_id = e.loan_id AND x.kind = 'reversal' AND x.entered_on <= %(on)s
                                         AND (x.payload::json ->> 'event_no')::integer = e.event_no)) AS restructured,
           EXISTS (SELECT 1 FROM contact_stop c WHERE c.party_id = l.party_id AND c.reason IN ('complaint', 'dispute', 'hardship')
                      AND 'collection' = ANY(c.purposes) AND c.since <= %(on)s AND (c.until IS NULL OR c.until >= %(on)s)) AS paused
      FROM unnest(%(loans)s::bigint[], %(days)s::integer[]) AS asked (loan_id, days) JOIN loan l USING (loan_id)"""


@dataclass(frozen=True, slots=True)
class DraftRow:
    """A draft as it is kept. `changed_by` is the name of who wrote last."""

    draft_id: int
    public_id: str
    content: str
    revision: int
    writers: tuple[int, ...]
    changed_by: str
    drafted_at: datetime
    changed_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version as it was proposed, and when it was put live, if it was."""

    strategy_id: int
    public_id: str
    draft: str
    version: int
    content: str
    sha256: str
    from_day: date
    approval: str
    made_by_name: str
    made_at: datetime
    live_at: datetime | None


def one_writer(db: Db) -> None:
    """Wait until no other transaction drafts, numbers or puts live a strategy."""
    db.execute("SELECT pg_advisory_xact_lock(hashtextextended('holdfast strategies', 0))")


def drafts(db: Db, public_id: str | None = None) -> list[DraftRow]:
    """The drafts that are worked at, newest first; or the one of that public id, even if it is done with."""
    rows = db.execute(_DRAFTS, {"draft": public_id}).fetchall()
    return [DraftRow(*(*row[:4], tuple(row[4]), *row[5:])) for row in rows]


def insert_draft(db: Db, *, public_id: str, content: str, by: int, at: datetime) -> None:
    """Begin a draft."""
    db.execute(_INSERT_DRAFT, {"public_id": public_id, "content": content, "by": by, "at": at})


def change_draft(db: Db, *, draft_id: int, content: str, by: int, at: datetime) -> None:
    """Put other rows into a draft."""
    db.execute(_CHANGE_DRAFT, {"draft": draft_id, "content": content, "by": by, "at": at})


def end_draft(db: Db, draft_id: int, at: datetime) -> None:
    """A draft is done with."""
    db.execute(_END_DRAFT, [at, draft_id])


def versions(db: Db, public_id: str | None = None) -> list[VersionRow]:
    """All versions, newest first; or the one of that public id."""
    return [VersionRow(*row) for row in db.execute(_VERSIONS, {"strategy": public_id}).fetchall()]


def insert_version(db: Db, *, public_id: str, draft_id: int, content: str, from_day: date, approval: str, by: int, at: datetime) -> None:
    """Write a version as it is proposed."""
    given = {"public_id": public_id, "draft": draft_id, "content": content, "from_day": from_day, "approval": approval, "by": by, "at": at}
    db.execute(_INSERT_VERSION, given)


def put_live(db: Db, strategy_id: int, at: datetime) -> None:
    """Write that two people put it live."""
    db.execute("INSERT INTO strategy_live (strategy_id, live_at) VALUES (%s, %s)", [strategy_id, at])


def in_force(db: Db, on: date) -> str | None:
    """The public id of the version that decides on a day; None before the first."""
    row = db.execute(_IN_FORCE, [on]).fetchone()
    return row[0] if row else None


def standing(db: Db, loans: Sequence[int], today: date) -> list[dict[str, Any]]:
    """How loans that are or were serviced stand today, in order of their numbers."""
    return fetch(db, _STANDING, {"loans": list(loans), "today": today})


def due(db: Db, sight: str, values: Mapping[str, Any], *, today: date, limit: int) -> list[int]:
    """The loans within sight whose follow-up is due, the earliest deadline first."""
    return [row["loan_id"] for row in fetch(db, _DUE.format(sight=sight), {**values, "today": today, "limit": limit})]


def in_sight(db: Db, loans: Sequence[int], sight: str, values: Mapping[str, Any]) -> dict[int, tuple[str, str]]:
    """Which of these loans are within sight: public id and contract number by their own."""
    rows = fetch(db, _IN_SIGHT.format(sight=sight), {**values, "loans": list(loans)})
    return {row["loan_id"]: (row["public_id"], row["contract_no"]) for row in rows}


def numbers(db: Db, loans: Sequence[str]) -> list[int]:
    """The numbers of loans by their public ids, in order."""
    return [row[0] for row in db.execute(_NUMBERS, [list(loans)]).fetchall()]


def known(db: Db, days: Mapping[int, int], on: date) -> dict[int, dict[str, Any]]:
    """What else was known at the end of a day of loans that were so many days late."""
    rows = fetch(db, _KNOWN, {"loans": list(days), "days": list(days.values()), "on": on})
    return {row["loan_id"]: row for row in rows}
