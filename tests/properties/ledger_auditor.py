"""The auditor of the ledger: what the trial balance promises of a book's loans, at any moment.

It adds up what the loans themselves say, in fractions, and looks at the accounts of the general ledger; how an act is posted
it neither knows nor asks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from fractions import Fraction
from typing import Any, Final

import psycopg

from holdfast.servicing.held import Held
from tests.properties.auditor import broken

# What an account holds of each loan, as the loan's own figures give it: debits less credits.
OWED: Final[dict[str, Callable[[Any, int], int]]] = {
    "principal_receivable": lambda totals, out: out,
    "interest_receivable": lambda totals, out: totals.interest_earned - totals.interest_paid - totals.interest_written_off,
    "fee_receivable": lambda totals, out: totals.fee_charged - totals.fee_paid - totals.fee_written_off,
    "penalty_receivable": lambda totals, out: totals.penalty_charged - totals.penalty_paid - totals.penalty_written_off,
    "borrower_credit": lambda totals, out: totals.refunded - totals.overpaid,
}


def audit(db: psycopg.Connection[Any], loans: Iterable[Held], *, last_night: date | None, acts_since: int) -> None:
    """Broken, naming the promise, unless every account of the trial balance is what the loans say that it is.

    `acts_since` the last night: each may round once.
    """
    held = list(loans)
    balances = {row[0]: int(row[1]) for row in db.execute(_BALANCES).fetchall()}
    if sum(balances.values()):
        broken("debits are credits", f"{sum(balances.values())} more")
    for account, of in OWED.items():
        wanted = sum(of(each.state.totals, each.state.principal_out) for each in held)
        if balances.get(account, 0) != wanted:
            broken(f"{account} is the sum over the loans", f"{balances.get(account, 0)} in the ledger, {wanted} by the loans")
    accrued = {each.loan.loan_id: _accrued(each.state, last_night) for each in held}
    rounding = Fraction(1 + acts_since, 2) + Fraction(len(held) * 800, 10**9)
    _near("accrued_interest", balances.get("accrued_interest", 0), sum(accrued.values(), Fraction(0)), rounding)
    doubted = [each for each in held if each.account.non_accrual_since is not None]
    in_doubt = sum((accrued[each.loan.loan_id] + OWED["interest_receivable"](each.state.totals, 0) for each in doubted), Fraction(0))
    _near("interest_suspense", -balances.get("interest_suspense", 0), in_doubt, rounding)
    # Income is what was ever earned, billed or accrued, and is not in doubt; nothing stands in it twice. What was in doubt and is lost
    # never was income.
    earned = sum((each.state.totals.interest_earned + accrued[each.loan.loan_id] for each in held), Fraction(0)) - in_doubt
    lost = sum(each.state.totals.interest_written_off for each in held) - balances.get("write_off_loss", 0)
    lost += sum(_written_off_else(each.state.totals) for each in held)
    _near("interest_income", -balances.get("interest_income", 0), earned - lost, 2 * rounding)


def _near(account: str, stands: int, wanted: Fraction, rounding: Fraction) -> None:
    if abs(wanted - stands) > rounding:
        broken(f"{account} is the sum over the loans at any moment", f"{stands} in the ledger, {float(wanted):.4f} by the loans")


def _written_off_else(totals: Any) -> int:
    return int(totals.principal_written_off + totals.fee_written_off + totals.penalty_written_off)


def _accrued(state: Any, on: date | None) -> Fraction:
    """What a loan has earned and is not yet due at the end of a day, less what was paid ahead; nothing before its period begins."""
    to_come = [row for row in state.instalments if row.due_on > state.through]
    if state.closed or not to_come:
        return Fraction(0)
    begins = max([row.due_on for row in state.instalments if row.due_on <= state.through], default=state.terms.disbursed_on)
    days = max((on - begins).days, 0) if on is not None else 0
    paid_ahead = Fraction(sum(row.interest_paid for row in to_come))
    return Fraction(to_come[0].interest * days, (to_come[0].due_on - begins).days) - paid_ahead


_BALANCES: Final = """
SELECT account, sum(amount) FROM (
    SELECT debit_account AS account, amount FROM gl_entry UNION ALL SELECT credit_account, -amount FROM gl_entry
) AS side GROUP BY account
"""
