"""The borrower's page opens with its own link and with nothing else."""

from __future__ import annotations

from datetime import date
from typing import Any

import psycopg
import pytest
from django.core import signing
from django.test import Client

from holdfast.web.borrower.links import loan_behind, path_of
from tests.books import Book


def test_the_link_leads_to_its_own_loan() -> None:
    assert loan_behind(path_of("ln_mine").rpartition("/")[2]) == "ln_mine"


@pytest.mark.parametrize(
    "link",
    ["", "ln_mine", signing.dumps("ln_mine", salt="another purpose"), signing.dumps("ln_mine")],
    ids=["none", "bare", "of another purpose", "of no purpose"],
)
def test_a_link_that_we_did_not_make_leads_nowhere(link: str) -> None:
    assert loan_behind(link) is None


def test_a_link_wears_out(monkeypatch: pytest.MonkeyPatch) -> None:
    link = path_of("ln_mine").rpartition("/")[2]
    monkeypatch.setattr("holdfast.web.borrower.links.DAYS_GOOD", -1)
    assert loan_behind(link) is None


def test_the_page_shows_the_schedule_without_a_log_in(committed_db: psycopg.Connection[Any], client: Client) -> None:
    loan = Book(committed_db, date(2026, 3, 2)).lend().public_id
    committed_db.commit()
    answer = client.get(path_of(loan), headers={"Accept-Language": "en"})
    assert answer.status_code == 200
    assert "412.00" in answer.content.decode()
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert client.get(f"/borrower/{loan}").status_code == 404
