"""The borrower's papers on the phone: statement of account, what ends the loan on a day, and the due dates for their calendar."""

from __future__ import annotations

from typing import Final

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from holdfast.database.connection import transaction
from holdfast.kernel.errors import NotFound
from holdfast.policy import clock
from holdfast.servicing import papers, reading
from holdfast.servicing.account_statement import account_statement
from holdfast.servicing.due_dates import due_dates_of
from holdfast.web.borrower.desk import Visitor, borrower_at
from holdfast.web.borrower.links import calendar_of
from holdfast.web.borrower.loan import OneLoan
from holdfast.web.console import paper_words
from holdfast.web.console.contracts import served
from holdfast.web.console.paper_pages import make as issue
from holdfast.web.console.paper_pages import payoff_page, statement_page

# Of the papers made before, a phone shows so many.
_MADE: Final = 3


@require_safe
@borrower_at
def statement(request: HttpRequest, visitor: Visitor, loan_id: str) -> HttpResponse:
    """What happened on the account in a period, and what is owed."""
    shown = statement_page(visitor.look, loan_id, request.GET)
    context = shown | {"made": shown["made"][:_MADE], "today": visitor.today}
    return render(request, "borrower/statement.html", context, status=422 if shown["why_not"] else 200)


@require_safe
@borrower_at
def statement_csv(request: HttpRequest, visitor: Visitor, loan_id: str) -> HttpResponse:
    """The same as a table."""
    start, until = paper_words.period(request.GET)
    with transaction() as db:
        found = account_statement(db, visitor.look, loan_id, start=start, until=until)
    return paper_words.csv_answer(found)


@require_safe
@borrower_at
def payoff(request: HttpRequest, visitor: Visitor, loan_id: str) -> HttpResponse:
    """What ends the loan today or on a day ahead."""
    shown = payoff_page(visitor.look, loan_id, request.GET)
    context = shown | {
        "made": shown["made"][:_MADE],
        "today": visitor.today,
        "on": request.GET.get("on") or visitor.today.isoformat(),
        "may_pay": shown["row"].state in ("active", "written_off"),
    }
    return render(request, "borrower/payoff.html", context, status=422 if shown["why_not"] else 200)


@require_POST
@borrower_at
def make(request: HttpRequest, visitor: Visitor, loan_id: str, kind: str) -> HttpResponse:
    """Make the sealed PDF of what the page shows, and show it."""
    if kind not in papers.PURPOSES:
        raise Http404(kind)
    given = {name: request.POST.get(name, "") for name in ("start", "until", "on")}
    with transaction() as db:
        made = issue(db, clock=visitor.clock, by=visitor.actor, look=visitor.look, loan=loan_id, kind=kind, given=given)
    return HttpResponseRedirect(reverse("borrower:loan_paper", args=[loan_id, made.public_id]))


@require_safe
@borrower_at
def paper(request: HttpRequest, visitor: Visitor, loan_id: str, file_id: str) -> HttpResponse:
    """A paper of one's own loan, to keep."""
    with transaction() as db:
        file, data = papers.read_paper(db, visitor.look, loan_id, file_id)
    return served(file.name, data)


@require_safe
def calendar(request: HttpRequest, link: str) -> HttpResponse:
    """The due dates behind a private link, as often as a calendar asks; a link that nobody here made leads nowhere.

    It tells days and amounts and nothing else, for as long as the loan is there.
    """
    if (loan_id := calendar_of(link)) is None:
        raise Http404(link)
    with transaction() as db:
        told = clock(db)
        look = reading.look_of(db, OneLoan(loan_id), told)
        try:
            currency = reading.loan_detail(db, look, loan_id).row.currency
            dates = due_dates_of(db, look, loan_id)
        except NotFound:
            raise Http404(link) from None
    data = paper_words.calendar_file(dates, loan=loan_id, currency=currency, today=told.today(), now=told.now())
    response = paper_words.calendar_answer(data)
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
