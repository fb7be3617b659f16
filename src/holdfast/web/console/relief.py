"""Charges, waivers, goodwill and pauses: one page each, reached from the loan's "More acts"; another person answers on the loan's page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from holdfast import servicing
from holdfast.database.connection import transaction
from holdfast.kernel.errors import BadInput
from holdfast.kernel.money import Money
from holdfast.kernel.rate import ppb_of_percent
from holdfast.parties import may, require
from holdfast.servicing import GROUNDS, PAUSE_REASONS, read_loans, waivable
from holdfast.servicing import reading as book
from holdfast.servicing.approved import ask_charge, ask_goodwill, ask_pause, ask_waiver
from holdfast.servicing.charging import WAIVABLE
from holdfast.servicing.views import LoanDetail
from holdfast.web.console import relief_words
from holdfast.web.console.acts import Tried, perform
from holdfast.web.console.desk import Db, Desk, at_desk
from holdfast.web.console.forms import ActForm, AmountField, ReasonForm, RefundForm
from holdfast.web.console.templatetags.console import money


class ChargeForm(ReasonForm):
    """A charge: an amount, or a percentage of something."""

    name = forms.CharField(label=_("What for"), max_length=100)
    ground = forms.ChoiceField(label=_("On which ground"), choices=[(code, relief_words.GROUNDS[code]) for code in GROUNDS])
    collected_by = forms.CharField(
        label=_("Who collects it"),
        max_length=100,
        required=False,
        help_text=_("Leave empty if we collect it ourselves."),
        empty_value="lender",
    )
    amount = AmountField(label=_("Amount"), required=False)
    percent = forms.CharField(label=_("Or percent"), max_length=12, required=False, help_text=_("Leave empty if you gave an amount."))
    of = forms.ChoiceField(label=_("of"), required=False, choices=[("", "—"), *relief_words.BASES.items()])
    due_on = forms.DateField(
        label=_("Due on"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Leave empty for the next instalment's day."),
    )  # fmt: skip
    field_order = ("name", "ground", "collected_by", "amount", "percent", "of", "due_on", "reason")

    def clean_percent(self) -> int:
        text = self.cleaned_data["percent"].strip().rstrip("%").strip()
        try:
            return ppb_of_percent(text, "percent") if text else 0
        except BadInput:
            raise forms.ValidationError(_("Write the percentage in figures, such as 1.5.")) from None


class WaiverForm(ReasonForm):
    """What is given up of each part."""

    penalty = AmountField(label=relief_words.PARTS["penalty"], required=False)
    fee = AmountField(label=relief_words.PARTS["fee"], required=False)
    interest = AmountField(label=relief_words.PARTS["interest"], required=False)
    field_order = (*WAIVABLE, "reason")

    def __init__(self, *args: Any, most: Mapping[str, int], currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for part in WAIVABLE:
            field = self.fields[part]
            assert isinstance(field, AmountField)
            field.currency = currency
            field.help_text = gettext("Unpaid: %(amount)s") % {"amount": money(most[part], currency)}


class PauseForm(ReasonForm):
    """From which day until which, and why."""

    starts_on = forms.DateField(label=_("From"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    ends_on = forms.DateField(label=_("Until"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    why = forms.ChoiceField(label=_("Because"), choices=[(code, relief_words.WHYS[code]) for code in PAUSE_REASONS])
    field_order = ("starts_on", "ends_on", "why", "reason")

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("starts_on", today)
        self.initial.setdefault("ends_on", today + timedelta(days=30))


# Each act of this page: who may, its heading, what is said of it, and its button.
_ACTS: Final = {
    "charge": (
        "charge",
        _("Put a charge on the loan"),
        _("It must be in the contract, agreed to in writing or ordered by a court. With it all costs stay within the ceiling of its day."),
    ),
    "waiver": (
        "waiver",
        _("Waive penalty, fees or interest"),
        _("Only what has fallen due, never principal. The oldest is given up first. Who agrees needs the authority for the sum."),
    ),
    "goodwill": (
        "goodwill",
        _("Goodwill credit"),
        _("We pay a part of the debt ourselves; it falls as a payment would, and is our expense."),
    ),
    "pause": (
        "delinquency.pause",
        _("Pause the count of days late"),
        _("On these days nothing is counted as late and no penalty interest accrues. What is late stays at least one day late."),
    ),
    "resume": ("delinquency.resume", _("Let the count of days late go on"), _("The pause ends today.")),
}


def acts_for(desk: Desk, detail: LoanDetail) -> list[tuple[str, Any]]:
    """The acts that this person may begin on the loan: the page's name of each, and its words."""
    if detail.row.state != "active":
        return []
    running = any(each.ends_on > max(desk.today, each.starts_on) for each in detail.pauses)
    offered = {"charge": not detail.charges_barred, "waiver": True, "goodwill": True, "pause": not running, "resume": running}
    return [(name, title) for name, (act, title, _said) in _ACTS.items() if offered[name] and may(desk.staff, act)]


