"""Collateral: the thing that is pledged: its identity, condition, value, and where it is kept.

A valuation is never edited, and a thing in custody always has one place.
"""

from holdfast.collateral.imei import distinct_imeis, normal_imei
from holdfast.collateral.model import EVIDENCE, OWNERSHIP, PHOTOS, Grade, Thing
from holdfast.collateral.things import claimed, describe, imeis_match, offer_for, reveal_imei, thing, thing_named, things_of

__all__ = [
    "EVIDENCE",
    "OWNERSHIP",
    "PHOTOS",
    "Grade",
    "Thing",
    "claimed",
    "describe",
    "distinct_imeis",
    "imeis_match",
    "normal_imei",
    "offer_for",
    "reveal_imei",
    "thing",
    "thing_named",
    "things_of",
]
