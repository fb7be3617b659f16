"""Nothing missed: the audit of duties on demand, and what the latest one found."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from holdfast.database.connection import transaction
from holdfast.days import audit_now
from holdfast.parties import may, require
from holdfast.web.console import reading
from holdfast.web.console.desk import Desk, at_desk


@require_http_methods(["GET", "HEAD", "POST"])
@at_desk
def coverage(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Show the latest audit; a POST recomputes it from contracts, events, pack and calendar, for those who oversee the book."""
    if request.method == "POST":
        require(desk.staff, "duty.audit")
        audit_now(desk.today, desk.clock.now())
        messages.success(request, gettext("Recomputed just now."))
        return HttpResponseRedirect(reverse("console:coverage"))
    with transaction() as db:
        audit = reading.last_audit(db)
    lists = [("missing", gettext("Missing")), ("late", gettext("Late")), ("unproved", gettext("Unproved"))]
    context = {"audit": audit, "lists": lists, "may_recompute": may(desk.staff, "duty.audit")}
    return render(request, "console/coverage.html", context)
