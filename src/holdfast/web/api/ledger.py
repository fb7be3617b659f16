"""The general ledger: its sums, and the proof that the books agree with themselves."""

from __future__ import annotations

from typing import Any

from ninja import Router

from holdfast.servicing.verify import verify_books
from holdfast.web.api.operation import Call, operation
from holdfast.web.api.reading import trial_balance
from holdfast.web.api.shapes import ChecksOut, TrialBalanceOut
from holdfast.web.api.values import Day

router = Router()


@operation(router, "GET", "/ledger/trial-balance", "ledger.trial_balance", answer=TrialBalanceOut)
def read_trial_balance(call: Call, on: Day | None = None) -> Any:
    """Debits, credits and balance of each account as of a day (today if none is given)."""
    as_of = on or call.clock.today()
    items = trial_balance(call.db, as_of)
    sums: dict[str, int] = {}
    for item in items:
        sums[item["currency"]] = sums.get(item["currency"], 0) + item["balance"]
    return {"as_of": as_of, "balanced": not any(sums.values()), "items": items}


@operation(router, "GET", "/books/verify", "books.verify", answer=ChecksOut, snapshot=True)
def verify(call: Call) -> Any:
    """Recompute the books and compare: debits and credits, both ledgers, loan rows and the fold of their events."""
    checks = [check.as_json() for check in verify_books(call.db)]
    return {"ok": all(check["ok"] for check in checks), "checks": checks}
