"""The console's forms: what a person may type, checked before a verb is asked.

A verb checks again; these give the answer beside the field, in the page's language.
"""

from __future__ import annotations

import secrets
from datetime import date
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from holdfast.kernel.errors import BadInput
from holdfast.kernel.money import Money, minor_of
from holdfast.servicing.service import SPOKEN
from holdfast.web.console import words


def new_key() -> str:
    """A key for one form."""
    return secrets.token_urlsafe(18)


class ActForm(forms.Form):
    """A form that does one act once: it carries a key of its own."""

    key = forms.CharField(widget=forms.HiddenInput, min_length=12, max_length=80)

    def __init__(self, data: Any = None, files: Any = None, *, name: str, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, files, auto_id=f"{name}-%s", initial=initial)
        if not self.is_bound:
            self.initial.setdefault("key", new_key())
        for field in self.fields.values():
            if not isinstance(field.widget, forms.HiddenInput):
                field.widget.attrs.setdefault("class", "in")

    @property
    def one_time_key(self) -> str:
        """The key, once the form is valid."""
        return str(self.cleaned_data["key"])

    def stated(self) -> dict[str, str]:
        """What a valid form says, field by field, as its key remembers it: files by their name and size."""
        return {name: _stated(value) for name, value in self.cleaned_data.items() if name != "key"}


def _stated(value: Any) -> str:
    if isinstance(value, UploadedFile):
        return f"{value.name} {value.size}"
    return f"{value.minor} {value.currency}" if isinstance(value, Money) else str(value)


class AmountField(forms.CharField):
    """An amount in major units: `1,234.50`; None if it may be left empty and is. Full-width figures and grouping commas are accepted."""

    def __init__(self, *, currency: str = "CNY", **kwargs: Any) -> None:
        super().__init__(max_length=24, **kwargs)
        self.currency = currency
        self.widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}

    def clean(self, value: Any) -> Money | None:
        text = super().clean(value).translate(str.maketrans("０１２３４５６７８９．，", "0123456789.,")).replace(",", "").strip()
        if not text and not self.required:
            return None
        try:
            minor = minor_of(text, self.currency)
        except BadInput:
            raise forms.ValidationError(_("Write the amount in figures with a point, such as 1234.50.")) from None
        if minor <= 0:
            raise forms.ValidationError(_("The amount must be more than nothing."))
        return Money(minor, self.currency)


class ReceiptForm(ActForm):
    """Money received for one loan."""

    amount = AmountField(label=_("Amount"))
    received_on = forms.DateField(label=_("Received on"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))

    def __init__(self, *args: Any, currency: str, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        amount = self.fields["amount"]
        assert isinstance(amount, AmountField)
        amount.currency = currency
        self.initial.setdefault("received_on", today)
        self.fields["received_on"].widget.attrs["max"] = today.isoformat()
        self.fields["received_on"].help_text = _("The day the money came, even if it is known only today.")


class ReasonForm(ActForm):
    """An act that is done only with a reason."""

    reason = forms.CharField(label=_("Reason"), min_length=4, max_length=500, widget=forms.Textarea(attrs={"rows": 2}))


class NoteForm(ActForm):
    """How a duty went."""

    outcome = forms.ChoiceField(label=_("Outcome"))
    how = forms.ChoiceField(label=_("How you spoke"), choices=words.HOW)
    words = forms.CharField(label=_("In their words, or yours"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 2}))
    pay_by = forms.DateField(
        label=_("Promised to pay by"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Only where the borrower promised; a promise without a day counts for a few days."),
    )  # fmt: skip

    def __init__(self, *args: Any, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "promised" not in words.OUTCOMES_OF.get(kind, ()):
            del self.fields["pay_by"]
        if kind not in SPOKEN:
            del self.fields["how"]
        outcome = self.fields["outcome"]
        assert isinstance(outcome, forms.ChoiceField)
        outcome.choices = [(code, words.word(words.OUTCOMES, code)) for code in words.OUTCOMES_OF.get(kind, ("done",))]


class RefundForm(ReasonForm):
    """An over-payment to be given back."""

    amount = AmountField(label=_("Amount given back"))
    field_order = ("amount", "reason")

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        amount = self.fields["amount"]
        assert isinstance(amount, AmountField)
        amount.currency = currency


class HoldForm(ActForm):
    """A message of tonight to be held, with the reason; or to be let go."""

    loan = forms.CharField(widget=forms.HiddenInput, max_length=40)
    about = forms.CharField(widget=forms.HiddenInput, max_length=80)
    on = forms.DateField(widget=forms.HiddenInput)
    let_go = forms.BooleanField(widget=forms.HiddenInput, required=False)
    reason = forms.CharField(label=_("Reason"), max_length=500, required=False)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not cleaned.get("let_go") and not cleaned.get("reason"):
            self.add_error("reason", _("Say why it is held."))
        return cleaned


class AnswerForm(ActForm):
    """The second person's answer; a no says why."""

    words = forms.CharField(label=_("Words"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 2}))
    approved = forms.TypedChoiceField(widget=forms.HiddenInput, choices=[("yes", "yes"), ("no", "no")], coerce=lambda value: value == "yes")
