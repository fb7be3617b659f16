"""The published page of the API, and what holds for every operation on it."""

from __future__ import annotations

import re
import sys
from typing import Any

import pytest
from pydantic import BaseModel

from holdfast.web.api.api import api as the_api
from holdfast.web.api.roles import OPEN_TO, ROLES, WHOLE_BOOK
from tests.api.conftest import ROOT, Api, refused, said

Operation = tuple[str, str, dict[str, Any]]


def operations() -> list[Operation]:
    """Method, path and description of every published operation."""
    page: dict[str, Any] = the_api.get_openapi_schema()
    return [
        (method, path.removeprefix(ROOT), operation) for path, methods in page["paths"].items() for method, operation in methods.items()
    ]


def call(api: Api, who: str, method: str, path: str) -> Any:
    """The operation tried with names that are not there and an empty body."""
    path = re.sub(r"\{no\}|\{event_no\}", "1", re.sub(r"\{(loan|tape_id|asked)\}", "xx_none", path))
    return api.get(path, who) if method == "get" else api.post(path, {}, who)


def test_every_operation_is_named_capability_dot_verb_and_no_two_alike() -> None:
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z]+\.[a-z_]+", name) for name in names)


def test_no_two_shapes_have_one_name() -> None:
    """The page knows a shape by its name alone: of two that share one, the other's fields would be published for both."""
    known: dict[str, set[str]] = {}
    for module in (module for name, module in sys.modules.items() if name.startswith("holdfast.web.api.")):
        for name, shape in vars(module).items():
            if isinstance(shape, type) and issubclass(shape, BaseModel) and shape.__module__ == module.__name__:
                known.setdefault(name, set()).add(module.__name__)
    assert {name: where for name, where in known.items() if len(where) > 1} == {}


def test_every_operation_stands_in_the_table_of_roles_and_nothing_else_does() -> None:
    assert {operation["operationId"] for _, _, operation in operations()} == set(OPEN_TO)
    assert set(OPEN_TO) >= WHOLE_BOOK


def test_every_operation_asks_for_a_token_and_says_what_it_is() -> None:
    for _, path, operation in operations():
        assert operation["security"] == [{"Bearer": []}], path
        assert operation["summary"].endswith("."), path
        assert "4XX" in operation["responses"], path


def test_every_post_demands_a_key(api: Api) -> None:
    posts = [(path, operation) for method, path, operation in operations() if method == "post"]
    assert posts
    for path, operation in posts:
        header = next(each for each in operation["parameters"] if each["name"] == "Idempotency-Key")
        assert header["in"] == "header" and header["required"] is True
        who = next(role for role in ROLES if role in OPEN_TO[operation["operationId"]])
        path = re.sub(r"\{[a-z_]+\}", "1", path)
        refused(
            upload_without_a_key(api, path) if path in ("/tapes", "/comparisons") else api.post(path, {}, who, key=""),
            400,
            "idempotency_key_missing",
            "Idempotency-Key",
        )


def upload_without_a_key(api: Api, path: str) -> Any:
    return api.client.post(f"{ROOT}{path}", {"map": "x"}, headers=api._headers("admin"))


def test_the_page_is_served_without_a_token_and_names_no_outside_host(api: Api) -> None:
    response = api.get("/openapi.json", "nobody")
    page = said(response)
    assert page["openapi"].startswith("3.")
    assert not re.search(rb"https?://", response.content)


def test_every_operation_is_open_to_the_roles_of_the_table_and_to_no_other(committed_api: Api) -> None:
    for method, path, operation in operations():
        for role in ROLES:
            response = call(committed_api, role, method, path)
            shut_out = response.status_code == 403
            assert shut_out == (role not in OPEN_TO[operation["operationId"]]), (role, method, path, response.content)
            assert response.status_code < 500, (role, method, path, response.content)


@pytest.mark.parametrize("name", sorted(WHOLE_BOOK))
def test_the_whole_book_is_closed_to_a_narrow_scope(api: Api, name: str) -> None:
    role = next(role for role in ROLES if role in OPEN_TO[name])
    api.hire("narrow", role, "branch")
    method, path, _ = next(each for each in operations() if each[2]["operationId"] == name)
    refused(call(api, "narrow", method, path), 403, "scope_too_narrow")


def test_me_lists_exactly_the_operations_that_are_open_to_me(api: Api) -> None:
    for role in ROLES:
        assert said(api.get("/me", role))["may"] == sorted(name for name, roles in OPEN_TO.items() if role in roles)
