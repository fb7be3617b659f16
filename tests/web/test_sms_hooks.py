"""Where a provider pushes: what is signed is stored before it is answered, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.test import Client

from holdfast.adapters.described_sms import described
from holdfast.wiring import CHANNELS
from tests.books import Book
from tests.contact.test_dispatch import DAY, person
from tests.gateways import http_sms

Db = psycopg.Connection[Any]
BODY = '{"reports":[{"id":"p1","stat":"DELIVRD","mobile":"13900000001"}]}'


@pytest.fixture
def hooked(db: Db, client: Client, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    person(Book(db, DAY))
    monkeypatch.setenv("SMS_SECRET", http_sms.SECRET)
    channel = described(http_sms.DESCRIBED.format(url="http://127.0.0.1:9"), lambda name, heard: None)
    monkeypatch.setitem(CHANNELS, "sms", channel)
    yield client


def push(client: Client, path: str, body: str, signature: str) -> int:
    headers = {"X-Signature": signature, "X-Time": "1700000000"}
    return client.post(f"/hooks/sms/{path}", body, content_type="application/json", headers=headers).status_code


def kept(db: Db) -> list[Any]:
    return db.execute("SELECT channel, kind, provider_id, state FROM channel_heard").fetchall()


def test_a_signed_receipt_is_stored_once_however_often_it_is_pushed(hooked: Client, db: Db) -> None:
    for _ in range(2):
        assert push(hooked, "receipts", BODY, http_sms.signature(BODY, "1700000000")) == 200
    assert kept(db) == [("test provider", "receipt", "p1", "delivered")]


def test_a_signed_message_is_stored(hooked: Client, db: Db) -> None:
    body = '{"messages":[{"id":"m1","mobile":"13900000001","text":"TD","port":"106"}]}'
    assert push(hooked, "inbound", body, http_sms.signature(body, "1700000000")) == 200
    assert kept(db) == [("test provider", "inbound", "m1", "")]


def test_what_is_not_signed_or_not_pushed_is_refused_and_nothing_is_stored(hooked: Client, db: Db) -> None:
    assert push(hooked, "receipts", BODY, "00") == push(hooked, "inbound", BODY, "") == 400
    assert push(hooked, "receipts", "{not json", http_sms.signature("{not json", "1700000000")) == 400
    assert hooked.get("/hooks/sms/receipts").status_code == 405
    assert kept(db) == []


def test_a_house_without_a_provider_takes_nothing(db: Db, client: Client) -> None:
    assert push(client, "receipts", BODY, http_sms.signature(BODY, "1700000000")) == 400
