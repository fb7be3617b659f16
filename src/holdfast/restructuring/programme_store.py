"""Where programmes and their loans are kept; a loan's line changes when its turn comes, and when it is taken back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import psycopg

from holdfast.kernel import canonical
from holdfast.kernel.money import Money
from holdfast.restructuring.programme import Chosen, Member, Outcome, Programme, ProgrammeState
from holdfast.servicing import Rearrangement

Db = psycopg.Connection[Any]

# Loans within sight that are being repaid and meet the choice, by number. Days late as `arrears.days_past_due`.
_CHOOSE: Final = """
    SELECT l.loan_id, l.public_id, l.contract_no, l.borrower_label, l.currency, l.principal_out, a.oldest_unpaid_due_on,
           EXISTS (SELECT FROM loan_freeze f WHERE f.loan_id = l.loan_id AND f.lifted_seq IS NULL) AS frozen,
           EXISTS (SELECT FROM programme_loan m JOIN programme g USING (programme_id)
                    WHERE m.loan_id = l.loan_id AND m.outcome = 'planned' AND g.state IN ('asked', 'running')) AS elsewhere,
           (SELECT count(*) FROM loan_event e WHERE e.loan_id = l.loan_id AND e.kind IN ('deferred', 'rearranged')
               AND NOT EXISTS (SELECT FROM loan_event r WHERE r.loan_id = e.loan_id AND r.kind = 'reversal'
                                  AND (r.payload::json ->> 'event_no')::integer = e.event_no)) AS times
      FROM loan l JOIN account a USING (loan_id) JOIN branch b USING (branch_id)
     WHERE {condition} AND l.state = 'active' AND a.oldest_unpaid_due_on IS NOT NULL
       AND (%(branches)s::text[] = '{{}}' OR b.code = ANY(%(branches)s))
       AND (%(products)s::text[] = '{{}}' OR l.product_code = ANY(%(products)s))
       AND (%(due_from)s::date IS NULL OR a.oldest_unpaid_due_on >= %(due_from)s)
       AND (%(due_until)s::date IS NULL OR a.oldest_unpaid_due_on <= %(due_until)s)
       AND (%(late_from)s::integer IS NULL OR days_late(a.oldest_unpaid_due_on, a.pauses, %(today)s) >= %(late_from)s)
       AND (%(late_until)s::integer IS NULL OR days_late(a.oldest_unpaid_due_on, a.pauses, %(today)s) <= %(late_until)s)
     ORDER BY l.loan_id LIMIT %(limit)s"""
_INSERT: Final = """
    INSERT INTO programme (programme_id, public_id, state, name, cause, chosen, change, shown, currency, planned_on, planned_at, planned_by)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"""
_INSERT_LOAN: Final = """
    INSERT INTO programme_loan (loan_id, programme_id, outcome, principal, was_due_on, due_on, extra, why, shown)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"""
_PROGRAMMES: Final = """
    SELECT g.programme_id, g.public_id, g.state, g.name, g.cause, g.chosen, g.change, g.shown, g.currency, g.planned_on, g.planned_at,
           g.planned_by, p.name, g.request, g.decided_by, d.name, g.reversal, g.reverse_why, s.planned, s.left_out, s.principal, s.extra,
           s.given, s.moved, s.taken_back, s.kept
      FROM programme g JOIN staff p ON p.staff_id = g.planned_by LEFT JOIN staff d ON d.staff_id = g.decided_by
      CROSS JOIN LATERAL (
          SELECT count(*) FILTER (WHERE outcome <> 'left_out') AS planned, count(*) FILTER (WHERE outcome = 'left_out') AS left_out,
                 coalesce(sum(m.principal) FILTER (WHERE outcome <> 'left_out'), 0)::bigint AS principal,
                 coalesce(sum(m.extra) FILTER (WHERE outcome <> 'left_out'), 0)::bigint AS extra,
                 count(*) FILTER (WHERE outcome = 'given') AS given, count(*) FILTER (WHERE outcome = 'moved') AS moved,
                 count(*) FILTER (WHERE outcome = 'taken_back') AS taken_back, count(*) FILTER (WHERE outcome = 'kept') AS kept
            FROM programme_loan m WHERE m.programme_id = g.programme_id) s
     WHERE {condition} ORDER BY g.programme_id DESC LIMIT %(limit)s"""
_MEMBERS: Final = """
    SELECT m.loan_id, l.public_id, l.contract_no, l.borrower_label, m.outcome, m.principal, m.was_due_on, m.due_on, m.extra, m.why, m.shown,
           m.event_no, l.currency
      FROM programme_loan m JOIN loan l USING (loan_id)
     WHERE m.programme_id = %(programme)s AND (%(outcomes)s::text[] = '{{}}' OR m.outcome = ANY(%(outcomes)s)) AND m.loan_id > %(after)s
       AND {condition}
     ORDER BY m.loan_id LIMIT %(limit)s"""
# Promise: two runs at once take different loans; a third party waits for neither.
_TURN: Final = """
    SELECT loan_id FROM programme_loan WHERE programme_id = %s AND outcome = %s ORDER BY loan_id LIMIT %s FOR UPDATE SKIP LOCKED"""
_SETTLE: Final = (
    "UPDATE programme_loan SET outcome = %s, why = %s, event_no = coalesce(%s, event_no) WHERE loan_id = %s AND programme_id = %s"
)
_OUT_OF_SIGHT: Final = """
    SELECT count(*) FROM programme_loan m JOIN loan l USING (loan_id) WHERE m.programme_id = %(programme)s AND NOT ({condition})"""


def choose(db: Db, condition: str, values: Mapping[str, Any], chosen: Chosen, *, today: Any, limit: int) -> list[Sequence[Any]]:
    """The loans that meet the choice: number, id, contract, borrower, currency, principal, oldest unpaid day, frozen, elsewhere, times."""
    given = {
        "branches": list(chosen.branches), "products": list(chosen.products), "due_from": chosen.due_from, "due_until": chosen.due_until,
        "late_from": chosen.late_from, "late_until": chosen.late_until, "today": today, "limit": limit,
    }  # fmt: skip
    return db.execute(_CHOOSE.format(condition=condition).encode(), {**values, **given}).fetchall()


def insert(db: Db, made: Programme, members: Sequence[Member]) -> None:
    """Write a programme down as it was drawn up."""
    change, chosen = (canonical.encode(each).decode() for each in (made.change.to_json(), made.chosen.as_json()))
    db.execute(
        _INSERT,
        [
            made.programme_id, made.public_id, made.state, made.name, made.cause, chosen, change, made.shown, made.principal.currency,
            made.planned_on, made.planned_at, made.planned_by,
        ],
    )  # fmt: skip
    rows = [
        (each.loan_id, made.programme_id, each.outcome, each.principal.minor, each.was_due_on, each.due_on, each.extra.minor, each.why,
         each.shown)
        for each in members
    ]  # fmt: skip
    with db.cursor() as cursor:
        cursor.executemany(_INSERT_LOAN, rows)


def programme(db: Db, public_id: str, *, lock: bool = False) -> Programme | None:
    """The programme of that id, with how far it has come."""
    if lock:
        db.execute("SELECT 1 FROM programme WHERE public_id = %s FOR UPDATE", [public_id])
    return next(iter(_read(db, "g.public_id = %(id)s", {"id": public_id, "limit": 1})), None)


def programmes(db: Db, *, limit: int) -> list[Programme]:
    """All programmes, newest first."""
    return _read(db, "TRUE", {"limit": limit})


def working(db: Db) -> list[str]:
    """The programmes that still have loans before them."""
    return [row[0] for row in db.execute("SELECT public_id FROM programme WHERE state IN ('running', 'reversing') ORDER BY programme_id")]


def out_of_sight(db: Db, programme_id: int, condition: str, values: Mapping[str, Any]) -> int:
    """How many loans of the programme this condition does not let its reader see."""
    row = db.execute(_OUT_OF_SIGHT.format(condition=condition).encode(), {**values, "programme": programme_id}).fetchone()
    assert row is not None
    return int(row[0])


def members(
    db: Db, programme_id: int, condition: str, values: Mapping[str, Any], *, outcomes: Sequence[str] = (), after: int = -1, limit: int
) -> list[Member]:
    """Loans of the programme within sight, by number."""
    given = {**values, "programme": programme_id, "outcomes": list(outcomes), "after": after, "limit": limit}
    rows = db.execute(_MEMBERS.format(condition=condition).encode(), given).fetchall()
    return [
        Member(
            loan_id, loan, contract_no, borrower, Outcome(outcome), Money(principal, currency), was_due_on, due_on, Money(extra, currency),
            why, shown, event_no,
        )
        for loan_id, loan, contract_no, borrower, outcome, principal, was_due_on, due_on, extra, why, shown, event_no, currency in rows
    ]  # fmt: skip


def turn(db: Db, programme_id: int, outcome: Outcome, most: int) -> list[int]:
    """Loans whose turn it is, each locked for this transaction."""
    return [row[0] for row in db.execute(_TURN, [programme_id, outcome, most]).fetchall()]


def settle(db: Db, programme_id: int, loan_id: int, outcome: Outcome, *, why: str = "", event_no: int | None = None) -> None:
    """Write down what came of a loan."""
    db.execute(_SETTLE, [outcome, why, event_no, loan_id, programme_id])


def change(db: Db, programme_id: int, state: ProgrammeState, **columns: Any) -> None:
    """Move a programme to another state, with what came with it."""
    to = "".join(f", {name} = %({name})s" for name in columns)
    db.execute(
        f"UPDATE programme SET state = %(state)s{to} WHERE programme_id = %(id)s".encode(), {**columns, "state": state, "id": programme_id}
    )


def _read(db: Db, condition: str, values: Mapping[str, Any]) -> list[Programme]:
    found = []
    for row in db.execute(_PROGRAMMES.format(condition=condition).encode(), values).fetchall():
        currency = row[8]
        found.append(
            Programme(
                programme_id=row[0], public_id=row[1], state=ProgrammeState(row[2]), name=row[3], cause=row[4],
                chosen=Chosen.of(json.loads(row[5])), change=Rearrangement.from_json(json.loads(row[6])), shown=row[7],
                planned_on=row[9], planned_at=row[10], planned_by=row[11], planned_name=row[12], request=row[13], decided_by=row[14],
                decided_name=row[15], reversal=row[16], reverse_why=row[17], loans=row[18], left_out=row[19],
                principal=Money(row[20], currency), extra=Money(row[21], currency), given=row[22], moved=row[23], taken_back=row[24],
                kept=row[25],
            )
        )  # fmt: skip
    return found
