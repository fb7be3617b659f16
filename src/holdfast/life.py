"""THE MAP. The life of a loan: its stages in order, who owns each, and what may follow.

What is read from here and stands nowhere else: the stages and their order, which states a loan may
pass through and which of them are live, which event of one stage begins which verb of a later one,
and which duties exist, what calls for each and what kinds of journal record may prove it. The docs,
the console's timeline, the import rule and a test read it too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
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


# From which state a loan may come into which. What is not here is refused, whoever asks.
MOVES: Final = frozenset(
    {
        (LoanState.SUBMITTED, LoanState.CONFIRMED),
        (LoanState.SUBMITTED, LoanState.REFUSED),
        (LoanState.SUBMITTED, LoanState.WITHDRAWN),
        (LoanState.CONFIRMED, LoanState.DECIDED),
        (LoanState.CONFIRMED, LoanState.REFUSED),
        (LoanState.CONFIRMED, LoanState.WITHDRAWN),
        (LoanState.DECIDED, LoanState.SIGNED),
        (LoanState.DECIDED, LoanState.REFUSED),
        (LoanState.DECIDED, LoanState.WITHDRAWN),
        (LoanState.SIGNED, LoanState.ACTIVE),
        (LoanState.SIGNED, LoanState.REFUSED),
        (LoanState.SIGNED, LoanState.WITHDRAWN),
        (LoanState.ACTIVE, LoanState.WRITTEN_OFF),
        (LoanState.ACTIVE, LoanState.RELEASING),
        (LoanState.WRITTEN_OFF, LoanState.RELEASING),
        (LoanState.WRITTEN_OFF, LoanState.ACTIVE),
        (LoanState.RELEASING, LoanState.ACTIVE),
        (LoanState.RELEASING, LoanState.WRITTEN_OFF),
        (LoanState.RELEASING, LoanState.SETTLED),
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
    Stage("collateral", "押品", "Collateral", "custodian", True),
    Stage("applications", "申请", "Application", "officer", True),
    Stage("confirmation", "确认", "Confirmation", "caller", True),
    Stage("decisioning", "决定", "Decision", "approver", True),
    Stage("contracts", "签约", "Contract", "officer", True),
    Stage("pledges", "质押", "Pledge", "custodian", True),
    Stage("payments", "放款", "Payout", "officer", True),
    Stage("servicing", "还款", "Servicing", "officer", True),
    Stage("takeover", "接管", "Takeover", "admin", True),
    Stage("monitoring", "监测", "Monitoring", "risk", False),
    Stage("followup", "跟进", "Follow-up", "caller", False),
    Stage("restructuring", "重组", "Restructuring", "approver", True),
    Stage("release", "解押归还", "Release", "custodian", True),
    Stage("portfolio", "组合", "Portfolio", "risk", False),
)


# What happens in one stage, and the verb of a later one that must begin because of it, in the same transaction. `wiring` carries it out.
BEGINS: Final = {
    "payout.paid": "servicing.disburse",
    "money.matched": "servicing.receive",  # a line of a bank file, or a payment intent that has cleared, belongs to this loan
    "custody.compensated": "servicing.receive",
    "disposal.sold": "servicing.receive",
    "loan.paid_off": "release.open",
    "loan.payoff_undone": "release.cancel",
}


@dataclass(frozen=True, slots=True)
class DutyKind:
    """A kind of duty: who owns it and which kinds of journal record may close it.

    `after`: the kinds of record that call for it, `within` so many workdays of the pack's rule of that name
    (0: the same day). Without `after` it is called for by what falls due, as servicing computes.
    `hours`: when on its day work on it may begin, and when it ends.
    """

    name: str
    zh: str
    en: str
    role: str
    proofs: frozenset[str]
    after: frozenset[str] = frozenset()
    within: str = ""
    hours: tuple[time, time] = (time(9), time(18))

    @property
    def chained(self) -> bool:
        """Whether a record calls for it, rather than a date of the schedule."""
        return bool(self.after)


# A record that ends the reason for a duty proves it as well as the act itself does.
_PAID = frozenset({"receipt.posted", "receipt.reversed", "loan.written_off"})
_RETURNED = frozenset({"release.noted", "receipt.reversed"})
_ENDED = frozenset({"application.withdrawn", "loan.refused"})
_EVENING = (time(8), time(21))
_ALL_DAY = (time(0), time(23, 59))


def _kind(
    name: str, zh: str, en: str, role: str, *, by: set[str] | frozenset[str], after: set[str] | None = None,
    within: str = "", hours: tuple[time, time] = (time(9), time(18)),
) -> DutyKind:  # fmt: skip
    return DutyKind(name, zh, en, role, frozenset(by), frozenset(after or ()), within, hours)


DUTIES: Final = {
    kind.name: kind
    for kind in (
        # -- before the money --
        _kind("confirm", "电话确认", "Confirm by phone", "caller", by={"confirmation.completed"} | _ENDED,
              after={"application.submitted"}, within="sla.confirm"),
        _kind("decide", "审批", "Decide", "approver", by={"decision.approved"} | _ENDED,
              after={"confirmation.completed"}, within="sla.decide"),
        _kind("sign", "签约", "Have the contract signed", "officer", by={"contract.sealed", "contract.lapsed"} | _ENDED,
              after={"decision.approved"}, within="sla.sign"),
        _kind("take_in", "押品入库", "Take the thing into custody", "custodian", by={"custody.taken_in", "contract.lapsed"} | _ENDED,
              after={"contract.sealed"}, within="sla.take_in"),
        _kind("pay_out", "放款", "Pay out", "officer", by={"loan.disbursed", "custody.to_hand_back"} | _ENDED,
              after={"custody.taken_in", "payout.ready"}, within="sla.pay_out"),
        _kind("payout_enquiry", "查询放款结果", "Enquire after a payout", "officer", by={"payout.paid", "payout.rejected"},
              after={"payout.unknown"}, within="sla.payout_enquiry"),
        _kind("hand_back", "退还未放款押品", "Hand back, no loan was made", "custodian", by={"custody.handed_back"},
              after={"custody.to_hand_back"}, within="sla.hand_back"),
        _kind("fraud_review", "核查欺诈迹象", "Review a sign of fraud", "approver", by={"fraud.thawed", "custody.to_hand_back"} | _ENDED,
              after={"fraud.frozen"}, within="sla.fraud_review", hours=_ALL_DAY),
        # -- while it is repaid --
        _kind("reminder", "到期提醒", "Reminder", "system", by={"contact.sent", "contact.refused", "contact.noted"} | _PAID,
              hours=_EVENING),
        _kind("follow_up", "跟进逾期", "Follow up arrears", "caller", by={"contact.noted"} | _PAID),
        _kind("refund", "退还多收款", "Refund over-payment", "officer", by={"refund.noted"} | _PAID),
        _kind("recovery", "核销后追偿", "Recover written-off debt", "officer", by={"recovery.reviewed"} | _PAID),
        _kind("cooling_off", "冷静期退贷", "Withdrawal in the cooling-off period", "officer",
              by={"cooling_off.completed", "cooling_off.lapsed"}, after={"cooling_off.asked"}, within="sla.cooling_off"),
        _kind("deferral", "展期审批", "Decide on an extension", "approver", by={"deferral.decided", "deferral.withdrawn"},
              after={"deferral.asked"}, within="sla.deferral"),
        _kind("find_item", "寻找押品", "Find a missing thing", "custodian", by={"custody.found", "custody.lost"},
              after={"custody.missing"}, within="sla.find_item"),
        _kind("compensate", "赔偿灭失押品", "Compensate for a lost thing", "approver", by={"custody.compensated"},
              after={"custody.lost"}, within="sla.compensate"),
        _kind("dispose", "违约处置", "Dispose of the thing after default", "custodian", by={"disposal.accounted", "default.cured"},
              after={"default.noticed"}, within="sla.dispose"),
        # -- when it is paid --
        _kind("release_notice", "通知领取押品", "Tell the borrower to fetch the thing", "system",
              by={"contact.sent", "contact.refused", "contact.noted", "release.cancelled"}, after={"release.opened"},
              within="release.sla.notice_to_borrower", hours=_EVENING),
        _kind("settlement_certificate", "出具结清证明", "Issue settlement certificate", "officer", by={"release.certified"} | _RETURNED),
        _kind("return_collateral", "归还押品", "Return the thing", "custodian",
              by={"release.handed_back", "custody.compensated", "disposal.accounted"} | _RETURNED),
        _kind("credit_update", "上报结清", "Report settlement to the bureau", "officer", by={"release.reported"} | _RETURNED),
    )
}  # fmt: skip
