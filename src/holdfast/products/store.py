"""The tables of products."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import psycopg

from holdfast.kernel.errors import BadInput, Refusal
from holdfast.products.model import Offer, Product, ProductVersion

Db = psycopg.Connection[Any]


def products(db: Db) -> list[Product]:
    """All products, by code."""
    return [Product(*row) for row in db.execute("SELECT code, name_zh, name_en, collateral FROM product ORDER BY code").fetchall()]


def product(db: Db, code: str) -> Product:
    """The product of that code; BadInput if there is none."""
    row = db.execute("SELECT code, name_zh, name_en, collateral FROM product WHERE code = %s", [code]).fetchone()
    if row is None:
        raise BadInput(f"product: there is no product {code!r}", field="product")
    return Product(*row)


_VERSION: Final = "SELECT version, terms, from_date, offer FROM product_version WHERE product_code = %s"


def version_in_force(db: Db, code: str, on: date) -> ProductVersion:
    """The newest version of the product whose time has come on that day; Refusal if none has."""
    known = product(db, code)
    row = db.execute(_VERSION + " AND from_date <= %s ORDER BY version DESC LIMIT 1", [code, on]).fetchone()
    if row is None:
        raise Refusal(f"product {code} is not offered yet on {on}", code="product_not_offered", field="product")
    return _version(known, row)


def version(db: Db, code: str, number: int) -> ProductVersion:
    """That version of the product; BadInput if there is none."""
    known = product(db, code)
    row = db.execute(_VERSION + " AND version = %s", [code, number]).fetchone()
    if row is None:
        raise BadInput(f"product_version: {code} has no version {number}", field="product_version")
    return _version(known, row)


def _version(known: Product, row: Sequence[Any]) -> ProductVersion:
    offered = json.loads(row[3])
    offer = Offer(**{**offered, "instalments": tuple(offered["instalments"])}) if offered else Offer()
    return ProductVersion(known, row[0], json.loads(row[1]), row[2], offer)


def insert_product(db: Db, new: Product) -> bool:
    """Write a product; False if its code is taken."""
    row = db.execute(
        "INSERT INTO product (code, name_zh, name_en, collateral) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING code",
        [new.code, new.name_zh, new.name_en, new.collateral],
    ).fetchone()
    return row is not None


def insert_version(db: Db, code: str, terms: str, from_date: date, offer: str) -> int:
    """Write the next version of a product and return its number."""
    row = db.execute(
        """INSERT INTO product_version (product_code, version, terms, from_date, offer)
           SELECT %s, coalesce(max(version), 0) + 1, %s, %s, %s FROM product_version WHERE product_code = %s RETURNING version""",
        [code, terms, from_date, offer, code],
    ).fetchone()
    assert row is not None
    return int(row[0])
