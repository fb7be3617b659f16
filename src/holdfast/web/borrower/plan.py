"""What a loan would cost, before anything is asked: the sum, the plan, every instalment, every fee and who collects it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from holdfast import products
from holdfast.kernel.errors import HoldfastError
from holdfast.kernel.money import Money, decimal_of
from holdfast.kernel.rate import BILLION
from holdfast.parties import branches
from holdfast.products import Price, ProductVersion
from holdfast.web.borrower.desk import Db, House
from holdfast.web.borrower.steps import beside
from holdfast.web.console.forms import AmountField
from holdfast.web.console.language import chinese
from holdfast.web.console.words import refusal

PER_CENT: Final = 10_000_000  # parts per billion


@dataclass(frozen=True, slots=True)
class Shown:
    """A plan with its price and the ceiling it keeps; `all_in_ppb` is the yearly figure that people are shown."""

    version: ProductVersion
    principal: Money
    instalments: int
    price: Price
    all_in_ppb: int
    ceiling_ppb: int

    @property
    def mark(self) -> str:
        """What tells this plan from another: it comes back with the form, so that nobody applies for what they did not see."""
        return f"{self.version.product.code} {self.version.version} {self.principal.minor} {self.instalments} {self.all_in_ppb}"

    @property
    def cost(self) -> int:
        """What the loan costs besides the money itself."""
        return self.price.total - self.price.principal


class PlanForm(forms.Form):
    """How much, over how long, and where the phone will be brought."""

    product = forms.ChoiceField(label=_("Product"))
    amount = AmountField(label=_("How much do you need?"))
    instalments = forms.TypedChoiceField(label=_("In how many monthly parts?"), coerce=int, widget=forms.RadioSelect)
    branch = forms.ChoiceField(label=_("Where will you bring the phone?"))

    def __init__(self, data: Any = None, *, offers: list[ProductVersion], places: list[tuple[str, str]], initial: dict[str, Any]) -> None:
        super().__init__(data, auto_id="p-%s", initial=initial)
        chosen = _chosen(offers, (data or initial).get("product"))
        for name, choices in (
            ("product", [(each.product.code, each.product.name_zh if chinese() else each.product.name_en) for each in offers]),
            ("branch", places),
            ("instalments", [(n, ngettext("%(n)s part", "%(n)s parts", n) % {"n": n}) for n in chosen.offer.instalments]),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = choices
        for name in ("product", "branch"):
            self.fields[name].widget.attrs["class"] = "in"
        amount = self.fields["amount"]
        assert isinstance(amount, AmountField)
        amount.currency = chosen.offer.currency
        amount.widget.attrs["class"] = "in"
        least, most = (decimal_of(minor, chosen.offer.currency).removesuffix(".00") for minor in (chosen.offer.least, chosen.offer.most))
        amount.help_text = _("Between %(least)s and %(most)s yuan.") % {"least": f"{int(least):,}", "most": f"{int(most):,}"}


def offers_of(db: Db, on: date) -> list[ProductVersion]:
    """The products that can be applied for on a phone today."""
    found = []
    for each in products.products(db):
        if each.collateral != "phone":
            continue
        try:
            version = products.version_in_force(db, each.code, on)
        except HoldfastError:
            continue  # not offered yet
        if version.offer.instalments:
            found.append(version)
    return found


def places(db: Db) -> list[tuple[str, str]]:
    """The places of business, by code."""
    return [(each.code, each.name) for each in branches(db)]


def shown(house: House, offers: list[ProductVersion], form: PlanForm) -> Shown | None:
    """The plan that the form asks for, with its price; None, with the error beside its field, if it is not offered or not lawful."""
    if not form.is_valid():
        return None
    wanted = form.cleaned_data
    version = _chosen(offers, wanted["product"])
    try:
        terms = products.plan(version, principal=wanted["amount"], instalments=wanted["instalments"], disbursed_on=house.today)
        price = products.price_of(terms)
        ceiling = products.check_ceiling(terms, house.pack, house.lender, on=house.today, product=version.product.code)
    except HoldfastError as error:
        field = error.field if error.field in form.fields else None
        form.add_error(field, beside(error) if field else refusal(error))
        return None
    return Shown(version, wanted["amount"], wanted["instalments"], price, int(price.all_in * BILLION), ceiling.rate.ppb)


def first_plan(offers: list[ProductVersion], places_known: list[tuple[str, str]]) -> dict[str, Any]:
    """What the page shows before anybody chose: the middle of the offer."""
    version = offers[0]
    offer = version.offer
    middle = (offer.least + offer.most) // 2 // 50_000 * 50_000 or offer.least
    return {
        "product": version.product.code,
        "amount": decimal_of(max(offer.least, middle), offer.currency).removesuffix(".00"),
        "instalments": str(offer.instalments[len(offer.instalments) // 2]),
        "branch": places_known[0][0] if places_known else "",
    }


def _chosen(offers: list[ProductVersion], code: Any) -> ProductVersion:
    return next((each for each in offers if each.product.code == code), offers[0])
