"""The forms of money out and money in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from holdfast.kernel.errors import BadInput
from holdfast.kernel.money import Money, minor_of
from holdfast.web.console.forms import ActForm, AmountField

_WORDS = {"rows": 2}


class SumField(AmountField):
    """An amount that may also be nothing: what lies in a drawer."""

    def clean(self, value: Any) -> Money | None:
        text = str(value or "").translate(str.maketrans("０１２３４５６７８９．，", "0123456789.,")).replace(",", "").strip()
        try:
            if minor_of(text, self.currency) == 0:
                return Money(0, self.currency)
        except BadInput:
            pass  # the field it stands on says what is wrong, in the page's language
        return super().clean(value)


class PayoutForm(ActForm):
    """To whom the principal goes. How much is the contract's and nobody's input."""

    payee_name = forms.CharField(
        label=_("Name on the account"), max_length=100, help_text=_("Must be the borrower's own name, as on the identity card.")
    )
    account = forms.CharField(
        label=_("Account number"), max_length=40, help_text=_("8 to 28 digits; spaces do no harm."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )  # fmt: skip
    channel = forms.ChoiceField(
        label=_("How it goes"), choices=[("rail", _("Straight to the bank")), ("file", _("In a file for the bank"))]
    )


class FurtherForm(PayoutForm):
    """A further sum of a loan that is being repaid, and how the borrower asked for it."""

    amount = AmountField(label=_("Amount"))
    words = forms.CharField(
        label=_("How the borrower asked for it"), min_length=4, max_length=500, widget=forms.Textarea(attrs=_WORDS),
        help_text=_("Whoever checks reads this: when, by which way, and in what words."),
    )  # fmt: skip
    field_order = ("amount", "payee_name", "account", "channel", "words")

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _in(self, "amount", currency)


class WordsForm(ActForm):
    """An act that says why."""

    words = forms.CharField(label=_("Words"), min_length=4, max_length=500, widget=forms.Textarea(attrs=_WORDS))


class DifferenceForm(WordsForm):
    """What became of what a drawer has too little or too much of."""

    outcome = forms.ChoiceField(
        label=_("What became of it"),
        choices=[
            ("ours", _("Ours to bear, or nobody's")), ("given_back", _("Given back by the bank")), ("loan", _("It belongs to a loan")),
        ],
    )  # fmt: skip
    loan = forms.CharField(label=_("Contract number or loan, if it belongs to one"), max_length=60, required=False)


class SlipForm(ActForm):
    """Cash that was paid in at the bank, by the number of the bank's paper."""

    slip = forms.CharField(label=_("Number of the bank's paper"), min_length=4, max_length=100)


class CheckForm(ActForm):
    """The second person's answer; a no says why."""

    words = forms.CharField(label=_("Words"), max_length=500, required=False, widget=forms.Textarea(attrs=_WORDS))
    approved = forms.TypedChoiceField(widget=forms.HiddenInput, choices=[("yes", "yes"), ("no", "no")], coerce=lambda value: value == "yes")


class RulingForm(WordsForm):
    """How an unknown payout ended, on the bank's word."""

    outcome = forms.ChoiceField(
        label=_("What the bank says"), choices=[("paid", _("It was paid")), ("rejected", _("It was not paid and will not be"))]
    )
    reference = forms.CharField(label=_("Statement or letter that says so"), min_length=4, max_length=100)
    field_order = ("outcome", "reference", "words")


class DrawerForm(ActForm):
    """A drawer and the change that lies in it."""

    float_held = SumField(label=_("Change in the drawer"))

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _in(self, "float_held", currency)


class CashForm(ActForm):
    """Cash for one loan."""

    loan = forms.CharField(label=_("Contract number or loan"), max_length=60)
    amount = AmountField(label=_("Amount"))

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _in(self, "amount", currency)


class CountForm(ActForm):
    """What was counted; words where it is not what should be there."""

    counted = SumField(label=_("Counted"))
    words = forms.CharField(label=_("If it does not agree: why"), max_length=500, required=False, widget=forms.Textarea(attrs=_WORDS))

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _in(self, "counted", currency)


class StatementForm(ActForm):
    """A bank's statement to be looked at."""

    file = forms.FileField(
        label=_("Statement (CSV, XLSX or camt.053)"),
        help_text=_("CSV in UTF-8 or GB18030. Nothing is booked before you have seen what it holds."),
    )
    map = forms.ChoiceField(label=_("Map"), help_text=_("What the columns are called; a camt message needs none."))

    def __init__(self, *args: Any, maps: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = self.fields["map"]
        assert isinstance(chosen, forms.ChoiceField)
        chosen.choices = maps


class AsideForm(WordsForm):
    """Money in suspense that is no loan's."""

    purpose = forms.ChoiceField(
        label=_("What becomes of it"),
        choices=[("sent_back", _("It goes back to who paid it")), ("set_aside", _("It belongs to other business"))],
    )
    field_order = ("purpose", "words")


class ReturnedForm(ActForm):
    """Which money the bank has taken back."""

    line = forms.ChoiceField(label=_("Which money it took back"))

    def offer(self, choices: list[tuple[str, str]]) -> None:
        """The lines to choose from."""
        chosen = self.fields["line"]
        assert isinstance(chosen, forms.ChoiceField)
        chosen.choices = choices


class BookForm(ActForm):
    """The statement that was looked at, to be booked."""

    file = forms.CharField(widget=forms.HiddenInput, max_length=40)
    map = forms.CharField(widget=forms.HiddenInput, max_length=40)


class MatchForm(ActForm):
    """The loan of a line in suspense."""

    loan = forms.CharField(label=_("Contract number or loan"), max_length=60)
    words = forms.CharField(
        label=_("Why this loan"), max_length=500, required=False, widget=forms.Textarea(attrs=_WORDS),
        help_text=_("Needed where the payer is not the borrower, or the sum is large: another person reads it."),
    )  # fmt: skip


def _in(form: forms.Form, name: str, currency: str) -> None:
    field = form.fields[name]
    assert isinstance(field, AmountField)
    field.currency = currency
