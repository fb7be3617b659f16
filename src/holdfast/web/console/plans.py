"""Reminder plans: what binds each product, what is proposed in its place and what bound before; proposed by one, put live by another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from holdfast.contact import text_of, wordings
from holdfast.contact.templates import samples_of, tongue_of
from holdfast.contact.voice import parts, spoken
from holdfast.database.connection import transaction
from holdfast.parties import may
from holdfast.policy import lender
from holdfast.products import Product, products
from holdfast.servicing import reminder_plans
from holdfast.servicing.reminder_plan_model import FURTHEST_AFTER, FURTHEST_BEFORE, LivePlan, PlannedMoment
from holdfast.servicing.reminder_plans import Plan
from holdfast.web.console import plan_words
from holdfast.web.console.acts import Tried, perform
from holdfast.web.console.approval import why_not_second
from holdfast.web.console.desk import Db, Desk, at_desk
from holdfast.web.console.forms import ActForm, AnswerForm
from holdfast.web.console.templatetags.console import of_language

PROPOSE: Final = "reminder_plan.propose"
ANSWER: Final = "reminder_plan.answer"
ROWS: Final = 12


class ProposalForm(ActForm):
    """A plan row by row: how many days from the due date, and by which channels in order."""

    name = forms.CharField(label=_("Name"), min_length=2, max_length=60)
    product = forms.ChoiceField(label=_("Which loans"), required=False)
    from_day = forms.DateField(label=_("First day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    reason = forms.CharField(label=_("Reason"), min_length=4, max_length=500, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, known: Sequence[Product], earliest: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        product = self.fields["product"]
        assert isinstance(product, forms.ChoiceField)
        product.choices = [("", _("all products without a plan of their own")), *((each.code, _named(each)) for each in known)]
        self.fields["from_day"].widget.attrs["min"] = earliest.isoformat()
        for row in range(ROWS):
            days = forms.IntegerField(
                label=_("Days from the due date"), required=False, min_value=-FURTHEST_BEFORE, max_value=FURTHEST_AFTER,
                widget=forms.NumberInput(attrs={"class": "in", "aria-label": _("Days from the due date")}),
            )  # fmt: skip
            how = forms.ChoiceField(
                label=_("How"), required=False, choices=[("", "—"), *plan_words.HOW.items()],
                widget=forms.Select(attrs={"class": "in", "aria-label": _("How")}),
            )  # fmt: skip
            self.fields |= {f"days_{row}": days, f"how_{row}": how}

    @property
    def rows(self) -> list[tuple[Any, Any]]:
        """The two fields of each moment."""
        return [(self[f"days_{row}"], self[f"how_{row}"]) for row in range(ROWS)]

    @property
    def others(self) -> list[Any]:
        """The fields that are no moment's."""
        return [self[name] for name in ("name", "product", "from_day", "reason")]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        seen: set[int] = set()
        for row in range(ROWS):
            days, how = given.get(f"days_{row}"), given.get(f"how_{row}", "")
            if (days is None) != (not how) and f"days_{row}" not in self.errors:
                self.add_error(f"how_{row}" if how == "" else f"days_{row}", _("Fill in both the days and how, or neither."))
            elif days is not None:
                if days in seen:
                    self.add_error(f"days_{row}", _("This day is there already; one moment a day."))
                if (why := plan_words.why_not(days, how)) is not None:
                    self.add_error(f"how_{row}", why)
                seen.add(days)
        if not self.errors and 0 not in seen:
            self.add_error(None, _("The due day itself needs its reminder: add a row with 0 days."))
        if not self.errors and max(seen, default=0) <= 0:
            self.add_error(None, _("Somebody has to follow up when nothing was paid: add a row after the due date."))
        return given

    def moments(self) -> list[dict[str, Any]]:
        """The moments as they were written."""
        given = self.cleaned_data
        return [
            {"days": given[f"days_{row}"], "channels": given[f"how_{row}"].split()}
            for row in range(ROWS)
            if given.get(f"days_{row}") is not None
        ]


@require_safe
@at_desk
def plans(request: HttpRequest, desk: Desk) -> HttpResponse:
    """What binds each product now, and every version of every plan."""
    return _all(request, desk)


@require_safe
@at_desk
def plan(request: HttpRequest, desk: Desk, plan_id: str) -> HttpResponse:
    """One version: its moments, what a borrower gets, what it changes, and who answered."""
    return _one(request, desk, plan_id)


