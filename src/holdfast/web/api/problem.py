"""Problems: how the API says no, as RFC 9457 problem+json.

`type` and `code` are stable and a program may branch on them; `title` names the kind, `detail` is
a sentence that a clerk can act on, `field` the dotted path of what to mend. What broke inside is
for our log, never for the caller.
"""

from __future__ import annotations

import json
import logging
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from ninja.errors import AuthenticationError, HttpError, ValidationError
from pydantic import BaseModel

from holdfast.kernel.errors import BadInput, Fault, Forbidden, HoldfastError, NotFound, Refusal, Unavailable

log = logging.getLogger("holdfast.api")

MEDIA_TYPE: Final = "application/problem+json"

# The first kind that an error is of, in this order, gives its status and title.
_KINDS: Final = (
    (NotFound, 404, "Not found"),
    (Forbidden, 403, "Not allowed"),
    (Refusal, 409, "Refused"),
    (BadInput, 422, "To be mended"),
    (Unavailable, 503, "Try again"),
    (Fault, 500, "Our fault"),
)
# Bad input of the request as a whole rather than of what it says.
_OF_THE_REQUEST: Final = {"idempotency_key_missing": 400, "idempotency_key_malformed": 400, "not_json": 400, "media_type": 415}

# What a caller is told of a value that does not fit, by pydantic's stable type of the error.
_MENDS: Final = {
    "missing": "is missing; add it",
    "extra_forbidden": "is not a field here; leave it out",
    "int_type": "must be a whole number, without quotes or a point",
    "int_from_float": "must be a whole number, without quotes or a point",
    "int_parsing": "must be a whole number",
    "string_type": "must be text between quotes",
    "bool_type": "must be true or false",
    "model_attributes_type": "must be an object",
    "model_type": "must be an object",
    "dict_type": "must be an object",
    "list_type": "must be a list",
    "string_too_short": "must not be empty",
}


class Problem(BaseModel):
    """RFC 9457 problem details."""

    type: str
    code: str
    title: str
    detail: str
    field: str | None
    status: int


def problem(status: int, *, code: str, title: str, detail: str, field: str | None = None, **more: Any) -> HttpResponse:
    """The answer that says no."""
    body = {
        "type": f"urn:holdfast:problem:{code}",
        "code": code,
        "title": title,
        "detail": detail,
        "field": field,
        "status": status,
        **more,
    }
    return HttpResponse(json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"), status=status, content_type=MEDIA_TYPE)


def of_holdfast_error(error: HoldfastError) -> HttpResponse:
    """The problem for one of our own errors; a broken promise is logged and told without its inside."""
    status, title = next(((status, title) for kind, status, title in _KINDS if isinstance(error, kind)), (500, "Our fault"))
    if status == 500:
        return broken(error)
    response = problem(_OF_THE_REQUEST.get(error.code, status), code=error.code, title=title, detail=error.sentence, field=error.field)
    if status == 503:
        response["Retry-After"] = "1"
    return response


def of_validation(error: ValidationError) -> HttpResponse:
    """The problem for input that does not fit the operation; the first fault gives `field`, all stand in `errors`."""
    faults = [_fault(each) for each in error.errors]
    field, detail = faults[0]
    errors = [{"field": name, "detail": sentence} for name, sentence in faults[:20]]
    return problem(422, code="bad_input", title="To be mended", detail=detail, field=field, errors=errors)


def not_signed_in() -> HttpResponse:
    """401: no token, or one that is not known, was revoked, or whose holder has left."""
    response = problem(
        401, code="not_signed_in", title="Not signed in", detail="send a valid token: Authorization: Bearer TOKEN", field="Authorization"
    )
    response["WWW-Authenticate"] = 'Bearer realm="holdfast"'
    return response


def broken(error: BaseException) -> HttpResponse:
    """500: one of our promises is broken. Logged in full here; the caller learns only that nothing was kept."""
    log.error("the API broke a promise", exc_info=error)
    return problem(
        500,
        code="fault",
        title="Our fault",
        detail="something broke on our side; nothing of this request was kept, and we have a log of it",
    )


def of_http_error(error: HttpError) -> HttpResponse:
    """The problem for what django-ninja itself refuses."""
    if isinstance(error, AuthenticationError) or error.status_code == 401:
        return not_signed_in()
    if isinstance(error.__cause__, HoldfastError):
        return of_holdfast_error(error.__cause__)
    return problem(error.status_code, code="not_json", title="To be mended", detail="the body is not JSON in UTF-8", field="body")


def handlers() -> tuple[tuple[type[Exception], Any], ...]:
    """Which error becomes a problem by which rule."""
    return (
        (HoldfastError, lambda request, error: of_holdfast_error(error)),
        (ValidationError, lambda request, error: of_validation(error)),
        (HttpError, lambda request, error: of_http_error(error)),
        (Exception, _unforeseen),
    )


def _unforeseen(request: HttpRequest, error: Exception) -> HttpResponse:
    return broken(error)


def _fault(error: dict[str, Any]) -> tuple[str, str]:
    source, *rest = error["loc"]
    # The first part under `body` and `form` is the name of our own function's argument.
    path = rest[1:] if source == "body" else rest
    field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".") or "body"
    return field, f"{field}: {_MENDS.get(error['type']) or error['msg']}"
