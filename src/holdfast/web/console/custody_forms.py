"""What is typed about a thing, its worth and its keeping."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from holdfast.applications import CONDITION
from holdfast.applications.facts import read_fact
from holdfast.collateral import CHECKLIST, DEDUCTIONS
from holdfast.kernel.errors import BadInput
from holdfast.web.borrower.steps import beside, fact_field
from holdfast.web.console import custody_words
from holdfast.web.console.forms import ActForm, AmountField, ReasonForm

_DIGITS = {"inputmode": "numeric", "autocomplete": "off", "spellcheck": "false"}
_SCANNED = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "characters"}
_PICTURE = {"accept": "image/jpeg,image/png", "capture": "environment"}
_PAPER = {"accept": "image/jpeg,image/png,application/pdf"}
PHONE = ("model", "storage_gb", "colour", *CONDITION, "sim", "imei1", "imei2")


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
    field_order: tuple[str, ...] = ("imei1", "imei2", "lock_off", "sim_out", "photo_front", "photo_back", "photo_seal", "seal_no", "slot")

    def __init__(self, *args: Any, free: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("lock_off", "sim_out"):
            self.fields[name].widget.attrs["class"] = "pick"
        if free:
            self.fields["slot"].help_text = _("Free: %(slots)s") % {"slots": "、".join(free)}
            self.initial.setdefault("slot", free[0])
        self.fields["imei1"].help_text = _("Dial *#06# on the phone. Both must be those of the file.")


class MoreIntakeForm(IntakeForm):
    """The same of a thing that comes in while the loan is repaid, and why it does."""

    reason = forms.CharField(label=_("Reason"), min_length=4, max_length=500, widget=forms.Textarea(attrs={"rows": 2}))
    field_order = (*IntakeForm.field_order, "reason")


class OfferForm(ActForm):
    """A further thing that the borrower brings: asked for in the words of the application, with the same rules."""

    invoice = forms.FileField(label=_("Invoice or receipt"), widget=forms.FileInput(attrs=_PAPER))
    declaration = forms.FileField(
        label=_("The owner's signed declaration"),
        help_text=_("Signed here and now: the phone is mine and free, and it is pledged for this loan."),
        widget=forms.FileInput(attrs=_PAPER),
    )

    def __init__(self, *args: Any, models: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.models = models
        for name in PHONE:
            self.fields[name] = fact_field(name)
        self.fields["model"].widget.attrs["list"] = "models"
        self.order_fields(["key", *PHONE, "invoice", "declaration"])

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for name in PHONE:
            text = cleaned.get(name)
            if text in ("", None):
                if name not in ("colour", "imei2") or (name == "imei2" and cleaned.get("sim") == "dual"):
                    self.add_error(name, _("This is needed: the value depends on it, or it says which phone this is."))
                continue
            try:
                cleaned[name] = read_fact(name, text)
            except BadInput as error:
                self.add_error(name, beside(error))
        return cleaned

    @property
    def facts(self) -> dict[str, Any]:
        """The facts that hold, by their names in an application."""
        return {name: self.cleaned_data[name] for name in PHONE if self.cleaned_data.get(name) not in ("", None)}


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

    def __init__(self, *args: Any, fraud: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.is_bound:  # a confirmed sign is what ends a frozen loan, and no other
            ends = self.fields["ends"]
            assert isinstance(ends, forms.ChoiceField)
            ends.choices = [each for each in custody_words.ENDS.items() if (each[0] == "fraud") is fraud]


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
