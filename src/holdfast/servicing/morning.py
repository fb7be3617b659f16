"""The morning after a night: what was promised for a day against what was done, and which lines a person holds back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from holdfast.servicing.pages import Db, fetch
from holdfast.servicing.views import Look

Row = dict[str, Any]


def held_lines(db: Db, look: Look, first: date, last: date) -> list[Row]:
    """The lines of these days that somebody holds, of loans within sight, with who and why."""
    sight, values = look.sight.condition("l")
    return fetch(
        db,
        f"""
        SELECT l.public_id, l.borrower_label, l.contract_no, h.on_date, h.kind, h.about, h.reason, h.held_at, s.name AS by_name
          FROM tonight_hold h JOIN loan l USING (loan_id) JOIN staff s ON s.staff_id = h.by_staff
         WHERE h.on_date BETWEEN %(first)s AND %(last)s AND {sight} ORDER BY h.held_at
        """,
        {**values, "first": first, "last": last},
    )


def messages_promised_for(db: Db, look: Look, day: date) -> Row:
    """How many messages about loans within sight were promised for a day, and what became of them."""
    sight, values = look.sight.condition("l")
    return fetch(
        db,
        f"""
        SELECT count(*) AS promised, count(*) FILTER (WHERE m.state IN ('sending', 'sent', 'delivered')) AS sent,
               count(*) FILTER (WHERE m.state = 'dropped') AS dropped, count(*) FILTER (WHERE m.state IN ('failed', 'unknown')) AS failed,
               count(*) FILTER (WHERE m.state IN ('promised', 'held')) AS waiting
          FROM message m JOIN loan l USING (loan_id)
         WHERE m.on_date = %(day)s AND {sight}
        """,
        {**values, "day": day},
    )[0]


def messages_not_done(db: Db, look: Look, day: date, limit: int) -> list[Row]:
    """The messages promised for a day that did not go out, or of which nobody knows: whose, why, and whether a person has it."""
    sight, values = look.sight.condition("l")
    return fetch(
        db,
        f"""
        SELECT l.public_id, l.borrower_label, l.contract_no, d.kind, d.about, m.purpose, m.given_up_at IS NOT NULL AS with_person,
               CASE WHEN m.state = 'dropped' THEN coalesce(m.ended_by, 'dropped') ELSE m.state END AS why
          FROM message m JOIN loan l USING (loan_id) LEFT JOIN duty d ON d.loan_id = m.loan_id AND d.duty_no = m.duty_no
         WHERE m.on_date = %(day)s AND m.state NOT IN ('sending', 'sent', 'delivered') AND {sight}
         ORDER BY m.state = 'promised', l.loan_id, m.message_no LIMIT %(limit)s
        """,
        {**values, "day": day, "limit": limit},
    )


def loans_in_sight(db: Db, look: Look, public_ids: Sequence[str]) -> frozenset[str]:
    """Those of the loans that are within sight."""
    sight, values = look.sight.condition("l")
    rows = fetch(
        db,
        f"""
        SELECT r.key FROM loan_registry r JOIN loan l USING (loan_id)
         WHERE r.kind = 'public_id' AND r.key = ANY(%(ids)s) AND {sight}
        """,
        {**values, "ids": list(public_ids)},
    )
    return frozenset(row["key"] for row in rows)
