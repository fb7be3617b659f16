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
class ProductVersion:
    """The terms that a contract starts from: a mapping of `servicing.Terms` fields, in force from `from_date`."""

    product: Product
    version: int
    terms: Mapping[str, Any]
    from_date: date
