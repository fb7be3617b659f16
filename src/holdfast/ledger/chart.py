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
    CASH = "cash"
    CASH_DIFFERENCE = "cash_difference"
    CASH_LOSS = "cash_loss"
    ACCRUED_INTEREST = "accrued_interest"
    INTEREST_SUSPENSE = "interest_suspense"
    PROVISION = "loan_loss_provision"
    PROVISION_EXPENSE = "provision_expense"


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
    Account.CASH: "asset",
    Account.CASH_DIFFERENCE: "asset",
    Account.CASH_LOSS: "expense",
    Account.ACCRUED_INTEREST: "asset",
    Account.INTEREST_SUSPENSE: "liability",
    Account.PROVISION: "asset",  # an asset's contra: its balance is a credit
    Account.PROVISION_EXPENSE: "expense",
}
