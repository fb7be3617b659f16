"""The general ledger on screen: the trial balance, an account with its entries, the months and the book at a month's end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import content_disposition_header, urlencode
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from holdfast.approvals import Standing
from holdfast.database.connection import transaction
from holdfast.kernel.calendar import parse_date
from holdfast.kernel.errors import BadInput, Forbidden
from holdfast.ledger import Title, chart_of
from holdfast.ledger.reading import Balance, account_entries, account_named, entries_csv, trial_balance
from holdfast.parties import Reach, Role, branches, may, require
from holdfast.servicing import month_end
from holdfast.servicing.closing import CLOSE, REOPEN, ClosingCheck, ask_to_reopen, close_month, closing_checks, decide_reopening
from holdfast.servicing.closing import reopening_asked as asked_for
from holdfast.servicing.periods import closes
from holdfast.web.console.acts import Tried, Verb, kept, perform
from holdfast.web.console.desk import Db, Desk, at_desk
from holdfast.web.console.forms import ActForm, ReasonForm

READERS: Final = frozenset({Role.RISK, Role.AUDITOR, Role.ADMIN})
_LISTED: Final = 50
_MONTHS: Final = 24

# What must be so before a month is closed, in the words of the screen.
CHECKS: Final = {
    "the month is over and its last night has run": _("The month is over and its last night has run"),
    "the book has entries and the month is not closed yet": _("The book has entries and the month is not closed yet"),
    "the months before it are closed": _("The months before it are closed"),
    "the books are proved": _("The books are proved"),
    "every drawer of the month is closed by two": _("Every drawer of the month is closed by two"),
    "what is in suspense is listed": _("What is in suspense is listed"),
}


class MonthForm(ActForm):
    """The month to be closed."""

    month = forms.CharField(widget=forms.HiddenInput)


class DecisionForm(ActForm):
    """The second person's answer; a no says why."""

    answer = forms.ChoiceField(label=_("Decision"), choices=[("yes", _("Agree, open the month")), ("no", _("Refuse"))])
    words = forms.CharField(label=_("Words"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2}))


