"""Nothing missed: the audit of duties on demand, each day's statement of coverage, and the audit of past days with its paper."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from holdfast.database.connection import transaction
from holdfast.days import audit_now
from holdfast.duties import papers
from holdfast.duties.period import VERDICTS, Line, Period, check_period, examine_loan, examine_period
from holdfast.duties.statements import statements
from holdfast.kernel.errors import BadInput, Forbidden, NotFound, Refusal
from holdfast.parties import Reach, may, require, staff_list
from holdfast.servicing import reading as book
from holdfast.web.api.duties import too_large
from holdfast.web.console import duty_words, reading, words
from holdfast.web.console.acts import once
from holdfast.web.console.contracts import served
from holdfast.web.console.desk import Db, Desk, at_desk
from holdfast.web.console.forms import ActForm
from holdfast.web.console.paper_words import day_given
from holdfast.wiring import EXPECTATIONS, NOTARY, PRESS

_STATED: Final = 31
_LINES: Final = 200


@require_http_methods(["GET", "HEAD", "POST"])
@at_desk
def coverage(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Show the latest audit; a POST recomputes it from contracts, events, pack and calendar, for those who oversee the book."""
    if request.method == "POST":
        require(desk.staff, "duty.audit")
        audit_now(desk.today, desk.clock.now())
        messages.success(request, gettext("Recomputed just now."))
        return HttpResponseRedirect(reverse("console:coverage"))
    oversees = may(desk.staff, "duty.audit") and desk.staff.reach is Reach.ALL
    with transaction() as db:
        audit = reading.last_audit(db)
        stated = statements(db, limit=_STATED) if oversees else []
        papers_made = papers.issued_of_book(db) if oversees else []
    lists = [("missing", gettext("Missing")), ("late", gettext("Late")), ("unproved", gettext("Unproved"))]
    context: dict[str, Any] = {"audit": audit, "lists": lists, "may_recompute": may(desk.staff, "duty.audit")}
    context |= {
        "oversees": oversees,
        "stated": stated,
        "papers": papers_made,
        "first": _month_ago(desk),
        "last": desk.today - timedelta(days=1),
    }
    return render(request, "console/coverage.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@at_desk
def period(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The audit of past days, of one loan or of the book; a POST makes the sealed paper of it."""
    loan = request.GET.get("loan", "").strip()
    first = day_given(request.GET, "first") or _month_ago(desk)
    until = day_given(request.GET, "until") or desk.today - timedelta(days=1)
    if not loan:
        require(desk.staff, "duty.audit")
    if request.method == "POST":
        return _make_paper(desk, ActForm(request.POST, name="paper"), first, until, loan)
    found: Period | None = None
    row, why_not = None, ""
    with transaction() as db:
        try:
            check_period(first, until, desk.today)
            if loan:
                detail = book.loan_detail(db, desk.look, loan)
                row = detail.row
                found = examine_loan(db, detail.number, first, until, EXPECTATIONS)
            else:
                _whole_book(db, desk)
                found = examine_period(db, first, until, EXPECTATIONS, most=_LINES)
        except NotFound:
            raise
        except (BadInput, Refusal) as error:
            why_not = words.refusal(error)
        names = {each.public_id: each.name for each in staff_list(db)}
    counts = found.counts() if found else None
    context = {
        "loan": loan, "row": row, "first": first, "until": until, "why_not": why_not, "found": found,
        "figures": [(*duty_words.VERDICTS[name], counts[name]) for name in VERDICTS] if counts is not None else [],
        "due": counts.total() if counts is not None else 0,
        "days": [(day, each.total(), [each[name] for name in VERDICTS]) for day, each in sorted(found.days.items())] if found else [],
        "heads": [word for _shape, word in duty_words.VERDICTS.values()],
        "lines": [_told(line, names) for line in found.lines] if found else [],
        "form": ActForm(name="paper") if found and may(desk.staff, "duty.audit") else None,
        "address": request.get_full_path(),
    }  # fmt: skip
    return render(request, "console/duties/period.html", context, status=422 if why_not else 200)


@require_safe
@at_desk
def paper(request: HttpRequest, desk: Desk, file_id: str) -> HttpResponse:
    """A sealed paper that was made: the book's, or one loan's (`?loan=`)."""
    with transaction() as db:
        file, data = papers.read_paper(db, by=desk.staff, paper=file_id, loan=request.GET.get("loan") or None)
    return served(file.name, data)


def _make_paper(desk: Desk, form: ActForm, first: date, until: date, loan: str) -> HttpResponse:
    require(desk.staff, "duty.audit")
    if not form.is_valid():
        raise BadInput("key: load the page anew and send it again", field="key")

    def verb(db: Db) -> str:
        if not loan:
            _whole_book(db, desk)
        return papers.issue(
            db, clock=desk.clock, by=desk.staff, first=first, until=until, loan=loan or None, providers=EXPECTATIONS, press=PRESS,
            notary=NOTARY,
        ).file.public_id  # fmt: skip

    inputs = {"loan": loan, "first": first.isoformat(), "until": until.isoformat()}
    made = once(desk, act="duty.audit", key=form.one_time_key, inputs=inputs, verb=verb).made
    return HttpResponseRedirect(reverse("console:coverage_paper", args=[made]) + (f"?loan={loan}" if loan else ""))


def _whole_book(db: Db, desk: Desk) -> None:
    """Forbidden unless this person sees the whole book; Refusal for a book that takes longer than a page may."""
    if desk.staff.reach is not Reach.ALL:
        raise Forbidden("an audit of the whole book is for who sees the whole book; name one loan", code="scope_too_narrow")
    too_large(db)


def _month_ago(desk: Desk) -> date:
    return desk.today - timedelta(days=30)


def _told(line: Line, names: Mapping[str, str]) -> Mapping[str, Any]:
    shape, word = duty_words.VERDICTS[line.verdict]
    who = names.get(line.by) or (words.word(words.ROLES, line.role) if line.role in words.ROLES else line.by)
    return {"line": line, "about": words.about(line.kind, line.about), "shape": shape, "word": word, "who": who}
