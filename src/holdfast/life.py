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
        (LoanState.REFUSED, LoanState.CONFIRMED),  # the borrower asked for people to look at an automatic refusal
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
    Stage("followup", "跟进", "Follow-up", "caller", True),
    Stage("restructuring", "重组", "Restructuring", "approver", True),
    Stage("release", "解押归还", "Release", "custodian", True),
    Stage("portfolio", "组合", "Portfolio", "risk", False),
)


# What happens in one stage, and the verb of a later one that must begin because of it, in the same transaction. `wiring` carries it out.
BEGINS: Final = {
    "payout.paid": "servicing.disburse",
    "payout.further_paid": "servicing.lend_more",
    "cooling_off.asked": "servicing.waive",
    "cooling_off.lapsed": "servicing.take_back_waiver",
    "money.matched": "servicing.receive",  # a line of a bank file, or a payment intent that has cleared, belongs to this loan
    "custody.compensated": "servicing.receive",
    "disposal.sold": "servicing.receive",
    "loan.paid_off": "release.open",
    "loan.payoff_undone": "release.cancel",
    "arrears.cleared": "release.cure",  # what had fallen due is paid on a loan whose default was noticed
    "money.returned": "servicing.take_back_receipt",  # the bank took back what a receipt stands for: a returned debit, a reversed credit
    "settlement.paid_on": "settlements.judge",  # money came in on a loan whose settlement runs: the last of it ends the loan
    "settlement.undone": "settlements.undo",  # money of a kept settlement was taken back: what was forgiven is owed again
    "money.taken_back": "payments.take_back",  # a receipt was reversed: what it came by is in suspense, or out of its drawer, again
}


@dataclass(frozen=True, slots=True)
class DutyKind:
    """A kind of duty: who owns it and which kinds of journal record may close it.

    `after`: the kinds of record that call for it, `within` so many workdays of the pack's rule of that name
    (0: the same day); where no rule is named, the record itself says by when (`dated`), by its stage's own rule.
    Without `after` it is called for by what falls due, as servicing computes.
    `hours`: when on its day work on it may begin, and when it ends. `days_before`: how many days before its day that may
    be; None: from the day on which it was called for.
    """

    name: str
    zh: str
    en: str
    role: str
    proofs: frozenset[str]
    after: frozenset[str] = frozenset()
    within: str = ""
    hours: tuple[time, time] = (time(9), time(18))
    days_before: int | None = None

    @property
    def chained(self) -> bool:
        """Whether a record calls for it, rather than a date of the schedule."""
        return bool(self.after)

    @property
    def dated(self) -> bool:
        """Whether the record that calls for it also says by when."""
        return self.chained and not self.within


# A record that ends the reason for a duty proves it as well as the act itself does.
_PAID = frozenset(
    {
        "receipt.posted", "receipt.reversed", "loan.written_off", "loan.goodwill", "loan.goodwill.reversed", "loan.forgiven",
        "loan.forgiven.reversed",
    }
)  # fmt: skip
# Days that moved, or money that is no longer asked for, end the reason for what stood for the old ones.
_MOVED = frozenset(
    {
        "loan.deferred", "loan.deferred.reversed", "loan.rearranged", "loan.rearranged.reversed",
        "loan.waived", "loan.waived.reversed", "loan.part_waived", "loan.part_waived.reversed",
        "loan.charged", "loan.charged.reversed", "loan.written_off.reversed", "loan.disbursed.reversed",
        "reminder.replanned",
    }
)  # fmt: skip
# A certificate, a return and a report are proved by the act itself; nobody's word closes them. Money that is owed again ends their reason.
_RETURNED = frozenset({"receipt.reversed", "loan.disbursed", "loan.forgiven.reversed"})
_ENDED = frozenset({"application.withdrawn", "loan.refused"})
_TOLD = frozenset({"contact.sent", "contact.refused", "contact.noted", "contact.handed_over"})
_EVENING = (time(8), time(21))
# A review of a business may be made so many days before its day; whoever wants it earlier has it called for earlier.
REVIEWED_DAYS_BEFORE: Final = 30
_ALL_DAY = (time(0), time(23, 59))


