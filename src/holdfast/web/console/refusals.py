"""Pages that say no: there is no such page, you may not, something broke. Each says what happened and what to do."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext

from holdfast.kernel.errors import BadInput, Fault, Forbidden, HoldfastError, NotFound, Unavailable
from holdfast.web.console import words

_STATUS: Final = ((NotFound, 404), (Forbidden, 403), (BadInput, 422), (Unavailable, 503), (Fault, 500))


def refused(request: HttpRequest, error: HoldfastError) -> HttpResponse:
    """The page for what a verb or a reading refused; what is not named here is the business saying no (409)."""
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 409)
    return _page(request, status, words.refusal(error))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler for an address that is none."""
    return _page(request, 404, gettext("There is no page at this address. It may have been mistyped, or the loan lies outside your sight."))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler for what is not allowed."""
    return _page(request, 403, gettext("Your role does not open this page. The administrator can change roles."))


def stale_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's handler for a form whose session is no longer this one."""
    return _page(
        request,
        403,
        gettext("You logged in or out in another window since this form was opened. Go back, load the page anew and send it again."),
    )


def broken(request: HttpRequest) -> HttpResponse:
    """Django's handler for what nobody foresaw."""
    return _page(
        request,
        500,
        gettext("Something broke on our side. What you sent was booked whole or not at all: look before you send it again."),
    )


def _page(request: HttpRequest, status: int, sentence: str) -> HttpResponse:
    titles = {
        403: gettext("Not open to you"),
        404: gettext("Not found"),
        409: gettext("Not possible"),
        422: gettext("To be mended"),
        500: gettext("Something broke"),
        503: gettext("Not available just now"),
    }
    return render(request, "console/refusal.html", {"title": titles[status], "sentence": sentence, "status": status}, status=status)
