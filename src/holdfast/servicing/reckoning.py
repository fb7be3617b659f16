"""The reckoning of a loan, made again from its terms and events: what was asked for, what came in, what went back.

Nothing that is kept beside the events is looked at, so that whoever must be sure before a thing is given back
does not rely on what an earlier act has written down.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg

from holdfast.kernel.money import Money
from holdfast.loans import loan_id_of
from holdfast.servicing import store
from holdfast.servicing.fold import fold, in_order
from holdfast.servicing.payoff import payoff_lines


@dataclass(frozen=True, slots=True)
class Reckoning:
    """`asked` is all that the instalments came to, `received` all that came in and was not taken back.

    Of what was received, `overpaid` was more than was asked for, and `refunded` has gone back of that.
    `receipts` are the receipts that count: day and amount. `given_up` is what the lender paid of it from its own pocket, and of a claim
    that was written off what a settlement has ended.
    """

    principal: Money
    asked: Money
    received: Money
    overpaid: Money
    refunded: Money
    paid_off_on: date | None
    receipts: tuple[tuple[date, Money], ...]
    parts: Mapping[str, Money]
    given_up: Money

    @property
    def kept(self) -> Money:
        """What was received for the debt itself."""
        return Money(self.received.minor - self.overpaid.minor, self.received.currency)


def reckon(db: psycopg.Connection[Any], *, loan: str) -> Reckoning:
    """The reckoning of a loan that is, or was, being repaid. Of a debt written off, what is asked for is what was given up."""
    loan_id = loan_id_of(db, loan)
    terms, events = store.terms_of(db, loan_id), store.history(db, [loan_id])[loan_id]
    state = fold(terms, events)
    totals = state.totals
    counted = [event for event in in_order(events) if event.kind == "receipt"]

    def money(minor: int) -> Money:
        return Money(minor, terms.currency)

    parts = {
        "principal": sum(row.principal for row in state.instalments),
        "interest": sum(row.interest for row in state.instalments),
        "fee": sum(row.fee for row in state.instalments),
        "penalty": sum(row.penalty for row in state.instalments),
    }
    asked = sum(parts.values())
    if state.written_off_on is not None:
        paid = totals.principal_paid + totals.interest_paid + totals.fee_paid + totals.penalty_paid
        asked = paid + state.lost + totals.recovered
    return Reckoning(
        principal=money(totals.disbursed + totals.taken_over),
        asked=money(asked),
        received=money(sum(event.payload["amount"] for event in counted)),
        overpaid=money(totals.overpaid),
        refunded=money(totals.refunded),
        paid_off_on=state.paid_off_on,
        receipts=tuple((event.on, money(event.payload["amount"])) for event in counted),
        parts={name: money(minor) for name, minor in parts.items()},
        given_up=money(totals.goodwill + totals.forgiven),
    )


def debt_parts(db: psycopg.Connection[Any], *, loan: str, on: date) -> dict[str, int]:
    """What is owed on `on`, summed by part in the order in which money falls on it: costs, interest, principal (minor units)."""
    held = store.load(db, [loan_id_of(db, loan)], lock=False)[0]
    sums = {"penalty": 0, "fee": 0, "interest": 0, "principal": 0}
    if held.state.written_off_on is not None:
        sums["principal"] = held.state.lost
        return sums
    for line in payoff_lines(held.state, max(on, held.account.last_event_on)):
        part = {"interest_running": "interest", "paid_ahead": "principal"}.get(line.part, line.part)
        sums[part] += line.amount
    return sums
