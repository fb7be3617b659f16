"""The chart of accounts: every account that a posting may name, and what each type of lender calls it in its books.

A posting names an account by what it is for; `charts.yaml` gives its number and its names for the lender's type, so that one
rule posts alike for a pawn shop and a bank.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Final

import yaml


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


@dataclass(frozen=True, slots=True)
class Title:
    """What an account is called: its number in the lender's chart, and its names."""

    account: Account
    kind: str
    code: str
    zh: str
    en: str


@cache
def chart_of(lender_type: str | None) -> Mapping[Account, Title]:
    """The chart of a type of lender, in order of its numbers; a book whose lender is not set yet has the names that all share."""
    told = yaml.safe_load((files("holdfast.ledger") / "charts.yaml").read_text("utf-8"))
    named = {**told["every"], **told["types"].get(lender_type, {})}
    titles = [Title(account, CHART[account], **named[account]) for account in Account]
    return {title.account: title for title in sorted(titles, key=lambda title: title.code)}
