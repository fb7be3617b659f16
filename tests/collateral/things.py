"""Things to test with: IMEIs that no phone has, an owner, photos, and a phone described."""

from __future__ import annotations

from itertools import count
from typing import Any

from holdfast import files
from holdfast.collateral import EVIDENCE, Thing, describe
from holdfast.journal import SYSTEM
from holdfast.parties import Party, box_of, register_party
from tests.books import Book

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + b"0" * 40
_serials = count(1)


def imei() -> str:
    """A fresh IMEI with a fitting last digit; its reporting body 00 is the test range."""
    first14 = f"00440000{next(_serials):06d}"
    total = 0
    for place, digit in enumerate(first14):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return first14 + str(-total % 10)


def owner(book: Book, name: str = "张示例") -> Party:
    return register_party(book.db, clock=book.clock, by=SYSTEM, kind="person", branch_id=book.branch_id, private={"name": name})


def photo(book: Book, party: Party, name: str = "photo.png") -> str:
    stored = files.put(book.db, PNG, clock=book.clock, name=name, box=box_of(book.db, party), party_id=party.party_id)
    return stored.public_id


def phone(book: Book, party: Party | None = None, **changes: Any) -> Thing:
    """A phone of 示例机 X1, 128 GB, grade A by its owner's word, with two IMEIs and all its evidence."""
    party = party or owner(book)
    said: dict[str, Any] = {
        "model": "示例机 X1", "storage_gb": 128, "grade": "A", "imeis": (imei(), imei()), "colour": "黑",
        "evidence": {what: photo(book, party, f"{what}.png") for what in EVIDENCE},
    }  # fmt: skip
    return describe(book.db, clock=book.clock, by=SYSTEM, party=party, **{**said, **changes})
