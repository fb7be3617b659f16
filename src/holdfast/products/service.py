"""Defining what is offered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any, Final

from holdfast.kernel import canonical
from holdfast.kernel.errors import BadInput, Refusal
from holdfast.kernel.money import Money
from holdfast.products import store
from holdfast.products.model import COLLATERAL, Offer, Product, ProductVersion
from holdfast.products.store import Db
from holdfast.products.terms import Terms

_CODE: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}", re.ASCII)


def define(db: Db, *, code: str, name_zh: str, name_en: str, collateral: str) -> Product:
    """A new product. Defining the same one again changes nothing; the same code with other words is refused."""
    if not _CODE.fullmatch(code):
        raise BadInput(f"code: lower-case letters, digits and hyphens, at most 40, not {code!r}", field="code")
    if collateral not in COLLATERAL:
        raise BadInput(f"collateral: use one of {', '.join(COLLATERAL)}, not {collateral!r}", field="collateral")
    for name, text in (("name_zh", name_zh), ("name_en", name_en)):
        if not text.strip():
            raise BadInput(f"{name}: give the product a name", field=name)
    new = Product(code, name_zh, name_en, collateral)
    if not store.insert_product(db, new) and store.product(db, code) != new:
        raise Refusal(f"product {code} exists already and says something else", code="product_exists", field="code")
    return new


def new_version(db: Db, *, code: str, terms: Mapping[str, Any], from_date: date, offer: Offer | None = None) -> int:
    """The next version of the product's terms, offered from `from_date`; versions already there never change.

    `offer` says what may be asked for; without one the product cannot be applied for.
    """
    store.product(db, code)
    if offer is not None and not (0 < offer.least <= offer.most and offer.instalments and min(offer.instalments) >= 1):
        raise BadInput("offer: name the least and the most that may be lent, and at least one number of instalments", field="offer")
    offered = {**asdict(offer), "instalments": list(offer.instalments)} if offer else {}
    return store.insert_version(db, code, canonical.encode(dict(terms)).decode(), from_date, canonical.encode(offered).decode())


def plan(version: ProductVersion, *, principal: Money, instalments: int, disbursed_on: date) -> Terms:
    """The terms of one loan of this product: BadInput for a sum or a number of instalments that is not offered."""
    offer = version.offer
    if principal.currency != offer.currency:
        raise BadInput(f"amount: {version.product.code} is lent in {offer.currency}", field="amount")
    if not offer.least <= principal.minor <= offer.most:
        least, most = Money(offer.least, offer.currency).decimal(), Money(offer.most, offer.currency).decimal()
        raise BadInput(f"amount: between {least} and {most} {offer.currency} can be lent, not {principal.decimal()}", field="amount")
    if instalments not in offer.instalments:
        choices = ", ".join(str(number) for number in offer.instalments)
        raise BadInput(f"instalments: choose one of {choices}, not {instalments}", field="instalments")
    own = {"currency": offer.currency, "principal": principal.minor, "instalments": instalments, "disbursed_on": disbursed_on.isoformat()}
    return Terms.from_json({**version.terms, **own})
