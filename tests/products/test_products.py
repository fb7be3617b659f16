"""What is offered: versions that never change."""

from __future__ import annotations

from datetime import date
from typing import Any

import psycopg
import pytest

from holdfast import products
from holdfast.kernel.errors import BadInput, Refusal

Db = psycopg.Connection[Any]
WORDS = {"code": "phone-pledge", "name_zh": "手机质押贷（示例）", "name_en": "Phone pledge (sample)", "collateral": "phone"}


def test_a_product_is_defined_once_and_the_same_words_again_change_nothing(db: Db) -> None:
    one = products.define(db, **WORDS)
    assert products.define(db, **WORDS) == one
    assert products.products(db) == [one]
    with pytest.raises(Refusal, match="says something else"):
        products.define(db, **{**WORDS, "collateral": "vehicle"})


@pytest.mark.parametrize(
    ("field", "value"), [("code", "Phone Pledge"), ("code", ""), ("collateral", "jewels"), ("name_zh", " "), ("name_en", "")]
)
def test_a_wrong_field_is_named(db: Db, field: str, value: str) -> None:
    with pytest.raises(BadInput) as caught:
        products.define(db, **{**WORDS, field: value})
    assert caught.value.field == field


def test_a_contract_starts_from_the_newest_version_whose_day_has_come(db: Db) -> None:
    products.define(db, **WORDS)
    assert products.new_version(db, code="phone-pledge", terms={"instalments": 6}, from_date=date(2026, 1, 1)) == 1
    assert products.new_version(db, code="phone-pledge", terms={"instalments": 12}, from_date=date(2027, 1, 1)) == 2
    assert products.version_in_force(db, "phone-pledge", date(2026, 12, 31)).terms == {"instalments": 6}
    assert products.version_in_force(db, "phone-pledge", date(2027, 1, 1)).version == 2
    with pytest.raises(Refusal, match="not offered yet"):
        products.version_in_force(db, "phone-pledge", date(2025, 12, 31))


def test_a_version_cannot_be_changed_or_removed(db: Db) -> None:
    products.define(db, **WORDS)
    products.new_version(db, code="phone-pledge", terms={}, from_date=date(2026, 1, 1))
    for statement in ("UPDATE product_version SET terms = '{}'", "DELETE FROM product_version", "TRUNCATE product_version"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), db.transaction():
            db.execute(statement)


def test_an_unknown_product_is_named(db: Db) -> None:
    with pytest.raises(BadInput, match="no product"):
        products.version_in_force(db, "none", date(2026, 1, 1))
