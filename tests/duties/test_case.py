"""A case: the one way in which a stage moves a loan, and what it refuses."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from holdfast.duties import Case, begin, enter, freeze, take, thaw
from holdfast.duties.audit import examine
from holdfast.journal import Actor
from holdfast.kernel.errors import Fault, NotFound, Refusal
from holdfast.life import DUTIES, LIVE, MOVES, LoanState
from holdfast.parties import Reach, Scope
from holdfast.wiring import EXPECTATIONS
from tests.books import Book

CALLER = Actor("st_caller", "caller")
MONDAY = date(2026, 3, 2)


@pytest.fixture
def book(db: psycopg.Connection[Any]) -> Book:
    return Book(db, MONDAY)


def submitted(book: Book) -> Case:
    party = book.db.execute(
        "INSERT INTO party (public_id, kind, label, branch_id) VALUES ('pt_case', 'person', '示*', %s) RETURNING party_id", [book.branch_id]
    ).fetchone()
    assert party is not None
    return begin(
        book.db, clock=book.clock, by=CALLER, branch_id=book.branch_id, officer_id=None, party_id=party[0], borrower_label="示*",
        product_code="phone", product_version=1, contract_no="示例-1", currency="CNY", pack=book.pack,
        kind="application.submitted", says={}, opens=("confirm",),
    )  # fmt: skip


def do(book: Book, case: Case, kind: str, **how: Any) -> None:
    enter(book.db, case, clock=book.clock, by=CALLER, kind=kind, says={}, **how)


def checked(book: Book) -> Any:
    """The audit of the present day, after the deferred keys have been asked."""
    book.db.execute("SET CONSTRAINTS ALL IMMEDIATE")
    book.db.execute("SET CONSTRAINTS ALL DEFERRED")
    return examine(book.db, book.day, EXPECTATIONS)


def test_a_loan_is_live_from_its_application_and_points_at_the_call_that_is_due_tomorrow(book: Book) -> None:
    case = submitted(book)
    (duty,) = case.standing
    assert (duty.kind, duty.due_on, duty.role) == ("confirm", MONDAY + timedelta(days=1), "caller")
    assert (case.loan.duty_no, case.loan.next_action_at) == (duty.duty_no, duty.due_at)
    assert checked(book).clean


def test_one_record_closes_a_duty_and_opens_the_next(book: Book) -> None:
    case = submitted(book)
    do(book, case, "confirmation.completed", to=LoanState.CONFIRMED, closes=("confirm",), opens=("decide",))
    assert [duty.kind for duty in case.standing] == ["decide"]
    assert take(book.db, case.loan.public_id, None).loan.state is LoanState.CONFIRMED
    assert checked(book).clean


def test_the_audit_names_a_duty_that_a_verb_forgot_to_open(book: Book) -> None:
    case = submitted(book)
    do(book, case, "confirmation.completed", to=LoanState.CONFIRMED, opens=())
    assert [finding.kind for finding in checked(book).missing] == ["decide"]


def test_the_audit_names_a_duty_that_nobody_did(book: Book) -> None:
    submitted(book)
    book.walk(3)
    assert [finding.kind for finding in checked(book).late] == ["confirm"]


def test_a_record_opens_and_proves_only_what_the_map_lets_it(book: Book) -> None:
    case = submitted(book)
    with pytest.raises(Fault, match="does not call for the duty pay_out"):
        do(book, case, "confirmation.completed", opens=("pay_out",))
    with pytest.raises(Fault, match="cannot prove the duty confirm"):
        do(book, case, "decision.approved", closes=("confirm",))


def test_a_live_loan_cannot_be_left_without_a_duty_nor_an_ended_one_with_one(book: Book) -> None:
    case = submitted(book)
    with pytest.raises(Fault, match="has no duty left"):
        do(book, case, "confirmation.completed", to=LoanState.CONFIRMED, closes=("confirm",))
    case = take(book.db, case.loan.public_id, None)
    with pytest.raises(Fault, match="still has the duty confirm"):
        do(book, case, "loan.refused", to=LoanState.REFUSED)


@pytest.mark.parametrize("to", list(LoanState))
def test_a_state_follows_another_only_as_the_map_allows(book: Book, to: LoanState) -> None:
    case = submitted(book)
    if (LoanState.SUBMITTED, to) in MOVES:
        do(book, case, "loan.refused" if to not in LIVE else "note", to=to, closes=("confirm",) if to not in LIVE else ())
        assert case.loan.state is to
    else:
        with pytest.raises(Refusal, match="cannot become"):
            do(book, case, "note", to=to)


def test_every_move_starts_from_a_live_state_and_every_live_state_is_reached() -> None:
    # A refusal may be looked at again by people, if the borrower asks: nothing else comes back.
    assert {was for was, _ in MOVES} == {*LIVE, LoanState.REFUSED}
    assert {to for _, to in MOVES} == set(LoanState) - {LoanState.SUBMITTED}


def test_a_frozen_loan_goes_no_further_until_it_is_thawed(book: Book) -> None:
    case = submitted(book)
    freeze(book.db, case, clock=book.clock, by=CALLER, reason="fraud", words="示例：证件与本人不符")
    assert case.open("fraud_review") is not None
    again = take(book.db, case.loan.public_id, None)
    with pytest.raises(Refusal) as refused:
        do(book, again, "confirmation.completed", to=LoanState.CONFIRMED, closes=("confirm",), opens=("decide",))
    assert refused.value.code == "loan_frozen"
    assert checked(book).clean
    thaw(book.db, again, clock=book.clock, by=CALLER, reason="fraud", words="示例：核实无误")
    do(book, again, "confirmation.completed", to=LoanState.CONFIRMED, closes=("confirm",), opens=("decide",))
    assert checked(book).clean


def test_a_sign_of_fraud_is_looked_into_on_the_same_day(book: Book) -> None:
    case = submitted(book)
    freeze(book.db, case, clock=book.clock, by=CALLER, reason="fraud", words="示例")
    duty = case.open("fraud_review")
    assert duty is not None and duty.due_on == MONDAY
    freeze(book.db, case, clock=book.clock, by=CALLER, reason="fraud", words="示例：又一处")
    assert len(case.freezes) == 1
    book.walk(1)
    assert [finding.kind for finding in checked(book).late] == ["fraud_review"]


def test_a_loan_out_of_sight_is_as_if_it_were_not_there(book: Book) -> None:
    case = submitted(book)
    stranger = Scope(Reach.BRANCH, staff_id=1, branch_id=book.branch_id + 1, team=None)
    with pytest.raises(NotFound):
        take(book.db, case.loan.public_id, stranger)
    assert take(book.db, case.loan.public_id, Scope(Reach.BRANCH, 1, book.branch_id, None)).loan.loan_id == case.loan.loan_id


def test_every_chained_duty_can_be_proved_and_says_how_soon() -> None:
    for kind in DUTIES.values():
        assert kind.proofs, kind.name
        # A review's own record ends one and calls for the next, by a day that its stage's rule gives and its own expectation checks.
        assert kind.name == "business_review" or (not kind.dated and not kind.after & kind.proofs), kind.name
