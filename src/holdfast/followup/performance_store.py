"""What is counted of somebody's follow-up, and the lists of it: a figure and its list are read by one condition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

import psycopg

from holdfast.followup.performance_model import Figure, Line
from holdfast.kernel.money import Money

Db = psycopg.Connection[Any]

_CALLS: Final = """
      FROM contact_ledger c JOIN loan l USING (loan_id)
     WHERE c.by_staff = ANY(%(people)s::bigint[]) AND c.on_date BETWEEN %(since)s::date AND %(until)s::date AND c.channel = 'voice'
       AND c.outcome IN ('reached', 'not_reached') AND {sight}"""
# Promises: the follow-ups that one of these people closed by speaking, by who stands in the record that proves it; not those
# that ended because money came in, whoever entered it.
_DUTIES: Final = """
      FROM duty d JOIN loan l USING (loan_id) JOIN record r ON r.loan_id = d.loan_id AND r.seq = d.proof_seq
      JOIN staff s ON s.public_id = convert_from(r.body, 'UTF8')::jsonb -> 'by' ->> 'id'
     WHERE NOT d.open AND d.kind IN ('follow_up', 'promise_broken', 'settlement_broken', 'recovery')
       AND r.kind IN ('contact.noted', 'recovery.reviewed', 'promise.followed_up', 'promise.made', 'settlement.followed_up',
                      'settlement.offered')
       AND d.closed_on BETWEEN %(since)s::date AND %(until)s::date AND s.staff_id = ANY(%(people)s::bigint[]) AND {sight}"""
_FIRST_ATTEMPT: Final = """
    coalesce((SELECT min(a.at) FROM contact_ledger a WHERE a.loan_id = d.loan_id AND a.channel IN ('voice', 'visit')
                 AND a.outcome IN ('reached', 'not_reached') AND a.at BETWEEN d.window_from AND r.recorded_at), r.recorded_at)"""
_PROMISES: Final = """
      FROM promise p JOIN loan l USING (loan_id)
      CROSS JOIN LATERAL (SELECT sum(amount)::bigint AS total FROM promise_part q
                           WHERE q.loan_id = p.loan_id AND q.promise_no = p.promise_no) parts
      CROSS JOIN LATERAL (
          SELECT coalesce(sum((e.payload::jsonb ->> 'amount')::bigint), 0)::bigint AS came FROM loan_event e
           WHERE e.loan_id = p.loan_id AND e.kind = 'receipt' AND e.event_no > p.after_event
             AND (p.ended_on IS NULL OR e.on_date <= p.ended_on)
             AND NOT EXISTS (SELECT 1 FROM loan_event x WHERE x.loan_id = e.loan_id AND x.kind = 'reversal'
                                AND (x.payload::jsonb ->> 'event_no')::integer = e.event_no)) receipts
     WHERE p.made_by = ANY(%(people)s::bigint[]) AND p.made_on BETWEEN %(since)s::date AND %(until)s::date AND {sight}"""
_COMPLAINTS: Final = """
      FROM complaint_against a JOIN complaint c USING (loan_id, complaint_no) JOIN loan l USING (loan_id)
     WHERE a.staff_id = ANY(%(people)s::bigint[]) AND c.taken_on BETWEEN %(since)s::date AND %(until)s::date AND {sight}"""
_IS: Final = {
    Figure.CALLS: "TRUE",
    Figure.REACHED: "c.outcome = 'reached'",
    Figure.IN_TIME: "r.recorded_at <= d.due_at",
    Figure.LATE: "r.recorded_at > d.due_at",
    Figure.PROMISES: "TRUE",
    Figure.KEPT: "p.state = 'kept'",
    Figure.BROKEN: "p.state = 'broken'",
    Figure.COMPLAINTS: "TRUE",
    Figure.UPHELD: "c.outcome IN ('upheld', 'partly')",
}
_COUNT_CALLS: Final = f"SELECT c.by_staff, count(*), count(*) FILTER (WHERE {_IS[Figure.REACHED]}) {_CALLS} GROUP BY 1"
_COUNT_DUTIES: Final = f"""
    SELECT s.staff_id, count(*) FILTER (WHERE {_IS[Figure.IN_TIME]}), count(*) FILTER (WHERE {_IS[Figure.LATE]}),
           sum(greatest({_FIRST_ATTEMPT} - d.window_from, interval '0')) {_DUTIES} GROUP BY 1"""
_COUNT_PROMISES: Final = f"""
    SELECT p.made_by, l.currency, count(*), count(*) FILTER (WHERE {_IS[Figure.KEPT]}), count(*) FILTER (WHERE {_IS[Figure.BROKEN]}),
           sum(total)::bigint, coalesce(sum(total) FILTER (WHERE {_IS[Figure.KEPT]}), 0)::bigint,
           coalesce(sum(total) FILTER (WHERE {_IS[Figure.BROKEN]}), 0)::bigint, sum(least(total, came))::bigint {_PROMISES} GROUP BY 1, 2"""
_COUNT_COMPLAINTS: Final = f"""
    SELECT a.staff_id, count(*), count(*) FILTER (WHERE {_IS[Figure.UPHELD]}) {_COMPLAINTS} GROUP BY 1"""
_LOAN: Final = "l.public_id, l.contract_no, l.borrower_label"
_LISTS: Final = {
    **dict.fromkeys(
        (Figure.CALLS, Figure.REACHED), (f"SELECT {_LOAN}, c.at, c.outcome, c.entry_no::text, NULL, NULL, l.currency {_CALLS}", "c.at")
    ),
    **dict.fromkeys(
        (Figure.IN_TIME, Figure.LATE),
        (f"SELECT {_LOAN}, r.recorded_at, d.kind, r.seq::text, NULL, NULL, l.currency {_DUTIES}", "r.recorded_at"),
    ),
    **dict.fromkeys(
        (Figure.PROMISES, Figure.KEPT, Figure.BROKEN),
        (f"SELECT {_LOAN}, p.made_on, p.state, p.public_id, total, least(total, came), l.currency {_PROMISES}", "p.made_on"),
    ),
    **dict.fromkeys(
        (Figure.COMPLAINTS, Figure.UPHELD),
        (f"SELECT {_LOAN}, c.taken_at, c.about, c.public_id, NULL, NULL, l.currency {_COMPLAINTS}", "c.taken_at"),
    ),
}


def calls(db: Db, sight: str, given: Mapping[str, Any]) -> list[tuple[int, int, int]]:
    """Per person: calls made and those that reached somebody."""
    return db.execute(_COUNT_CALLS.format(sight=sight).encode(), given).fetchall()


def follow_ups(db: Db, sight: str, given: Mapping[str, Any]) -> list[tuple[int, int, int, timedelta]]:
    """Per person: follow-ups closed in time and late, and how long their first attempts waited."""
    return db.execute(_COUNT_DUTIES.format(sight=sight).encode(), given).fetchall()


def promises(db: Db, sight: str, given: Mapping[str, Any]) -> list[tuple[int, str, int, int, int, int, int, int, int]]:
    """Per person and currency: promises made, kept and broken, the sums of these, and what came in of all, at most as promised."""
    return db.execute(_COUNT_PROMISES.format(sight=sight).encode(), given).fetchall()


def complaints(db: Db, sight: str, given: Mapping[str, Any]) -> list[tuple[int, int, int]]:
    """Per person: complaints against them, and those found right at least in part."""
    return db.execute(_COUNT_COMPLAINTS.format(sight=sight).encode(), given).fetchall()


def lines(db: Db, sight: str, given: Mapping[str, Any], figure: Figure, limit: int) -> list[Line]:
    """What a figure counts, newest first."""
    select, by = _LISTS[figure]
    statement = f"{select.format(sight=sight)} AND {_IS[figure]} ORDER BY {by} DESC, l.loan_id, 6 LIMIT %(limit)s"
    return [
        Line(*row[:6], *(None if minor is None else Money(minor, row[8]) for minor in row[6:8]))
        for row in db.execute(statement.encode(), {**given, "limit": limit}).fetchall()
    ]


def values_of(people: Sequence[int], since: date, until: date, scope: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that every statement here takes."""
    return {**scope, "people": [*people], "since": since, "until": until}
