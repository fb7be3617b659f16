"""Describing a thing: what is kept in the clear, what is sealed, and what is refused."""

from __future__ import annotations

from datetime import date
from typing import Any

import psycopg
import pytest

from holdfast import collateral
from holdfast.journal import SYSTEM, read_chain
from holdfast.kernel.errors import BadInput, NotFound
from tests.books import Book
from tests.collateral.things import imei, owner, phone

Db = psycopg.Connection[Any]


@pytest.fixture
def book(db: Db) -> Book:
    return Book(db, date(2026, 11, 20))


def test_a_thing_is_kept_with_its_imeis_masked_to_their_last_four(book: Book) -> None:
    first, second = imei(), imei()
    made = phone(book, imeis=(first, second))
    assert collateral.thing(book.db, made.thing_id) == made == collateral.thing_named(book.db, made.public_id)
    assert made.imeis == ("*" * 11 + first[-4:], "*" * 11 + second[-4:])
    assert set(made.evidence) == set(collateral.EVIDENCE)


def test_no_imei_stands_in_the_clear_in_any_table(book: Book) -> None:
    first = imei()
    made = phone(book, imeis=(first,))
    rows = [
        book.db.execute(f"SELECT x::text FROM {table} x").fetchall() for table in ("thing", "thing_imei", "thing_evidence", "imei_claim")
    ]
    assert first not in str(rows)
    assert all(first.encode() not in record.body for record in read_chain(book.db, made.thing_id))
    assert collateral.imeis_match(book.db, thing_id=made.thing_id, imeis=(first,))


def test_the_numbers_read_from_a_phone_must_be_all_of_its_own(book: Book) -> None:
    first, second = imei(), imei()
    made = phone(book, imeis=(first, second))
    assert collateral.imeis_match(book.db, thing_id=made.thing_id, imeis=(second, first))
    assert not collateral.imeis_match(book.db, thing_id=made.thing_id, imeis=(first,))
    assert not collateral.imeis_match(book.db, thing_id=made.thing_id, imeis=(first, imei()))


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"kind": "boat"}, "kind"), ({"model": "  "}, "model"), ({"model": "x" * 81}, "model"), ({"storage_gb": 100}, "storage_gb"),
        ({"grade": "E"}, "grade"), ({"imeis": ()}, "imei1"), ({"imeis": ("1",)}, "imei1"), ({"evidence": {"box": "fl_1"}}, "evidence.box"),
    ],
)  # fmt: skip
def test_what_does_not_describe_a_phone_is_refused_by_field(book: Book, said: dict[str, Any], field: str) -> None:
    party = owner(book)
    given: dict[str, Any] = {"model": "示例机 X1", "storage_gb": 128, "grade": "A", "imeis": (imei(),), "evidence": {}, **said}
    with pytest.raises(BadInput) as refused:
        collateral.describe(book.db, clock=book.clock, by=SYSTEM, party=party, **given)
    assert refused.value.field == field


def test_evidence_is_a_file_that_is_kept(book: Book) -> None:
    with pytest.raises(NotFound):
        phone(book, evidence={"invoice": "fl_nothing"})


def test_a_thing_that_nobody_described_is_not_found(book: Book) -> None:
    with pytest.raises(NotFound):
        collateral.thing(book.db, 999)
    with pytest.raises(NotFound):
        collateral.thing_named(book.db, "th_nothing")
