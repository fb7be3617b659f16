"""The ground row of a loan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from holdfast.journal import Head
from holdfast.life import LoanState


@dataclass(slots=True)
class Loan:
    """What all stages know of a loan: whose it is, where it stands, its chain's head and its next duty."""

    loan_id: int
    public_id: str
    branch_id: int
    officer_id: int | None
    party_id: int | None
    borrower_label: str
    product_code: str
    product_version: int
    contract_no: str
    currency: str
    state: LoanState
    principal_out: int
    head: Head
    last_duty_no: int
    duty_no: int | None
    next_action_at: datetime | None
    pack_version: str
    opened_on: date


@dataclass(frozen=True, slots=True)
class Happened:
    """What a verb did that a later stage must answer: a name of `life.BEGINS`, the loan's public id, and the facts."""

    name: str
    loan: str
    facts: Mapping[str, Any] = field(default_factory=dict)
