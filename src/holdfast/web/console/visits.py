"""Field visits: what is planned, and on a phone at the door: begin, report with a photo and the place, confirm as the other one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any, Final

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from holdfast.database.connection import transaction
from holdfast.followup import visits
from holdfast.followup.visits_model import MET, OUTCOMES, REASONS, TOLD, Point, Visit, VisitState
from holdfast.kernel.clock import instant_on
from holdfast.kernel.errors import HoldfastError
from holdfast.parties import may, staff_by_id, staff_list
from holdfast.servicing import reading as book
from holdfast.web.console import visit_words, words
from holdfast.web.console.acts import Tried, kept, perform
from holdfast.web.console.desk import Db, Desk, at_desk
from holdfast.web.console.forms import ActForm, ReasonForm

_LISTED: Final = 200
_AREA: Final = {"rows": 3}
_WHEN: Final = {"type": "datetime-local"}
_FIGURE: Final = {"inputmode": "decimal", "autocomplete": "off"}
_PICTURE: Final = {"accept": "image/jpeg,image/png,image/webp", "capture": "environment"}
_FORMAT: Final = "%Y-%m-%dT%H:%M"


def _place() -> tuple[forms.FloatField, forms.FloatField]:
    return (
        forms.FloatField(label=_("Latitude"), min_value=-90, max_value=90, widget=forms.TextInput(attrs=_FIGURE)),
        forms.FloatField(label=_("Longitude"), min_value=-180, max_value=180, widget=forms.TextInput(attrs=_FIGURE)),
    )


class MoveForm(ActForm):
    """Another time."""

    planned_for = forms.DateTimeField(label=_("When"), widget=forms.DateTimeInput(attrs=_WHEN, format=_FORMAT))


class PlanForm(MoveForm):
    """Why, where, when, and who the two are."""

    reason = forms.ChoiceField(label=_("Why"), choices=[(code, visit_words.REASONS[code]) for code in REASONS])
    first = forms.ChoiceField(label=_("First of the two, who has the duty"))
    second = forms.ChoiceField(label=_("Second of the two"))
    address = forms.CharField(
        label=_("Address to visit"), max_length=200, required=False, help_text=_("Left empty: the address that the borrower gave.")
    )
    lat, lon = _place()
    words = forms.CharField(label=_("What for, in words"), min_length=4, max_length=visits.MOST_WORDS, widget=forms.Textarea(attrs=_AREA))
    field_order = ("reason", "planned_for", "first", "second", "address", "lat", "lon", "words")

    def __init__(self, *args: Any, people: list[tuple[str, str]], tomorrow: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("first", "second"):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [("", "—"), *people]
        for name in ("lat", "lon"):
            self.fields[name].required = False
        self.fields["lat"].help_text = _("If the point is known: then the report shows how far from it the two stood.")
        self.initial.setdefault("planned_for", tomorrow)

    def point(self) -> Point | None:
        """The point of the address, if both figures were given."""
        lat, lon = self.cleaned_data["lat"], self.cleaned_data["lon"]
        return None if lat is None or lon is None else Point(lat, lon, None, True)


class ReportForm(ActForm):
    """What one of the two found."""

    photo = forms.FileField(label=_("Photo"), widget=forms.FileInput(attrs=_PICTURE))
    photo2 = forms.FileField(label=_("Another photo, if there is one"), required=False, widget=forms.FileInput(attrs=_PICTURE))
    lat, lon = _place()
    accuracy_m = forms.IntegerField(required=False, min_value=0, max_value=1_000_000, widget=forms.HiddenInput)
    met = forms.ChoiceField(label=_("Whom we met"), choices=[("", "—"), *[(code, visit_words.MET[code]) for code in MET]])
    told = forms.ChoiceField(
        label=_("Who was told of the debt"),
        choices=[("", "—"), *[(code, visit_words.TOLD[code]) for code in TOLD]],
        help_text=_("Nobody but the borrower may be told. If it happened, say so: it stands in the record."),
    )
    outcome = forms.ChoiceField(label=_("What came of it"), choices=[("", "—"), *[(code, visit_words.OUTCOMES[code]) for code in OUTCOMES]])
    words = forms.CharField(
        label=_("What was said and seen"), min_length=4, max_length=visits.MOST_WORDS, widget=forms.Textarea(attrs=_AREA)
    )

    def stood(self) -> Point:
        """Where they stood: by the browser if it said how sure it is, else typed in."""
        given = self.cleaned_data
        return Point(given["lat"], given["lon"], given["accuracy_m"], given["accuracy_m"] is None)

    def photos(self) -> list[bytes]:
        """The pictures."""
        return [upload.read() for name in ("photo", "photo2") if (upload := self.cleaned_data.get(name)) is not None]


def on_loan(db: Db, desk: Desk, loan_id: str) -> Mapping[str, Any] | None:
    """The panel: each visit with its state, and the way to plan one."""
    found = visits.visits_of(db, by=desk.staff, loan=loan_id)
    active = book.loan_detail(db, desk.look, loan_id).row.state in ("active", "written_off")
    may_plan = active and may(desk.staff, "visit.plan")
    if not found and not may_plan:
        return None
    return {"visits": [_row(db, each) for each in found], "may_plan": may_plan, "visits_loan": loan_id}


@require_safe
@at_desk
def listed(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The visits within sight: what is to be done, or with `?all` the others too."""
    everything = "all" in request.GET
    with transaction() as db:
        rows = [_row(db, each) for each in visits.listed(db, by=desk.staff, only_open=not everything, limit=_LISTED)]
    return render(request, "console/visits/list.html", {"rows": rows, "everything": everything})


