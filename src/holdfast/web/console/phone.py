"""The phone: what borrowers were sent, and what became of it.

Where no carrier is set up this screen stands for the phone itself, codes and all. With a carrier it shows, within sight, what
the carrier told of each message; codes are read on the borrower's phone alone.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from holdfast.contact import messages, on_screen, segments, voice
from holdfast.database.connection import transaction
from holdfast.web.console.desk import Desk, at_desk
from holdfast.wiring import CHANNELS


@require_safe
@at_desk
def phone(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The newest messages."""
    channel = CHANNELS["sms"].capabilities()
    with transaction() as db:
        shown: dict[str, Any]
        if channel.on_screen:
            shown = {"bubbles": [(each, voice.parts(each.body)) for each in on_screen(db, CHANNELS, clock=desk.clock)]}
        else:
            shown = {"sent": [(each, len(each.body), segments(each.body)) for each in messages(db, desk.staff.scope)]}
    return render(request, "console/phone.html", {**shown, "channel": channel})
