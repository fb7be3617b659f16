"""The desk: who sits at it, what they may see, and which day it is there.

Every page is drawn for a desk. `at_desk` lets nobody in who is not staff, and sets the lender's
time zone for as long as the page is drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import update_wrapper
from typing import Any, Concatenate, ParamSpec
from zoneinfo import ZoneInfo

import psycopg
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from holdfast.database.connection import transaction
from holdfast.journal import Actor
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import Forbidden, HoldfastError
from holdfast.parties import Reach, Staff, staff_of_user
from holdfast.policy import Lender, Pack, clock, lender, pack_in_force
from holdfast.servicing.views import Look
from holdfast.web.console.refusals import refused

Args = ParamSpec("Args")
Db = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Desk:
    """One person at one moment. `now` is read once, so that a page does not contradict itself."""

    staff: Staff
    lender: Lender
    clock: Clock
    today: date
    now: datetime
    pack: Pack
    look: Look

    @property
    def actor(self) -> Actor:
        """How the journal names this person."""
        return self.staff.actor

    @property
    def pack_version(self) -> str:
        return f"{self.pack.name} {self.pack.version}"

    @property
    def branch_only(self) -> int | None:
        """The branch whose figures this person is shown; None for the whole lender's."""
        return None if self.staff.reach is Reach.ALL else self.staff.branch_id or 0


View = Callable[Concatenate[HttpRequest, Desk, Args], HttpResponse]


def at_desk(view: View[Args]) -> Callable[Concatenate[HttpRequest, Args], HttpResponse]:
    """Give the view a desk; people who are not logged in are shown the log-in, others who are not staff are refused."""

    def seated(request: HttpRequest, /, *args: Args.args, **kwargs: Args.kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        try:
            with transaction() as db:
                desk = desk_of(db, _staff(db, int(request.user.pk)))
        except HoldfastError as error:
            return refused(request, error)
        request.desk = desk  # type: ignore[attr-defined]  # read by the frame around every page
        with timezone.override(ZoneInfo(desk.lender.zone)):
            try:
                return view(request, desk, *args, **kwargs)
            except HoldfastError as error:
                return refused(request, error)

    update_wrapper(seated, view)
    return seated


def desk_of(db: Db, staff: Staff) -> Desk:
    """The desk of this person, now."""
    known, time = lender(db), clock(db)
    today = time.today()
    pack = pack_in_force(db, time)
    look = Look(staff.scope, today, pack.table("classification.floors", on=today, lender_type=known.lender_type))
    return Desk(staff, known, time, today, time.now(), pack, look)


def _staff(db: Db, user_id: int) -> Staff:
    """Who stands behind a log-in; Forbidden if no active member of staff does."""
    staff = staff_of_user(db, user_id)
    if staff is None:
        raise Forbidden("this log-in belongs to nobody on the staff; ask the administrator", code="not_staff")
    return staff
