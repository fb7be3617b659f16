"""One operation: what happens around every verb of the API, in one place.

The token, the role and the key are looked at first; then the input; then one transaction opens, the
verb runs in it within the caller's data scope, and its answer is written while it is still open.
A view is a plain function of `Call` and its inputs, and returns values of the book.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, wraps
from typing import Any, Final, TypeVar

import psycopg
from django.http import HttpRequest, HttpResponse
from ninja import Router
from ninja.params import functions as given_as
from ninja.params.models import Param
from pydantic import BaseModel, TypeAdapter

from holdfast.database.connection import transaction
from holdfast.journal import Actor
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput
from holdfast.parties import Staff
from holdfast.policy import clock
from holdfast.servicing.reading import look_of
from holdfast.servicing.views import Look
from holdfast.web.api.auth import JSON, Bearer
from holdfast.web.api.idempotency import HEADER, LONGEST, digest_of, key_of, once

View = TypeVar("View", bound=Callable[..., Any])

# How a list's cursor is handed back.
NEXT: Final[Any] = given_as.Query(None, alias="next")
_SNAPSHOT: Final = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"


@dataclass
class Call:
    """One request, authenticated and inside its transaction."""

    db: psycopg.Connection[Any]
    staff: Staff
    key: str | None

    @cached_property
    def clock(self) -> Clock:
        """The book's clock."""
        return clock(self.db)

    @cached_property
    def look(self) -> Look:
        """What the caller may see, today."""
        return look_of(self.db, self.staff.scope, self.clock)

    @property
    def by(self) -> Actor:
        """How the journal names the caller."""
        return self.staff.actor


def operation(
    router: Router, method: str, path: str, name: str, *, answer: type[BaseModel], status: int = 200, snapshot: bool = False
) -> Callable[[View], View]:
    """Publish a view as the operation `name`; the view's first argument is its `Call`, the others its inputs.

    `snapshot` lets a view that reads the book in many statements see it as of one moment.
    """
    adapter: TypeAdapter[Any] = TypeAdapter(answer)

    def publish(view: View) -> View:
        signature = inspect.signature(view, eval_str=True)
        inputs = list(signature.parameters.values())[1:]
        known = frozenset(_outer_name(parameter) for parameter in inputs)

        def answered(call: Call, values: Mapping[str, Any]) -> str:
            return adapter.dump_json(adapter.validate_python(view(call, **values), from_attributes=True)).decode()

        @wraps(view)
        def run(request: HttpRequest, **values: Any) -> HttpResponse:
            _refuse_unknown_filters(request, known)
            staff: Staff = request.auth  # type: ignore[attr-defined]
            with transaction() as db:
                if snapshot:
                    db.execute(_SNAPSHOT)
                if method != "POST":
                    return _response(status, answered(Call(db, staff, None), values))
                call = Call(db, staff, key_of(request))
                given = once(
                    db,
                    scope=f"api {staff.public_id}",
                    key=call.key or "",
                    inputs=digest_of(request, name),
                    now=call.clock.now(),
                    act=lambda: (status, answered(call, values)),
                )
            return _response(given.status, given.body, replayed=given.replayed)

        del run.__dict__["__wrapped__"]
        asked = inspect.Parameter("request", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=HttpRequest)
        run.__signature__ = inspect.Signature([asked, *(each.replace(kind=asked.kind) for each in inputs)])  # type: ignore[attr-defined]
        summary, _, description = inspect.cleandoc(view.__doc__ or "").partition("\n")
        router.api_operation(
            [method],
            path,
            auth=Bearer(name),
            response={status: answer},
            operation_id=name,
            summary=summary,
            description=description.strip() or None,
            tags=[name.partition(".")[0]],
            openapi_extra=_extra(method, status),
        )(run)
        return view

    return publish


def _response(status: int, body: str, *, replayed: bool = False) -> HttpResponse:
    response = HttpResponse(body, status=status, content_type=JSON)
    if replayed:
        response["Idempotent-Replay"] = "true"
    return response


def _outer_name(parameter: inspect.Parameter) -> str:
    """The name under which a caller gives this input."""
    if isinstance(parameter.default, Param) and parameter.default.alias:
        return str(parameter.default.alias)
    return parameter.name


def _refuse_unknown_filters(request: HttpRequest, known: frozenset[str]) -> None:
    """A misspelt filter must not answer with the whole book."""
    for name in request.GET:
        if name not in known:
            raise BadInput(f"{name}: this operation has no such parameter", field=name)
        if len(request.GET.getlist(name)) > 1:
            raise BadInput(f"{name}: give it once", field=name)


def _extra(method: str, status: int) -> dict[str, Any]:
    refused = {"content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    extra: dict[str, Any] = {
        "responses": {
            "4XX": {"description": "Refused, and why", **refused},
            "5XX": {"description": "Our fault, or try again; nothing was kept", **refused},
        }
    }
    if method == "POST":
        extra["parameters"] = [
            {
                "in": "header",
                "name": HEADER,
                "required": True,
                "description": "A value of your own, new for each act and the same when you repeat it.",
                "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": "^[!-~]+$"},
            }
        ]
        extra["responses"][status] = {
            "headers": {"Idempotent-Replay": {"description": "`true` where this repeats an earlier answer", "schema": {"type": "string"}}}
        }
    return extra
