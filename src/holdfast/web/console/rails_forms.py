"""The forms of files, recalls, the lender's account and mandates."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from holdfast.kernel.money import Money
from holdfast.web.console.forms import ActForm, AmountField
from holdfast.web.console.money_forms import WordsForm

OUTCOMES = {
    "stopped": _("Stopped: it was not paid and will not be"),
    "returned": _("The money came back"),
    "refused": _("Refused: it does not come back"),
    "stands": _("What was said first stands"),
}


class MakeFileForm(ActForm):
    """Which payouts go into a file, and when the bank is to pay."""

    payouts = forms.MultipleChoiceField(label=_("Payouts"), error_messages={"required": _("Choose at least one.")})
    execute_on = forms.DateField(label=_("To be paid on"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))

    def __init__(self, *args: Any, choices: list[str], today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        payouts = self.fields["payouts"]
        assert isinstance(payouts, forms.MultipleChoiceField)
        payouts.choices = [(each, each) for each in choices]
        self.initial.setdefault("execute_on", today)


class HandOverForm(ActForm):
    """The bank's receipt for a file."""

    reference = forms.CharField(label=_("The bank's receipt"), min_length=4, max_length=100)


class AnswersForm(ActForm):
    """A status report of the bank."""

    file = forms.FileField(label=_("Status report (pain.002)"))


class HouseAccountForm(WordsForm):
    """The lender's own account."""

    holder = forms.CharField(label=_("Account holder"), max_length=70)
    account = forms.CharField(label=_("Account number"), max_length=40)
    bank = forms.CharField(label=_("Bank and branch"), max_length=70)
    bank_code = forms.CharField(label=_("Bank code"), max_length=20, required=False, help_text=_("CNAPS or BIC"))
    virtual_prefix = forms.CharField(
        label=_("Virtual accounts begin with"), max_length=20, required=False,
        help_text=_("Empty if the bank gives no account numbers for single loans."),
    )  # fmt: skip
    virtual_digits = forms.IntegerField(label=_("Figures of a virtual account"), min_value=0, max_value=40, required=False)
    field_order = ("holder", "account", "bank", "bank_code", "virtual_prefix", "virtual_digits", "words")


class MatterForm(WordsForm):
    """How a recall or a contradiction ended, on the bank's word."""

    outcome = forms.ChoiceField(label=_("What the bank says"))
    reference = forms.CharField(label=_("Statement or letter that says so"), min_length=4, max_length=100)
    line = forms.ChoiceField(label=_("Line in suspense"), required=False, help_text=_("Only where the money came back: by which line."))
    field_order = ("outcome", "reference", "line", "words")

    def __init__(self, *args: Any, allowed: tuple[str, ...], lines: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "returned" not in allowed:
            del self.fields["line"]
        for name, choices in (("outcome", [(each, OUTCOMES[each]) for each in allowed]), ("line", [("", "—"), *lines])):
            if name in self.fields:
                field = self.fields[name]
                assert isinstance(field, forms.ChoiceField)
                field.choices = choices


class SplitForm(ActForm):
    """The parts of a line that is for several loans."""

    first = AmountField(label=_("First part"))
    second = AmountField(label=_("Second part"))
    third = AmountField(label=_("Third part"), required=False)

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field, AmountField):
                field.currency = currency

    @property
    def parts(self) -> list[Money]:
        """The amounts that were filled in, in their order."""
        return [each for name in ("first", "second", "third") if (each := self.cleaned_data[name]) is not None]
