"""The chart of accounts of a secured lender, by the field's usual names."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Account(StrEnum):
    """Every account that a posting may name."""

    BANK = "bank"
    PRINCIPAL = "principal_receivable"
    INTEREST = "interest_receivable"
    FEE = "fee_receivable"
    PENALTY = "penalty_receivable"
    BORROWER_CREDIT = "borrower_credit"
    SUSPENSE = "suspense"
    TAKEOVER = "takeover_clearing"
    INTEREST_INCOME = "interest_income"
    FEE_INCOME = "fee_income"
    PENALTY_INCOME = "penalty_income"
    RECOVERY_INCOME = "recovery_income"
    WRITE_OFF_LOSS = "write_off_loss"
    CUSTODY_LOSS = "custody_loss"
    GOODWILL = "goodwill_expense"


CHART: Final = {
    Account.BANK: "asset",
    Account.PRINCIPAL: "asset",
    Account.INTEREST: "asset",
    Account.FEE: "asset",
    Account.PENALTY: "asset",
    Account.BORROWER_CREDIT: "liability",
    Account.SUSPENSE: "liability",
    Account.TAKEOVER: "equity",
    Account.INTEREST_INCOME: "income",
    Account.FEE_INCOME: "income",
    Account.PENALTY_INCOME: "income",
    Account.RECOVERY_INCOME: "income",
    Account.WRITE_OFF_LOSS: "expense",
    Account.CUSTODY_LOSS: "expense",
    Account.GOODWILL: "expense",
}
