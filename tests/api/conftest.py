"""A book with a person of every role, each with a token, and a client that speaks for them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from django.http import HttpResponse
from django.test import Client

from holdfast.journal import SYSTEM
from holdfast.parties import Role, Staff, issue_token, staff
from holdfast.policy import clock
from tests.books import Book

ROOT = "/api/v1"


@dataclass
class Api:
    """Calls the API as somebody. `last_key` is the key of the last POST."""

    db: psycopg.Connection[Any]
    book: Book
    client: Client = field(default_factory=Client)
    tokens: dict[str, str] = field(default_factory=dict)
    people: dict[str, Staff] = field(default_factory=dict)
    keys: int = 0

    def hire(self, name: str, role: str, scope: str = "all", *, branch_id: int | None = None, team: str | None = None) -> Staff:
        """A member of staff with a token; `name` calls for them."""
        self.db.execute(
            "INSERT INTO staff (public_id, name, role, branch_id, team, scope) VALUES (%s, %s, %s, %s, %s, %s)",
            [f"st_{name}", f"{name} 示例", role, branch_id or self.book.branch_id, team, scope],
        )
        person = staff(self.db, f"st_{name}")
        self.people[name] = person
        self.tokens[name] = issue_token(self.db, clock=clock(self.db), by=SYSTEM, staff=person, label="test")
        return person

    def get(self, path: str, who: str = "auditor", **query: Any) -> HttpResponse:
        response: HttpResponse = self.client.get(ROOT + path, query, headers=self._headers(who))  # type: ignore[assignment]
        return response

    def post(self, path: str, body: Any, who: str = "officer", *, key: str | None = None) -> HttpResponse:
        """A POST with a new key unless one is given."""
        if key is None:
            self.keys += 1
            key = f"key-{self.keys}"
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        response: HttpResponse = self.client.post(  # type: ignore[assignment]
            ROOT + path, data, content_type="application/json", headers={**self._headers(who), "Idempotency-Key": key}
        )
        return response

    def _headers(self, who: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[who]}"} if who in self.tokens else {}


def settled_in(db: psycopg.Connection[Any]) -> Api:
    """A book that lives today, with one person of each role who sees everything."""
    api = Api(db, Book(db, clock(db).today()))
    for role in Role:
        if role is not Role.SYSTEM:
            api.hire(role.value, role.value)
    return api


@pytest.fixture
def api(db: psycopg.Connection[Any]) -> Api:
    """Everything that the test does is rolled back."""
    return settled_in(db)


@pytest.fixture
def committed_api(committed_db: psycopg.Connection[Any]) -> Iterator[Api]:
    """A book of its own that is committed: for what happens between two transactions."""
    from holdfast.database.connection import transaction

    with transaction() as db:
        api = settled_in(db)
        api.book.lend()
    yield api


def said(response: HttpResponse, status: int = 200) -> dict[str, Any]:
    """The answer's JSON, having checked the status."""
    assert response.status_code == status, response.content.decode()
    found: dict[str, Any] = json.loads(response.content)
    return found


def refused(response: HttpResponse, status: int, code: str, field: str | None = None) -> dict[str, Any]:
    """The problem, having checked its status, form, code and field."""
    problem = said(response, status)
    assert response["Content-Type"] == "application/problem+json"
    assert problem["type"] == f"urn:holdfast:problem:{code}"
    assert (problem["code"], problem["field"], problem["status"]) == (code, field, status)
    assert problem["title"] and problem["detail"]
    assert "Traceback" not in response.content.decode()
    return problem
