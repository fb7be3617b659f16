"""Impairment: interest that is in doubt is kept off income until it is paid or the loan has recovered.

A loan is impaired from the night on which its class reaches the one that the pack names. Its unpaid interest, billed
and accrued, then stands in suspense; what is paid of it is income. The night also says when that ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import psycopg

from holdfast.policy import Lender, Pack
from holdfast.servicing import month_end_store as store
from holdfast.servicing.arrears import CLASSES, days_past_due, five_tier, floor_on
from holdfast.servicing.held import Held

Db = psycopg.Connection[Any]

NON_ACCRUAL_FROM: Final = "ledger.non_accrual_from"
PROVISION_PERCENT: Final = "ledger.provision_percent"


@dataclass(frozen=True, slots=True)
class Doubt:
    """From which class on interest is in doubt, and from how many days late each class begins."""

    worst: str
    floors: Mapping[str, int]

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes whose interest is in doubt."""
        return CLASSES[CLASSES.index(self.worst) :]

    def class_of(self, held: Held, on: date) -> str:
        """The class of a loan at the end of a day."""
        late = days_past_due(held.state.oldest_unpaid_due_on, on, held.state.pauses)
        return five_tier(late, self.floors, floor_on(held.account.class_floor, held.account.observe_until, on))

    def impaired(self, held: Held, on: date) -> bool:
        """Whether the loan's interest is in doubt at the end of a day."""
        return self.class_of(held, on) in self.classes


def doubt_of(pack: Pack, lender: Lender, on: date) -> Doubt | None:
    """What the pack says of interest in doubt on a day; None if it says nothing, and then all interest is income."""
    if not pack.has(NON_ACCRUAL_FROM, on=on, lender_type=lender.lender_type):
        return None
    worst = pack.name_of(NON_ACCRUAL_FROM, on=on, lender_type=lender.lender_type)
    return Doubt(worst, pack.table("classification.floors", on=on, lender_type=lender.lender_type))


def candidates(db: Db, doubt: Doubt, on: date) -> tuple[list[int], list[int]]:
    """The loans whose impairment may begin, and those where it may end, on the night of `on`."""
    values = {"oldest": on - timedelta(days=doubt.floors[doubt.worst]), "classes": list(doubt.classes)}
    return store.may_be_impaired(db, values), store.may_have_recovered(db, values)
