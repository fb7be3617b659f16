"""A product and one version of its terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

COLLATERAL: Final = ("phone", "vehicle", "real_estate", "none")


@dataclass(frozen=True, slots=True)
class Product:
    """What is offered: its code, its name in two languages, and what stands behind it."""

    code: str
    name_zh: str
    name_en: str
    collateral: str


@dataclass(frozen=True, slots=True)
class Offer:
    """Between which sums (minor units), in which currency and over how many instalments the product may be asked for.

    An empty `instalments` means that nobody may apply for it: its loans come in otherwise.
    """

    currency: str = "CNY"
    least: int = 0
    most: int = 0
    instalments: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ProductVersion:
    """The terms that a contract starts from: a mapping of `products.Terms` fields, in force from `from_date`."""

    product: Product
    version: int
    terms: Mapping[str, Any]
    from_date: date
    offer: Offer = Offer()
