"""THE MAP. The life of a loan: its stages in order, who owns each, and what may follow.

Three things are read from here and stand nowhere else: the stages and their order, which states are
live, and which duties exist with the kinds of journal record that may prove each. The docs, the
console's timeline, the import rule and a test read it too.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class LoanState(StrEnum):
    """Where a loan stands. The database column `loan.state` holds one of these."""

    SUBMITTED = "submitted"
    CONFIRMED = "confirmed"
    DECIDED = "decided"
    SIGNED = "signed"
    ACTIVE = "active"
    WRITTEN_OFF = "written_off"
    RELEASING = "releasing"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    SETTLED = "settled"


# A live loan always points at an open duty; the database refuses one that does not.
LIVE: Final = frozenset(
    {
        LoanState.SUBMITTED,
        LoanState.CONFIRMED,
        LoanState.DECIDED,
        LoanState.SIGNED,
        LoanState.ACTIVE,
        LoanState.WRITTEN_OFF,
        LoanState.RELEASING,
    }
)


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: the folder that owns it, the people who work in it, and whether it is built yet."""

    name: str
    zh: str
    en: str
    owner: str
    built: bool


# In the order of a loan's life. A later stage may import an earlier one's package face, never the reverse.
STAGES: Final = (
    Stage("products", "产品", "Product", "risk", True),
    Stage("collateral", "押品", "Collateral", "custodian", False),
    Stage("applications", "申请", "Application", "officer", False),
    Stage("confirmation", "确认", "Confirmation", "caller", False),
    Stage("decisioning", "决定", "Decision", "approver", False),
    Stage("contracts", "签约", "Contract", "officer", False),
    Stage("pledges", "质押", "Pledge", "custodian", False),
    Stage("payments", "放款", "Payout", "officer", False),
    Stage("servicing", "还款", "Servicing", "officer", True),
    Stage("takeover", "接管", "Takeover", "admin", True),
    Stage("monitoring", "监测", "Monitoring", "risk", False),
    Stage("followup", "跟进", "Follow-up", "caller", False),
    Stage("restructuring", "重组", "Restructuring", "approver", False),
    Stage("release", "解押归还", "Release", "custodian", False),
    Stage("portfolio", "组合", "Portfolio", "risk", False),
)


@dataclass(frozen=True, slots=True)
class DutyKind:
    """A kind of duty: who owns it and which kinds of journal record may close it."""

    name: str
    zh: str
    en: str
    role: str
    proofs: frozenset[str]


# A record that ends the reason for a duty proves it as well as the act itself does.
_PAID = frozenset({"receipt.posted", "receipt.reversed", "loan.written_off"})

_RETURNED = frozenset({"release.noted", "receipt.reversed"})

DUTIES: Final = {
    kind.name: kind
    for kind in (
        DutyKind("reminder", "到期提醒", "Reminder", "system", frozenset({"contact.sent", "contact.refused", "contact.noted"}) | _PAID),
        DutyKind("follow_up", "跟进逾期", "Follow up arrears", "caller", frozenset({"contact.noted"}) | _PAID),
        DutyKind("refund", "退还多收款", "Refund over-payment", "officer", frozenset({"refund.noted"}) | _PAID),
        DutyKind("recovery", "核销后追偿", "Recover written-off debt", "officer", frozenset({"recovery.reviewed"}) | _PAID),
        DutyKind("settlement_certificate", "出具结清证明", "Issue settlement certificate", "officer", _RETURNED),
        DutyKind("return_collateral", "归还押品", "Return the thing", "custodian", _RETURNED),
        DutyKind("credit_update", "上报结清", "Report settlement to the bureau", "officer", _RETURNED),
    )
}
