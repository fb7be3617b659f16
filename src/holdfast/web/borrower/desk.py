"""The borrower's side of the counter: who is here, and which loans are theirs.

Every page that shows or does something is drawn for a visitor. `borrower_at` lets nobody in who has
not typed a code sent to their phone, and sets the lender's time zone for as long as the page is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import update_wrapper
from typing import Any, Concatenate, Final, ParamSpec
from zoneinfo import ZoneInfo

import psycopg
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import get_language, gettext

from holdfast.applications.visitors import actor_of
from holdfast.database.connection import transaction
from holdfast.journal import Actor
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, Fault, Forbidden, HoldfastError, NotFound, Unavailable
from holdfast.parties import Party, party
from holdfast.policy import Lender, Pack, clock, lender, pack_in_force
from holdfast.servicing.reading import loan_number, look_of
from holdfast.servicing.views import Look
from holdfast.web.console import words

Args = ParamSpec("Args")
Db = psycopg.Connection[Any]
_SESSION: Final = "borrower"
_STATUS: Final = ((NotFound, 404), (Forbidden, 403), (BadInput, 422), (Unavailable, 503), (Fault, 500))


@dataclass(frozen=True, slots=True)
class OwnLoans:
    """The sight of a borrower: their own loans."""

    party_id: int

    def condition(self, alias: str) -> tuple[str, Mapping[str, Any]]:
        return f"{alias}.party_id = %(own_party)s::bigint", {"own_party": self.party_id}


@dataclass(frozen=True, slots=True)
class House:
    """The lender, and what day it is there; `now` is read once, so that a page does not contradict itself."""

    lender: Lender
    clock: Clock
    today: date
    now: datetime
    pack: Pack


@dataclass(frozen=True, slots=True)
class Visitor:
    """A borrower who has proved their phone, at one moment. `actor` is how the journal names them, `look` what they may see."""

    party: Party
    actor: Actor
    house: House
    look: Look

    @property
    def clock(self) -> Clock:
        return self.house.clock

    @property
    def lender(self) -> Lender:
        return self.house.lender

    @property
    def today(self) -> date:
        return self.house.today

    @property
    def now(self) -> datetime:
        return self.house.now

    def must_own(self, db: Db, loan: str) -> int:
        """The number of a loan that is this borrower's; NotFound for any other, whether it exists or not."""
        return loan_number(db, self.look, loan)


View = Callable[Concatenate[HttpRequest, Visitor, Args], HttpResponse]


def borrower_at(view: View[Args]) -> Callable[Concatenate[HttpRequest, Args], HttpResponse]:
    """Give the view a visitor; whoever has not proved a phone is asked to, and comes back to this page.

    What a verb refuses becomes a page that says so; a view that wants it beside a field catches it itself.
    """

    def received(request: HttpRequest, /, *args: Args.args, **kwargs: Args.kwargs) -> HttpResponse:
        with transaction() as db:
            visitor = visitor_of(db, request)
        if visitor is None:
            back = request.get_full_path() if request.method == "GET" else reverse("borrower:home")
            return HttpResponseRedirect(f"{reverse('borrower:log_in')}?{urlencode({'next': back})}")
        with timezone.override(ZoneInfo(visitor.lender.zone)):
            try:
                return view(request, visitor, *args, **kwargs)
            except HoldfastError as error:
                return refused(request, error)

    update_wrapper(received, view)
    return received


def visitor_of(db: Db, request: HttpRequest) -> Visitor | None:
    """Who is logged in in this browser; None if nobody is, or their data has been erased since."""
    known = request.session.get(_SESSION)
    if not isinstance(known, str):
        return None
    try:
        person = party(db, known)
    except NotFound:
        return None
    if person.erased:
        return None
    house = house_of(db)
    return Visitor(person, actor_of(person), house, look_of(db, OwnLoans(person.party_id), house.clock))


def house_of(db: Db) -> House:
    """The lender, now."""
    told = clock(db)
    return House(lender(db), told, told.today(), told.now(), pack_in_force(db, told))


def let_in(request: HttpRequest, person: Party) -> None:
    """Remember in this browser who has proved their phone. The key of the session changes, so that an older one is worth nothing."""
    request.session.cycle_key()
    request.session[_SESSION] = person.public_id


def let_out(request: HttpRequest) -> None:
    """Forget it again; somebody of the staff who is logged in in the same browser stays so."""
    request.session.pop(_SESSION, None)


def language() -> str:
    """The language in which the page is drawn, as the book writes it."""
    return "en" if (get_language() or "").startswith("en") else "zh-hans"


def refused(request: HttpRequest, error: HoldfastError) -> HttpResponse:
    """The page for what a verb or a reading refused."""
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 409)
    title = gettext("Something broke") if status == 500 else gettext("Not found") if status == 404 else gettext("This cannot be done now")
    context = {"title": title, "sentence": words.refusal(error)}
    return render(request, "borrower/refusal.html", context, status=status)
