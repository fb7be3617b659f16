"""Whose turn it is: the loans that wait for their confirmation call, ranked, each with the reason for its rank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import psycopg

from holdfast.confirmation import store
from holdfast.confirmation.rules import Turn, Waiting, turn_of
from holdfast.duties import escalation
from holdfast.kernel.clock import Clock
from holdfast.parties import Scope
from holdfast.policy import lender, pack_in_force

Db = psycopg.Connection[Any]
MOST_LISTED: Final = 200
_RANK: Final = {turn: place for place, turn in enumerate(Turn)}


def queue(db: Db, scope: Scope, *, clock: Clock, limit: int = MOST_LISTED) -> Sequence[Waiting]:
    """The waiting loans within sight: past the deadline first, then calls that were agreed, then the nearest deadline."""
    sight, values = scope.condition("l")
    now, today = clock.now(), clock.today()
    pack = pack_in_force(db, clock)
    most = pack.number("confirmation.attempts_most", on=today, lender_type=lender(db).lender_type)
    found = []
    for row in store.queue(db, sight, values, limit=min(limit, MOST_LISTED)):
        case = Waiting(*row)
        used, _mark = escalation(case.window_from, case.due_at, now)
        found.append(replace(case, turn=turn_of(case, now=now, used=used, most=most)))
    return sorted(found, key=lambda case: (_RANK[case.turn], case.at, case.loan_id))
