"""Beside the old system: hand in its export of a day, see what differs and why, and accept what stays on purpose."""

from __future__ import annotations

import csv
from io import StringIO
from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import content_disposition_header, urlencode
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from holdfast import takeover
from holdfast.database.connection import transaction
from holdfast.kernel.errors import NotFound
from holdfast.kernel.money import decimal_of
from holdfast.parties import may, require
from holdfast.takeover import shadow
from holdfast.takeover.causes import UNEXPLAINED, Cause
from holdfast.web.console import shadow_words
from holdfast.web.console.acts import Tried, perform
from holdfast.web.console.desk import Db, Desk, at_desk
from holdfast.web.console.forms import ActForm, AmountField
from holdfast.web.console.hand_in import TapeForm, hand_in

_LISTED: Final = 100
_DAYS: Final = 30


class ExportForm(TapeForm):
    """An export of the old system: the file, its map, and the day at whose end it was made."""

    file = forms.FileField(label=_("Export (CSV or XLSX)"), help_text=_("One row a loan, as the old system stood at the end of the day."))
    as_of = forms.DateField(
        label=_("End of"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Leave empty for yesterday."),
    )


class AcceptForm(ActForm):
    """A difference that stays, with the reason."""

    most = AmountField(
        label=_("As long as the balances lie no further apart than"), required=False, help_text=_("Leave empty for as far as today.")
    )
    reason = forms.CharField(label=_("Reason"), min_length=2, max_length=500, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        most = self.fields["most"]
        assert isinstance(most, AmountField)
        most.currency = currency


@require_http_methods(["GET", "HEAD", "POST"])
@at_desk
def days(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The days so far; a POST hands an export in and goes to its page."""
    with transaction() as db:
        runs = shadow.comparisons(db, limit=_DAYS)
    form, status = ExportForm(name="export", initial={"map": runs[0].map_name} if runs else None), 200
    if request.method == "POST":
        form, status = ExportForm(request.POST, request.FILES, name="export"), 422
        if (its_page := hand_in(desk, form, act="shadow.compare", ask=takeover.ask_comparison)) is not None:
            return its_page
    with transaction() as db:
        trends = [(name, shadow.days(db, name, limit=_DAYS)) for name in dict.fromkeys(run.map_name for run in runs)]
    context = {"form": form, "trends": trends, "may_compare": may(desk.staff, "shadow.compare")}
    return render(request, "console/shadow/days.html", context, status=status)


@require_safe
@at_desk
def run(request: HttpRequest, desk: Desk, run_id: str) -> HttpResponse:
    """One day: the figures, the causes, and each loan that differs."""
    chosen = request.GET.get("cause", "")
    only_open = request.GET.get("show") == "open"
    with transaction() as db:
        found = shadow.comparison(db, desk.staff, run_id)
        trend = shadow.days(db, found.run.map_name, limit=_DAYS)
    currency = str(found.run.outcome["currency"])
    lines = list(shadow.pick(found, cause=chosen, only_open=only_open))
    context = {
        "found": found,
        "run": found.run,
        "outcome": found.run.outcome,
        "currency": currency,
        "trend": trend,
        "causes": _causes(found),
        "chosen": chosen,
        "chosen_word": shadow_words.cause(chosen) if chosen else "",
        "only_open": only_open,
        "lines": [_told(found, line, currency) for line in lines[:_LISTED]],
        "many": len(lines),
        "listed": _LISTED,
        "query": urlencode({"cause": chosen, "show": "open" if only_open else ""}),
        "may_accept": may(desk.staff, "shadow.accept"),
    }
    return render(request, "console/shadow/run.html", context)


@require_safe
@at_desk
def table(request: HttpRequest, desk: Desk, run_id: str) -> HttpResponse:
    """The list as CSV, whole, under the same filter; the mark at its head tells a spreadsheet that it is UTF-8."""
    with transaction() as db:
        found = shadow.comparison(db, desk.staff, run_id)
    currency = str(found.run.outcome["currency"])
    text = StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    heading = [gettext("Row"), gettext("Old system"), gettext("Loan"), gettext("Cause"), gettext("What proves it")]
    names = list(shadow_words.FIELDS)
    for field in shadow_words.FIELDS.values():
        heading += [gettext("%(field)s there") % {"field": field}, gettext("%(field)s here") % {"field": field}]
    writer.writerow([*heading, gettext("Apart"), gettext("Currency"), gettext("Accepted: reason")])
    for line in shadow.pick(found, cause=request.GET.get("cause", ""), only_open=request.GET.get("show") == "open"):
        told = shadow_words.plain_fields(line, currency)
        sides = [told.get(name, ("", ""))[side] for name in names for side in (0, 1)]
        accepted = found.accepted.get(line.line_no)
        row = [line.row or "", _safe(line.name), line.loan or "", shadow_words.cause(line.cause), shadow_words.proof(line, currency)]
        writer.writerow([*row, *sides, decimal_of(line.apart, currency), currency, _safe(accepted.reason) if accepted else ""])
    response = HttpResponse("\ufeff" + text.getvalue(), content_type="text/csv; charset=utf-8")
    name = f"shadow-{found.run.map_name}-{found.run.as_of.isoformat()}.csv"
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name)
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@at_desk
def accept(request: HttpRequest, desk: Desk, run_id: str) -> HttpResponse:
    """Accept a difference of one loan, or of every loan with a cause; or take the word back."""
    require(desk.staff, "shadow.accept")
    cause, number = request.GET.get("cause", ""), request.GET.get("line", "")
    line = int(number) if number.isdigit() else None
    with transaction() as db:
        found = shadow.comparison(db, desk.staff, run_id)
    currency = str(found.run.outcome["currency"])
    meant = [each for each in shadow.pick(found, cause=cause) if line in (None, each.line_no)]
    if not cause or not meant:
        raise NotFound("this comparison has no such difference within your sight", code="no_difference", field="line")
    taken = line is not None and line in found.accepted and found.accepted[line].identity != ""

    def drawn(form: forms.Form, status: int) -> HttpResponse:
        context = {
            "form": form, "run": found.run, "currency": currency, "cause": shadow_words.cause(cause), "many": len(meant), "taken": taken,
            "line": _told(found, meant[0], currency) if line is not None else None,
        }  # fmt: skip
        return render(request, "console/shadow/accept.html", context, status=status)

    if request.method != "POST":
        return drawn(AcceptForm(name="accept", currency=currency), 200)
    form = AcceptForm(request.POST, name="accept", currency=currency)

    def verb(db: Db) -> None:
        most, reason = form.cleaned_data["most"], form.cleaned_data["reason"]
        if taken:
            shadow.take_back(db, clock=desk.clock, by=desk.staff, comparison=run_id, cause=cause, line=line, reason=reason)
        else:
            shadow.accept(db, clock=desk.clock, by=desk.staff, comparison=run_id, cause=cause, line=line, most=most, reason=reason)

    return perform(
        request, desk, Tried("take_back" if taken else "accept", f"{run_id} {cause} {number}", form), act="shadow.accept", verb=verb,
        said=gettext("Taken back.") if taken else gettext("Accepted, with your reason."), back=reverse("console:shadow_run", args=[run_id]),
        again=lambda tried: drawn(tried.form, 422),
    )  # fmt: skip


def _causes(found: shadow.Compared) -> list[dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    for line in found.lines:
        proved = line.cause not in UNEXPLAINED
        row = rows.setdefault(
            line.cause,
            {"cause": line.cause, "word": shadow_words.cause(line.cause), "loans": 0, "accepted": 0, "apart": 0, "proved": proved},
        )
        row["loans"] += 1
        row["accepted"] += line.line_no in found.accepted
        row["apart"] += line.apart
    return sorted(rows.values(), key=lambda row: (row["proved"], -row["loans"]))


def _told(found: shadow.Compared, line: Any, currency: str) -> dict[str, Any]:
    return {
        "line": line,
        "cause": shadow_words.cause(line.cause),
        "proved": line.cause not in UNEXPLAINED,
        "readable": line.cause != Cause.UNREADABLE,
        "fields": shadow_words.fields(line, currency),
        "proof": shadow_words.proof(line, currency),
        "accepted": found.accepted.get(line.line_no),
    }


def _safe(text: str) -> str:
    """Text of others in a cell that a spreadsheet must not take for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t") else text
