"""Hardship programmes: draw one up, look at what it does to each loan, have another person agree, follow it, take it back."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from io import StringIO
from typing import Any, Final

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from holdfast.approvals import request as the_request
from holdfast.database.connection import transaction
from holdfast.kernel.money import decimal_of
from holdfast.parties import branches, may, require
from holdfast.products import products
from holdfast.restructuring import programmes
from holdfast.restructuring.programme import CAUSES, Chosen, Outcome, Programme, ProgrammeState
from holdfast.servicing import Kind, Rearrangement
from holdfast.web.console import relief_words
from holdfast.web.console.acts import Tried, attempt, perform
from holdfast.web.console.approval import why_not_second
from holdfast.web.console.desk import Db, Desk, at_desk
from holdfast.web.console.forms import ActForm, AnswerForm, ReasonForm
from holdfast.web.console.templatetags.console import of_language

_LISTED: Final = 200
_DAY: Final = {"type": "date"}


class PlanForm(ActForm):
    """Whom it is for and what it gives."""

    name = forms.CharField(label=_("Name"), max_length=80)
    cause = forms.ChoiceField(label=_("What befell them"), choices=[(code, relief_words.CAUSES[code]) for code in CAUSES])
    branches = forms.MultipleChoiceField(label=_("Branches"), required=False, help_text=_("None chosen: all."))
    products = forms.MultipleChoiceField(label=_("Products"), required=False, help_text=_("None chosen: all."))
    due_from = forms.DateField(label=_("Oldest unpaid instalment due from"), required=False, widget=forms.DateInput(attrs=_DAY))
    due_until = forms.DateField(label=_("until"), required=False, widget=forms.DateInput(attrs=_DAY))
    late_from = forms.IntegerField(label=_("Days late from"), required=False, min_value=0, max_value=100_000)
    late_until = forms.IntegerField(label=_("up to"), required=False, min_value=0, max_value=100_000)
    kind = forms.ChoiceField(
        label=_("What it gives"),
        choices=[("defer", _("every instalment later")), ("holiday", _("no instalment for a while, the term as it is"))],
    )
    months = forms.IntegerField(label=_("Months, or instalments"), min_value=1, max_value=60, initial=1)

    def __init__(self, *args: Any, db: Db, desk: Desk, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        seen = [each for each in branches(db) if desk.staff.reach == "all" or each.branch_id == desk.staff.branch_id]
        for name, choices in (
            ("branches", [(each.code, each.name) for each in seen]),
            ("products", [(each.code, of_language((each.name_zh, each.name_en))) for each in products(db)]),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.MultipleChoiceField)
            field.choices = choices
            field.widget.attrs["size"] = min(6, max(2, len(choices)))

    def chosen(self) -> Chosen:
        """The choice that the form makes."""
        given = {name: self.cleaned_data[name] for name in ("due_from", "due_until", "late_from", "late_until")}
        return Chosen(tuple(self.cleaned_data["branches"]), tuple(self.cleaned_data["products"]), **given)

    def change(self) -> Rearrangement:
        """What each loan would be given."""
        count = self.cleaned_data["months"]
        return (
            Rearrangement(Kind.DEFER, months=count) if self.cleaned_data["kind"] == "defer" else Rearrangement(Kind.HOLIDAY, periods=count)
        )


@require_http_methods(["GET", "HEAD", "POST"])
@at_desk
def all_of_them(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The programmes, newest first, and the form that draws one up."""
    may_plan, status, form = may(desk.staff, "programme.plan"), 200, None
    with transaction() as db:
        if may_plan:
            form = PlanForm(request.POST if request.method == "POST" else None, name="plan", db=db, desk=desk)
        found = programmes.programmes_of(db, by=desk.staff)
    if request.method == "POST":
        require(desk.staff, "programme.plan")
        assert form is not None
        status, wanted = 422, form

        def verb(db: Db) -> str:
            given = {"name": wanted.cleaned_data["name"], "cause": wanted.cleaned_data["cause"]}
            return programmes.plan_programme(
                db, clock=desk.clock, by=desk.staff, chosen=wanted.chosen(), change=wanted.change(), **given
            ).public_id

        if planned := attempt(desk, form, act="programme.plan", about={}, verb=verb):
            return HttpResponseRedirect(reverse("console:programme", args=[planned.made]))
    context = {"programmes": [(each, *relief_words.STATES[each.state]) for each in found], "form": form}
    return render(request, "console/programmes/all.html", context, status=status)


@require_safe
@at_desk
def one(request: HttpRequest, desk: Desk, programme_id: str) -> HttpResponse:
    """One programme: its figures, each loan, and what this person may do with it."""
    return _page(request, desk, programme_id)


@require_POST
@at_desk
def act(request: HttpRequest, desk: Desk, programme_id: str, name: str) -> HttpResponse:
    """Ask, give up, answer, give loans their turn, ask to take back, answer that."""
    if name not in _ACTS:
        raise Http404
    right, form_of, done = _ACTS[name]
    require(desk.staff, right)
    form = form_of(request.POST, name=name)
    shown = request.POST.get("shown", "")

    def verb(db: Db) -> None:
        _do(db, desk, name, programme_id, shown, form.cleaned_data)

    def said(made: str) -> str:
        return gettext("You said no; nothing is done.") if form.cleaned_data.get("approved") is False else str(done)

    return perform(
        request, desk, Tried(name, f"{programme_id} {shown}", form), act=right, verb=verb, said=said,
        back=reverse("console:programme", args=[programme_id]),
        again=lambda tried: _page(request, desk, programme_id, tried=tried, status=422),
    )  # fmt: skip


