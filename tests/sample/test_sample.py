"""The sample book is an honest book: all its proofs are green and nobody in it could be taken for a real person."""

from __future__ import annotations

from typing import Any

import psycopg

from holdfast.duties.audit import examine
from holdfast.policy import clock
from holdfast.sample import load
from holdfast.sample.people import LIVES, STAFF
from holdfast.servicing.verify import verify_books
from holdfast.wiring import EXPECTATIONS


def test_the_sample_book_proves_itself(db: psycopg.Connection[Any]) -> None:
    logins = load(db)
    assert [login[0] for login in logins] == [line[0] for line in STAFF]
    db.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert [(check.name, check.differences[:3]) for check in verify_books(db) if not check.ok] == []
    audit = examine(db, clock(db).today(), EXPECTATIONS).as_json()
    assert (audit["missing"], audit["late"], audit["unproved"]) == ([], [], [])
    assert audit["expected"] > len(LIVES)


def test_every_sample_person_says_so() -> None:
    assert all("示例" in life.name or "Sample" in life.name for life in LIVES)
    assert all(life.phone.startswith("138000000") for life in LIVES)


def test_every_desk_has_work_on_the_first_morning(db: psycopg.Connection[Any]) -> None:
    load(db)
    states = dict(db.execute("SELECT state, count(*) FROM loan GROUP BY state").fetchall())
    assert set(states) >= {"submitted", "confirmed", "decided", "signed", "active", "releasing", "settled", "written_off"}
    waiting = {row[0] for row in db.execute("SELECT DISTINCT kind FROM duty WHERE open").fetchall()}
    assert waiting >= {"confirm", "decide", "sign", "take_in", "pay_out", "dispose", "return_collateral", "settlement_certificate"}
