"""A loan as its borrower sees it: the next instalment, what ends the loan today, and the whole schedule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from holdfast import servicing
from holdfast.database.connection import transaction
from holdfast.kernel.errors import HoldfastError
from holdfast.policy import clock, lender
from holdfast.servicing import reading
from holdfast.servicing.views import Sight
from holdfast.web.borrower.desk import Visitor, borrower_at
from holdfast.web.borrower.links import calendar_path, loan_behind
from holdfast.web.console import paper_words


@dataclass(frozen=True, slots=True)
class OneLoan:
    """The sight of somebody who holds a link: one loan."""

    public_id: str

    def condition(self, alias: str) -> tuple[str, Mapping[str, Any]]:
        return f"{alias}.public_id = %(held)s", {"held": self.public_id}


@require_safe
def loan(request: HttpRequest, link: str) -> HttpResponse:
    """The page behind a link; a link that is forged or too old leads nowhere."""
    if (public_id := loan_behind(link)) is None:
        raise Http404(link)
    response = _page(request, OneLoan(public_id), public_id, logged_in=False)
    response.headers["Referrer-Policy"] = "no-referrer"  # the address is the key
    return response


@require_safe
@borrower_at
def my_loan(request: HttpRequest, visitor: Visitor, loan_id: str) -> HttpResponse:
    """The same page for the borrower who has logged in."""
    return _page(request, visitor.look.sight, loan_id, logged_in=True)


def _page(request: HttpRequest, sight: Sight, public_id: str, *, logged_in: bool) -> HttpResponse:
    with transaction() as db:
        # One moment of the book, so that the schedule and the pay-off agree.
        db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        told = clock(db)
        look = reading.look_of(db, sight, told)
        detail = reading.loan_detail(db, look, public_id)
        schedule = reading.schedule(db, look, public_id)
        try:
            total = servicing.quote(db, loan=public_id, on=told.today()).total
        except HoldfastError:
            total = None  # nothing is left to pay off, or nothing can be today
        house = lender(db)
    context = {
        "loan": detail, "row": detail.row, "schedule": schedule, "pay_off": total, "today": told.today(), "lender": house,
        "logged_in": logged_in, "cost": paper_words.yearly(detail.terms), "calendar": calendar_path(public_id) if schedule else "",
    }  # fmt: skip
    with timezone.override(ZoneInfo(house.zone)):
        return render(request, "borrower/loan.html", context)
