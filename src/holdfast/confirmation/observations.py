"""Observations: what a caller noticed in a call, with the moment and what it rests on.

They are for people who look at a case again. They stand apart from the file, no package face hands them out,
and a test of the folders makes sure that no decision ever reads them: a pause on the telephone is no measure
of whether somebody repays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import psycopg

from holdfast.confirmation import store
from holdfast.duties import take
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, Refusal
from holdfast.kernel.sealing import Box, Sealed
from holdfast.parties import Scope, Staff, box_of, party_by_id, require

Db = psycopg.Connection[Any]

KINDS: Final = ("hesitates", "prompted", "contradicts", "cannot_explain", "distressed", "noise", "other")
SHORTEST: Final = 4
LONGEST: Final = 500

INSERT: Final = """
    INSERT INTO call_observation (loan_id, observation_no, call_no, kind, mark, by_staff, seen_at, nonce, sealed)
    SELECT %(loan)s, coalesce(max(observation_no), 0) + 1, %(call)s, %(kind)s, %(mark)s, %(staff)s, %(at)s, %(nonce)s, %(sealed)s
    FROM call_observation WHERE loan_id = %(loan)s RETURNING observation_no"""
SELECT: Final = """
    SELECT o.observation_no, c.public_id, o.kind, o.mark, s.name, o.seen_at, o.nonce, o.sealed
    FROM call_observation o JOIN confirmation_call c USING (loan_id, call_no) JOIN staff s ON s.staff_id = o.by_staff
    WHERE o.loan_id = %s ORDER BY o.observation_no"""


@dataclass(frozen=True, slots=True)
class Observation:
    """Something noticed: its kind, how far into which call (seconds), by whom, and in their words what it rests on."""

    observation_no: int
    call: str
    kind: str
    mark: int
    by: str
    seen_at: datetime
    evidence: str


def observe(db: Db, *, clock: Clock, by: Staff, loan: str, kind: str, evidence: str, mark: int | None = None) -> Observation:
    """Note something that was noticed in the call that is open. `mark` is how far into it, in seconds; now, if not given.

    BadInput without evidence: an impression that rests on nothing is not kept.
    """
    require(by, "confirmation.call")
    case = take(db, loan, by.scope)
    call = store.confirmation(db, case.loan.loan_id).call
    if call is None or call.answered_at is None:
        raise Refusal(f"there is no call for {loan} in which something could be noticed", code="no_call", loan=loan)
    if kind not in KINDS:
        raise BadInput(f"kind: use one of {', '.join(KINDS)}, not {kind!r}", field="kind")
    if not SHORTEST <= len(evidence.strip()) <= LONGEST:
        raise BadInput("evidence: say in a few words what was heard", field="evidence")
    now, spoken = clock.now(), call.seconds(clock.now())
    at = spoken if mark is None else mark
    if not 0 <= at <= spoken:
        raise BadInput(f"mark: the call is {spoken} seconds long so far", field="mark")
    sealed = _box(db, case.loan.party_id).seal(evidence.strip().encode(), _about(call.public_id))
    row = db.execute(
        INSERT,
        {"loan": case.loan.loan_id, "call": call.call_no, "kind": kind, "mark": at, "staff": by.staff_id, "at": now, "nonce": sealed.nonce,
         "sealed": sealed.sealed},
    ).fetchone()  # fmt: skip
    assert row is not None
    return Observation(row[0], call.public_id, kind, at, by.name, now, evidence.strip())


def observations_of(db: Db, scope: Scope, *, loan: str) -> Sequence[Observation]:
    """What was noticed in the calls of a loan within sight; for people only."""
    case = take(db, loan, scope, lock=False)
    rows = db.execute(SELECT, (case.loan.loan_id,)).fetchall()
    if not rows:
        return ()
    box = _box(db, case.loan.party_id)
    return tuple(Observation(*[*row[:6], box.open(Sealed(bytes(row[6]), bytes(row[7])), _about(row[1])).decode()]) for row in rows)


def _box(db: Db, party_id: int | None) -> Box:
    if party_id is None:
        raise Refusal("nobody knows who the borrower is", code="no_borrower")
    return box_of(db, party_by_id(db, party_id))


def _about(call: str) -> str:
    return f"observation in {call}"
