"""The borrower's log-in: whoever reads the code on the phone is in, and nobody else; who is known here is told to nobody."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import psycopg
import pytest
from django.test import Client

from holdfast import contact
from holdfast.adapters.local_outbox import LocalOutbox
from holdfast.journal import SYSTEM
from holdfast.kernel.clock import ShiftedClock
from holdfast.parties import find, register_party
from tests.books import Book

Db = psycopg.Connection[Any]
NUMBER = "13912345678"
EN = {"Accept-Language": "en"}


@pytest.fixture
def house(committed_db: Db) -> Db:
    Book(committed_db, date(2026, 3, 2))
    committed_db.commit()
    return committed_db


def ask(client: Client, number: str = NUMBER, **extra: str) -> str:
    """The id of the code that was sent."""
    answer = client.post("/borrower/log-in", {"number": number, **extra}, headers=EN)
    found = re.search(r'name="code_id" value="(oc_[^"]+)"', answer.content.decode())
    assert answer.status_code == 200, answer.content.decode()[-1500:]
    assert answer.status_code == 200
    assert found is not None
    return found[1]


def read_message(db: Db) -> str:
    contact.dispatch(db, {"sms": LocalOutbox()}, clock=ShiftedClock(0), limit=10)
    row = db.execute("SELECT body FROM message ORDER BY send_from DESC, loan_id DESC LIMIT 1").fetchone()
    db.commit()
    assert row is not None
    found = re.search(r"[0-9]{6}", row[0])
    assert found is not None
    return found[0]


def enter(client: Client, code_id: str, code: str, number: str = NUMBER, **extra: str) -> Any:
    return client.post("/borrower/enter", {"number": number, "code_id": code_id, "code": code, **extra}, headers=EN)


def test_a_new_number_is_let_in_with_its_code_and_becomes_a_person(house: Db, client: Client) -> None:
    code_id = ask(client)
    assert find(house, "phone", NUMBER) == []
    answer = enter(client, code_id, read_message(house))
    assert (answer.status_code, answer.headers["Location"]) == (302, "/borrower/")
    house.rollback()
    assert [person.label for person in find(house, "phone", NUMBER)] == ["139****5678"]
    assert client.get("/borrower/").headers["Location"] == "/borrower/apply"  # in, and nothing asked for yet


def test_the_same_number_leads_to_the_same_person_on_another_device(house: Db, client: Client) -> None:
    enter(client, ask(client), read_message(house))
    house.execute("UPDATE one_time_code SET sent_at = sent_at - interval '2 minutes'")
    house.commit()
    other = Client()
    enter(other, ask(other, "+86 139 1234 5678"), read_message(house), number="+86 139 1234 5678")
    assert other.get("/borrower/").headers["Location"] == "/borrower/apply"
    assert len(find(house, "phone", NUMBER)) == 1


def test_without_a_code_every_page_asks_for_one_and_leads_back(house: Db, client: Client) -> None:
    answer = client.get("/borrower/")
    assert answer.headers["Location"] == "/borrower/log-in?next=%2Fborrower%2F"


@pytest.mark.parametrize("next_page", ["https://elsewhere.example/", "//elsewhere.example", "/loans", "javascript:alert(1)"])
def test_a_log_in_leads_nowhere_but_to_the_borrowers_pages(house: Db, client: Client, next_page: str) -> None:
    answer = enter(client, ask(client, next=next_page), read_message(house), next=next_page)
    assert answer.headers["Location"] == "/borrower/"


def test_a_wrong_code_lets_nobody_in_and_each_attempt_counts(house: Db, client: Client) -> None:
    code_id = ask(client)
    right = read_message(house)
    for _ in range(5):
        answer = enter(client, code_id, f"{(int(right) + 1) % 10**6:06}")
        assert answer.status_code == 422
        assert "not the digits" in answer.content.decode()
    assert "Ask for a new code" in enter(client, code_id, right).content.decode()
    assert client.get("/borrower/").headers["Location"].startswith("/borrower/log-in")
    assert find(house, "phone", NUMBER) == []


def test_a_code_sent_to_one_number_opens_no_other(house: Db, client: Client) -> None:
    answer = enter(client, ask(client), read_message(house), number="13800000001")
    assert answer.status_code == 422
    assert client.get("/borrower/").headers["Location"].startswith("/borrower/log-in")


@pytest.mark.parametrize("number", ["12345", "<script>alert(1)</script>", "139\x0012345678", "'; DROP TABLE party; --"])
def test_what_is_no_number_is_told_and_shown_back_harmlessly(house: Db, client: Client, number: str) -> None:
    answer = client.post("/borrower/log-in", {"number": number}, headers=EN)
    assert answer.status_code == 422
    assert "<script>alert" not in answer.content.decode()


def test_a_number_on_two_files_is_sent_to_the_counter(house: Db, client: Client) -> None:
    book_row = house.execute("SELECT branch_id FROM branch").fetchone()
    assert book_row is not None
    for _ in range(2):
        register_party(
            house, clock=ShiftedClock(0), by=SYSTEM, kind="person", branch_id=book_row[0], private={"name": "示例", "phone": NUMBER}
        )
    house.commit()
    answer = enter(client, ask(client), read_message(house))
    assert answer.status_code == 422
    assert "counter" in answer.content.decode()


def test_leaving_closes_the_page_again(house: Db, client: Client) -> None:
    enter(client, ask(client), read_message(house))
    client.post("/borrower/log-out")
    assert client.get("/borrower/").headers["Location"].startswith("/borrower/log-in")
