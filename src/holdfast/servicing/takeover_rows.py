"""A loan taken over from another lender's book: what the batch writer is given, and what it gives back.

Each row is complete in itself and already judged; the writer decides nothing about it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from holdfast.products.terms import Terms


@dataclass(frozen=True, slots=True)
class TakeoverRow:
    """One loan as it stands on the as-of date.

    `identity` is the key in `loan_registry` (kind `tape`) that makes the same row of the same
    tape come in once. `payload` is that of the `taken_over` event: `balance` is the principal
    outstanding, `first_unpaid_n` the first instalment still to be paid (one more than there are
    if nothing is), and `principal_written_off`, where present, is principal taken over besides
    `balance` and written off on the same day: outstanding is then nil and the loan stays live to
    be recovered. `charges_barred` says that the rate lies above a ceiling: no new charge may be
    put on the loan. `source` is where the row came from, for the journal: flat, text and whole
    numbers only (`tape` digest, `line`, the tape's own `status` words, `map`).
    """

    identity: str
    contract_no: str
    borrower_label: str
    product_code: str
    product_version: int
    terms: Terms
    payload: Mapping[str, int]
    charges_barred: bool
    source: Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class TakenOver:
    """One loan as it was booked: `principal_out` is what the book now says is outstanding, in minor units."""

    identity: str
    loan_id: int
    public_id: str
    state: str
    principal_out: int
