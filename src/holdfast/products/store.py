"""The tables of products."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import psycopg

from holdfast.kernel.errors import BadInput, Refusal
from holdfast.products.model import Product, ProductVersion

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


def version_in_force(db: Db, code: str, on: date) -> ProductVersion:
    """The newest version of the product whose time has come on that day; Refusal if none has."""
    known = product(db, code)
    row = db.execute(
        "SELECT version, terms, from_date FROM product_version WHERE product_code = %s AND from_date <= %s ORDER BY version DESC LIMIT 1",
        [code, on],
    ).fetchone()
    if row is None:
        raise Refusal(f"product {code} is not offered yet on {on}", code="product_not_offered", field="product")
    return ProductVersion(known, row[0], json.loads(row[1]), row[2])


def insert_product(db: Db, new: Product) -> bool:
    """Write a product; False if its code is taken."""
    row = db.execute(
        "INSERT INTO product (code, name_zh, name_en, collateral) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING code",
        [new.code, new.name_zh, new.name_en, new.collateral],
    ).fetchone()
    return row is not None


def insert_version(db: Db, code: str, terms: str, from_date: date) -> int:
    """Write the next version of a product and return its number."""
    row = db.execute(
        """INSERT INTO product_version (product_code, version, terms, from_date)
           SELECT %s, coalesce(max(version), 0) + 1, %s, %s FROM product_version WHERE product_code = %s RETURNING version""",
        [code, terms, from_date, code],
    ).fetchone()
    assert row is not None
    return int(row[0])
