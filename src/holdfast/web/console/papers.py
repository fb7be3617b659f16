"""The papers of a loan: statement of account, pay-off statement, calendar of due dates; on the screen, sealed as PDF, as a table."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from holdfast.database.connection import transaction
from holdfast.kernel.errors import BadInput
from holdfast.parties import may, require
from holdfast.servicing import papers
from holdfast.servicing import reading as book
from holdfast.servicing.account_statement import account_statement
from holdfast.servicing.due_dates import due_dates_of
from holdfast.web.console import paper_words
from holdfast.web.console.acts import once
from holdfast.web.console.contracts import served
from holdfast.web.console.desk import Db, Desk, at_desk
from holdfast.web.console.forms import ActForm
from holdfast.web.console.paper_pages import make as issue
from holdfast.web.console.paper_pages import payoff_page, statement_page


@require_safe
@at_desk
def statement(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """The account of a period; without one, of the whole life so far."""
    shown = statement_page(desk.look, loan_id, request.GET)
    found = shown["found"]
    context = shown | {
        "start": request.GET.get("start") or (found.start.isoformat() if found else ""),
        "until": request.GET.get("until") or (found.until.isoformat() if found else ""),
        "form": _form(desk, found),
    }
    return render(request, "console/papers/statement.html", context, status=422 if shown["why_not"] else 200)


@require_safe
@at_desk
def statement_csv(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """The same as a table."""
    start, until = paper_words.period(request.GET)
    with transaction() as db:
        found = account_statement(db, desk.look, loan_id, start=start, until=until)
    return paper_words.csv_answer(found)


@require_safe
@at_desk
def payoff(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """What ends the loan on a day, today or ahead."""
    shown = payoff_page(desk.look, loan_id, request.GET)
    context = shown | {"on": request.GET.get("on") or desk.today.isoformat(), "form": _form(desk, shown["found"])}
    return render(request, "console/papers/payoff.html", context, status=422 if shown["why_not"] else 200)


@require_POST
@at_desk
def make(request: HttpRequest, desk: Desk, loan_id: str, kind: str) -> HttpResponse:
    """Make the paper of what the page shows, sealed and on record; then show it."""
    require(desk.staff, "paper.issue")
    form = ActForm(request.POST, name="paper")
    if not form.is_valid():
        raise BadInput("key: load the page anew and send it again", field="key")
    if kind not in papers.PURPOSES:
        raise Http404(kind)
    given = {name: request.POST.get(name, "") for name in ("start", "until", "on")}

    def verb(db: Db) -> str:
        return issue(db, clock=desk.clock, by=desk.staff, look=desk.look, loan=loan_id, kind=kind, given=given).public_id

    made = once(desk, act="paper.issue", key=form.one_time_key, inputs={"loan": loan_id, "kind": kind, **given}, verb=verb)
    return HttpResponseRedirect(reverse("console:loan_paper", args=[loan_id, made.made]))


@require_safe
@at_desk
def paper(request: HttpRequest, desk: Desk, loan_id: str, file_id: str) -> HttpResponse:
    """A paper that was made."""
    with transaction() as db:
        file, data = papers.read_paper(db, desk.look, loan_id, file_id)
    return served(file.name, data)


@require_safe
@at_desk
def calendar(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """The due dates as a calendar file, to be handed to the borrower."""
    with transaction() as db:
        row = book.loan_detail(db, desk.look, loan_id).row
        dates = due_dates_of(db, desk.look, loan_id)
    data = paper_words.calendar_file(dates, loan=loan_id, currency=row.currency, today=desk.today, now=desk.now)
    return paper_words.calendar_answer(data)


def _form(desk: Desk, found: object) -> ActForm | None:
    """The form that has the paper made, for whoever may and where there is one to make."""
    return ActForm(name="paper") if found and may(desk.staff, "paper.issue") else None
