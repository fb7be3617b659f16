"""Every address: the API, the static files, and the console at the root."""

from __future__ import annotations

from django.urls import include, path

from holdfast.web import hooks
from holdfast.web.api.api import api
from holdfast.web.health import health
from holdfast.web.static_files import static_file

urlpatterns = [
    path("healthz", health),
    path("static/<path:path>", static_file),
    path("api/v1/", api.urls),
    path("hooks/sms/receipts", hooks.receipts),
    path("hooks/sms/inbound", hooks.inbound),
    path("borrower/", include("holdfast.web.borrower.urls")),
    path("proof/", include("holdfast.web.proof.urls")),
    path("", include("holdfast.web.console.urls")),
]

handler403 = "holdfast.web.console.refusals.forbidden"
handler404 = "holdfast.web.console.refusals.not_found"
handler500 = "holdfast.web.console.refusals.broken"
