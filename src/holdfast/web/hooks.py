"""Where an SMS provider pushes receipts and messages: stored as it came, answered when it is safe, understood later.

Whether it is the provider who speaks is told by its signature alone, by the recipe of its description.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from holdfast.contact import Heard, keep_heard
from holdfast.database.connection import transaction
from holdfast.kernel.errors import BadInput, Unavailable
from holdfast.policy import clock
from holdfast.wiring import CHANNELS


@csrf_exempt
@require_POST
def receipts(request: HttpRequest) -> HttpResponse:
    """Receipts that are pushed to us."""
    channel = CHANNELS["sms"]
    try:
        return _kept(channel.receipt(dict(request.headers), request.body))
    except BadInput as error:
        return HttpResponse(f"{error.sentence}\n", status=400, content_type="text/plain; charset=utf-8")


@csrf_exempt
@require_POST
def inbound(request: HttpRequest) -> HttpResponse:
    """Messages of borrowers that are pushed to us."""
    channel = CHANNELS["sms"]
    try:
        return _kept(channel.inbound(dict(request.headers), request.body))
    except BadInput as error:
        return HttpResponse(f"{error.sentence}\n", status=400, content_type="text/plain; charset=utf-8")


def _kept(heard: Sequence[Heard]) -> HttpResponse:
    try:
        keep_heard(transaction, clock)(CHANNELS["sms"].capabilities().name, heard)
    except Unavailable as error:
        # Not stored: the provider pushes it again.
        return HttpResponse(f"{error.sentence}\n", status=503, content_type="text/plain; charset=utf-8")
    return JsonResponse({"code": 0, "result": 0, "msg": "OK"})
