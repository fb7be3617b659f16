"""Whatever is sent to a published operation, its answer is what the page says or a problem, and nothing of ours breaks.

Requests are made up from the OpenAPI page, well-formed ones and broken ones, most of them about a real loan.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from holdfast.parties import Role
from holdfast.web.api.api import api as the_api
from holdfast.web.api.roles import OPEN_TO
from tests.api.conftest import Api

# 37 operations, both modes: about a minute on two cores.
EXAMPLES = 10
CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance, status_code_conformance]


def page() -> Any:
    published: Any = the_api.get_openapi_schema()
    # The answers' numeric keys are text once the page is JSON.
    loaded = schemathesis.openapi.from_dict(json.loads(json.dumps(published)))
    loaded.app = get_wsgi_application()
    return loaded


def operations() -> Iterator[Any]:
    for found in page().get_all_operations():
        yield found.ok()


def make_real(case: Any, *, loan: str, today: str) -> None:
    """Put names and days that are there into a made-up request, so that it comes as far as the verb."""
    if "loan" in (case.path_parameters or {}):
        case.path_parameters["loan"] = loan
    if not isinstance(case.body, dict):
        return
    there = {
        "product": "phone",
        "contract_no": uuid4().hex,
        "branch": "T",
        "received_on": today,
        "map": "lendingclub-openintro",
        "through": today,
    }
    case.body.update({name: value for name, value in there.items() if name in case.body})
    if isinstance(terms := case.body.get("terms"), dict):
        agreed = {"method": "equal_instalment", "rate": {"ppb": 120_000_000, "per": "year"}, "instalments": 12, **terms}
        case.body["terms"] = {**agreed, "disbursed_on": today, "principal": {"minor": 1_200_000, "currency": "CNY"}}
    if isinstance(borrower := case.body.get("borrower"), dict):
        case.body["borrower"] = {"kind": borrower.get("kind", "person"), "name": "示例"}


@pytest.mark.parametrize("operation", list(operations()), ids=lambda operation: operation.definition.raw["operationId"])
def test_no_request_breaks_anything(committed_api: Api, operation: Any) -> None:
    api = committed_api
    row = api.db.execute("SELECT public_id FROM loan").fetchone()
    assert row is not None
    api.db.rollback()
    name = operation.definition.raw["operationId"]
    role = Role.ADMIN if Role.ADMIN in OPEN_TO[name] else sorted(OPEN_TO[name])[0]

    def probe(case: Any, real: bool) -> None:
        if real:
            make_real(case, loan=row[0], today=str(api.book.day))
        headers = {"Authorization": f"Bearer {api.tokens[role]}"}
        if operation.method == "post":
            headers["Idempotency-Key"] = uuid4().hex
        case.validate_response(case.call(headers=headers), checks=CHECKS)

    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        try:
            cases = operation.as_strategy(generation_mode=mode)
        except schemathesis.errors.SchemathesisError:
            continue
        trial = settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
        trial(given(case=cases, real=st.integers(0, 3).map(bool))(probe))()
