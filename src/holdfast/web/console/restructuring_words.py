"""The words of other terms, for staff and borrower alike, and how a change is read from a page."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from holdfast.kernel.calendar import add_months
from holdfast.kernel.errors import BadInput
from holdfast.kernel.rate import Per, Rate, percent_of_ppb
from holdfast.restructuring import Comparison
from holdfast.servicing import Arrears, Asks, Kind, Rearrangement
from holdfast.servicing.views import InstalmentRow
from holdfast.web.console.templatetags.console import day

Text = str | Promise

STATES: Final[Mapping[str, tuple[str, Text]]] = {
    "proposed": ("now", _("Waits for the borrower's yes")),
    "asked": ("now", _("Waits for an answer")),
    "seconded": ("now", _("One of two has agreed")),
    "agreed": ("done", _("Agreed")),
    "refused": ("late", _("Not agreed")),
    "withdrawn": ("todo", _("Withdrawn")),
    "reversed": ("warn", _("Taken back")),
}
REASONS: Final[Mapping[str, Text]] = {
    "income_late": _("My income comes later"),
    "income_less": _("I earn less than before"),
    "unforeseen_cost": _("An expense that I did not foresee"),
    "other": _("Something else"),
}
# What is asked for: its name, and what it does.
KINDS: Final[Mapping[Kind, tuple[Text, Text]]] = {
    Kind.DEFER: (_("More time"), _("Every instalment that is not paid falls due whole months later.")),
    Kind.DUE_DATES: (_("Another day for all"), _("From one instalment on, all fall due on another day.")),
    Kind.DUE_DATE: (_("Another day for one"), _("One instalment falls due on another day; the others stay.")),
    Kind.EXTEND: (_("More instalments"), _("What is left is spread over more instalments, each of them smaller.")),
    Kind.HOLIDAY: (_("A holiday"), _("Some instalments ask for interest only, or for nothing.")),
    Kind.NEW_RATE: (_("A new rate"), _("Another rate from the next instalment on.")),
    Kind.REAMORTISE: (_("Spread the arrears"), _("What is overdue is spread over the instalments to come.")),
    Kind.REINSTAL: (_("Pay off in new instalments"), _("All that is owed today comes back in equal new instalments.")),
    Kind.REAGE: (_("Start the plan anew"), _("The old instalments are closed; all that is owed comes back by the contract's own method.")),
}
# Which boxes each kind shows.
FIELDS: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.DEFER: ("months",),
    Kind.DUE_DATE: ("from_n", "due_on"),
    Kind.DUE_DATES: ("from_n", "due_on"),
    Kind.EXTEND: ("instalments",),
    Kind.HOLIDAY: ("periods", "asks", "longer"),
    Kind.NEW_RATE: ("rate",),
    Kind.REAMORTISE: ("arrears",),
    Kind.REINSTAL: ("instalments", "start_on"),
    Kind.REAGE: ("instalments", "start_on"),
}
_MOST: Final = 480
_WEEK: Final = timedelta(days=7)


class ChangeForm(forms.Form):
    """The figures of one kind of change, as they are chosen before they are compared."""

    months = forms.IntegerField(label=_("Months"), min_value=1, max_value=_MOST)
    from_n = forms.IntegerField(label=_("From instalment"), min_value=1, max_value=_MOST)
    due_on = forms.DateField(label=_("Its new day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    instalments = forms.IntegerField(label=_("How many"), min_value=1, max_value=_MOST)
    periods = forms.IntegerField(label=_("For how many instalments"), min_value=1, max_value=_MOST)
    asks = forms.ChoiceField(label=_("They ask for"), choices=[("interest", _("interest only")), ("nothing", _("nothing"))])
    longer = forms.BooleanField(label=_("Make the term longer by as many"), required=False)
    rate = forms.DecimalField(label=_("New rate, %"), min_value=Decimal(0), max_value=Decimal(100), max_digits=9, decimal_places=6)
    arrears = forms.ChoiceField(
        label=_("Interest that is overdue"), choices=[("spread", _("spread over all")), ("next", _("with the next instalment"))]
    )
    start_on = forms.DateField(label=_("First new day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))

    def __init__(self, data: Any, *, kind: Kind, per: Per, first: Mapping[str, Any]) -> None:
        wanted = FIELDS[kind]
        # Until somebody chooses, the boxes hold what is asked for most.
        chosen = data if any(name in data for name in wanted) else {name: first[name] for name in wanted if name in first}
        super().__init__(chosen, auto_id="c-%s")
        self.kind, self.per = kind, per
        for name in list(self.fields):
            if name not in wanted:
                del self.fields[name]
            elif not isinstance(self.fields[name].widget, forms.CheckboxInput):
                self.fields[name].widget.attrs["class"] = "in"

    def change(self) -> Rearrangement:
        """What was chosen; BadInput, naming the box, where a figure does not hold."""
        if not self.is_valid():
            name = next(iter(self.errors))
            raise BadInput(f"{name}: {self.errors[name][0]}", field=name, code="bad_change")
        given = dict(self.cleaned_data)
        if "rate" in given:
            given["rate"] = Rate(int(given["rate"] * 10_000_000), self.per)
        if "asks" in given:
            given["asks"] = Asks(given["asks"])
            given["longer"] = given.get("longer") or None
        if "arrears" in given:
            given["arrears"] = Arrears(given["arrears"])
        return Rearrangement(self.kind, **given)


class ChangeField(forms.CharField):
    """A change as a page sends it back: the very one that the figures were shown for."""

    widget = forms.HiddenInput

    def clean(self, value: Any) -> Rearrangement:
        text = super().clean(value)
        try:
            said = json.loads(text)
            return Rearrangement.from_json(said if isinstance(said, dict) else {})
        except (ValueError, TypeError, RecursionError):
            raise forms.ValidationError(_("Choose again what is to change.")) from None
        except BadInput as error:
            raise forms.ValidationError(str(error)) from None


def first_choice(schedule: list[InstalmentRow], rate_ppb: int, today: date) -> dict[str, Any]:
    """What the boxes hold before anybody has chosen, from the loan as it stands."""
    coming = next((row for row in schedule if row.unpaid.minor and row.due_on > today), None)
    return {
        "months": 1,
        "instalments": 6,
        "periods": 1,
        "asks": "interest",
        "arrears": "spread",
        "from_n": coming.n if coming else 1,
        "due_on": (coming.due_on if coming else today) + _WEEK,
        "rate": percent_of_ppb(rate_ppb),
        "start_on": add_months(today, 1),
    }


def kind_of(text: str | None, kinds: Collection[Kind]) -> Kind:
    """The kind that an address names; the first of `kinds` if it names none of them."""
    return next((kind for kind in kinds if kind.value == text), next(iter(kinds)))


def hidden(change: Rearrangement) -> str:
    """The change as a page carries it."""
    return json.dumps(change.to_json(), sort_keys=True)


def title(change: Rearrangement) -> str:
    """What is asked for, in a few words."""
    if change.kind is Kind.DEFER and change.months is not None:
        return ngettext("%(n)s month more", "%(n)s months more", change.months) % {"n": change.months}
    if change.kind in (Kind.DUE_DATE, Kind.DUE_DATES):
        which = gettext("Instalment %(n)s on %(day)s") if change.kind is Kind.DUE_DATE else gettext("From instalment %(n)s on %(day)s")
        return which % {"n": change.from_n, "day": day(change.due_on)}
    if change.kind is Kind.EXTEND and change.instalments is not None:
        return ngettext("%(n)s instalment more", "%(n)s instalments more", change.instalments) % {"n": change.instalments}
    if change.kind in (Kind.REAGE, Kind.REINSTAL) and change.instalments is not None:
        return ngettext("%(n)s new instalment", "%(n)s new instalments", change.instalments) % {"n": change.instalments}
    if change.kind is Kind.HOLIDAY:
        told = gettext("%(n)s without anything to pay") if change.asks is not Asks.INTEREST else gettext("%(n)s with interest only")
        counted = ngettext("%(n)s instalment", "%(n)s instalments", change.periods or 0) % {"n": change.periods}
        return told % {"n": counted}
    if change.rate is not None:
        return gettext("%(rate)s%% from now on") % {"rate": percent_of_ppb(change.rate.ppb)}
    return str(KINDS[change.kind][0])


def told_more(told: Comparison) -> Mapping[str, Any]:
    """What a comparison says above its lines: both plans at a glance."""
    before, after = told.before, told.after
    return {
        "count_before": len(before),
        "count_after": len(after),
        "first_before": before[0].was_due_on if before else None,
        "first_after": min((line.due_on for line in after if line.due_on), default=None),
        "usual_before": told.usual_before,
        "usual_after": told.usual_after,
        "yearly_before": _percent(told.yearly_before),
        "yearly_after": _percent(told.yearly_after),
    }


def _percent(share: str | None) -> str:
    return "—" if share is None else f"{Decimal(share) * 100:.2f}%"
