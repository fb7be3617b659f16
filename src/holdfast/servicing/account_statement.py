"""Statement of account: what was owed at the beginning of a period, each thing that happened in it, and what was owed at its end.

A line is a line of the day on which the book learned of it, as with any bank: a statement of a period that is over is the same
whenever it is drawn. What is owed grows by what is added (money paid out, interest that fell due, fees, penalty) and
falls by what is taken off (what was paid, and on what it fell). Debt that was written off is still owed: the claim stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from typing import Any, Final

import psycopg

from holdfast.kernel.errors import BadInput, Refusal
from holdfast.products.terms import Terms
from holdfast.servicing import reading, store
from holdfast.servicing.arrears import days_past_due
from holdfast.servicing.entered import as_entered
from holdfast.servicing.fold import Event, Totals
from holdfast.servicing.recalculation import standing
from holdfast.servicing.rules import record_kind
from holdfast.servicing.views import LoanRow, Look

_DAY: Final = timedelta(days=1)

# Each running total of a loan: whether it adds to what is owed or takes from it, and under which part. What the lender gives
# up in its own books changes nothing for the borrower.
SIDES: Final[Mapping[str, tuple[str, str] | None]] = {
    "disbursed": ("added", "principal"),
    "taken_over": ("added", "principal"),
    "interest_earned": ("added", "interest"),
    "fee_charged": ("added", "fee"),
    "penalty_charged": ("added", "penalty"),
    "refunded": ("added", "credit"),
    "principal_paid": ("taken", "principal"),
    "interest_paid": ("taken", "interest"),
    "fee_paid": ("taken", "fee"),
    "penalty_paid": ("taken", "penalty"),
    "overpaid": ("taken", "credit"),
    "recovered": ("taken", "principal"),
    "goodwill": None,  # the parts that it pays are counted as paid
    "forgiven": ("taken", "principal"),  # a claim that was written off and is not asked for any more
    "principal_written_off": None,
    "interest_written_off": None,
    "fee_written_off": None,
    "penalty_written_off": None,
}
# What a line tells that is no event: penalty interest of the days since the last one, up to the end of the period.
ACCRUED: Final = "penalty.accrued"


@dataclass(frozen=True, slots=True)
class Parts:
    """An amount by its parts, in minor units. `credit` is money of the borrower's own: paid too much, or given back."""

    principal: int = 0
    interest: int = 0
    fee: int = 0
    penalty: int = 0
    credit: int = 0

    @property
    def total(self) -> int:
        return self.principal + self.interest + self.fee + self.penalty + self.credit

    def __add__(self, other: Parts) -> Parts:
        return Parts(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(Parts)))

    def told(self) -> dict[str, int]:
        """The parts that are not nothing."""
        return {each.name: getattr(self, each.name) for each in fields(Parts) if getattr(self, each.name)}


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One event. `on` is the day on which it was entered, `value_on` the day for which it counts; `kind` that of its journal record.

    The last line may be no event but penalty interest up to the end of the period: `ACCRUED`, with the number 0.
    """

    event_no: int
    on: date
    value_on: date
    kind: str
    facts: Mapping[str, Any]
    added: Parts
    taken: Parts
    balance: int
    undone_by: int | None = None


@dataclass(frozen=True, slots=True)
class AccountStatement:
    """A loan's account from `start` to `until`, both days within. Amounts are minor units; a balance below nothing is the borrower's.

    `opening` plus all that was added less all that was taken is `closing`. `fallen_due` is what had fallen due by `until` and was
    not paid, the oldest of it since `oldest_on`, `days_late` days; `next_on` and `next_due` the instalment that falls due after.
    """

    loan: str
    contract_no: str
    borrower: str
    product_zh: str
    product_en: str
    currency: str
    start: date
    until: date
    opening: int
    lines: tuple[StatementLine, ...]
    added: Parts
    taken: Parts
    closing: int
    fallen_due: int
    oldest_on: date | None
    days_late: int
    next_on: date | None
    next_due: int
    events_seen: int


def balance_of(totals: Totals) -> int:
    """What is owed by what was booked: all that was added less all that was taken."""
    return sum(getattr(totals, name) * (1 if side[0] == "added" else -1) for name, side in SIDES.items() if side is not None)


def drawn(terms: Terms, events: Iterable[Event], row: LoanRow, *, start: date, until: date) -> AccountStatement:
    """The statement of the loan that these events make."""
    known = [event for event in events if event.entered_on <= until]
    undone = {event.payload["event_no"]: event.event_no for event in known if event.kind == "reversal"}
    before, opening, state = Totals(), 0, None
    lines: list[StatementLine] = []
    for event, state in as_entered(terms, known):
        if event.entered_on < start:
            before = replace(standing(state, start - _DAY).totals)
            opening = balance_of(before)
            continue
        now = replace(state.totals)
        lines.append(_line(event, before, now, undone.get(event.event_no)))
        before = now
    if state is None:
        raise Refusal(f"loan {row.id} had no account yet on {until}", code="no_account_yet", field="until", until=until.isoformat())
    state = standing(state, until)
    if (accrued := _moved(before, state.totals, "added")).total:
        lines.append(StatementLine(0, until, until, ACCRUED, {}, accrued, Parts(), balance_of(state.totals)))
    ahead = next((each for each in state.instalments if each.due_on > until and each.unpaid), None) if not state.closed else None
    oldest = state.oldest_unpaid_due_on
    oldest = oldest if oldest is not None and oldest <= until else None
    return AccountStatement(
        loan=row.id, contract_no=row.contract_no, borrower=row.borrower, product_zh=row.product_name_zh, product_en=row.product_name_en,
        currency=terms.currency, start=start, until=until, opening=opening, lines=tuple(lines),
        added=sum((line.added for line in lines), Parts()), taken=sum((line.taken for line in lines), Parts()),
        closing=balance_of(state.totals),
        fallen_due=0 if state.closed else state.unpaid_due(until), oldest_on=oldest, days_late=days_past_due(oldest, until),
        next_on=ahead.due_on if ahead else None, next_due=ahead.unpaid if ahead else 0, events_seen=len(known),
    )  # fmt: skip


def account_statement(
    db: psycopg.Connection[Any], look: Look, loan: str, *, start: date | None = None, until: date | None = None
) -> AccountStatement:
    """The statement of a loan within sight, by default from its first day to today.

    BadInput for a period that ends before it begins or after today; Refusal before the loan has an account.
    """
    row = reading.loan_detail(db, look, loan)
    terms, events = store.terms_of(db, row.number), store.history(db, [row.number])[row.number]
    first = min((event.entered_on for event in events), default=look.today)
    start, until = start or min(first, until or look.today), until or look.today
    if until > look.today:
        raise BadInput(f"until: {until} has not come yet; a statement reaches to {look.today} at most", field="until")
    if start > until:
        raise BadInput(f"start: {start} is after {until}; a period begins before it ends", field="start")
    return drawn(terms, events, row.row, start=start, until=until)


def _line(event: Event, before: Totals, now: Totals, undone_by: int | None) -> StatementLine:
    added, taken = _moved(before, now, "added"), _moved(before, now, "taken")
    kind = record_kind(event)
    return StatementLine(event.event_no, event.entered_on, event.on, kind, event.payload, added, taken, balance_of(now), undone_by)


def _moved(before: Totals, now: Totals, which: str) -> Parts:
    sums = {each.name: 0 for each in fields(Parts)}
    for name, side in SIDES.items():
        if side is not None and side[0] == which:
            sums[side[1]] += getattr(now, name) - getattr(before, name)
    return Parts(**sums)
