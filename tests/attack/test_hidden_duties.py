"""Whoever hides a duty of a stage, with the database's own keys, is named by the audit: each kind of duty, in two ways.

Stories are played to their end; then each duty that a record called for is removed, or said to be done by a record that
proves nothing, and the audit must name that very duty. Every tampering is undone before the next.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import psycopg
import pytest

from holdfast.database.connection import transaction
from holdfast.duties.audit import Audit, examine
from holdfast.life import DUTIES
from holdfast.stories import play
from holdfast.wiring import EXPECTATIONS

# Which duties each story must have had, so that no kind slips out of this test unseen.
HAS: Final = {
    "paid-on-time": {"confirm", "decide", "sign", "take_in", "pay_out", "release_notice"},
    "withdrawn-cooling-off": {"cooling_off"},
    "deferred": {"restructuring"},
    "default-disposed": {"dispose"},
    "lost-compensated": {"find_item", "compensate"},
    "fraud-frozen": {"fraud_review"},
}
# What no story has; the states' own tests and the audit's provoke these.
NOT_HERE: Final = {
    "payout_enquiry",
    "hand_back",
    "payout_recall",
    "payout_dispute",
    "debit_failed",
    "reach",
    "inbound",
    "complaint",
    "complaint_extended",
    "complaint_second",
    "visit",
    "promise_broken",
    "settlement",
    "settlement_agree",
    "settlement_broken",
    "business_review",
    "review_reading",
}


def test_no_kind_of_duty_is_left_out() -> None:
    assert set().union(*HAS.values()) | NOT_HERE == {kind.name for kind in DUTIES.values() if kind.chained}


@pytest.mark.parametrize("name", HAS)
def test_a_hidden_duty_is_named(fresh_urls: Any, name: str) -> None:
    loan = play(name).loan
    with transaction() as db:
        row = db.execute("SELECT loan_id, (SELECT max(on_date) FROM record) FROM loan WHERE public_id = %s", [loan]).fetchone()
    assert row is not None
    loan_id, day = row
    with psycopg.connect(fresh_urls.owner) as owner:
        duties = owner.execute("SELECT duty_no, kind, opened_seq FROM duty WHERE loan_id = %s ORDER BY duty_no", [loan_id]).fetchall()
        records = owner.execute("SELECT seq, kind FROM record WHERE loan_id = %s ORDER BY seq", [loan_id]).fetchall()
        assert {kind for _, kind, _ in duties} >= HAS[name]
        assert named(examine(owner, day, EXPECTATIONS)) == set()
        for number, kind, opened_seq in duties:
            if not DUTIES[kind].chained:
                continue
            about = [loan_id, number]
            removed = tampered(owner, "DELETE FROM duty WHERE loan_id = %s AND duty_no = %s", about, day)
            assert ("missing", kind) in removed, (kind, removed)
            # Said to be done by the next record that proves no such duty.
            wrong = next((seq for seq, told in records if seq > opened_seq and told not in DUTIES[kind].proofs), None)
            if wrong is not None:
                closed = tampered(owner, f"UPDATE duty SET proof_seq = {wrong:d} WHERE loan_id = %s AND duty_no = %s", about, day)
                assert ("unproved", kind) in closed, (kind, closed)
        owner.rollback()


def tampered(owner: psycopg.Connection[Any], statement: str, about: list[int], day: date) -> set[tuple[str, str]]:
    """What the audit names after the statement, with every check of the database switched off; the book is as before afterwards."""
    with owner.transaction(force_rollback=True):
        owner.execute("SET LOCAL session_replication_role = replica")
        assert owner.execute(statement.encode(), about).rowcount == 1
        owner.execute("SET LOCAL session_replication_role = origin")
        return named(examine(owner, day, EXPECTATIONS))


def named(outcome: Audit) -> set[tuple[str, str]]:
    return {(where, each.kind) for where in ("missing", "late", "unproved") for each in getattr(outcome, where)}
