"""The demo clock: lets a sample book live on by a day, to the next due date, or by a month.

Each day is closed as the night would close it, nothing is skipped. A long stretch is walked in
pieces of a few seconds, and the page counts the days.
"""

from __future__ import annotations

import time
from calendar import monthrange
from datetime import date, timedelta
from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.dateparse import parse_date
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from holdfast import days
from holdfast.database.connection import transaction
from holdfast.kernel.errors import BadInput, Refusal
from holdfast.parties import require
from holdfast.web.console import reading
from holdfast.web.console.desk import Desk, at_desk, desk_of
from holdfast.web.console.settings import safe_back
from holdfast.web.console.templatetags.console import day as in_words

_SECONDS: Final = 2.0
_FURTHEST: Final = timedelta(days=62)


@require_POST
@at_desk
def move(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Walk towards the asked day; done, go back to the page, else show how far it is and walk on."""
    require(desk.staff, "clock.shift")
    if not desk.lender.sample:
        raise Refusal(gettext("Only a sample book has a demo clock."), code="clock_real")
    from_day = parse_date(request.POST.get("from_day", "")) or desk.today
    target = parse_date(request.POST.get("target", "")) or _target(desk, request.POST.get("until", ""), from_day)
    if target - desk.today > _FURTHEST:
        raise BadInput(gettext("The demo clock goes at most two months at a time."), field="target")
    today = _walk(desk.today, target)
    with transaction() as db:
        arrived = desk_of(db, desk.staff)
    request.desk = arrived  # type: ignore[attr-defined]  # the frame shows the day that is reached
    if today < target:
        context = {
            "today": today,
            "target": target,
            "from_day": from_day,
            "done": (today - from_day).days,
            "all": (target - from_day).days,
            "back": safe_back(request, request.POST.get("back", "")),
        }
        return render(request, "console/clock.html", context)
    days.audit_now(today, arrived.now)
    messages.success(request, gettext("It is now %(day)s. Each night in between has run.") % {"day": in_words(today)})
    return HttpResponseRedirect(safe_back(request, request.POST.get("back", "")))


def _target(desk: Desk, until: str, from_day: date) -> date:
    """The day asked for, counted from the day on which the button was drawn, so that pressing twice moves once."""
    if until == "day":
        return from_day + timedelta(days=1)
    if until == "due":
        with transaction() as db:
            due = reading.next_due_on(db, from_day)
        if due is None or due - from_day > _FURTHEST:
            raise Refusal(gettext("No instalment falls due within two months."), code="nothing_due")
        return due
    if until == "month":
        year, month = (from_day.year + 1, 1) if from_day.month == 12 else (from_day.year, from_day.month + 1)
        return date(year, month, min(from_day.day, monthrange(year, month)[1]))
    raise BadInput(gettext("Choose next day, next due or next month."), field="until")


def _walk(today: date, target: date) -> date:
    """Close day after day for a few seconds at most; the day that the book has reached."""
    until = time.monotonic() + _SECONDS
    while today < target and time.monotonic() < until:
        today = days.open_next_day()
    return today
