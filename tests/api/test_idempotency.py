"""A POST may be sent again: it is done once, and answered as before."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from tests.api.conftest import Api, refused, said


def receipt(api: Api, minor: int = 10_000) -> dict[str, Any]:
    return {"amount": {"minor": minor, "currency": "CNY"}, "received_on": str(api.book.day)}


def receipts_in(api: Api) -> int:
    row = api.db.execute("SELECT count(*) FROM loan_event WHERE kind = 'receipt'").fetchone()
    assert row is not None
    return int(row[0])


def test_the_same_receipt_delivered_twice_is_applied_once(api: Api) -> None:
    path = f"/loans/{api.book.lend().public_id}/receipts"
    first = api.post(path, receipt(api), key="mine")
    again = api.post(path, receipt(api), key="mine")
    assert said(again, 201) == said(first, 201)
    assert "Idempotent-Replay" not in first.headers
    assert again["Idempotent-Replay"] == "true"
    assert receipts_in(api) == 1


def test_spacing_and_order_of_the_body_do_not_make_it_another_request(api: Api) -> None:
    path = f"/loans/{api.book.lend().public_id}/receipts"
    api.post(path, receipt(api), key="mine")
    body = json.dumps(dict(reversed(receipt(api).items())), indent=3).encode()
    assert api.post(path, body, key="mine")["Idempotent-Replay"] == "true"
    assert receipts_in(api) == 1


def test_a_key_reused_with_other_inputs_is_refused(api: Api) -> None:
    loan, other = api.book.lend().public_id, api.book.lend().public_id
    said(api.post(f"/loans/{loan}/receipts", receipt(api), key="mine"), 201)
    refused(api.post(f"/loans/{loan}/receipts", receipt(api, 20_000), key="mine"), 409, "idempotency_key_reused", "Idempotency-Key")
    refused(api.post(f"/loans/{other}/receipts", receipt(api), key="mine"), 409, "idempotency_key_reused", "Idempotency-Key")
    assert receipts_in(api) == 1


def test_two_callers_may_use_the_same_key_for_different_things(api: Api) -> None:
    path = f"/loans/{api.book.lend().public_id}/receipts"
    said(api.post(path, receipt(api), "officer", key="1"), 201)
    said(api.post(path, receipt(api, 5_000), "integrator", key="1"), 201)
    assert receipts_in(api) == 2


def test_what_was_refused_did_nothing_and_its_key_is_free(api: Api) -> None:
    path = f"/loans/{api.book.lend().public_id}/receipts"
    refused(api.post(path, {**receipt(api), "received_on": "2199-01-01"}, key="mine"), 422, "bad_input", "received_on")
    said(api.post(path, receipt(api), key="mine"), 201)


@pytest.mark.parametrize(
    ("key", "code"), [("", "idempotency_key_missing"), ("键", "idempotency_key_malformed"), ("k" * 201, "idempotency_key_malformed")]
)
def test_a_post_without_a_usable_key_is_refused(api: Api, key: str, code: str) -> None:
    path = f"/loans/{api.book.lend().public_id}/receipts"
    refused(api.post(path, receipt(api), key=key), 400, code, "Idempotency-Key")
    assert receipts_in(api) == 0


def test_copies_that_arrive_together_are_applied_once(committed_api: Api) -> None:
    api = committed_api
    row = api.db.execute("SELECT public_id FROM loan").fetchone()
    assert row is not None
    api.db.rollback()

    def send(_: int) -> tuple[int, bytes]:
        try:
            response = api.post(f"/loans/{row[0]}/receipts", receipt(api), key="mine")
            return response.status_code, response.content
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(send, range(6)))
    assert {status for status, _ in answers} == {201}
    assert len({body for _, body in answers}) == 1
    assert receipts_in(api) == 1
