"""The log of decisions, and the scorecards and tables that it names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import psycopg

from holdfast.decisioning.model import ByWhat, Decision, Line
from holdfast.decisioning.states import DecisionState
from holdfast.kernel import canonical
from holdfast.products import Terms

Db = psycopg.Connection[Any]

_SELECT: Final = """
SELECT d.public_id, d.loan_id, d.decision_no, d.by_what, d.state, l.currency, d.features, d.basis, d.finding, d.approved_sum, d.terms,
       d.words, d.request, d.made_by, s.name, d.made_at, d.on_date, d.record_seq
  FROM decision d JOIN loan l USING (loan_id) LEFT JOIN staff s ON s.public_id = d.made_by"""
# Promise: a decision's public id is nobody else's, and leads to its loan.
_NAME: Final = "INSERT INTO decision_name (public_id, loan_id) VALUES (%s, %s)"
_INSERT: Final = """
INSERT INTO decision (loan_id, decision_no, public_id, by_what, state, features, basis, finding, approved_sum, terms, words, request,
                      made_by, made_at, on_date, record_seq)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"""
_ARTIFACT: Final = """
INSERT INTO decision_artifact (sha256, kind, name, content, stored_at) VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"""
_ACTIVE: Final = """
SELECT a.content FROM decision_activation v JOIN decision_artifact a USING (sha256)
 WHERE v.kind = %s ORDER BY v.activation_id DESC LIMIT 1"""
# What the borrower owes this lender on other loans. Written-off principal is owed too.
_OWED: Final = "SELECT coalesce(sum(principal_out), 0)::bigint FROM loan WHERE party_id = %s AND loan_id <> %s AND currency = %s"
# Loans within sight whose decision is to be made, earliest deadline first; with `loan.state` wider, those that were decided, newest first.
_QUEUE: Final = """
SELECT l.loan_id, l.public_id, l.contract_no, l.borrower_label, l.product_code, b.name, l.state, d.public_id,
       d.state, d.by_what, d.made_at, duty.due_at
  FROM loan l JOIN branch b USING (branch_id)
  LEFT JOIN LATERAL (SELECT * FROM decision x WHERE x.loan_id = l.loan_id ORDER BY x.decision_no DESC LIMIT 1) d ON true
  LEFT JOIN duty ON duty.loan_id = l.loan_id AND duty.kind = 'decide' AND duty.open
 WHERE {sight} AND {which}
 ORDER BY {order} LIMIT %(limit)s"""


def decisions(db: Db, loan_id: int) -> list[Decision]:
    """The loan's decisions, first to last."""
    return [_decision(row) for row in db.execute(_SELECT + " WHERE d.loan_id = %s ORDER BY d.decision_no", [loan_id]).fetchall()]


def latest(db: Db, loan_id: int) -> Decision | None:
    """The decision as it stands, or None before the first."""
    row = db.execute(_SELECT + " WHERE d.loan_id = %s ORDER BY d.decision_no DESC LIMIT 1", [loan_id]).fetchone()
    return _decision(row) if row else None


def named(db: Db, public_id: str) -> Decision | None:
    """The decision of that public id."""
    row = db.execute(
        _SELECT + " JOIN decision_name n ON n.loan_id = d.loan_id AND n.public_id = d.public_id WHERE n.public_id = %s", [public_id]
    ).fetchone()
    return _decision(row) if row else None


def in_sight(db: Db, loan_id: int, condition: str, values: Mapping[str, Any]) -> bool:
    """Whether the loan meets the condition of a person's sight."""
    found = db.execute(f"SELECT 1 FROM loan l WHERE l.loan_id = %(loan)s AND {condition}", {"loan": loan_id, **values}).fetchone()
    return found is not None


