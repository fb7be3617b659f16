"""Defining what is offered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from holdfast.kernel import canonical
from holdfast.kernel.errors import BadInput, Refusal
from holdfast.products import store
from holdfast.products.model import COLLATERAL, Product
from holdfast.products.store import Db

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


def new_version(db: Db, *, code: str, terms: Mapping[str, Any], from_date: date) -> int:
    """The next version of the product's terms, offered from `from_date`; versions already there never change."""
    store.product(db, code)
    return store.insert_version(db, code, canonical.encode(dict(terms)).decode(), from_date)
