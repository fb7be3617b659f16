"""Pauses: who may set and lift them, and that neither a second pause nor a second log-in ends one."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from holdfast import contact, parties
from holdfast.contact import rests
from holdfast.contact.rules import STOPPED_PURPOSES
from holdfast.journal import SYSTEM, read_chain
from holdfast.kernel.errors import BadInput, Forbidden, NotFound, Refusal
from holdfast.parties import Staff
from tests.books import Book, clock_on
from tests.contact.test_dispatch import DAY, Desk, at, hire, person

Db = psycopg.Connection[Any]
WHY = "客户来电说明"


@pytest.fixture
def desk(db: Db) -> Desk:
    book = Book(db, DAY)
    loan, borrower = book.lend(), person(book)
    db.execute("UPDATE loan SET party_id = %s WHERE loan_id = %s", [borrower.party_id, loan.loan_id])
    return Desk(db, book, borrower, loan.loan_id)


def loan_of(desk: Desk) -> str:
    row = desk.db.execute("SELECT public_id FROM loan WHERE loan_id = %s", [desk.loan_id]).fetchone()
    assert row is not None
    return str(row[0])


def pause(desk: Desk, by: Staff, reason: str = "dispute", until: date | None = None) -> None:
    contact.pause(desk.db, clock=at(9), by=by, loan=loan_of(desk), reason=reason, because=WHY, until=until)


def lift(desk: Desk, by: Staff, reason: str = "dispute") -> None:
    contact.lift(desk.db, clock=at(10), by=by, loan=loan_of(desk), reason=reason, because="已核实完毕")


def resting(desk: Desk) -> list[str]:
    return [each.reason for each in contact.pauses_of(desk.db, clock=at(10), by=seer(desk.db), loan=loan_of(desk))]


def seer(db: Db) -> Staff:
    """Who looks; the same person each time."""
    return next((each for each in parties.staff_list(db) if each.role == "risk"), None) or hire(db, "risk")


def test_a_pause_says_who_set_it_why_and_until_when(desk: Desk) -> None:
    caller, last = hire(desk.db, "caller"), DAY + timedelta(days=10)
    pause(desk, caller, until=last)
    found = contact.pauses_of(desk.db, clock=at(10), by=caller, loan=loan_of(desk))
    assert [(each.reason, each.because, each.by_staff, each.since, each.until) for each in found] == [
        ("dispute", WHY, caller.staff_id, DAY, last)
    ]
    assert read_chain(desk.db, desk.party.party_id)[-1].says()["because"] == WHY


@pytest.mark.parametrize("reason", ["complaint", "dispute"])
def test_who_paused_for_a_complaint_or_a_dispute_does_not_lift_it(desk: Desk, reason: str) -> None:
    caller, officer = hire(desk.db, "caller"), hire(desk.db, "officer")
    pause(desk, caller, reason)
    with pytest.raises(Forbidden, match="another person"):
        lift(desk, caller, reason)
    assert resting(desk) == [reason]
    lift(desk, officer, reason)
    assert resting(desk) == []


def test_one_person_under_two_log_ins_is_one_person(desk: Desk) -> None:
    human = person(desk.book, phone=None)
    one, other = (
        parties.create_staff(
            desk.db, clock=clock_on(DAY), by=SYSTEM, username=name, password="a long sample phrase", name="示例员工", role="caller",
            scope="all", person_id=human.party_id,
        )
        for name in ("one", "other")
    )  # fmt: skip
    pause(desk, one)
    with pytest.raises(Forbidden):
        lift(desk, other)


def test_a_hardship_pause_may_be_lifted_by_who_set_it(desk: Desk) -> None:
    caller = hire(desk.db, "caller")
    pause(desk, caller, "hardship")
    lift(desk, caller, "hardship")
    assert resting(desk) == []


def test_a_pause_in_force_is_not_written_over_by_a_shorter_one(desk: Desk) -> None:
    caller = hire(desk.db, "caller")
    pause(desk, caller)
    with pytest.raises(Refusal) as refused:
        pause(desk, caller, until=DAY)
    assert refused.value.code == "pause_in_force"
    desk.promise()
    assert [each.rule for each in desk.dispatch(at(10))] == ["contact.pauses"]


def test_what_a_case_has_paused_ends_with_the_case_only(desk: Desk) -> None:
    officer = hire(desk.db, "officer")
    rests.pause(desk.db, clock=at(9), by=SYSTEM, party_id=desk.party.party_id, reason="complaint", purposes=STOPPED_PURPOSES)
    with pytest.raises(Refusal) as refused:
        lift(desk, officer, "complaint")
    assert refused.value.code == "pause_of_a_case"
    rests.lift(desk.db, clock=at(10), by=SYSTEM, party_id=desk.party.party_id, reason="complaint")
    assert resting(desk) == []


def test_the_end_of_a_case_does_not_end_what_a_person_has_paused(desk: Desk) -> None:
    caller, officer = hire(desk.db, "caller"), hire(desk.db, "officer")
    contact.stop(desk.db, clock=at(9, day=DAY - timedelta(days=1)), by=caller, party=desk.party, reason="complaint", because=WHY)
    rests.pause(desk.db, clock=at(9), by=SYSTEM, party_id=desk.party.party_id, reason="complaint", purposes=STOPPED_PURPOSES)
    rests.lift(desk.db, clock=at(10), by=SYSTEM, party_id=desk.party.party_id, reason="complaint")
    assert resting(desk) == ["complaint"]
    lift(desk, officer, "complaint")
    assert resting(desk) == []


def test_a_loan_out_of_sight_is_neither_paused_nor_lifted_nor_read(desk: Desk) -> None:
    stranger = parties.create_staff(
        desk.db, clock=clock_on(DAY), by=SYSTEM, username="far", password="a long sample phrase", name="示例员工", role="caller",
        branch_id=parties.create_branch(desk.db, code="FAR", name="外地").branch_id, scope="branch",
    )  # fmt: skip
    for attempt in (
        lambda: pause(desk, stranger),
        lambda: lift(desk, stranger),
        lambda: contact.pauses_of(desk.db, clock=at(9), by=stranger, loan=loan_of(desk)),
    ):
        with pytest.raises(NotFound):
            attempt()


def test_a_pause_takes_the_right_role_and_a_reason_in_words(desk: Desk) -> None:
    with pytest.raises(Forbidden):
        pause(desk, hire(desk.db, "auditor"))
    with pytest.raises(BadInput):
        contact.pause(desk.db, clock=at(9), by=hire(desk.db, "caller"), loan=loan_of(desk), reason="dispute", because=" no ")
