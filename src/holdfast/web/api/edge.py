"""The outer edge of the API: size, unknown paths and methods, and what breaks before or behind a view.

Whatever happens to a request under `/api/v1`, its answer is JSON or problem+json.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.http.multipartparser import MultiPartParserError
from django.urls import URLPattern
from django.views.decorators.csrf import csrf_exempt

from holdfast.web.api import problem

LARGEST_BODY: Final = 2**20
LARGEST_TAPE: Final = 64 * 2**20
# Paths that take a file.
TAPES: Final = ("tapes", "comparisons", "bank-files")


def guarded(pattern: URLPattern) -> URLPattern:
    """The same address behind the edge."""
    tape = str(pattern.pattern) in TAPES
    return URLPattern(pattern.pattern, _edge(pattern.callback, tape=tape), pattern.default_args, pattern.name)


def _edge(view: Callable[..., HttpResponseBase], *, tape: bool) -> Callable[..., HttpResponseBase]:
    largest = LARGEST_TAPE if tape else LARGEST_BODY

    @csrf_exempt
    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if "CONTENT_LENGTH" not in request.META and "HTTP_TRANSFER_ENCODING" in request.META:
            return problem.problem(
                411, code="length_required", title="To be mended", detail="send the body's Content-Length", field="Content-Length"
            )
        if _size(request) > largest:
            return _too_large(largest)
        try:
            response = view(request, *args, **kwargs)
        except Http404:
            return nothing_here(request, request.path.lstrip("/"))
        except RequestDataTooBig:
            return _too_large(largest)
        except (SuspiciousOperation, MultiPartParserError) as error:
            return problem.problem(400, code="bad_request", title="To be mended", detail=str(error), field="body")
        except Exception as error:  # noqa: BLE001  # the last wall: it is logged, and no inside reaches the caller
            return problem.broken(error)
        if isinstance(response, HttpResponseNotAllowed):
            return _not_allowed(response)
        return response

    return answer


@csrf_exempt
def nothing_here(request: HttpRequest, rest: str) -> HttpResponse:
    """404 for a path that is no operation."""
    return problem.problem(404, code="no_such_path", title="Not found", detail=f"there is no /{rest} here; see /api/v1/openapi.json")


def _size(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0


def _too_large(largest: int) -> HttpResponse:
    return problem.problem(413, code="too_large", title="Too large", detail=f"a body here holds at most {largest} bytes", field="body")


def _not_allowed(response: HttpResponseNotAllowed) -> HttpResponse:
    allowed = ", ".join(sorted(response["Allow"].split(", ")))
    told = problem.problem(405, code="method_not_allowed", title="Not allowed here", detail=f"this path answers {allowed}")
    told["Allow"] = allowed
    return told
