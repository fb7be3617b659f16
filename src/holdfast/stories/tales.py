"""The nine tales: what happens to one loan, from the first step on the phone to the last record.

Each is one function of a stage; it returns the loan and keeps to what people would do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from holdfast import payments
from holdfast.confirmation import answer_review, ask_refusal
from holdfast.kernel.money import Money
from holdfast.stories import cast
from holdfast.stories.stage import Stage

BEGINS: Final = date(2026, 8, 3)


@dataclass(frozen=True, slots=True)
class Tale:
    """A story: its name, what it tells in one line, where its loan ends, and how it is played."""

    name: str
    zh: str
    en: str
    ends: str
    play: Callable[[Stage], str]


def _paid_on_time(stage: Stage) -> str:
    who = cast.borrower(1)
    loan = stage.apply(who)
    stage.call(loan, who)
    stage.decide(loan)
    stage.sign(loan)
    seal = stage.take_in(loan, who)
    stage.pay_out(loan, who)
    for way in ("bank", "counter", "bank"):
        stage.go_to(stage.next_due(loan).due_on)
        stage.pay_due(loan, who, by=way)
    stage.release(loan, who, seal)
    return loan


def _early(stage: Stage) -> str:
    who = cast.borrower(2, "李示例")
    loan = stage.lend(who)
    seal = f"SL-{stage.seals:05d}"
    stage.go_to(stage.today + timedelta(days=20))
    stage.pay_by_bank(loan, who, stage.owed(loan), what="all")
    stage.release(loan, who, seal)
    return loan


def _overdue_cured(stage: Stage) -> str:
    who = cast.borrower(3, "王示例")
    loan = stage.lend(who)
    seal = f"SL-{stage.seals:05d}"
    late_until = stage.next_due(loan).due_on + timedelta(days=9)
    stage.go_to(late_until, meanwhile=lambda: stage.follow_up(loan))
    stage.pay_by_bank(loan, who, Money(stage.next_due(loan).unpaid, "CNY"), what="arrears")
    for _ in range(2):
        stage.go_to(stage.next_due(loan).due_on)
        stage.pay_due(loan, who, by="counter")
    stage.release(loan, who, seal)
    return loan


def _deferred(stage: Stage) -> str:
    who = cast.borrower(4, "赵示例")
    loan = stage.lend(who)
    seal = f"SL-{stage.seals:05d}"
    stage.go_to(stage.next_due(loan).due_on)
    stage.pay_due(loan, who)
    stage.go_to(stage.next_due(loan).due_on - timedelta(days=5))
    stage.defer(loan)
    for _ in range(2):
        stage.go_to(stage.next_due(loan).due_on)
        stage.pay_due(loan, who)
    stage.release(loan, who, seal)
    return loan


def _refused(stage: Stage) -> str:
    who = cast.borrower(
        5, "陈示例", facts={"monthly_income_minor": 300_000, "monthly_obligations_minor": 290_000, "existing_loans": 6,
                            "employment_years": 0, "savings_band": "none", "housing": "rent"},
    )  # fmt: skip
    loan = stage.apply(who)
    stage.call(loan, who)
    stage.decide(loan)
    return loan


def _withdrawn_cooling_off(stage: Stage) -> str:
    who = cast.borrower(6, "周示例")
    loan = stage.lend(who)
    seal = f"SL-{stage.seals:05d}"
    stage.go_to(stage.today + timedelta(days=3))
    by = stage.borrower_of(loan)
    stage.carry(payments.ask_withdrawal, by, loan=loan)
    stage.pay_by_bank(loan, who, stage.owed(loan), what="all")
    stage.end_terms()
    stage.release(loan, who, seal)
    return loan


def _default_disposed(stage: Stage) -> str:
    who = cast.borrower(7, "吴示例")
    loan = stage.lend(who, yuan=1_500)
    late = stage.next_due(loan).due_on + timedelta(days=31)
    stage.go_to(late, meanwhile=lambda: stage.follow_up(loan))
    stage.follow_up(loan)
    stage.notice_default(loan)
    stage.go_to(stage.today + timedelta(days=14), meanwhile=lambda: stage.follow_up(loan))
    stage.follow_up(loan)
    stage.dispose(loan, yuan=4_200, costs=120)
    stage.finish_release(loan, who)
    return loan


def _lost_compensated(stage: Stage) -> str:
    who = cast.borrower(8, "郑示例")
    loan = stage.lend(who)
    seal = f"SL-{stage.seals:05d}"
    stage.go_to(stage.today + timedelta(days=10))
    stage.lose(seal)
    stage.compensate(loan)
    stage.finish_release(loan, who)
    return loan


def _fraud_frozen(stage: Stage) -> str:
    who = cast.borrower(9, "孙示例")
    loan = stage.apply(who)
    stage.call(loan, who, upto="will")
    stage.freeze(loan)
    request = stage.do(ask_refusal, "approver", loan=loan, words="核实为受人指使，不予借款（示例）")
    stage.do(answer_review, "risk", request=request.public_id, approved=True, words="同意（示例）")
    return loan


TALES: Final[Mapping[str, Tale]] = {
    tale.name: tale
    for tale in (
        Tale("paid-on-time", "按时还清，手机领回", "Paid on time; the phone goes home", "settled", _paid_on_time),
        Tale("early", "提前还清，利息算到当天", "Paid off early; interest stops that day", "settled", _early),
        Tale("overdue-cured", "逾期九天，补上后还清", "Nine days late, cured, then paid", "settled", _overdue_cured),
        Tale("deferred", "申请展期一个月，再还清", "Given a month more, then paid", "settled", _deferred),
        Tale("refused", "审批未通过，说明原因", "Refused, and told why", "refused", _refused),
        Tale("withdrawn-cooling-off", "冷静期退贷，只还本金", "Withdrawn in the cooling-off period; only the principal", "settled",
             _withdrawn_cooling_off),
        Tale("default-disposed", "违约处置，余款退还", "Default: sold, accounted for, the surplus sent back", "settled", _default_disposed),
        Tale("lost-compensated", "押品灭失，按估值赔偿", "Lost in our custody, made good at its value", "settled", _lost_compensated),
        Tale("fraud-frozen", "确认时见欺诈迹象，冻结后不予借款", "A sign of fraud at the call: frozen, then refused by two", "refused",
             _fraud_frozen),
    )
}  # fmt: skip
