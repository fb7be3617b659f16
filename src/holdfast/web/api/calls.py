"""Calls about a loan that is being repaid: dialled when the rules allow it, and ended."""

from __future__ import annotations

from typing import Any

from ninja import Router

from holdfast.followup import calls
from holdfast.web.api.operation import Call, operation
from holdfast.web.api.values import Instant, Out

router = Router()


class DialledOut(Out):
    """A call that rings: the borrower's number in full, what it is for, the rule that allows it, and since when."""

    number: str
    purpose: str
    rule: str
    since: Instant


class HungUpOut(Out):
    """The call is over; the ledger has it as tried."""

    loan: str


@operation(router, "POST", "/loans/{loan}/call", "calls.dial", answer=DialledOut, status=201)
def dial(call: Call, loan: str) -> Any:
    """Ask whether the borrower may be rung now; if so the number is shown and the call counts. What came of it is noted on its duty."""
    rings = calls.dial(call.db, clock=call.clock, by=call.staff, loan=loan)
    return {"number": rings.number, "purpose": rings.purpose, "rule": rings.rule, "since": rings.since}


@operation(router, "POST", "/loans/{loan}/call/end", "calls.hang_up", answer=HungUpOut)
def hang_up(call: Call, loan: str) -> Any:
    """End a call that reached nobody and that there is nothing to note of; its duty stays."""
    calls.hang_up(call.db, clock=call.clock, by=call.staff, loan=loan)
    return {"loan": loan}
