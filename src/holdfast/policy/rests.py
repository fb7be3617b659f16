"""On which kinds of day nobody is reminded ahead of a due date, and nobody is followed up."""

from __future__ import annotations

from datetime import date
from typing import Final

from holdfast.kernel.errors import BadInput
from holdfast.policy.pack import Pack
from holdfast.policy.workdays import REST_KINDS

RULE: Final = "contact.rest_days"


def rest_days(pack: Pack, *, on: date, lender_type: str | None, product: str | None = None) -> frozenset[str]:
    """The kinds of day of `contact.rest_days`; none for a pack older than the rule. BadInput for a kind that no calendar tells."""
    if not pack.has(RULE, on=on, lender_type=lender_type, product=product):
        return frozenset()
    kinds = frozenset(pack.names(RULE, on=on, lender_type=lender_type, product=product))
    if unknown := sorted(kinds - set(REST_KINDS)):
        raise BadInput(f"{RULE}: use {' and '.join(REST_KINDS)}, not {unknown[0]!r}", field=RULE)
    return kinds
