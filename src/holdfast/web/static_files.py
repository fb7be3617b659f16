"""Our own styles, scripts and pictures, served from the package: no copying step, no outside host."""

from __future__ import annotations

import mimetypes
from pathlib import Path

from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.http import http_date, parse_http_date_safe
from django.views.decorators.http import require_safe


@require_safe
def static_file(request: HttpRequest, path: str) -> HttpResponse:
    """One file that a Django app or the console carries; the browser asks again after five minutes whether it changed."""
    found = finders.find(path)
    if not isinstance(found, str) or not (file := Path(found)).is_file():
        raise Http404(path)
    changed = int(file.stat().st_mtime)
    since = request.headers.get("If-Modified-Since")
    response: HttpResponse
    if since and (known := parse_http_date_safe(since)) is not None and known >= changed:
        response = HttpResponseNotModified()
    else:
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        response = HttpResponse(file.read_bytes(), content_type=f"{kind}; charset=utf-8" if kind.startswith("text/") else kind)
    response.headers["Last-Modified"] = http_date(changed)
    response.headers["Cache-Control"] = "public, max-age=300"
    return response