@require_http_methods(["GET", "HEAD", "POST"])
@at_desk
def of_loan(request: HttpRequest, desk: Desk, loan_id: str) -> HttpResponse:
    """The visits about one loan, and the form that plans one."""
    if request.method != "POST":
        return _page(request, desk, loan_id)
    with transaction() as db:
        form = _plan_form(db, desk, request)

    def verb(db: Db) -> str:
        given = form.cleaned_data
        return visits.plan(
            db, clock=desk.clock, by=desk.staff, loan=loan_id, reason=given["reason"], words=given["words"],
            planned_for=given["planned_for"], visitors=[given["first"], given["second"]], address=given["address"], point=form.point(),
        ).public_id  # fmt: skip

    tried = Tried("plan", loan_id, form)
    return perform(
        request, desk, tried, act="visit.plan", verb=verb, said=str(_("Planned; the borrower is told the day and the hour.")),
        back=reverse("console:visits_of", args=[loan_id]), again=lambda refused: _page(request, desk, loan_id, tried=refused, status=422),
    )  # fmt: skip


@require_POST
@at_desk
def act(request: HttpRequest, desk: Desk, loan_id: str, visit_id: str, what: str) -> HttpResponse:
    """Begin a visit, report it, confirm it, move it, or call it off."""
    if what not in _ACTS:
        raise Http404
    needed, kind, said = _ACTS[what]
    form = kind(request.POST, request.FILES, name=what)

    def verb(db: Db) -> None:
        about: dict[str, Any] = {"clock": desk.clock, "by": desk.staff, "loan": loan_id, "visit": visit_id}
        given = form.cleaned_data
        if isinstance(form, ReportForm):
            facts = {name: given[name] for name in ("met", "told", "outcome", "words")}
            visits.report(db, **about, **facts, stood=form.stood(), photos=form.photos())
        elif what == "move":
            visits.move(db, **about, planned_for=given["planned_for"])
        elif what == "cancel":
            visits.cancel(db, **about, words=given["reason"])
        elif what == "begin":
            visits.begin(db, **about)
        else:
            visits.confirm(db, **about)

    back = reverse("console:visits_of", args=[loan_id])
    return perform(
        request, desk, Tried(what, visit_id, form), act=needed, verb=verb, said=str(said), back=back,
        again=lambda refused: _page(request, desk, loan_id, tried=refused, status=422),
    )  # fmt: skip