@require_POST
@at_desk
def propose(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Propose another version."""
    with transaction() as db:
        form = _form(db, desk, data=request.POST)

    def verb(db: Db) -> str:
        given = form.cleaned_data
        made = reminder_plans.propose(
            db, clock=desk.clock, by=desk.staff, name=given["name"], product=given["product"] or None, moments=form.moments(),
            from_day=given["from_day"], words=given["reason"],
        )  # fmt: skip
        return made.row.public_id

    return perform(
        request, desk, Tried("plan", "", form), act=PROPOSE, verb=verb,
        said=gettext("Proposed. Another person looks at it and puts it live, or not."),
        back=lambda made: reverse("console:plan", args=[made]), again=lambda tried: _all(request, desk, form=form),
    )  # fmt: skip


@require_POST
@at_desk
def answer(request: HttpRequest, desk: Desk, plan_id: str) -> HttpResponse:
    """Put a plan live as the second person, or say no."""
    form = AnswerForm(request.POST, name="verdict")

    def verb(db: Db) -> None:
        given = form.cleaned_data
        reminder_plans.answer(db, clock=desk.clock, by=desk.staff, plan=plan_id, approved=given["approved"], words=given["words"])

    def said(made: str) -> str:
        if form.cleaned_data["approved"]:
            return gettext("It is live: it binds from its day on, and no day before.")
        return gettext("You said no; nothing changes.")

    return perform(
        request, desk, Tried("verdict", plan_id, form), act=ANSWER, verb=verb, said=said, back=reverse("console:plan", args=[plan_id]),
        again=lambda tried: _one(request, desk, plan_id, tried=form),
    )  # fmt: skip


# -- what is shown ------------------------------------------------------------------------------------------------------


def _all(request: HttpRequest, desk: Desk, *, form: ProposalForm | None = None) -> HttpResponse:
    with transaction() as db:
        known = products(db)
        every = reminder_plans.every(db, clock=desk.clock)
        bind = [(each, *reminder_plans.in_force(db, clock=desk.clock, product=each.code)) for each in known]
        drawn = form or (_form(db, desk, of=request.GET.get("of", "")) if may(desk.staff, PROPOSE) else None)
    names = {each.code: _named(each) for each in known}
    context = {
        "bind": [{"product": _named(each), "code": each.code, "plan": live, "told": _told(moments)} for each, live, moments in bind],
        "plans": [_listed(each, names) for each in every],
        "form": drawn,
    }
    return render(request, "console/plans/all.html", context, status=422 if form else 200)


def _one(request: HttpRequest, desk: Desk, plan_id: str, *, tried: AnswerForm | None = None) -> HttpResponse:
    with transaction() as db:
        found = reminder_plans.one(db, clock=desk.clock, plan=plan_id)
        row = found.row
        now, stands = reminder_plans.in_force(db, clock=desk.clock, product=row.product)
        texts = _texts(db)
        names = {each.code: _named(each) for each in products(db)}
    form, why_not = _answer_form(desk, found)
    context = {
        **_listed(found, names),
        "asked": found.asked,
        "timeline": [{**each, "text": texts[each["template"]] if each["told"] else None} for each in _rows(row.moments)],
        "now": now,
        "changes": [
            {"mark": plan_words.mark(each.days), "was": plan_words.order(each.was), "now": plan_words.order(each.now)}
            for each in reminder_plans.differences(stands, row.moments)
        ]
        if found.standing != "in_force"
        else None,
        "call": texts["call"],
        "form": (tried or form) if form else None,
        "why_not": why_not,
        "may_propose": may(desk.staff, PROPOSE),
    }
    return render(request, "console/plans/one.html", context, status=422 if tried else 200)


def _answer_form(desk: Desk, found: Plan) -> tuple[AnswerForm | None, str]:
    if found.standing != "proposed":
        return None, ""
    why_not = why_not_second(found.asked, desk, ANSWER)
    return (None, why_not) if why_not else (AnswerForm(name="verdict"), "")


def _form(db: Db, desk: Desk, *, data: Any = None, of: str = "") -> ProposalForm:
    """An empty form that begins from a version, or from what binds a product (`of` is either's name)."""
    known, earliest = products(db), reminder_plans.first_day(lender(db), desk.clock)
    if data is not None:
        return ProposalForm(data, name="plan", known=known, earliest=earliest)
    initial: dict[str, Any] = {"from_day": earliest, "product": ""}
    moments: Sequence[PlannedMoment]
    live: LivePlan | None
    if of.startswith("rp_"):
        row = reminder_plans.one(db, clock=desk.clock, plan=of).row
        live, moments, initial["product"] = row.as_live, row.moments, row.product or ""
    else:
        code = of if of in {each.code for each in known} else None
        live, moments = reminder_plans.in_force(db, clock=desk.clock, product=code)
        initial["product"] = code or ""
    if live is not None:
        initial["name"] = live.name
    for number, each in enumerate(moments[:ROWS]):
        initial |= {f"days_{number}": each.days, f"how_{number}": " ".join(each.steps)}
    return ProposalForm(name="plan", known=known, earliest=earliest, initial=initial)


def _listed(each: Plan, names: Mapping[str, str]) -> dict[str, Any]:
    shape, word = plan_words.STANDINGS[each.standing]
    product = names[each.row.product] if each.row.product is not None else gettext("all products without a plan of their own")
    return {"it": each.row, "shape": shape, "standing": word, "product": product}


def _told(moments: Sequence[PlannedMoment]) -> list[tuple[str, str]]:
    """The moments that are told the same way, together: in which order, and when."""
    found: dict[str, list[str]] = {}
    for each in moments:
        found.setdefault(plan_words.order(each.steps), []).append(plan_words.mark(each.days))
    return [(order, gettext(", ").join(marks)) for order, marks in found.items()]


def _rows(moments: Sequence[PlannedMoment]) -> list[dict[str, Any]]:
    return [
        {
            "days": each.days,
            "mark": plan_words.mark(each.days),
            "when": plan_words.when(each.days),
            "order": plan_words.order(each.steps),
            "told": bool(each.channels),
            "template": "reminder" if each.days <= 0 else "overdue",
        }
        for each in moments
    ]


def _texts(db: Db) -> dict[str, str]:
    """The words of each message as a borrower of the page's language reads them, with sample figures, and how a call begins."""
    language, signature = tongue_of(get_language() or "zh-hans"), lender(db).name
    known = wordings(db)
    found = {}
    for name in ("reminder", "overdue"):
        wording = known.of(name, language)
        found[name] = text_of(name, samples_of(name), language=language, signature=signature, words=wording.words if wording else None)
    found["call"] = parts(spoken("", language=language, lender=signature))[0]
    return found


def _named(product: Product) -> str:
    return of_language((product.name_zh, product.name_en))
