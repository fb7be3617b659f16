"""Each way in which the API says no: status, code, field, and never an inside."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.urls import resolve

from holdfast.kernel.errors import BadInput, Fault, Forbidden, HoldfastError, NotFound, Refusal, Unavailable
from holdfast.web.api import problem
from holdfast.web.api.edge import LARGEST_BODY
from tests.api.conftest import ROOT, Api, refused

CNY_1 = {"minor": 100, "currency": "CNY"}


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (BadInput("mend it", field="a.b"), 422),
        (BadInput("send a key", code="idempotency_key_missing"), 400),
        (Refusal("no"), 409),
        (NotFound("not here"), 404),
        (Forbidden("not you"), 403),
        (Unavailable("later"), 503),
        (Fault("we broke it"), 500),
        (HoldfastError("of no kind"), 500),
    ],
)
def test_each_kind_of_error_has_its_status(error: HoldfastError, status: int) -> None:
    response = problem.of_holdfast_error(error)
    told = json.loads(response.content)
    assert (response.status_code, told["status"]) == (status, status)
    assert response["Content-Type"] == "application/problem+json"
    if status != 500:
        assert (told["detail"], told["field"]) == (error.sentence, error.field)


def test_a_broken_promise_tells_nothing_of_our_inside(caplog: pytest.LogCaptureFixture) -> None:
    response = problem.of_holdfast_error(Fault("row 17 of account is gone"))
    assert "row 17" not in response.content.decode()
    assert "row 17" in caplog.text


def test_something_outside_that_failed_may_be_tried_again() -> None:
    assert problem.of_holdfast_error(Unavailable("later"))["Retry-After"] == "1"


def test_no_token_a_strange_token_and_a_revoked_one_are_answered_alike(api: Api) -> None:
    from holdfast.parties import revoke_token
    from holdfast.policy import clock

    answers = [refused(api.get("/loans", "nobody"), 401, "not_signed_in", "Authorization")]
    for token in ("hf_unknown", "nonsense", "hf_" + "x" * 500, ""):
        api.tokens["strange"] = token
        response = api.get("/loans", "strange")
        assert response["WWW-Authenticate"].startswith("Bearer")
        answers.append(refused(response, 401, "not_signed_in", "Authorization"))
    revoke_token(api.db, clock=clock(api.db), token=api.tokens["auditor"])
    answers.append(refused(api.get("/loans"), 401, "not_signed_in", "Authorization"))
    assert all(answer == answers[0] for answer in answers)


def test_someone_who_has_left_is_not_let_in(api: Api) -> None:
    api.db.execute("UPDATE staff SET active = false WHERE public_id = 'st_auditor'")
    refused(api.get("/loans"), 401, "not_signed_in", "Authorization")


def test_a_role_that_may_not_is_told_who_may(api: Api) -> None:
    loan = api.book.lend().public_id
    told = refused(api.post(f"/loans/{loan}/receipts", {"amount": CNY_1, "received_on": str(api.book.day)}, "auditor"), 403, "role_may_not")
    assert "officer" in told["detail"]


def test_the_whole_book_needs_a_scope_that_is_the_whole_book(api: Api) -> None:
    api.hire("near", "auditor", "branch")
    refused(api.get("/ledger/trial-balance", "near"), 403, "scope_too_narrow")


def test_an_unknown_path_is_a_problem_too(api: Api) -> None:
    refused(api.get("/nothing/here"), 404, "no_such_path")
    refused(api.get("/"), 404, "no_such_path")
    refused(api.post("/nothing/here", {}), 404, "no_such_path")


def test_a_method_that_a_path_does_not_answer_is_a_problem_too(api: Api) -> None:
    response = api.client.delete(f"{ROOT}/loans", headers=api._headers("officer"))
    refused(response, 405, "method_not_allowed")  # type: ignore[arg-type]
    assert response["Allow"] == "GET, POST"


def test_a_body_that_is_too_large_is_refused_before_it_is_read(api: Api) -> None:
    refused(api.post("/loans/ln_x/receipts", b" " * (LARGEST_BODY + 1)), 413, "too_large", "body")


def test_a_body_of_unsaid_length_is_refused(api: Api) -> None:
    request = RequestFactory().generic("POST", f"{ROOT}/loans/ln_x/receipts", b"", headers={"Transfer-Encoding": "chunked"})
    view, arguments, named = resolve(request.path)
    refused(view(request, *arguments, **named), 411, "length_required", "Content-Length")


def test_a_body_of_another_kind_is_refused(api: Api) -> None:
    headers = {**api._headers("officer"), "Idempotency-Key": "k"}
    response = api.client.post(f"{ROOT}/loans/ln_x/receipts", "amount=1", content_type="application/x-www-form-urlencoded", headers=headers)
    refused(response, 415, "media_type", "Content-Type")  # type: ignore[arg-type]


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 100_000, b'{"amount": NaN}', b'{"amount": 1, "amount": 1}', b"9" * 10_000])
def test_a_body_that_is_not_json_is_refused(api: Api, body: bytes) -> None:
    told = api.post("/loans/ln_x/receipts", body)
    assert told.status_code == 400, told.content
    assert json.loads(told.content)["code"] == "not_json"


def test_a_missing_body_is_refused(api: Api) -> None:
    refused(api.post("/loans/ln_x/receipts", b""), 422, "bad_input", "body")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": None}, "amount"),
        ({"amount": {"minor": 1}}, "amount.currency"),
        ({"amount": {"minor": "1", "currency": "CNY"}}, "amount.minor"),
        ({"amount": {"minor": True, "currency": "CNY"}}, "amount.minor"),
        ({"amount": {"minor": 1.0, "currency": "CNY"}}, "amount.minor"),
        ({"amount": {"minor": 0, "currency": "CNY"}}, "amount.minor"),
        ({"amount": {"minor": -1, "currency": "CNY"}}, "amount.minor"),
        ({"amount": {"minor": 10**16, "currency": "CNY"}}, "amount.minor"),
        ({"amount": {"minor": 1, "currency": "XXX"}}, "amount.currency"),
        ({"amount": {"minor": 1, "currency": "CNY", "cents": 0}}, "amount.cents"),
        ({"received_on": 20260101}, "received_on"),
        ({"received_on": "01.02.2026"}, "received_on"),
        ({"received_on": "2026-02-30"}, "received_on"),
        ({"received_on": "9999-12-31"}, "received_on"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_field_that_does_not_fit_is_named_by_its_path(api: Api, change: dict[str, Any], field: str) -> None:
    loan = api.book.lend().public_id
    body = {"amount": CNY_1, "received_on": str(api.book.day), **change}
    told = refused(api.post(f"/loans/{loan}/receipts", body), 422, "bad_input", field)
    assert told["detail"].startswith(field)
    assert told["errors"][0]["field"] == field


def test_a_currency_that_is_not_the_loans_is_refused_by_the_verb(api: Api) -> None:
    loan = api.book.lend().public_id
    body = {"amount": {"minor": 1, "currency": "USD"}, "received_on": str(api.book.day)}
    refused(api.post(f"/loans/{loan}/receipts", body), 422, "bad_input", "amount.currency")


def test_nothing_half_done_stays_behind_a_refusal(api: Api) -> None:
    loan = api.book.lend().public_id
    before = api.db.execute("SELECT count(*) FROM record").fetchone()
    body = {"amount": CNY_1, "received_on": "2199-01-01"}
    refused(api.post(f"/loans/{loan}/receipts", body), 422, "bad_input", "received_on")
    assert api.db.execute("SELECT count(*) FROM record").fetchone() == before
    assert api.db.execute("SELECT count(*) FROM idempotency").fetchone() == (0,)


def test_what_breaks_inside_is_a_problem_without_an_inside(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down(*_: object, **__: object) -> None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr("holdfast.web.api.products.products", break_down)
    response = api.get("/products")
    refused(response, 500, "fault")
    assert "secret" not in response.content.decode()
    assert "secret inside" in caplog.text


def test_the_csrf_guard_of_the_console_is_not_in_the_way(api: Api) -> None:
    loan = api.book.lend().public_id
    api.client = Client(enforce_csrf_checks=True)
    body = {"amount": CNY_1, "received_on": str(api.book.day)}
    assert api.post(f"/loans/{loan}/receipts", body).status_code == 201
    refused(api.post("/nothing/here", {}), 404, "no_such_path")
