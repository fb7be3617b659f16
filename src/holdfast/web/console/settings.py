"""What a person chooses for their own screen: language, light or dark, single keys. Kept in cookies, in one year's trust."""

from __future__ import annotations

from typing import Final

from django.conf import settings as django_settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_safe

COOKIES: Final = {"language": django_settings.LANGUAGE_COOKIE_NAME, "theme": "holdfast_theme", "keys": "holdfast_keys"}
CHOICES: Final = {"language": ("zh-hans", "en"), "theme": ("light", "dark", "system"), "keys": ("on", "off")}
_YEAR: Final = 365 * 24 * 3600


@require_safe
def choose(request: HttpRequest, name: str, choice: str) -> HttpResponse:
    """Keep the choice and go back to the page it was made on."""
    if choice not in CHOICES.get(name, ()):
        raise Http404(name)
    response = HttpResponseRedirect(safe_back(request, request.GET.get("back", "")))
    # The script that listens for keys reads its own cookie; the others are the server's alone.
    response.set_cookie(
        COOKIES[name], choice, max_age=_YEAR, samesite="Lax", httponly=name != "keys", secure=django_settings.SESSION_COOKIE_SECURE
    )
    return response


def safe_back(request: HttpRequest, back: str) -> str:
    """The page to return to: one of ours, else the home page."""
    if back.startswith("/") and url_has_allowed_host_and_scheme(
        back, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return back
    return reverse("console:home")
