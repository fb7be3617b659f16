"""The forms of the call desk and of a frozen loan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from holdfast.confirmation import SIGNS, CallOutcome, Failure, Step
from holdfast.confirmation.observations import KINDS
from holdfast.kernel.money import Money
from holdfast.web.console import call_words, words
from holdfast.web.console.forms import ActForm, AmountField
from holdfast.web.console.templatetags.console import of_language


class DialForm(ActForm):
    """Ring the borrower, in the language that the script will be read in."""

    language = forms.ChoiceField(label=_("Language of the call"), choices=[("zh-hans", "中文"), ("en", "English")])


class ChoiceAnswerForm(ActForm):
    """One of the answers that a step takes, and the borrower's own words if they matter."""

    answer = forms.ChoiceField(widget=forms.RadioSelect(attrs={"class": "pick"}))
    words = forms.CharField(label=_("In their own words (optional)"), required=False, max_length=1000)

    def __init__(self, *args: Any, step: Step, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["answer"]
        assert isinstance(field, forms.ChoiceField)
        field.label = of_language((step.title["zh-hans"], step.title["en"]))
        # The script is answered from the keyboard: arrows choose, Enter notes it.
        field.widget.attrs["autofocus"] = True
        field.choices = [(each.code, of_language((each.word["zh-hans"], each.word["en"]))) for each in step.choices]
        self.fields["words"].widget.attrs["autocomplete"] = "off"


class IdentityForm(ActForm):
    """Name and last four as the borrower said them. They are compared and not kept."""

    name = forms.CharField(label=_("The name they gave"), max_length=100)
    last_four = forms.CharField(label=_("Last four of the ID number"), min_length=4, max_length=4)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["autocomplete"] = "off"
        self.fields["name"].widget.attrs["autofocus"] = True


class MissingFactsForm(ActForm):
    """What the application lacks, as the borrower says it now."""

    def __init__(self, *args: Any, missing: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in missing.items():
            self.fields[f"fact-{name}"] = field = _fact_field(name, label)
            field.widget.attrs |= {"class": "in", "autocomplete": "off"}

    @property
    def facts(self) -> dict[str, str]:
        """What was filled in; amounts in minor units, as the file keeps them."""
        given = {name.removeprefix("fact-"): value for name, value in self.cleaned_data.items() if name.startswith("fact-") and value}
        return {name: str(value.minor) if isinstance(value, Money) else str(value) for name, value in given.items()}


def _fact_field(name: str, label: str) -> forms.Field:
    """The field in which a fact is given: a choice where the file knows its answers, an amount, or words."""
    if name in call_words.CHOICES:
        choices = [("", "—"), *((code, str(word)) for code, word in call_words.CHOICES[name].items())]
        return forms.ChoiceField(label=label, choices=choices, required=False)
    if name.endswith("_minor"):
        return AmountField(label=label, required=False)
    return forms.CharField(label=label, required=False, max_length=200)


class CodeForm(ActForm):
    """The code as the borrower reads it out."""

    digits = forms.CharField(label=_("Code that the borrower reads out"), max_length=12)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["digits"].widget.attrs |= {"inputmode": "numeric", "autocomplete": "off", "autofocus": True}


class EndForm(ActForm):
    """What the call came to; a call back says when."""

    outcome = forms.ChoiceField(label=_("What the call came to"), widget=forms.RadioSelect(attrs={"class": "pick"}))
    call_back_at = forms.DateTimeField(
        label=_("Call back at"), required=False, widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    )

    def __init__(self, *args: Any, outcomes: tuple[CallOutcome, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["outcome"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(each.value, words.word(call_words.OUTCOMES, each)) for each in outcomes]
        self.initial.setdefault("outcome", outcomes[0].value)


class FailForm(ActForm):
    """End the application, for a reason that the call has shown."""

    reason = forms.ChoiceField(label=_("Reason"))
    words = forms.CharField(label=_("Words for the file"), required=False, max_length=1000)

    def __init__(self, *args: Any, reasons: list[Failure], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["reason"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(each.value, words.word(call_words.FAILURES, each)) for each in reasons]


class WordsForm(ActForm):
    """An act with optional words for the file."""

    words = forms.CharField(label=_("Words for the file"), required=False, max_length=1000)


class ObserveForm(ActForm):
    """What was noticed, and what it rests on."""

    kind = forms.ChoiceField(label=_("What was noticed"))
    evidence = forms.CharField(label=_("What was heard"), min_length=4, max_length=500)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["kind"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(each, words.word(call_words.OBSERVED, each)) for each in KINDS]


class RecordingForm(ActForm):
    """The recording of a call in which the borrower agreed to it."""

    call = forms.CharField(widget=forms.HiddenInput, max_length=40)
    file = forms.FileField(label=_("Recording (WAV, Ogg, MP3, M4A or AMR)"))


class SignForm(ActForm):
    """A sign of fraud: what it is, what it rests on, and what all who see the loan are told."""

    sign = forms.ChoiceField(label=_("Sign"))
    evidence = forms.CharField(
        label=_("What it rests on"), min_length=4, max_length=1000, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Sealed; only those who review it read it."),
    )  # fmt: skip
    words = forms.CharField(
        label=_("What stands on the loan"), min_length=4, max_length=1000, help_text=_("Everybody who sees the loan reads this.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["sign"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(each, words.word(call_words.SIGNS, each)) for each in SIGNS]


class ReviewForm(ActForm):
    """What shall become of a frozen loan, and why; another person answers."""

    act = forms.ChoiceField(label=_("What shall become of it"), widget=forms.RadioSelect(attrs={"class": "pick"}))
    words = forms.CharField(label=_("What was looked into"), min_length=4, max_length=1000, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["act"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(each, str(word)) for each, word in call_words.REVIEWS.items()]