def _kind(
    name: str, zh: str, en: str, role: str, *, by: set[str] | frozenset[str], after: set[str] | None = None,
    within: str = "", hours: tuple[time, time] = (time(9), time(18)), days_before: int | None = None,
) -> DutyKind:  # fmt: skip
    return DutyKind(name, zh, en, role, frozenset(by), frozenset(after or ()), within, hours, days_before)


DUTIES: Final = {
    kind.name: kind
    for kind in (
        # -- before the money --
        _kind("confirm", "电话确认", "Confirm by phone", "caller", by={"confirmation.completed"} | _ENDED,
              after={"application.submitted"}, within="sla.confirm"),
        _kind("decide", "审批", "Decide", "approver", by={"decision.approved"} | _ENDED,
              after={"confirmation.completed", "decision.review_asked"}, within="sla.decide"),
        _kind("sign", "签约", "Have the contract signed", "officer", by={"contract.sealed", "contract.lapsed"} | _ENDED,
              after={"decision.approved"}, within="sla.sign"),
        _kind("take_in", "押品入库", "Take the thing into custody", "custodian", by={"custody.taken_in", "contract.lapsed"} | _ENDED,
              after={"contract.sealed"}, within="sla.take_in"),
        _kind("pay_out", "放款", "Pay out", "officer", by={"loan.disbursed", "custody.to_hand_back"} | _ENDED,
              after={"custody.taken_in"}, within="sla.pay_out"),
        _kind("payout_enquiry", "查询放款结果", "Enquire after a payout", "officer", by={"payout.paid", "payout.rejected"},
              after={"payout.unknown"}, within="sla.payout_enquiry"),
        _kind("payout_recall", "追回放款", "Have a payout come back", "officer", by={"payout.recall_ended"},
              after={"payout.recall_asked"}, within="sla.payout_recall"),
        _kind("payout_dispute", "核清银行矛盾答复", "Clear up what the bank contradicted", "officer", by={"payout.dispute_settled"},
              after={"payout.contradicted"}, within="sla.payout_dispute"),
        _kind("hand_back", "退还押品", "Hand the thing back to its owner", "custodian", by={"custody.handed_back"},
              after={"custody.to_hand_back"}, within="sla.hand_back"),
        _kind("fraud_review", "核查欺诈迹象", "Review a sign of fraud", "approver", by={"fraud.thawed", "custody.to_hand_back"} | _ENDED,
              after={"fraud.frozen"}, within="sla.fraud_review", hours=_ALL_DAY),
        # -- while it is repaid --
        _kind("reminder", "到期提醒", "Reminder", "system", by=_TOLD | _PAID | _MOVED, hours=_EVENING),
        # A message that did not arrive, or of which nobody knows.
        _kind("reach", "另行联系", "Reach the borrower otherwise", "caller", by={"message.followed_up"},
              after={"message.undelivered"}, within="sla.reach"),
        _kind("follow_up", "跟进逾期", "Follow up arrears", "caller", by={"contact.noted"} | _PAID | _MOVED),
        _kind("refund", "退还多收款", "Refund over-payment", "officer", by={"refund.noted"} | _PAID),
        _kind("recovery", "核销后追偿", "Recover written-off debt", "officer",
              by={"recovery.reviewed", "loan.written_off.reversed"} | _PAID),
        _kind("debit_failed", "跟进扣款失败", "Follow up a debit that failed", "caller", by={"debit.followed_up", "debit.needless"},
              after={"debit.given_up", "debit.contradicted", "debit.unanswered"}, within="sla.debit_failed"),
        _kind("cooling_off", "冷静期退贷", "Withdrawal in the cooling-off period", "officer",
              by={"cooling_off.completed", "cooling_off.lapsed"}, after={"cooling_off.asked"}, within="sla.cooling_off"),
        _kind("restructuring", "还款安排变更审批", "Decide on other terms", "approver",
              by={"restructuring.decided", "restructuring.withdrawn"}, after={"restructuring.asked"}, within="sla.deferral"),
        _kind("find_item", "寻找押品", "Find a missing thing", "custodian", by={"custody.found", "custody.lost"},
              after={"custody.missing"}, within="sla.find_item"),
        _kind("compensate", "赔偿灭失押品", "Compensate for a lost thing", "approver", by={"custody.compensated"},
              after={"custody.lost"}, within="sla.compensate"),
        _kind("dispose", "违约处置", "Dispose of the thing after default", "custodian",
        by={"disposal.accounted", "default.cured", "default.withdrawn"},
              after={"default.noticed"}, within="sla.dispose"),
        _kind("inbound", "答复借款人来信", "Answer the borrower", "caller", by={"inbound.answered"}, after={"inbound.asked"},
              within="sla.inbound"),
        _kind("promise_broken", "跟进未兑现的还款承诺", "Follow up a broken promise", "caller",
              by={"promise.followed_up", "promise.made", "promise.needless"}, after={"promise.broken"}, within="sla.promise_broken"),
        # -- a debt settled for less --
        _kind("settlement", "协商结清审批", "Decide on a settlement", "approver",
              by={"settlement.approved", "settlement.refused", "settlement.withdrawn", "settlement.lapsed", "settlement.overtaken"},
              after={"settlement.offered"}, within="sla.settlement"),
        _kind("settlement_agree", "请借款人确认协商结清", "Have the borrower agree to a settlement", "caller",
              by={"settlement.agreed", "settlement.withdrawn", "settlement.lapsed", "settlement.overtaken"},
              after={"settlement.approved"}, within="sla.settlement_agree"),
        _kind("settlement_broken", "跟进未履行的协商结清", "Follow up a broken settlement", "caller",
              by={"settlement.followed_up", "settlement.offered", "settlement.needless"},
              after={"settlement.broken"}, within="sla.settlement_broken"),
        # -- what the borrower complains of, and what is looked at on the spot --
        _kind("complaint", "答复投诉", "Answer a complaint", "approver", by={"complaint.answered", "complaint.extended"},
              after={"complaint.taken"}, within="sla.complaint"),
        _kind("complaint_extended", "延期内答复投诉", "Answer a complaint in the longer time", "approver", by={"complaint.answered"},
              after={"complaint.extended"}, within="sla.complaint_extended"),
        _kind("complaint_second", "复核投诉", "Answer a complaint a second time", "risk", by={"complaint.answered"},
              after={"complaint.escalated"}, within="sla.complaint_second"),
        _kind("visit", "外访", "Visit the borrower", "caller", by={"visit.confirmed", "visit.cancelled"},
              after={"visit.planned"}, within="sla.visit", hours=_EVENING),
        # -- how a borrower's business goes --
        _kind("business_review", "经营贷后检查", "Review the borrower's business", "officer",
              by={"review.made", "review.worse", "review.brought_forward", "review.needless", "release.opened"},
              after={"review.called", "review.brought_forward", "review.made", "review.worse"}, days_before=REVIEWED_DAYS_BEFORE),
        _kind("review_reading", "审阅转差的贷后检查", "Read a review that found things worse", "risk",
              by={"review.read", "review.needless", "release.opened"}, after={"review.worse"}, within="sla.review_reading"),
        # -- when it is paid --
        _kind("release_notice", "通知领取押品", "Tell the borrower to fetch the thing", "system",
              by=_TOLD | {"release.cancelled"}, after={"release.opened"},
              within="release.sla.notice_to_borrower", hours=_EVENING),
        _kind("settlement_certificate", "出具结清证明", "Issue settlement certificate", "officer", by={"release.certified"} | _RETURNED),
        _kind("return_collateral", "归还押品", "Return the thing", "custodian",
              by={"release.handed_back", "release.nothing_to_return", "disposal.accounted"} | _RETURNED),
        _kind("credit_update", "上报结清", "Report settlement to the bureau", "officer", by={"release.reported"} | _RETURNED),
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RecordKind:
    """A kind of record on a loan's chain: the stage that writes it, and what a reader calls it."""

    name: str
    stage: str
    zh: str
    en: str


def _records(stage: str, *kinds: tuple[str, str, str]) -> tuple[RecordKind, ...]:
    return tuple(RecordKind(name, stage, zh, en) for name, zh, en in kinds)


# Every kind of record that a loan's chain may hold; a story that writes another fails its test.
RECORDS: Final = {
    kind.name: kind
    for kind in (
        *_records(
            "applications",
            ("application.submitted", "提交申请", "Applied"),
            ("application.supplemented", "补充资料", "Facts added to the file"),
            ("application.returned", "退回补件", "Returned for what is missing"),
            ("application.completed", "补件完成", "Handed in again"),
            ("application.withdrawn", "撤回申请", "Withdrawn"),
        ),
        *_records(
            "confirmation",
            ("confirmation.taken", "接手确认", "Case taken by a caller"),
            ("confirmation.dialled", "拨打确认电话", "Called to confirm"),
            ("confirmation.called", "确认电话结束", "Call ended"),
            ("confirmation.recording_kept", "保存通话录音", "Recording kept"),
            ("confirmation.completed", "确认完成", "Confirmed by phone"),
            ("confirmation.failed", "确认未通过", "Confirmation failed"),
            ("fraud.frozen", "发现欺诈迹象，冻结", "Frozen: sign of fraud"),
            ("fraud.noted", "又见欺诈迹象", "Another sign of fraud"),
            ("fraud.thawed", "解除冻结", "Thawed"),
        ),
        *_records(
            "collateral",
            ("valuation.made", "估值", "Valued"),
            ("valuation.referred", "估值相差过大，转人工", "Valuations disagree, referred"),
            ("custody.missing", "押品盘点未见", "Thing missing at the shelf audit"),
            ("custody.found", "押品找到", "Thing found"),
            ("custody.lost", "押品灭失", "Thing declared lost"),
            ("custody.moved", "押品移位", "Thing moved"),
        ),
        *_records(
            "decisioning",
            ("decision.referred", "转人工审批", "Referred to two people"),
            ("decision.answered", "审批意见", "One person's answer"),
            ("decision.review_asked", "申请人工复核", "Review by people asked for"),
            ("decision.approved", "批准", "Approved"),
            ("loan.refused", "未批准", "Refused"),
        ),
        *_records(
            "contracts",
            ("contract.drafted", "拟定合同", "Contract drafted"),
            ("contract.offered", "发出合同", "Contract offered"),
            ("contract.signed", "借款人签署", "Signed by the borrower"),
            ("contract.sealed", "出借人盖章", "Sealed by the lender"),
            ("contract.voided", "撤回合同", "Contract taken back"),
            ("contract.lapsed", "合同要约过期", "Offer lapsed"),
        ),
        *_records(
            "pledges",
            ("custody.taken_in", "押品入库", "Thing taken into custody"),
            ("custody.to_hand_back", "押品应退还", "Thing to be handed back"),
            ("custody.handed_back", "押品退还", "Handed back"),
            ("custody.given_back", "押品之一退还", "One of several things handed back"),
            ("pledge.offered", "另提供一件质物", "A further thing offered"),
            ("pledge.added", "追加质物", "Further thing pledged"),
            ("custody.compensated", "赔偿灭失押品", "Lost thing compensated"),
            ("pledge.lifted", "质权消灭", "Pledge lifted"),
            ("pledge.substituted", "更换押品", "Thing substituted"),
            ("pledge.part_released", "部分解押", "Released in part"),
        ),
        *_records(
            "payments",
            ("payout.asked", "申请放款", "Payout asked for"),
            ("payout.approved", "复核放款", "Payout approved"),
            ("payout.cancelled", "取消放款", "Payout cancelled"),
            ("payout.listed", "列入付款文件", "Put in a file for the bank"),
            ("payout.unlisted", "移出付款文件", "Taken out of the file"),
            ("payout.sent", "发出付款", "Payout sent"),
            ("payout.unknown", "付款结果未知", "Payout's outcome unknown"),
            ("payout.paid", "付款成功", "Payout made"),
            ("payout.rejected", "付款被拒", "Payout rejected"),
            ("payout.recall_asked", "要求追回放款", "Payout asked back"),
            ("payout.recall_ended", "追回了结", "Recall ended"),
            ("payout.contradicted", "银行答复前后矛盾", "The bank contradicted itself"),
            ("payout.dispute_settled", "矛盾已核清", "Contradiction cleared up"),
            ("mandate.signed", "授权自动扣款", "Direct debit allowed"),
            ("mandate.cancelled", "取消自动扣款授权", "Direct debit no longer allowed"),
            ("mandate.ended", "自动扣款授权终止", "Direct debit at its end"),
            ("debit.sent", "发出扣款", "Direct debit sent"),
            ("debit.collected", "扣款成功", "Direct debit collected"),
            ("debit.failed", "扣款失败", "Direct debit failed"),
            ("debit.returned", "扣款被退回", "Direct debit returned"),
            ("debit.given_up", "扣款多次失败", "Direct debit given up"),
            ("debit.contradicted", "银行对扣款答复矛盾", "The bank contradicted itself about a debit"),
            ("debit.unanswered", "扣款结果迟迟不明", "Direct debit without an answer"),
            ("debit.followed_up", "扣款失败已跟进", "Failed debit followed up"),
            ("debit.needless", "扣款事由已消除", "Nothing left to collect"),
            ("intent.opened", "还款意向", "Payment intended"),
            ("intent.said_paid", "称已付款，等银行到账", "Said to be paid, waiting for the bank"),
            ("intent.cleared", "还款到账", "Payment cleared"),
            ("intent.not_cleared", "到账冲正", "Payment not cleared after all"),
            ("intent.cancelled", "取消还款意向", "Intended payment cancelled"),
            ("intent.expired", "还款意向过期", "Intended payment ran out"),
            ("cooling_off.asked", "冷静期申请退贷", "Withdrawal in the cooling-off period asked for"),
            ("cooling_off.completed", "冷静期退贷完成", "Withdrawal completed"),
            ("cooling_off.lapsed", "冷静期退贷失效", "Withdrawal lapsed"),
        ),
        *_records(
            "servicing",
            ("loan.disbursed", "放款", "Paid out"),
            ("receipt.posted", "收款", "Received"),
            ("receipt.reversed", "收款冲正", "Receipt taken back"),
            ("instalment.due", "到期", "Instalment fell due"),
            ("loan.written_off", "核销", "Written off"),
            ("refund.noted", "退还多收款", "Over-payment refunded"),
            ("refund.noted.reversed", "退款撤销", "Refund taken back"),
            ("loan.disbursed.reversed", "追加放款撤销", "Further payout taken back"),
            ("loan.waived", "免除本金以外各项", "All but principal waived"),
            ("loan.waived.reversed", "恢复计息", "Waiver taken back"),
            ("loan.charged", "加收费用", "Charged"),
            ("loan.charged.reversed", "撤销加收费用", "Charge taken back"),
            ("loan.part_waived", "减免部分款项", "Part of what is owed waived"),
            ("loan.part_waived.reversed", "撤销减免", "Partial waiver taken back"),
            ("loan.goodwill", "出借人让利抵欠", "Goodwill credit"),
            ("loan.goodwill.reversed", "撤销让利", "Goodwill credit taken back"),
            ("loan.forgiven", "协商结清，余额免除", "Settled for less: the rest forgiven"),
            ("loan.forgiven.reversed", "撤销余额免除", "What was forgiven is owed again"),
            ("loan.paused", "暂停计算逾期", "Count of days late paused"),
            ("loan.paused.reversed", "撤销暂停", "Pause taken back"),
            ("loan.resumed", "恢复计算逾期", "Count of days late resumed"),
            ("interest.suspended", "利息转入表外", "Interest kept off income"),
            ("interest.resumed", "利息恢复入账", "Interest counted as income again"),
            ("loan.resumed.reversed", "撤销恢复", "Resumption taken back"),
            ("loan.written_off.reversed", "撤销核销", "Write-off taken back"),
            ("loan.deferred", "展期生效", "Due dates moved"),
            ("loan.deferred.reversed", "展期撤销", "Extension taken back"),
            ("account_statement.issued", "出具对账单", "Statement of account issued"),
            ("payoff_statement.issued", "出具结清金额单", "Pay-off statement issued"),
            ("loan.rearranged", "还款安排变更", "Instalments rearranged"),
            ("loan.rearranged.reversed", "还款安排变更撤销", "Rearrangement taken back"),
        ),
        *_records("takeover", ("loan.taken_over", "从他行接管", "Taken over from another book")),
        *_records(
            "followup",
            ("contact.promised", "待发消息", "Message written, to be sent"),
            ("reminder.replanned", "改按新提醒计划", "Reminded by another plan from now on"),
            ("contact.sent", "已发消息", "Message sent"),
            ("contact.refused", "消息未发", "Message not sent"),
            ("contact.noted", "联系记录", "Contact noted"),
            ("contact.handed_over", "消息未送达，转人工", "Message did not arrive, handed to a person"),
            ("message.undelivered", "消息未送达或结果未知", "Message not delivered, or nobody knows"),
            ("message.followed_up", "未送达已另行联系", "Reached otherwise"),
            ("recovery.reviewed", "核销后追偿复核", "Recovery reviewed"),
            ("inbound.asked", "借款人来信提问", "The borrower asked"),
            ("inbound.asked_apart", "借款人来信提问（不在还款中）", "The borrower asked, loan not being repaid"),
            ("inbound.added", "借款人补充提问", "The borrower added to a question"),
            ("inbound.answered", "答复借款人来信", "Answered the borrower"),
            ("call.dialled", "拨打电话", "Called"),
            ("call.ended", "电话未接通", "Call ended without an answer"),
            ("promise.made", "承诺还款", "Promised to pay"),
            ("promise.kept", "还款承诺已兑现", "Promise to pay kept"),
            ("promise.broken", "还款承诺未兑现", "Promise to pay broken"),
            ("promise.withdrawn", "撤回还款承诺", "Promise to pay withdrawn"),
            ("promise.followed_up", "未兑现承诺已跟进", "Broken promise followed up"),
            ("promise.needless", "欠款已还，无需跟进承诺", "Nothing late any more, no talk needed"),
            ("settlement.offered", "提出协商结清", "Settlement offered"),
            ("settlement.seconded", "协商结清审批，一人同意", "First of two agreed to a settlement"),
            ("settlement.approved", "协商结清获批", "Settlement approved"),
            ("settlement.refused", "协商结清未获批", "Settlement refused"),
            ("settlement.withdrawn", "撤回协商结清", "Settlement withdrawn"),
            ("settlement.lapsed", "协商结清逾期未确认", "Settlement lapsed without an agreement"),
            ("settlement.overtaken", "协商结清不再需要", "Settlement overtaken: the loan ended otherwise"),
            ("settlement.agreed", "借款人确认协商结清", "Borrower agreed to a settlement"),
            ("settlement.kept", "协商结清已履行", "Settlement kept"),
            ("settlement.undone", "协商结清的款项被撤回", "Money of a settlement taken back"),
            ("settlement.broken", "协商结清未履行", "Settlement broken"),
            ("settlement.followed_up", "未履行协商结清已跟进", "Broken settlement followed up"),
            ("settlement.needless", "无需跟进协商结清", "No talk about the settlement needed"),
            ("complaint.taken", "受理投诉", "Complaint taken in"),
            ("complaint.taken_apart", "受理投诉（不在还款中）", "Complaint taken in, loan not being repaid"),
            ("complaint.added", "投诉补充", "Added to a complaint"),
            ("complaint.extended", "投诉延期答复", "More time taken for a complaint"),
            ("complaint.extended_apart", "投诉延期答复（不在还款中）", "More time taken for a complaint, loan not being repaid"),
            ("complaint.answered", "答复投诉", "Complaint answered"),
            ("complaint.escalated", "投诉申请复核", "Answer not accepted, complaint taken further"),
            ("complaint.escalated_apart", "投诉申请复核（不在还款中）", "Complaint taken further, loan not being repaid"),
            ("visit.planned", "安排外访", "Visit planned"),
            ("visit.moved", "外访改期", "Visit moved"),
            ("visit.begun", "外访到达", "Visitors at the door"),
            ("visit.reported", "外访记录", "Visit reported"),
            ("visit.confirmed", "同访人确认外访", "Visit confirmed by the second person"),
            ("visit.cancelled", "取消外访", "Visit cancelled"),
            ("review.called", "应作经营贷后检查", "Review of the business called for"),
            ("review.brought_forward", "贷后检查提前", "Review brought forward"),
            ("review.begun", "开始贷后检查", "Review begun"),
            ("review.given_up", "贷后检查未完成", "Review given up"),
            ("review.made", "完成贷后检查", "Review made"),
            ("review.worse", "贷后检查发现转差", "Review found things worse"),
            ("review.read", "风控审阅贷后检查", "Review read by risk"),
            ("review.needless", "无需再作贷后检查", "No review needed any more"),
            ("night.held", "今晚事项暂缓", "Line of the night held"),
            ("night.let_go", "今晚事项恢复", "Held line let go again"),
            ("duty.taken", "领取事项", "Duty taken"),
            ("duty.given_back", "退回事项", "Duty given back"),
            ("duty.handed_over", "转交事项", "Duty handed over"),
            ("duty.snoozed", "暂缓事项", "Duty put off for a while"),
            ("duty_audit.issued", "出具事项核查单", "Audit of duties issued"),
        ),
        *_records(
            "restructuring",
            ("restructuring.asked", "申请变更还款安排", "Other terms asked for"),
            ("restructuring.consented", "借款人确认变更", "Borrower agreed to other terms"),
            ("restructuring.seconded", "变更审批，一人同意", "First of two agreed to other terms"),
            ("restructuring.decided", "变更审批", "Other terms decided"),
            ("restructuring.withdrawn", "撤回变更申请", "Request for other terms withdrawn"),
            ("restructuring.reversed", "撤销变更", "Other terms taken back"),
        ),
        *_records(
            "release",
            ("release.opened", "开始解押", "Release begun"),
            ("release.identified", "核验身份", "Identity checked"),
            ("release.audited", "解押审核", "Release audited"),
            ("release.approved", "解押批准", "Release approved"),
            ("release.sent_back", "解押退回", "Release sent back"),
            ("release.certified", "出具结清证明", "Certificate issued"),
            ("release.handed_back", "押品归还", "Thing handed back"),
            ("release.nothing_to_return", "押品已赔偿或处置，无需归还", "Nothing is left to return"),
            ("release.phone_allowed", "换号后准予解押", "Release allowed in spite of a changed phone number"),
            ("release.reported", "上报结清", "Settlement reported"),
            ("release.cancelled", "解押撤销", "Release cancelled"),
            ("default.noticed", "违约通知", "Notice of default"),
            ("default.cured", "违约消除", "Default cured"),
            ("default.withdrawn", "撤回违约通知", "Notice of default withdrawn"),
            ("disposal.valued", "处置前估值", "Valued for sale"),
            ("disposal.sold", "处置成交", "Sold"),
            ("disposal.accounted", "处置清算", "Accounted for"),
        ),
    )
}
