"""Why, and what may change it: a fixed list of codes with their words in both languages.

A reason names what a person answered, owes or pledges; never what a person is. Figures are filled in by whoever
shows them, so that a code and its figures are all that is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from holdfast.kernel.money import decimal_of


@dataclass(frozen=True, slots=True)
class Reason:
    """A code of `WORDS` with its figures: whole numbers, or minor units under names that end in `_minor`."""

    code: str
    figures: Mapping[str, int | str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {"code": self.code, "figures": dict(self.figures)}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Reason:
        return cls(raw["code"], dict(raw["figures"]))


# code: (zh, en). `score.`: a characteristic that lost points; `limit.`: what bound the sum; `mend.`: what may change it.
WORDS: Final[Mapping[str, tuple[str, str]]] = {
    # -- gates --
    "gate.lender": ("本机构尚未取得放款资格", "This lender may not make loans yet"),
    "gate.capacity": ("借款人须为完全民事行为能力人", "Only a person of full legal capacity may borrow"),
    "gate.facts": ("资料不全或看不清：需要人工核对", "Answers are missing or unreadable; a person looks at them"),
    "gate.purpose": ("所填用途不在可借范围内", "The purpose is not one that we lend for"),
    "gate.pledge": ("这部手机上已有未解除的质押", "An open pledge already lies on this phone"),
    "gate.valuation": ("押品价值尚未确定：没有有效估值，或各来源相差太大", "The phone's value does not stand yet"),
    "gate.lock": ("手机仍被账号锁定，只能按零件估值", "An account still locks the phone, so that it counts as parts"),
    "gate.existing_loans": ("其他未还清的借款较多", "There are many other loans running"),
    "gate.obligations": ("每月已有还款占收入的比例较高", "Debts take a large share of the monthly income already"),
    "gate.score": ("综合评分未达到自动通过的标准", "The score is below what passes without people"),
    "gate.amount": ("金额较大，须由两人决定", "The sum is large, so that two people decide"),
    "gate.price": ("该产品的综合成本超过上限，不能放款", "The product's all-in cost is above the ceiling, so that it cannot be lent"),
    # -- characteristics that lost points --
    "score.instalments": ("期数较长", "The loan runs for many months"),
    "score.employment_years": ("现职工作年限较短", "Few years in the present work"),
    "score.housing": ("目前租房或借住", "Renting, or living with others"),
    "score.savings_band": ("存款较少", "Little in savings"),
    "score.existing_loans": ("还有其他借款未还清", "Other loans are not paid off yet"),
    # -- what bound the sum --
    "limit.lending_value": ("押品可借价值为 %(most_minor)s 元", "What can be lent on the phone: %(most_minor)s"),
    "limit.affordability": ("按每月还得起的金额可借 %(most_minor)s 元", "What a month bears: %(most_minor)s"),
    "limit.score_band": ("评分档位的额度为 %(most_minor)s 元", "The score band's cap: %(most_minor)s"),
    "limit.product": ("产品最高额为 %(most_minor)s 元", "The product's most: %(most_minor)s"),
    "limit.law": ("法定单户上限减去在本机构的欠款，为 %(most_minor)s 元", "The legal cap, less what is owed here: %(most_minor)s"),
    # -- what may change it --
    "mend.facts": ("补齐或更正这些资料：%(names)s", "Answer or correct: %(names)s"),
    "mend.purpose": ("改为可借的用途并如实使用", "Borrow for one of the product's purposes, and use it so"),
    "mend.pledge": ("还清并解除原质押后再申请", "Pay off and release the other pledge, then apply again"),
    "mend.valuation": ("请到店重新验机估值", "Have the phone inspected and valued afresh at the counter"),
    "mend.lock": ("退出手机上的账号后重新验机", "Sign the account out of the phone and have it inspected again"),
    "mend.existing_loans": ("其他借款减少到 %(most)s 笔以内", "Bring the other loans down to %(most)s or fewer"),
    "mend.obligations": ("每月已有还款再减少 %(by_minor)s 元", "Owe %(by_minor)s less each month before this loan"),
    "mend.score": ("评分还差 %(by)s 分到下一档", "%(by)s more points reach the next band"),
    "mend.score.instalments": ("选更短的期数，最多可加 %(by)s 分", "A shorter loan earns up to %(by)s points more"),
    "mend.score.employment_years": ("工作年限增长后，最多可加 %(by)s 分", "More years in the present work earn up to %(by)s points more"),
    "mend.score.housing": ("有自有住房，最多可加 %(by)s 分", "A home of one's own earns up to %(by)s points more"),
    "mend.score.savings_band": ("存款增加后，最多可加 %(by)s 分", "More in savings earns up to %(by)s points more"),
    "mend.score.existing_loans": ("还清其他借款，最多可加 %(by)s 分", "Paying off the other loans earns up to %(by)s points more"),
    "mend.limit.lending_value": (
        "押品可借价值还差 %(by_minor)s 元才到最低可借金额", "The phone's lending value is %(by_minor)s short of the least that is lent"
    ),
    "mend.limit.affordability": (
        "每月可还金额还差 %(by_minor)s 元：减少每月已有还款，或选更多期数",
        "%(by_minor)s a month is missing: owe less each month, or choose more instalments",
    ),
    "mend.limit.law": ("先归还在本机构的欠款 %(by_minor)s 元", "Pay back %(by_minor)s of what is owed here first"),
    "mend.ask_less": ("申请不超过 %(most_minor)s 元", "Ask for no more than %(most_minor)s"),
    "mend.review": ("您可以要求人工复核这一决定", "You may ask for people to look at this decision again"),
}  # fmt: skip

# The answers that a code may name, as the borrower reads them.
NAMES: Final[Mapping[str, tuple[str, str]]] = {
    "purpose": ("借款用途", "purpose"),
    "adult": ("证件上的出生日期", "the date on the identity document"),
    "employment_years": ("现职工作年限", "years in the present work"),
    "housing": ("住房情况", "housing"),
    "savings_band": ("存款", "savings"),
    "existing_loans": ("其他借款笔数", "other loans"),
    "monthly_income_minor": ("每月收入", "monthly income"),
    "monthly_obligations_minor": ("每月已有还款", "what is paid on debts each month"),
    "instalments": ("期数", "instalments"),
}


def words(reason: Reason, *, chinese: bool, currency: str) -> str:
    """The reason in plain words with its figures."""
    template = WORDS[reason.code][0 if chinese else 1]
    filled: dict[str, str] = {}
    for name, value in reason.figures.items():
        if name.endswith("_minor"):
            amount = decimal_of(int(value), currency)
            whole, _, part = amount.partition(".")
            filled[name] = f"{int(whole):,}" + (f".{part}" if part else "") + ("" if chinese else f" {currency}")
        elif name == "names":
            listed = [NAMES[each][0 if chinese else 1] for each in str(value).split(" ") if each]
            filled[name] = ("、" if chinese else ", ").join(listed)
        else:
            filled[name] = str(value)
    return template % filled
