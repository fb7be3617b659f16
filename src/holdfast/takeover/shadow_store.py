"""Reading and writing the comparisons with an old system."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import psycopg

from holdfast.kernel import canonical
from holdfast.kernel.errors import NotFound
from holdfast.parties import Reach, Scope

Db = psycopg.Connection[Any]

# Which loans these rows of a tape became.
OURS: Final = "SELECT key, loan_id FROM loan_registry WHERE kind = 'tape' AND key = ANY(%s)"
# Loans of this map that are owed and that the export did not name.
LEFT_OUT: Final = """
    SELECT r.key, l.loan_id, l.public_id, l.contract_no, l.principal_out
      FROM loan_registry r JOIN loan l USING (loan_id)
     WHERE r.kind = 'tape' AND starts_with(r.key, %s) AND NOT (r.key = ANY(%s)) AND l.principal_out > 0
     ORDER BY l.loan_id"""
# The newest day whose balances came in by this map.
TAKEN_OVER_ON: Final = "SELECT max(as_of) FROM tape WHERE map_name = %s"
INSERT_RUN: Final = """
    INSERT INTO shadow_run (run_id, public_id, map_name, as_of, file_name, digest, outcome, read_by, read_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"""
COPY_LINES: Final = "COPY shadow_line (run_id, line_no, loan_id, row_no, name, identity, cause, told, apart) FROM STDIN"
_RUN: Final = "SELECT run_id, public_id, map_name, as_of, file_name, digest, outcome, read_at FROM shadow_run"
# Of each day the newest run, the latest days first.
TREND: Final = """
    SELECT public_id, as_of, outcome FROM (
        SELECT DISTINCT ON (as_of) public_id, as_of, outcome FROM shadow_run WHERE map_name = %s ORDER BY as_of, run_id DESC
    ) days ORDER BY as_of DESC LIMIT %s"""
RUNS: Final = _RUN + " ORDER BY run_id DESC LIMIT %s"
# The newest word on each loan and cause of this map.
ACCEPTED: Final = """
    SELECT DISTINCT ON (a.identity, a.cause) a.identity, a.cause, a.most, a.reason, s.name, a.accepted_at
      FROM shadow_acceptance a JOIN staff s USING (staff_id)
     WHERE a.map_name = %s ORDER BY a.identity, a.cause, a.acceptance_id DESC"""
INSERT_ACCEPTANCE: Final = """
    INSERT INTO shadow_acceptance (run_id, map_name, identity, cause, most, reason, staff_id, accepted_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"""


@dataclass(frozen=True, slots=True)
class Line:
    """One loan that differs. `told` holds what differs on both sides and what was supposed; amounts in minor units."""

    line_no: int
    loan_id: int | None
    loan: str | None
    row: int | None
    name: str
    identity: str
    cause: str
    told: Mapping[str, Any]
    apart: int


@dataclass(frozen=True, slots=True)
class Run:
    """One export, compared."""

    run_id: int
    public_id: str
    map_name: str
    as_of: date
    file_name: str
    digest: str
    outcome: Mapping[str, Any]
    read_at: datetime


@dataclass(frozen=True, slots=True)
class Accepted:
    """That a person accepts a difference: of one loan, or (no identity) of every loan with this cause, up to `most` minor units."""

    identity: str
    cause: str
    most: int
    reason: str
    by: str
    at: datetime


def our_loans(db: Db, identities: Sequence[str]) -> dict[str, int]:
    """The loans of these rows, by identity."""
    return dict(db.execute(OURS, [list(identities)]).fetchall())


def left_out(db: Db, map_name: str, seen: Sequence[str]) -> list[tuple[str, int, str, str, int]]:
    """Identity, number, public id, contract number and principal of loans of this map that owe and were not named."""
    return db.execute(LEFT_OUT, [f"{map_name}:", list(seen)]).fetchall()


def taken_over_on(db: Db, map_name: str) -> date | None:
    """The newest as-of date of a tape under this map; None if none was read."""
    row = db.execute(TAKEN_OVER_ON, [map_name]).fetchone()
    return None if row is None else row[0]


def keep(db: Db, run: Run, lines: Iterable[Line], *, by: int | None) -> None:
    """Write a run with its lines."""
    outcome = canonical.encode(dict(run.outcome)).decode()
    db.execute(INSERT_RUN, [run.run_id, run.public_id, run.map_name, run.as_of, run.file_name, run.digest, outcome, by, run.read_at])
    with db.cursor() as cursor, cursor.copy(COPY_LINES) as copy:
        for line in lines:
            told = canonical.encode(dict(line.told)).decode()
            copy.write_row((run.run_id, line.line_no, line.loan_id, line.row, line.name, line.identity, line.cause, told, line.apart))


def run_named(db: Db, public_id: str) -> Run:
    """One run; NotFound if there is none of this id."""
    row = db.execute(f"{_RUN} WHERE public_id = %s".encode(), [public_id]).fetchone()
    if row is None:
        raise NotFound(f"there is no comparison {public_id}", field="comparison")
    return _run(row)


def runs(db: Db, limit: int) -> list[Run]:
    """The latest runs, newest first."""
    return [_run(row) for row in db.execute(RUNS.encode(), [limit]).fetchall()]


def trend(db: Db, map_name: str, limit: int) -> list[tuple[str, date, Mapping[str, Any]]]:
    """Run, day and totals of the newest run of each day, the latest day first."""
    return [(public_id, as_of, json.loads(outcome)) for public_id, as_of, outcome in db.execute(TREND, [map_name, limit]).fetchall()]


def lines(db: Db, run_id: int, scope: Scope) -> list[Line]:
    """The lines of a run that this person may see, in order: loans in sight; what is no loan of the book only with sight of all."""
    condition, values = scope.condition("l")
    nobodys = "TRUE" if scope.reach is Reach.ALL else "FALSE"
    statement = f"""
        SELECT s.line_no, s.loan_id, l.public_id, s.row_no, s.name, s.identity, s.cause, s.told, s.apart
          FROM shadow_line s LEFT JOIN loan l USING (loan_id)
         WHERE s.run_id = %(run)s AND ((l.loan_id IS NULL AND {nobodys}) OR (l.loan_id IS NOT NULL AND {condition}))
         ORDER BY s.line_no"""
    found = db.execute(statement.encode(), {"run": run_id, **values}).fetchall()
    return [
        Line(number, loan_id, loan, row_no, name, identity, cause, json.loads(told), apart)
        for number, loan_id, loan, row_no, name, identity, cause, told, apart in found
    ]


def accepted(db: Db, map_name: str) -> list[Accepted]:
    """What people accept now of this map's differences."""
    return [Accepted(*row) for row in db.execute(ACCEPTED, [map_name]).fetchall() if row[2] >= 0]


def accept(db: Db, run: Run, *, identity: str, cause: str, most: int, reason: str, by: int, at: datetime) -> None:
    """Keep that a person accepts (or, with `most` below 0, no longer accepts) a difference."""
    db.execute(INSERT_ACCEPTANCE, [run.run_id, run.map_name, identity, cause, most, reason, by, at])


def _run(row: Sequence[Any]) -> Run:
    run_id, public_id, map_name, as_of, file_name, digest, outcome, read_at = row
    return Run(run_id, public_id, map_name, as_of, file_name, digest, json.loads(outcome), read_at)