@require_http_methods(["GET", "HEAD", "POST"])
@at_desk
def act(request: HttpRequest, desk: Desk, loan_id: str, name: str) -> HttpResponse:
    """The form of one act, and asking for it."""
    if name not in _ACTS:
        raise Http404
    right, title, lead = _ACTS[name]
    require(desk.staff, right)
    with transaction() as db:
        detail = book.loan_detail(db, desk.look, loan_id)
        most = waivable(read_loans(db, [detail.number], lock=False)[0].state, desk.today) if detail.last_event_no else {}

    def drawn(form: ActForm, status: int) -> HttpResponse:
        context = {"row": detail.row, "title": title, "lead": lead, "form": form, "asks": name != "resume"}
        return render(request, "console/relief/act.html", context, status=status)

    if request.method != "POST":
        return drawn(_form(name, None, detail, most, desk.today), 200)
    form = _form(name, request.POST, detail, most, desk.today)

    def verb(db: Db) -> None:
        _do(db, desk, name, loan_id, form.cleaned_data)

    return perform(
        request, desk, Tried(name, loan_id, form), act=right, verb=verb, back=reverse("console:loan", args=[loan_id]),
        said=gettext("Done.") if name == "resume" else gettext("Asked. Another person answers on this page."),
        again=lambda tried: drawn(tried.form, 422),
    )  # fmt: skip


def _form(name: str, data: Any, detail: LoanDetail, most: Mapping[str, int], today: date) -> ActForm:
    currency = detail.row.currency
    if name == "charge":
        form: ActForm = ChargeForm(data, name=name)
        amount = form.fields["amount"]
        assert isinstance(amount, AmountField)
        amount.currency = currency
        return form
    if name == "waiver":
        return WaiverForm(data, name=name, most=most or dict.fromkeys(WAIVABLE, 0), currency=currency)
    if name == "goodwill":
        form = RefundForm(data, name=name, currency=currency)
        form.fields["amount"].label = gettext("Amount")
        return form
    return PauseForm(data, name=name, today=today) if name == "pause" else ReasonForm(data, name=name)


def _do(db: Db, desk: Desk, name: str, loan_id: str, given: Mapping[str, Any]) -> None:
    """The verb of an act, with what its form says."""
    common: dict[str, Any] = {"clock": desk.clock, "by": desk.staff, "loan": loan_id, "reason": given["reason"]}
    book.loan_number(db, desk.look, loan_id)
    if name == "charge":
        named = {key: given[key] for key in ("name", "ground", "collected_by", "amount", "due_on")}
        ask_charge(db, **common, **named, ppb=given["percent"], of=given["of"] if given["percent"] else "")
    elif name == "waiver":
        parts: dict[str, Money] = {part: given[part] for part in WAIVABLE if given[part] is not None}
        ask_waiver(db, **common, parts=parts)
    elif name == "goodwill":
        ask_goodwill(db, **common, amount=given["amount"])
    elif name == "pause":
        ask_pause(db, **common, starts_on=given["starts_on"], ends_on=given["ends_on"], why=given["why"])
    else:
        servicing.resume(db, **common)