# What may be done with a visit: the act of `parties.MAY`, the form, and what is said when it is done.
_ACTS: Final[Mapping[str, tuple[str, type[ActForm], Any]]] = {
    "begin": ("visit.make", ActForm, _("The rules let you ring. Show your badge; tell nobody but the borrower of the debt.")),
    "report": ("visit.make", ReportForm, _("Reported. The other one of you confirms it.")),
    "confirm": ("visit.make", ActForm, _("Confirmed; the visit is done.")),
    "move": ("visit.plan", MoveForm, _("Moved; the borrower is told.")),
    "cancel": ("visit.plan", ReasonForm, _("Called off; the borrower is told.")),
}


def _page(request: HttpRequest, desk: Desk, loan_id: str, *, tried: Tried | None = None, status: int = 200) -> HttpResponse:
    with transaction() as db:
        row = book.loan_detail(db, desk.look, loan_id).row
        found = visits.visits_of(db, by=desk.staff, loan=loan_id)
        plan = None
        if row.state in ("active", "written_off") and may(desk.staff, "visit.plan") and not any(each.open for each in found):
            plan = kept(tried, "plan", loan_id, lambda: _plan_form(db, desk, None))
        shown = [_shown(db, desk, each, tried) for each in found]
    context = {"row": row, "shown": shown, "form": plan, "failed": tried.name if tried else ""}
    return render(request, "console/visits/loan.html", context, status=status)


def _shown(db: Db, desk: Desk, found: Visit, tried: Tried | None) -> Mapping[str, Any]:
    """One visit: what this person may read of it, and the forms they may use, or why not."""
    names: list[str] = []
    why_not = ""
    if found.open and may(desk.staff, "visit.make"):
        try:
            visits.must_visit(db, desk.staff, found)
            if found.state is VisitState.PLANNED:
                names.append("begin")
            elif found.state is VisitState.BEGUN:
                names.append("report")
            elif desk.staff.staff_id != found.reported_by:
                names.append("confirm")
            else:
                why_not = str(visit_words.REFUSALS["visit_own_report"])
        except HoldfastError as error:
            why_not = words.refusal(error)
    if found.state in (VisitState.PLANNED, VisitState.BEGUN) and may(desk.staff, "visit.plan"):
        names += ["move", "cancel"] if found.state is VisitState.PLANNED else ["cancel"]
    return {
        **_row(db, found), "opened": visits.opened(db, by=desk.staff, visit=found), "why_not": why_not,
        "forms": {name: kept(tried, name, found.public_id, _fresh(name, found)) for name in names},
    }  # fmt: skip


def _fresh(name: str, found: Visit) -> Any:
    initial = {"planned_for": found.planned_for.astimezone(timezone.get_current_timezone())} if name == "move" else None
    return lambda: _ACTS[name][1](name=f"{name}-{found.visit_no}", initial=initial)


def _row(db: Db, found: Visit) -> Mapping[str, Any]:
    shape, word = visit_words.STATES[found.state]
    return {
        "visit": found, "shape": shape, "word": word, "reason": words.word(visit_words.REASONS, found.reason),
        "people": [staff_by_id(db, each).name for each in (found.first_id, found.second_id)],
        "met": words.word(visit_words.MET, found.met) if found.met else "",
        "told": words.word(visit_words.TOLD, found.told) if found.told else "", "breach": found.told == "somebody_else",
        "outcome": words.word(visit_words.OUTCOMES, found.outcome) if found.outcome else "",
        "reported_by": staff_by_id(db, found.reported_by).name if found.reported_by else "",
        "confirmed_by": staff_by_id(db, found.confirmed_by).name if found.confirmed_by else "",
    }  # fmt: skip


def _plan_form(db: Db, desk: Desk, request: HttpRequest | None) -> PlanForm:
    people = [(each.public_id, f"{each.name} · {words.word(words.ROLES, each.role)}") for each in staff_list(db) if may(each, "visit.make")]
    tomorrow = instant_on(desk.today + timedelta(days=1), time(10), desk.lender.zone).astimezone(timezone.get_current_timezone())
    given: dict[str, Any] = {"name": "plan", "people": people, "tomorrow": tomorrow}
    if request is not None:
        return PlanForm(request.POST, **given)
    return PlanForm(**given, initial={"first": desk.staff.public_id} if may(desk.staff, "visit.make") else None)
