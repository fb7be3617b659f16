"""The thing, as the book knows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final


class Grade(StrEnum):
    """How well a phone has kept, from as good as new to worn or damaged."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"


# What shows that the thing is the borrower's own: the invoice, that the maker's account is signed out, the owner's declaration.
OWNERSHIP: Final = ("invoice", "account_signed_out", "declaration")
PHOTOS: Final = ("photo_front", "photo_back", "photo_screen")
EVIDENCE: Final = OWNERSHIP + PHOTOS


@dataclass(frozen=True, slots=True)
class Thing:
    """A phone and whose it is. `imeis` are masked; the numbers themselves lie sealed under the owner's key.

    `grade` is what the owner says; what an appraiser finds stands on the valuation. `evidence` pairs what a
    file shows with the file's public id.
    """

    thing_id: int
    public_id: str
    kind: str
    party_id: int
    model: str
    storage_gb: int
    colour: str
    grade: Grade
    described_on: date
    imeis: tuple[str, ...]
    evidence: Mapping[str, str]
