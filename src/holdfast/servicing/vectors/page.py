"""Page: our state after an event, in the words of the vectors' `expected`."""

from __future__ import annotations

from datetime import date
from typing import Any

from holdfast.kernel.money import decimal_of
from holdfast.servicing.fold import Instalment, State
from holdfast.servicing.vectors.replay import Late, Reading, transactions
from holdfast.servicing.vectors.terms import Setting


def render(setting: Setting, reading: Reading, after: int, on: date) -> dict[str, Any]:
    state, currency = reading.state, setting.terms.currency

    def money(minor: int) -> str:
        return decimal_of(minor, currency)

    schedule, totals = _schedule(setting, reading)
    late = Late(setting, state, reading.pauses, on)
    outstanding = sum(row.unpaid for row in state.instalments)
    since = None if late.since is None else late.since.isoformat()
    bucket = reading.bucket or "NO_DELINQUENCY"
    by_bucket: dict[str, int] = {}
    for row in late.overdue:
        if row.n in reading.row_buckets:
            name = reading.row_buckets[row.n]
            by_bucket[name] = by_bucket.get(name, 0) + row.unpaid
    order = [one.name for one in setting.buckets]
    return {
        "after_event": after,
        "business_date": on.isoformat(),
        "status": _status(reading, outstanding),
        "number_of_instalments": len(_asked(state)),
        "schedule": schedule,
        "totals": totals,
        "transactions": transactions(reading),
        "total_outstanding": money(outstanding),
        "total_overdue": money(late.amount),
        "overpaid": money(state.totals.overpaid),
        "delinquency": {"bucket": bucket, "delinquent_since": since},
        "delinquency_loan_level": {
            "bucket": bucket,
            "delinquent_amount": money(late.amount),
            "delinquent_since": since,
            "delinquent_days": late.days,
            "past_due_days": late.past_due,
        },
        "delinquency_instalment_level": [{"bucket": name, "amount": money(by_bucket[name])} for name in sorted(by_bucket, key=order.index)]
        if setting.instalment_level
        else [],
    }


def _status(reading: Reading, outstanding: int) -> str:
    if not reading.disbursements:
        return "APPROVED" if reading.approved else "SUBMITTED_AND_PENDING_APPROVAL"
    if reading.state.totals.overpaid:
        return "OVERPAID"
    return "ACTIVE" if outstanding else "CLOSED_OBLIGATIONS_MET"


def _schedule(setting: Setting, reading: Reading) -> tuple[list[dict[str, Any]], dict[str, str]]:
    state, currency = reading.state, setting.terms.currency
    dates = {event.event_no: event.on for event in reading.events}
    early: dict[int, int] = {}
    late: dict[int, int] = {}
    due = {row.n: row.due_on for row in state.instalments}
    for line in state.allocations:
        if dates[line.event_no] < due[line.n]:
            early[line.n] = early.get(line.n, 0) + line.amount
        elif dates[line.event_no] > due[line.n]:
            late[line.n] = late.get(line.n, 0) + line.amount
    rows: list[dict[str, Any]] = []
    payouts = list(reading.disbursements) or [(state.terms.disbursed_on, state.terms.principal)]
    # Fees of the payout stand in its own line, not in that of an instalment.
    at_once = next((row for row in state.instalments if row.n == 0), None)
    fees, paid = (at_once.fee, at_once.fee_paid) if at_once else (0, 0)
    balance, since = 0, state.terms.disbursed_on
    sums = dict.fromkeys(("principal", "interest", "fees", "penalties", "due", "paid", "paid_in_advance", "paid_late", "outstanding"), 0)
    for name, value in (("fees", fees), ("due", fees), ("paid", paid), ("outstanding", fees - paid)):
        sums[name] += value
    for number, row in enumerate(_asked(state), start=1):
        while payouts and _stands_before(payouts[0][0], row, setting):
            on, amount = payouts.pop(0)
            balance += amount
            rows.append(_payout(on, amount, currency, fees))
            fees = 0
        balance -= row.principal
        own = row.fee if row is at_once else 0
        amounts = {
            "principal": row.principal,
            "interest": row.interest,
            "fees": row.fee - own,
            "penalties": row.penalty,
            "due": row.due - own,
            "paid": row.paid - min(own, row.fee_paid),
            "paid_in_advance": early.get(row.n, 0),
            "paid_late": late.get(row.n, 0),
            "outstanding": row.unpaid,
        }
        for name, value in amounts.items():
            sums[name] += value
        rows.append(
            {
                "row_type": "INSTALMENT",
                "nr": number,
                "days": (row.due_on - since).days if row.n >= 1 else 0,
                "due_date": row.due_on.isoformat(),
                "paid_date": _met_on(row, reading),
                "principal_balance_after": decimal_of(balance, currency),
                **{name: decimal_of(value, currency) for name, value in amounts.items()},
            }
        )
        if row.n >= 1:
            since = row.due_on
    for on, amount in payouts:
        rows.append(_payout(on, amount, currency, fees))
        fees = 0
    return rows, {name: decimal_of(value, currency) for name, value in sums.items()}


def _asked(state: State) -> list[Instalment]:
    """The instalments without those at the end that ask for nothing, since the debt is paid down sooner."""
    rows = [row for row in state.instalments if row.n != 0 or row.principal]
    while len(rows) > 1 and not rows[-1].due and state.terms.recalculates:
        rows.pop()
    return rows


def _met_on(row: Instalment, reading: Reading) -> str | None:
    """When an instalment was met; to the peer one that asks for nothing was met when the money was paid out."""
    on = row.paid_on
    if on is None and not row.due and reading.disbursements:
        on = reading.disbursements[0][0]
    return None if on is None else on.isoformat()


def _stands_before(payout_on: date, row: Instalment, setting: Setting) -> bool:
    """A payout is listed before its own down payment; the older engine lists it before what is due that day too."""
    if row.n < 1:
        return payout_on <= row.due_on
    return payout_on < row.due_on or (payout_on == row.due_on and not setting.progressive)


def _payout(on: date, amount: int, currency: str, fees: int) -> dict[str, Any]:
    said = {"amount": decimal_of(amount, currency), "fees_at_disbursement": decimal_of(fees, currency)}
    return {"row_type": "DISBURSEMENT", "date": on.isoformat(), **said}