@require_safe
@at_desk
def as_csv(request: HttpRequest, desk: Desk, programme_id: str) -> HttpResponse:
    """Each loan of the programme as a line of a CSV file that a spreadsheet opens."""
    with transaction() as db:
        members = programmes.members_of(db, by=desk.staff, programme=programme_id)
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["loan", "contract_no", "outcome", "principal", "currency", "was_due_on", "due_on", "extra_interest", "why"])
    for each in members:
        currency = each.principal.currency
        writer.writerow(
            [
                each.loan, each.contract_no, each.outcome, decimal_of(each.principal.minor, currency), currency, each.was_due_on or "",
                each.due_on or "", decimal_of(each.extra.minor, currency), each.why,
            ]
        )  # fmt: skip
    response = HttpResponse("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(True, f"programme-{programme_id}.csv") or ""
    return response


def _page(request: HttpRequest, desk: Desk, programme_id: str, *, tried: Tried | None = None, status: int = 200) -> HttpResponse:
    with transaction() as db:
        found = programmes.the_programme(db, by=desk.staff, programme=programme_id)
        planned = programmes.members_of(
            db, by=desk.staff, programme=programme_id, outcomes=tuple(each for each in Outcome if each != Outcome.LEFT_OUT), limit=_LISTED
        )
        left_out = programmes.members_of(db, by=desk.staff, programme=programme_id, outcomes=(Outcome.LEFT_OUT,), limit=_LISTED)
        open_forms, why_not = _forms(db, desk, found)
    if tried is not None and tried.name in open_forms:
        open_forms[tried.name] = tried.form
    context = {
        "found": found,
        "state": relief_words.STATES[found.state],
        "cause": relief_words.CAUSES[found.cause],
        "planned": [(each, *relief_words.OUTCOMES[each.outcome], _why(each.why)) for each in planned],
        "left_out": [(each, _why(each.why)) for each in left_out],
        "forms": open_forms,
        "why_not": why_not,
        "listed": _LISTED,
        "currency": found.principal.currency,
    }
    return render(request, "console/programmes/one.html", context, status=status)


def _why(code: str) -> Any:
    return relief_words.LEFT_OUT.get(code, relief_words.DOES_NOT_FIT) if code else ""


def _forms(db: Db, desk: Desk, found: Programme) -> tuple[dict[str, forms.Form], str]:
    """The forms that this person may send now, by act, and why the answer is somebody else's."""
    mine: dict[str, forms.Form] = {}
    why_not = ""
    plans, decides = may(desk.staff, "programme.plan"), may(desk.staff, "programme.decide")
    if found.state is ProgrammeState.PLANNED and plans:
        mine |= {"ask": ReasonForm(name="ask"), "drop": ActForm(name="drop")}
    answering = {ProgrammeState.ASKED: ("decide", found.request), ProgrammeState.DONE: ("decide-back", found.reversal)}
    name, asked = answering.get(found.state, ("", None))
    open_request = the_request(db, asked) if asked else None
    if open_request is not None and open_request.standing == "open" and decides:
        why_not = why_not_second(open_request, desk)
        if not why_not:
            mine[name] = AnswerForm(name=name)
    if found.waiting and (plans or decides):
        mine["run"] = ActForm(name="run")
    if found.state is ProgrammeState.DONE and plans and found.given and (open_request is None or open_request.standing != "open"):
        mine["back"] = ReasonForm(name="back")
    return mine, why_not


# Each act: who may, its form, and what is said when it is done.
_ACTS: Final[dict[str, tuple[str, type[ActForm], Any]]] = {
    "ask": ("programme.plan", ReasonForm, _("Asked. Until another person agrees nothing changes.")),
    "drop": ("programme.plan", ActForm, _("Given up; nothing has changed.")),
    "decide": ("programme.decide", AnswerForm, _("You agreed; the loans have their turn now.")),
    "run": ("programme.plan", ActForm, _("The next loans have had their turn.")),
    "back": ("programme.plan", ReasonForm, _("Asked. Until another person agrees nothing changes.")),
    "decide-back": ("programme.decide", AnswerForm, _("You agreed; the loans are taken back one by one.")),
}


def _do(db: Db, desk: Desk, name: str, programme_id: str, shown: str, given: Mapping[str, Any]) -> None:
    """The verb of an act, with what its form says and the digest of what the page showed."""
    common: dict[str, Any] = {"clock": desk.clock, "by": desk.staff, "programme": programme_id}
    if name == "ask":
        programmes.ask_programme(db, **common, shown=shown, reason=given["reason"])
    elif name == "drop":
        programmes.drop_programme(db, **common)
    elif name == "decide":
        programmes.decide_programme(db, **common, shown=shown, agreed=given["approved"], words=given["words"])
    elif name == "back":
        programmes.ask_programme_back(db, **common, reason=given["reason"])
    elif name == "decide-back":
        programmes.decide_programme_back(db, **common, agreed=given["approved"], words=given["words"])
    else:
        programmes.the_programme(db, by=desk.staff, programme=programme_id)
        programmes.run_programme(db, clock=desk.clock, programme=programme_id)
