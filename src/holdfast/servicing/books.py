"""From a loan's cumulative totals to postings.

Each total has one pair of accounts. What a verb books is the difference of the totals before and
after, so a replayed, backdated or reversed receipt posts exactly what changed, and the sub-ledger of a loan
always sums to its totals.
"""

from __future__ import annotations

from typing import Final

from holdfast.ledger import Account, Line
from holdfast.servicing.fold import Totals

# total: (debited, credited) when it grows
PAIRS: Final = {
    "disbursed": (Account.PRINCIPAL, Account.BANK),
    "taken_over": (Account.PRINCIPAL, Account.TAKEOVER),
    "interest_earned": (Account.INTEREST, Account.INTEREST_INCOME),
    "fee_charged": (Account.FEE, Account.FEE_INCOME),
    "penalty_charged": (Account.PENALTY, Account.PENALTY_INCOME),
    "principal_paid": (Account.BANK, Account.PRINCIPAL),
    "interest_paid": (Account.BANK, Account.INTEREST),
    "fee_paid": (Account.BANK, Account.FEE),
    "penalty_paid": (Account.BANK, Account.PENALTY),
    "overpaid": (Account.BANK, Account.BORROWER_CREDIT),
    "refunded": (Account.BORROWER_CREDIT, Account.BANK),
    "principal_written_off": (Account.WRITE_OFF_LOSS, Account.PRINCIPAL),
    "interest_written_off": (Account.WRITE_OFF_LOSS, Account.INTEREST),
    "fee_written_off": (Account.WRITE_OFF_LOSS, Account.FEE),
    "penalty_written_off": (Account.WRITE_OFF_LOSS, Account.PENALTY),
    "goodwill": (Account.GOODWILL, Account.BANK),
    "recovered": (Account.BANK, Account.RECOVERY_INCOME),
}


def postings(before: Totals, after: Totals) -> list[Line]:
    """The lines that take the books from `before` to `after`; a total that fell is posted the other way round."""
    lines = []
    for name, (debit, credit) in PAIRS.items():
        change = getattr(after, name) - getattr(before, name)
        if change > 0:
            lines.append(Line(debit, credit, change))
        elif change < 0:
            lines.append(Line(credit, debit, -change))
    return lines