def insert(
    db: Db, *, loan_id: int, decision_no: int, public_id: str, by_what: ByWhat, state: DecisionState, features: bytes, basis: bytes,
    finding: bytes, terms: Terms | None, words: str, request: str | None, made_by: str, at: datetime, on: date, seq: int,
) -> None:  # fmt: skip
    """Write a row of the log."""
    db.execute(_NAME, [public_id, loan_id])
    db.execute(
        _INSERT,
        [
            loan_id, decision_no, public_id, by_what, state, features.decode(), basis.decode(), finding.decode(),
            terms.principal if terms else None, canonical.encode(terms.to_json()).decode() if terms else None, words, request, made_by, at,
            on, seq,
        ],
    )  # fmt: skip


def keep(db: Db, *, sha256: str, kind: str, name: str, content: str, at: datetime) -> None:
    """Keep a scorecard or a table by its digest; once kept, keeping it again changes nothing."""
    db.execute(_ARTIFACT, [sha256, kind, name, content, at])


def artifact(db: Db, sha256: str) -> str | None:
    """The content of that digest."""
    row = db.execute("SELECT content FROM decision_artifact WHERE sha256 = %s", [sha256]).fetchone()
    return str(row[0]) if row else None


def active(db: Db, kind: str) -> str | None:
    """The content that two people put in force last; None if nobody ever did."""
    row = db.execute(_ACTIVE, [kind]).fetchone()
    return str(row[0]) if row else None


def activations(db: Db, kind: str) -> dict[str, tuple[datetime, int]]:
    """When each was last put in force, and the number of that act: the highest is in force."""
    rows = db.execute(
        "SELECT sha256, activated_at, activation_id FROM decision_activation WHERE kind = %s ORDER BY activation_id", [kind]
    ).fetchall()
    return {sha256: (at, number) for sha256, at, number in rows}


def names(db: Db, kind: str) -> list[tuple[str, str]]:
    """Digest and name of all that is kept of a kind, first kept first."""
    rows = db.execute("SELECT sha256, name FROM decision_artifact WHERE kind = %s ORDER BY stored_at, sha256", [kind]).fetchall()
    return [(str(sha256), str(name)) for sha256, name in rows]


def activate(db: Db, *, kind: str, sha256: str, request: str, at: datetime) -> None:
    """Let that content decide from now on."""
    db.execute("INSERT INTO decision_activation (kind, sha256, request, activated_at) VALUES (%s, %s, %s, %s)", [kind, sha256, request, at])


def owed_elsewhere(db: Db, *, party_id: int | None, loan_id: int, currency: str) -> int:
    """The principal that the borrower owes this lender on other loans, in minor units."""
    row = db.execute(_OWED, [party_id, loan_id, currency]).fetchone()
    assert row is not None
    return int(row[0])


def lines(db: Db, sight: str, values: Mapping[str, Any], *, decided: bool, limit: int) -> list[Line]:
    """Lines of the desk: what waits for a decision, or what was decided."""
    which = "d.state IN ('approved', 'refused')" if decided else "l.state = 'confirmed'"
    order = "d.made_at DESC, l.loan_id DESC" if decided else "duty.due_at NULLS LAST, l.loan_id"
    rows = db.execute(_QUEUE.format(sight=sight, which=which, order=order), {**values, "limit": limit}).fetchall()
    return [
        Line(
            loan_id=row[0], loan=row[1], contract_no=row[2], borrower=row[3], product=row[4], branch=row[5], loan_state=row[6],
            decision=row[7],
            state=DecisionState(row[8]) if row[8] else DecisionState.PENDING, by_what=ByWhat(row[9]) if row[9] else None, made_at=row[10],
            due_at=row[11],
        )
        for row in rows
    ]  # fmt: skip


def _decision(row: Sequence[Any]) -> Decision:
    return Decision(
        public_id=row[0], loan_id=row[1], decision_no=row[2], by_what=ByWhat(row[3]), state=DecisionState(row[4]), currency=row[5],
        features=row[6].encode(), basis=row[7].encode(), finding=row[8].encode(), approved_sum=row[9],
        approved_terms=Terms.from_json(canonical.decode(row[10].encode())) if row[10] else None, words=row[11], request=row[12],
        made_by=row[13], made_by_name=row[14], made_at=row[15], on=row[16], record_seq=row[17],
    )  # fmt: skip
