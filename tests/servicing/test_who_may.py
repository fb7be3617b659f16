"""Who may post a receipt or note a duty: the verb itself looks, so that no edge can forget to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import psycopg
import pytest

from holdfast import servicing
from holdfast.kernel.errors import Forbidden, NotFound
from holdfast.kernel.money import Money
from holdfast.parties import MAY, Reach, Role, Staff
from holdfast.servicing.approved import ask_refund, ask_reversal, ask_write_off
from tests.books import CNY, Book

MONDAY = date(2026, 3, 2)


@pytest.fixture
def book(db: psycopg.Connection[Any]) -> Book:
    return Book(db, MONDAY)


def staff(role: Role, branch_id: int, reach: Reach = Reach.BRANCH) -> Staff:
    return Staff(1, f"st_{role}", None, None, "示例", role, branch_id, None, reach, active=True)


def receive(book: Book, by: Staff, loan: str) -> object:
    return servicing.receive(book.db, clock=book.clock, by=by, loan=loan, amount=Money(1_000, CNY), received_on=book.day)


def note(book: Book, by: Staff, loan: str) -> object:
    return servicing.note_duty(book.db, clock=book.clock, by=by, loan=loan, duty_no=1, outcome="reached", words="示例", how="came")


def reverse(book: Book, by: Staff, loan: str) -> object:
    return ask_reversal(book.db, clock=book.clock, by=by, loan=loan, event_no=2, reason="示例：重复入账")


def give_back(book: Book, by: Staff, loan: str) -> object:
    return ask_refund(book.db, clock=book.clock, by=by, loan=loan, amount=Money(1, CNY), reason="示例：多付")


def give_up(book: Book, by: Staff, loan: str) -> object:
    return ask_write_off(book.db, clock=book.clock, by=by, loan=loan, reason="示例：无法收回")


VERBS: dict[str, Callable[[Book, Staff, str], object]] = {
    "receipt.post": receive,
    "duty.note": note,
    "receipt.reverse": reverse,
    "refund": give_back,
    "write_off": give_up,
}


@pytest.mark.parametrize(
    ("act", "role"), [(act, role) for act in VERBS for role in Role if role not in MAY[act] and role is not Role.SYSTEM]
)
def test_another_role_is_refused_by_the_verb(book: Book, act: str, role: Role) -> None:
    loan = book.lend().public_id
    with pytest.raises(Forbidden):
        VERBS[act](book, staff(role, book.branch_id), loan)


@pytest.mark.parametrize("act", VERBS)
def test_another_branch_s_loan_is_as_if_it_were_not_there(book: Book, act: str) -> None:
    loan = book.lend().public_id
    role = min(MAY[act] & {Role.OFFICER, Role.APPROVER, Role.CALLER})
    with pytest.raises(NotFound):
        VERBS[act](book, staff(role, book.branch_id + 1), loan)


def test_the_officer_of_the_branch_posts(book: Book) -> None:
    loan = book.lend().public_id
    assert receive(book, staff(Role.OFFICER, book.branch_id), loan)