@require_safe
@at_desk
def ledger(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The trial balance at the end of a day, whole or by branch or product."""
    _reader(desk)
    on, by, product = _day(request, "date", desk.today), request.GET.get("by", "none"), request.GET.get("product") or None
    with transaction() as db:
        branch = _branch(db, desk, request)
        found = trial_balance(db, on, lender_type=desk.lender.lender_type, by=by, branch=branch, product=product)  # type: ignore[arg-type]
        codes = [each.code for each in branches(db)]
    sums: dict[str, list[int]] = {}
    for each in found:
        side = sums.setdefault(each.currency, [0, 0])
        side[0] += each.debits
        side[1] += each.credits
    parts: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for each in found:
        parts.setdefault((each.currency, each.part), []).append(_told(each))
    context = {
        "on": on, "by": by, "product": product or "", "branch": branch or "", "branches": codes if desk.staff.reach is Reach.ALL else [],
        "groups": [("none", gettext("Whole book")), ("branch", gettext("By branch")), ("product", gettext("By product"))],
        "sums": [(currency, *side) for currency, side in sums.items()],
        "parts": [(currency, part, rows) for (currency, part), rows in parts.items()],
        "query": urlencode({"until": on.isoformat(), "branch": branch or "", "product": product or ""}),
        "month": on.strftime("%Y-%m"),
    }  # fmt: skip
    return render(request, "console/ledger/balance.html", context)


@require_safe
@at_desk
def account(request: HttpRequest, desk: Desk, account: str) -> HttpResponse:
    """One account: what stood before, its entries with the running balance, and where to go on."""
    _reader(desk)
    until = _day(request, "until", desk.today)
    since = _day(request, "since", until.replace(day=1))
    product, after = request.GET.get("product") or None, request.GET.get("next") or None
    named = account_named(account)
    with transaction() as db:
        branch = _branch(db, desk, request)
        page = account_entries(
            db, named, lender_type=desk.lender.lender_type, since=since, until=until, branch=branch, product=product, after=after,
            limit=_LISTED,
        )  # fmt: skip
    running, rows = dict(page.before), []
    chart = chart_of(desk.lender.lender_type)
    for each in page.entries:
        side = each.amount if each.debit is named else -each.amount
        running[each.currency] = running.get(each.currency, 0) + side
        other = chart[each.credit if each.debit is named else each.debit]
        rows.append(
            {"entry": each, "debit": max(side, 0), "credit": max(-side, 0), "other": _name(other), "balance": running[each.currency]}
        )
    filters = {"since": since.isoformat(), "until": until.isoformat(), "branch": branch or "", "product": product or ""}
    context = {
        "account": named.value, "code": page.title.code, "name": _name(page.title), "since": since, "until": until, "rows": rows,
        "before": sorted(page.before.items()), "branch": branch or "", "product": product or "", "query": urlencode(filters),
        "next": urlencode({**filters, "next": page.next}) if page.next else "", "later": after is not None,
    }  # fmt: skip
    return render(request, "console/ledger/account.html", context)


@require_safe
@at_desk
def entries(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The entries of a stretch of days as CSV, of one account or of all."""
    _reader(desk)
    until = _day(request, "until", desk.today)
    since = _day(request, "since", until.replace(day=1))
    named = account_named(request.GET["account"]) if request.GET.get("account") else None
    product = request.GET.get("product") or None
    with transaction() as db:
        branch = _branch(db, desk, request)
    zh = (get_language() or "").startswith("zh")

    def lines(db: Db) -> Iterator[str]:
        return entries_csv(
            db, lender_type=desk.lender.lender_type, since=since, until=until, account=named, branch=branch, product=product, zh=zh
        )

    return _file(lines, f"entries-{since.isoformat()}-{until.isoformat()}.csv")


@require_safe
@at_desk
def months(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The months: which is next to be closed and what stands in the way, and those that are closed."""
    _reader(desk)
    return _months(request, desk)


@require_POST
@at_desk
def close(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Close a month."""
    require(desk.staff, CLOSE)
    form = MonthForm(request.POST, name="close")

    def verb(db: Db) -> None:
        close_month(db, clock=desk.clock, by=desk.staff, month=form.cleaned_data["month"])

    return _do(request, desk, Tried("close", "", form), CLOSE, verb, gettext("The month is closed."))


@require_POST
@at_desk
def reopen(request: HttpRequest, desk: Desk, month: str) -> HttpResponse:
    """Ask that the latest closed month be opened again."""
    require(desk.staff, REOPEN)
    form = ReasonForm(request.POST, name="reopen")

    def verb(db: Db) -> None:
        ask_to_reopen(db, clock=desk.clock, by=desk.staff, month=month, reason=form.cleaned_data["reason"])

    return _do(request, desk, Tried("reopen", month, form), REOPEN, verb, gettext("Asked. Another person decides."))


@require_POST
@at_desk
def decide(request: HttpRequest, desk: Desk, month: str) -> HttpResponse:
    """The second person's answer to a request to open a month again."""
    require(desk.staff, REOPEN)
    form = DecisionForm(request.POST, name="decide")

    def verb(db: Db) -> None:
        wanted = form.cleaned_data
        decide_reopening(db, clock=desk.clock, by=desk.staff, month=month, agreed=wanted["answer"] == "yes", words=wanted["words"])

    return _do(request, desk, Tried("decide", month, form), REOPEN, verb, gettext("Your answer is on record."))


@require_safe
@at_desk
def snapshot(request: HttpRequest, desk: Desk, snapshot: str) -> HttpResponse:
    """The book at a month's end: sums by class, the root that proves it, and its loans page by page."""
    _reader(desk)
    _whole_book(desk)
    after = request.GET.get("next", "-1")
    if not after.removeprefix("-").isdecimal():
        raise BadInput("next: give back what the page before said", field="next")
    with transaction() as db:
        taken = month_end.snapshot(db, snapshot)
        rows = month_end.lines_of(db, taken, after=int(after), limit=_LISTED + 1)
    names = ("currency", "loan_class", "loans", "principal", "interest_due", "accrued", "suspended", "provision")
    context = {
        "taken": taken, "sums": [dict(zip(names, row, strict=True)) for row in taken.sums], "rows": rows[:_LISTED],
        "next": str(rows[_LISTED - 1].loan_id) if len(rows) > _LISTED else "",
    }  # fmt: skip
    return render(request, "console/ledger/snapshot.html", context)


@require_safe
@at_desk
def snapshot_file(request: HttpRequest, desk: Desk, snapshot: str) -> HttpResponse:
    """The loans of a snapshot as CSV."""
    _reader(desk)
    _whole_book(desk)
    with transaction() as db:
        taken = month_end.snapshot(db, snapshot)
    return _file(lambda db: month_end.snapshot_csv(db, taken), f"month-end-{taken.on.isoformat()}.csv")


def _months(request: HttpRequest, desk: Desk, tried: Tried | None = None, *, month: str = "", status: int = 200) -> HttpResponse:
    _whole_book(desk)
    with transaction() as db:
        found = closes(db)
        standing = [each for each in found if each.reopened_at is None]
        chosen = request.GET.get("month") or month or _next_month(desk)
        checks = closing_checks(db, clock=desk.clock, month=chosen) if request.GET.get("check") or tried else []
        asked = next(
            (each for each in (asked_for(db, desk.staff, standing[0]) if standing else []) if each.standing is Standing.OPEN), None
        )

    may_close, may_reopen = may(desk.staff, CLOSE), may(desk.staff, REOPEN)
    context = {
        "month": chosen, "checks": [_checked(each) for each in checks], "ready": bool(checks) and all(each.ok for each in checks),
        "closed": found[:_MONTHS], "latest": standing[0] if standing else None, "asked": asked,
        "close_form": kept(tried, "close", "", lambda: MonthForm(name="close", initial={"month": chosen})) if may_close else None,
        "reopen_form": kept(tried, "reopen", chosen, lambda: ReasonForm(name="reopen")) if standing and not asked and may_reopen else None,
        "decide_form": kept(tried, "decide", chosen, lambda: DecisionForm(name="decide"))
        if asked and may_reopen and may(desk.staff, "approval.answer") and asked.maker_id != desk.staff.staff_id else None,
    }  # fmt: skip
    return render(request, "console/ledger/months.html", context, status=status)


def _do(request: HttpRequest, desk: Desk, tried: Tried, act: str, verb: Verb, said: str) -> HttpResponse:
    """Do what a form about a month asks; refused, the page of that month comes back."""
    return perform(
        request, desk, tried, act=act, verb=verb, said=said, back=reverse("console:months"),
        again=lambda tried: _months(request, desk, tried, month=tried.about or str(tried.form.data.get("month", "")), status=422),
    )  # fmt: skip


def _next_month(desk: Desk) -> str:
    """The month after the last closed one, else the one before this."""
    through = desk.lender.closed_through
    if through is not None:
        first = date(through.year + through.month // 12, through.month % 12 + 1, 1)
        return first.strftime("%Y-%m")
    return date.fromordinal(desk.today.replace(day=1).toordinal() - 1).strftime("%Y-%m")


def _checked(check: ClosingCheck) -> dict[str, Any]:
    return {"ok": check.ok, "word": CHECKS[check.name], "found": check.found}


def _told(each: Balance) -> dict[str, Any]:
    return {"balance": each, "name": _name(each.title), "debit": max(each.net, 0), "credit": max(-each.net, 0)}


def _name(title: Title) -> str:
    return title.zh if (get_language() or "").startswith("zh") else title.en


def _reader(desk: Desk) -> None:
    if desk.staff.role not in READERS:
        raise Forbidden("the general ledger is for risk managers, auditors and administrators", code="role_may_not", role=desk.staff.role)


def _whole_book(desk: Desk) -> None:
    if desk.staff.reach is not Reach.ALL:
        raise Forbidden("a month's end speaks of the whole book; your data scope is narrower", code="scope_too_narrow")


def _branch(db: Db, desk: Desk, request: HttpRequest) -> str | None:
    """The branch asked for; whoever sees one branch only is shown that one."""
    if desk.staff.reach is Reach.ALL:
        return request.GET.get("branch") or None
    own = next((each.code for each in branches(db) if each.branch_id == desk.staff.branch_id), None)
    if own is None:
        raise Forbidden("you belong to no branch, so there is no ledger for you", code="scope_too_narrow")
    return own


def _day(request: HttpRequest, name: str, otherwise: date) -> date:
    text = request.GET.get(name, "")
    return parse_date(text, name) if text else otherwise


def _file(lines: Callable[[Db], Iterator[str]], name: str) -> HttpResponse:
    """A file; the mark at its head tells a spreadsheet that it is UTF-8."""
    with transaction() as db:
        response = HttpResponse(["\ufeff", *lines(db)], content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name)
    return response
