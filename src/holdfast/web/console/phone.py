"""The phone: what borrowers were sent, as they read it. Only where no carrier is set up and this screen stands for the phone."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from holdfast.contact import on_screen, segments
from holdfast.database.connection import transaction
from holdfast.web.console.desk import Desk, at_desk
from holdfast.wiring import CHANNELS


@require_safe
@at_desk
def phone(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The newest messages, codes and all."""
    with transaction() as db:
        bubbles = on_screen(db, CHANNELS, clock=desk.clock)
    return render(request, "console/phone.html", {"bubbles": [(each, segments(each.body)) for each in bubbles]})
