"""The API as one object: its routers, its errors, its OpenAPI page and its addresses."""

from __future__ import annotations

import json
from typing import Any, Final, cast

from django.http import HttpRequest
from django.urls import URLPattern, re_path
from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema
from ninja.parser import Parser

from holdfast import __version__
from holdfast.kernel.errors import BadInput
from holdfast.web.api import (
    applications,
    approvals,
    calls,
    collateral,
    complaints,
    confirmation,
    contact,
    contracts,
    decisioning,
    duties,
    inbound,
    journal,
    ledger,
    night,
    papers,
    parties,
    payments,
    performance,
    plans,
    pledges,
    policy,
    products,
    programmes,
    promises,
    rails,
    release,
    relief,
    restructuring,
    reviews,
    servicing,
    settlements,
    strategies,
    takeover,
    texts,
    visits,
)
from holdfast.web.api.edge import guarded, nothing_here
from holdfast.web.api.problem import Problem, handlers

ROOT: Final = "api/v1/"
_DESCRIPTION: Final = """\
Money is `{"minor", "currency"}` in whole minor units; days are `YYYY-MM-DD` in the lender's zone; instants are UTC.
Lists answer `{"items", "next"}`: hand `next` back as the parameter `next` for the page after it.
Errors are `application/problem+json`; branch on `code`, mend `field`.
Each POST carries an `Idempotency-Key`: sent again with the same inputs it answers as before and does nothing more;
with other inputs it is refused.
"""


class StrictParser(Parser):
    """JSON in UTF-8, with no name given twice and nothing that JSON does not have."""

    def parse_body(self, request: HttpRequest) -> Any:
        try:
            return json.loads(request.body.decode("utf-8"), object_pairs_hook=_no_name_twice, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            raise BadInput("the body is not JSON in UTF-8", code="not_json", field="body") from None


def _no_name_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(name for index, (name, _) in enumerate(pairs) if name in [earlier for earlier, _ in pairs[:index]])
        raise BadInput(f"{twice}: given twice in one object", code="not_json", field=twice)
    return found


def _no_constant(name: str) -> None:
    raise BadInput(f"{name} is not JSON", code="not_json", field="body")


class BookApi(NinjaAPI):
    """django-ninja's API behind our edge."""

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        schema = super().get_openapi_schema(**{"path_prefix": ROOT, **options})
        schema["components"]["schemas"]["Problem"] = Problem.model_json_schema()
        return schema

    @property
    def urls(self) -> tuple[list[Any], str, str]:
        patterns, application, namespace = super().urls
        guarded_patterns = [guarded(cast(URLPattern, pattern)) for pattern in patterns]
        return [*guarded_patterns, re_path(r"^(?P<rest>.*)$", nothing_here)], application, namespace


api = BookApi(
    title="Holdfast",
    version=__version__,
    description=_DESCRIPTION,
    openapi_url="/openapi.json",
    docs_url=None,
    urls_namespace="api",
    parser=StrictParser(),
)
for _error, _handler in handlers():
    api.add_exception_handler(_error, _handler)
for _capability in (
    applications, calls, collateral, pledges,
    servicing, papers, confirmation, decisioning, contracts, payments, rails, restructuring, relief, programmes, duties, approvals, journal,
    ledger, policy, products,
    parties, takeover, night, release, complaints, inbound, promises, settlements, strategies, visits, reviews, plans, contact,
    texts, performance,
):  # fmt: skip
    api.add_router("", _capability.router)
