"""Whether this process can serve: for a load balancer, and for whoever waits until it is up."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from holdfast.database.connection import transaction
from holdfast.kernel.errors import Unavailable


@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """200 when the book answers, 503 when it does not; says nothing else."""
    try:
        with transaction() as db:
            db.execute("SELECT 1")
    except Unavailable:
        return HttpResponse("the database does not answer\n", status=503, content_type="text/plain")
    return HttpResponse("ok\n", content_type="text/plain")
