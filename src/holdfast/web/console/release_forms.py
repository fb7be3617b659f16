"""The forms of release and disposal: what a person may type at the counter, checked before a verb is asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from holdfast.kernel.errors import BadInput
from holdfast.kernel.money import Money, minor_of
from holdfast.web.console import release_words
from holdfast.web.console.forms import ActForm, AmountField


class IdentifyForm(ActForm):
    """Who has come. Name and number are compared and not kept."""

    way = forms.ChoiceField(label=_("How"), choices=list(release_words.WAYS.items()))
    name = forms.CharField(label=_("Borrower's name, as on the ID card"), max_length=60, required=False)
    id_number = forms.CharField(label=_("ID number"), max_length=30, required=False)
    code = forms.CharField(label=_("Code from the borrower's phone"), max_length=12, required=False)
    agent_name = forms.CharField(label=_("Agent's name"), max_length=60, required=False)
    evidence = forms.FileField(label=_("Power of attorney, or papers seen"), required=False)
    words = forms.CharField(label=_("What was seen"), max_length=300, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs |= {"inputmode": "numeric", "autocomplete": "one-time-code"}
        self.fields["name"].widget.attrs["autocomplete"] = "off"
        self.fields["id_number"].widget.attrs["autocomplete"] = "off"
        self.fields["evidence"].help_text = _("PDF or picture, at most 20 MB")


class ReadForm(ActForm):
    """The seals and IMEIs read again from the things, one pair of fields a thing; or words for a thing outside our records."""

    words = forms.CharField(label=_("What is handed back, and where it was kept"), max_length=300, required=False)

    def __init__(self, *args: Any, places: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.count = len(places)
        for number, place in enumerate(places, 1):
            self.fields[f"seal_{number}"] = forms.CharField(label=_("Seal of %(place)s") % {"place": place}, max_length=30)
            self.fields[f"imei_{number}"] = forms.CharField(
                label=_("IMEI read from it"), max_length=80, help_text=_("Dial *#06#; both, with a space between")
            )
            for name in (f"seal_{number}", f"imei_{number}"):
                self.fields[name].widget.attrs |= {"class": "in", "autocomplete": "off"}
        if places:
            del self.fields["words"]

    @property
    def read(self) -> dict[str, list[str]]:
        """Each seal with the IMEIs under it."""
        values = self.cleaned_data
        return {values[f"seal_{n}"]: values[f"imei_{n}"].replace(",", " ").split() for n in range(1, self.count + 1)}


class ValueForm(ActForm):
    """A figure of a person's, or none: then the price book's rule is asked."""

    amount = AmountField(label=_("What it would fetch (empty: by the price book)"), required=False)
    words = forms.CharField(label=_("Who valued it and how"), max_length=300, required=False)

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["amount"]
        assert isinstance(field, AmountField)
        field.currency = currency

    def clean_amount(self) -> Money | None:
        value = self.cleaned_data.get("amount")
        return value if isinstance(value, Money) else None


class SaleForm(ActForm):
    """A sale: the price, its costs item by item, and who buys."""

    price = AmountField(label=_("Price"))
    costs = forms.CharField(
        label=_("Costs, one a line: what for, amount"), required=False, max_length=600, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("such as: auction fee 50.00"),
    )  # fmt: skip
    buyer_name = forms.CharField(label=_("Buyer's name"), max_length=60)
    buyer_id = forms.CharField(
        label=_("Buyer's ID number"), max_length=30, required=False, help_text=_("Compared with who works here; not kept")
    )
    relation = forms.ChoiceField(label=_("How the buyer stands to the lender"), choices=list(release_words.RELATIONS))
    reason = forms.CharField(label=_("Reason, where the price is low"), max_length=300, required=False)

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = currency
        field = self.fields["price"]
        assert isinstance(field, AmountField)
        field.currency = currency

    def clean_costs(self) -> dict[str, Money]:
        found: dict[str, Money] = {}
        for line in str(self.cleaned_data["costs"]).splitlines():
            what, _space, figure = line.strip().rpartition(" ")
            if not line.strip():
                continue
            try:
                minor = minor_of(figure.replace(",", ""), self.currency)
            except BadInput:
                raise forms.ValidationError(_("Write each cost as its name, a space and the amount.")) from None
            if not what or minor <= 0 or what in found:
                raise forms.ValidationError(_("Write each cost as its name, a space and the amount."))
            found[what] = Money(minor, self.currency)
        return found
