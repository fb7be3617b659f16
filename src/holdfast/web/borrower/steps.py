"""The forms of the five steps. No field is required to leave a step: what was typed is kept, and what is missing is told.

A verb checks again; the rule of each field is the verb's own, so that form and verb cannot disagree.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from holdfast.applications import CONDITION, CONSENTS, DECLARATION, HOUSING, PRIVATE, PURPOSES, SAVINGS, SIMS, Application
from holdfast.applications.facts import read_fact
from holdfast.collateral import offered_models
from holdfast.collateral.things import STORAGES_GB
from holdfast.kernel.errors import BadInput, HoldfastError
from holdfast.kernel.money import decimal_of, minor_of
from holdfast.parties import normal
from holdfast.policy import Lender, Pack
from holdfast.web.borrower import wording
from holdfast.web.borrower.desk import Db
from holdfast.web.console.language import chinese
from holdfast.web.console.words import refusal

_TEXTS: Final = {
    "you": ("name", "id_number", "address"),
    "phone": ("model", "storage_gb", "colour", *CONDITION, "sim", "imei1", "imei2"),
    "proof": ("account_signed_out", "declaration"),
    "money": (
        "purpose", "monthly_income_minor", "monthly_obligations_minor", "existing_loans", "employment_years", "residence_years", "housing",
        "savings_band",
    ),
    "consents": tuple(f"consent_{purpose}" for purpose in CONSENTS),
}  # fmt: skip
SLOTS: Final = {
    "you": ("id_front", "id_back"),
    "proof": ("invoice", "photo_front", "photo_back", "photo_screen", "account_signed_out"),
}
_MONEY: Final = frozenset({"monthly_income_minor", "monthly_obligations_minor"})
_RADIO: Final[Mapping[str, tuple[str, ...]]] = {
    **{name: tuple(answers) for name, answers in CONDITION.items()}, "sim": SIMS, "housing": HOUSING, "savings_band": SAVINGS,
}  # fmt: skip
_NUMERIC: Final = frozenset({"existing_loans", "employment_years", "residence_years"})
_COMPLETES: Final = {"name": "name", "address": "street-address", "id_number": "off", "imei1": "off", "imei2": "off"}


class StepForm(forms.Form):
    """One step. `kept` are the facts that hold, `mended` what is to be mended stands beside its field."""

    def __init__(self, data: Any = None, *, step: str, file: Application, models: tuple[str, ...] = ()) -> None:
        super().__init__(data, auto_id="f-%s")
        self.step, self.file = step, file
        self.models = models if step == "phone" else ()
        for name in _TEXTS[step]:
            self.fields[name] = fact_field(name, kept=file.private)
            self.initial[name] = _initial(name, file)
        if self.models:
            self.fields["model"].widget.attrs["list"] = "models"

    def read(self) -> dict[str, Any]:
        """The facts of this step that hold; each other one gets its error. Empty fields are passed over."""
        kept: dict[str, Any] = {}
        for name, text in list(self.cleaned_data.items()):
            if text in ("", None, False) or name.startswith("consent_"):
                continue
            if name in PRIVATE and text == self.initial.get(name):
                continue  # the mask came back as it was shown
            try:
                kept[name] = _read(name, text, self.file.principal.currency)
            except BadInput as error:
                self.add_error(name, beside(error))
        return kept

    def consents(self) -> dict[str, bool]:
        """Each consent of this step, given or not."""
        return {name.removeprefix("consent_"): bool(value) for name, value in self.cleaned_data.items() if name.startswith("consent_")}


def beside(error: HoldfastError) -> str:
    """What is wrong, as it stands under the field: without the field's own name in front."""
    told = refusal(error)
    plain = told.removeprefix(f"{error.field}: ")
    return plain[:1].upper() + plain[1:]


def _read(name: str, text: Any, currency: str) -> Any:
    if name in PRIVATE:
        return normal(name, str(text))
    if name == "declaration":
        return DECLARATION
    if name in _MONEY:
        plain = str(text).translate(str.maketrans("０１２３４５６７８９．，", "0123456789.,")).replace(",", "").strip()
        try:
            return read_fact(name, minor_of(plain, currency))
        except BadInput:
            raise BadInput(f"{name}: write the amount in figures, such as 6500", code="yuan", field=name) from None
    return read_fact(name, text)


def models_of(db: Db, pack: Pack, lender: Lender, on: date) -> tuple[str, ...]:
    """The models that the price book knows on that day, each once: what is proposed while somebody writes one."""
    stale_after = pack.number("price_book.stale_after", on=on, lender_type=lender.lender_type)
    return tuple(dict.fromkeys(model for model, _storage in offered_models(db, on=on, stale_after=stale_after)))


def fact_field(name: str, *, kept: Collection[str] = ()) -> forms.Field:
    """The field in which this fact is given, wherever it is asked for; `kept` are those that the book holds already and shows masked."""
    label, hint = wording.field(name), wording.hint(name)
    field: forms.Field
    if name.startswith("consent_"):
        text = CONSENTS[name.removeprefix("consent_")]
        words = (text.zh, text.text_zh) if chinese() else (text.en, text.text_en)
        field = forms.BooleanField(required=False, label=words[0], help_text=words[1])
    elif name in ("account_signed_out", "declaration"):
        field = forms.BooleanField(required=False, label=label, help_text=hint)
    elif name in _RADIO:
        choices = [(code, wording.CHOICES[name][code]) for code in _RADIO[name]]
        field = forms.ChoiceField(required=False, label=label, choices=choices, widget=forms.RadioSelect, help_text=hint)
    elif name == "purpose":
        choices = [("", _("Choose")), *((code, wording.CHOICES[name][code]) for code in PURPOSES)]
        field = forms.ChoiceField(required=False, label=label, choices=choices)
    elif name == "storage_gb":
        sizes = [("", _("Choose")), *((str(size), f"{size} GB" if size < 1024 else f"{size // 1024} TB") for size in STORAGES_GB)]
        field = forms.ChoiceField(required=False, label=label, choices=sizes)
    else:
        field = forms.CharField(required=False, label=label, max_length=200, help_text=hint, strip=False)
        if name in _MONEY or name in _NUMERIC or name.startswith("imei"):
            field.widget.attrs["inputmode"] = "numeric"
        field.widget.attrs["autocomplete"] = _COMPLETES.get(name, "off")
    if not isinstance(field.widget, forms.RadioSelect | forms.CheckboxInput):
        field.widget.attrs["class"] = "in"
    if name in ("name", "id_number") and name in kept:
        field.help_text = _("It is kept. Write it anew to change it.")
    return field


def _initial(name: str, file: Application) -> Any:
    if name in PRIVATE:
        return file.private.get(name, "")
    if name.startswith("consent_"):
        text = CONSENTS[name.removeprefix("consent_")]
        return file.consents.get(text.purpose) == text.version
    value = file.facts.get(name, "")
    if name in _MONEY and value != "":
        return decimal_of(int(value), file.principal.currency).removesuffix(".00")
    if name == "declaration":
        return bool(value)
    return value
