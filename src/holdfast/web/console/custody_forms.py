"""What is typed about a thing, its worth and its keeping."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from holdfast.collateral import CHECKLIST, DEDUCTIONS
from holdfast.web.console import custody_words
from holdfast.web.console.forms import ActForm, AmountField, ReasonForm

_DIGITS = {"inputmode": "numeric", "autocomplete": "off", "spellcheck": "false"}
_SCANNED = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "characters"}
_PICTURE = {"accept": "image/jpeg,image/png", "capture": "environment"}


class SealForm(ActForm):
    """A seal as the scanner gives it."""

    seal_no = forms.CharField(label=_("Seal"), max_length=30, widget=forms.TextInput(attrs=_SCANNED))


class IntakeForm(SealForm):
    """What was seen when a thing came in."""

    imei1 = forms.CharField(label=_("First IMEI, read from the phone"), max_length=24, widget=forms.TextInput(attrs=_DIGITS))
    imei2 = forms.CharField(label=_("Second IMEI, if it has one"), max_length=24, required=False, widget=forms.TextInput(attrs=_DIGITS))
    lock_off = forms.BooleanField(label=_("I saw that the maker's account is signed out and the lock is off"), required=False)
    sim_out = forms.BooleanField(label=_("I saw that the SIM card is out and with its owner"), required=False)
    photo_front = forms.FileField(label=_("Photo of the front"), widget=forms.FileInput(attrs=_PICTURE))
    photo_back = forms.FileField(label=_("Photo of the back"), widget=forms.FileInput(attrs=_PICTURE))
    photo_seal = forms.FileField(label=_("Photo of the sealed bag"), widget=forms.FileInput(attrs=_PICTURE))
    slot = forms.CharField(label=_("Slot"), max_length=12, widget=forms.TextInput(attrs=_SCANNED))
    field_order = ("imei1", "imei2", "lock_off", "sim_out", "photo_front", "photo_back", "photo_seal", "seal_no", "slot")

    def __init__(self, *args: Any, free: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("lock_off", "sim_out"):
            self.fields[name].widget.attrs["class"] = "pick"
        if free:
            self.fields["slot"].help_text = _("Free: %(slots)s") % {"slots": "、".join(free)}
            self.initial.setdefault("slot", free[0])
        self.fields["imei1"].help_text = _("Dial *#06# on the phone. Both must be those of the file.")


class SlotForm(ReasonForm):
    """Another slot for a thing."""

    to = forms.CharField(label=_("To slot"), max_length=12, widget=forms.TextInput(attrs=_SCANNED))
    field_order = ("to", "reason")


class WordsForm(ActForm):
    """How something came about."""

    words = forms.CharField(label=_("How it came about"), min_length=4, max_length=500, widget=forms.Textarea(attrs={"rows": 2}))


class FoundForm(WordsForm):
    """Where a missing thing lies now."""

    place = forms.CharField(label=_("It lies in slot"), max_length=12, widget=forms.TextInput(attrs=_SCANNED))
    new_seal_no = forms.CharField(
        label=_("New seal, if the old one is broken"), max_length=30, required=False, widget=forms.TextInput(attrs=_SCANNED)
    )
    field_order = ("place", "new_seal_no", "words")


class ShelfForm(ActForm):
    """A shelf's name and size."""

    code = forms.CharField(label=_("Shelf"), max_length=4, widget=forms.TextInput(attrs=_SCANNED))
    levels = forms.IntegerField(label=_("Levels"), min_value=1, max_value=20)
    slots = forms.IntegerField(label=_("Slots on a level"), min_value=1, max_value=50)


class HandBackForm(SealForm):
    """The owner is here to fetch the thing."""

    identity_seen = forms.BooleanField(label=_("I compared the owner with the identity card"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["identity_seen"].widget.attrs["class"] = "pick"


class NoLoanForm(ReasonForm):
    """Why no loan is made after the thing was taken in."""

    ends = forms.ChoiceField(label=_("Who ends it"), choices=list(custody_words.ENDS.items()))
    field_order = ("ends", "reason")


class QuoteForm(ActForm):
    """What an outsider offers, with the paper that shows it."""

    source_name = forms.CharField(label=_("Who offers it"), max_length=80)
    market = AmountField(label=_("Amount offered"))
    as_of = forms.DateField(label=_("Offered on"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    paper = forms.FileField(
        label=_("Picture or PDF of the offer"), widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,application/pdf"})
    )

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        market = self.fields["market"]
        assert isinstance(market, AmountField)
        market.currency = currency


class AppraiseForm(ActForm):
    """An inspection: the checklist, what such a phone fetches, and the faults in money."""

    market = AmountField(label=_("What such a phone fetches"))
    locked = forms.BooleanField(label=_("It is locked: only its parts can be sold"), required=False)
    photo = forms.FileField(label=_("Photo"), required=False, widget=forms.FileInput(attrs=_PICTURE))

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        market = self.fields["market"]
        assert isinstance(market, AmountField)
        market.currency = currency
        for point, answers in CHECKLIST.items():
            choices = [(answer, custody_words.ANSWERS[answer]) for answer in answers]
            self.fields[f"see_{point}"] = forms.ChoiceField(
                label=str(custody_words.CHECKLIST[point]), choices=[("", "—"), *choices], widget=forms.Select(attrs={"class": "in"})
            )
        for fault in DEDUCTIONS:
            field = AmountField(label=custody_words.DEDUCTIONS[fault], required=False, currency=currency)
            field.widget.attrs["class"] = "in"
            self.fields[f"off_{fault}"] = _Optional(field)
        self.fields["locked"].widget.attrs["class"] = "pick"
        self.order_fields(
            ["key", *(f"see_{point}" for point in CHECKLIST), "market", *(f"off_{fault}" for fault in DEDUCTIONS), "locked", "photo"]
        )

    @property
    def points(self) -> list[forms.BoundField]:
        """The fields of the checklist."""
        return [self[f"see_{point}"] for point in CHECKLIST]

    @property
    def faults(self) -> list[forms.BoundField]:
        """The fields of the faults."""
        return [self[f"off_{fault}"] for fault in DEDUCTIONS]


class _Optional(forms.CharField):
    """An amount that may be left empty, which takes nothing off."""

    def __init__(self, inner: AmountField) -> None:
        super().__init__(label=inner.label, required=False, widget=inner.widget, max_length=24)
        self.inner = inner

    def clean(self, value: Any) -> Any:
        return self.inner.clean(value) if str(value or "").strip() else None


class SettleForm(ReasonForm):
    """Which source shall count."""

    valuation = forms.ChoiceField(label=_("Which source shall count"))
    field_order = ("valuation", "reason")

    def __init__(self, *args: Any, sources: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = self.fields["valuation"]
        assert isinstance(chosen, forms.ChoiceField)
        chosen.choices = sources


class PriceForm(ActForm):
    """A price book to be loaded."""

    file = forms.FileField(label=_("Price book (CSV)"), widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].help_text = _(
            "UTF-8 or GB18030. Columns: 机型, 容量, A级价, 来源, 日期; B级价, C级价, D级价, 币种 if you have them. One bad cell: no load."
        )
