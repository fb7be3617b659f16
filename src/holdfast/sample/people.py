"""Who is in the sample book and what happens to them. Names say that they are samples; numbers are of no one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from holdfast import products
from holdfast.kernel.rate import Per, Rate, ppb_of_percent
from holdfast.products import Method
from holdfast.products.terms import Penalty, PenaltyBase


@dataclass(frozen=True, slots=True)
class Offer:
    """A product of the sample lender, with the terms that its contracts start from."""

    code: str
    zh: str
    en: str
    collateral: str
    method: Method
    rate: Rate
    instalments: int
    late_percent: int = 150  # penalty interest, of the contract's rate

    @property
    def penalty(self) -> Penalty:
        """What a day late costs: on the principal that is late, from the first day on."""
        return Penalty(PenaltyBase.PRINCIPAL, ratio_ppb=self.late_percent * 10_000_000)


def yearly(percent: str) -> Rate:
    """A yearly rate written in percent."""
    return Rate(ppb_of_percent(percent), Per.YEAR)


OFFERS: Final = (
    Offer("phone-pledge", "手机质押借款", "Phone pledge loan", "phone", Method.EQUAL_INSTALMENT, Rate(12_000_000, Per.MONTH), 6),
    Offer("car-mortgage", "汽车抵押借款", "Car mortgage loan", "vehicle", Method.EQUAL_INSTALMENT, yearly("13.2"), 12),
    Offer("small-mobile", "小额信用借款", "Small mobile loan", "none", Method.EQUAL_PRINCIPAL, yearly("18"), 3, 130),
    Offer("house-mortgage", "房屋抵押借款", "House mortgage loan", "real_estate", Method.INTEREST_FIRST, yearly("9.6"), 12),
)

# What may be applied for on the phone page: which sums (fen) over how many months.
APPLIED_FOR: Final = {"phone-pledge": products.Offer("CNY", 50_000, 800_000, (3, 6, 12))}

SINGLE: Final = Offer("small-mobile", "", "", "none", Method.SINGLE_PERIOD, yearly("15"), 1)


@dataclass(frozen=True, slots=True)
class Life:
    """One borrower's loan, told from today.

    Its instalment number `months` fell due `since` days ago (0 months: it was paid out `since` days ago). `pays`
    says for each instalment how many days after its due date it was paid (negative: early; None: not at all).
    `habit` names what else happens: `partial`, `pays_off`, `over`, `bounces`, `written_off`, `returned`; `reviewed` is a firm
    whose business was looked at once.
    `limit` is the most that may be paid out on it in all, where its contract names one.
    """

    name: str
    phone: str
    offer: Offer
    principal: int
    months: int
    since: int
    pays: tuple[int | None, ...] = ()
    habit: str = ""
    language: str = "zh-hans"
    branch: int = 0
    limit: int | None = None


PHONE, CAR, SMALL, HOUSE = OFFERS

LIVES: Final = (
    Life("张示例", "13800000001", PHONE, 400_000, 4, 8, (0, 0, -1, None), "partial"),
    Life("李示例", "13800000002", PHONE, 300_000, 3, 12, (0, 1, 0)),
    Life("王示例", "13800000003", PHONE, 520_000, 2, 20, (-2, 0)),
    Life("赵示例", "13800000004", PHONE, 260_000, 2, 3, (0, None)),
    Life("陈示例", "13800000005", PHONE, 350_000, 1, 22, (0,), "pays_off"),
    Life("周示例", "13800000006", PHONE, 480_000, 1, 7, (None,)),
    Life("吴示例", "13800000007", PHONE, 180_000, 0, 24),
    Life("郑示例", "13800000008", PHONE, 220_000, 0, 3),
    Life("孙示例", "13800000009", CAR, 8_000_000, 4, 18, (0, 0, 2, 0), branch=1),
    Life("钱示例", "13800000010", CAR, 12_500_000, 3, 25, (0, 0, 0), branch=1),
    Life("冯示例", "13800000011", CAR, 6_800_000, 3, 1, (0, 4, None), branch=1),
    Life("卫示例", "13800000012", CAR, 9_900_000, 2, 0, (0, None), "bounces", branch=1),
    Life("蒋示例", "13800000013", CAR, 15_000_000, 1, 3, (0,), branch=1),
    Life("沈示例", "13800000014", CAR, 7_200_000, 0, 27, branch=1),
    Life("韩示例", "13800000015", SMALL, 300_000, 2, 29, (0, 0), "over"),
    Life("杨示例", "13800000016", SMALL, 500_000, 2, 27, (0, 3)),
    Life("朱示例", "13800000017", SMALL, 200_000, 2, 14, (0, None)),
    Life("秦示例", "13800000018", SMALL, 150_000, 1, 27, (0,), "returned"),
    Life("尤示例", "13800000019", SMALL, 240_000, 0, 29, limit=500_000),
    Life("许示例", "13800000020", SINGLE, 100_000, 0, 23),
    Life("何示例", "13800000021", SMALL, 260_000, 4, 20, (None, None, None), "written_off"),
    Life("吕示例五金商行", "13800000022", HOUSE, 60_000_000, 4, 25, (0, 0, 0, 0), "reviewed", branch=1),
    Life("施示例", "13800000023", HOUSE, 85_000_000, 3, 18, (0, 0, 0), branch=1),
    Life("褚示例", "13800000024", HOUSE, 42_000_000, 2, 19, (0, 0), "pays_off", branch=1),
    Life("Sample Reader", "13800000025", HOUSE, 38_000_000, 1, 14, (1,), language="en", branch=1),
    Life("孔示例", "13800000026", PHONE, 310_000, 0, 0),
)

# (role, user name, name, branch number or None, scope)
STAFF: Final = (
    ("officer", "officer", "顾岚（示例）", 0, "all"),
    ("caller", "caller", "陆禾（示例）", 0, "all"),
    ("approver", "approver", "沈砚（示例）", 0, "all"),
    ("custodian", "custodian", "苏棠（示例）", 0, "branch"),
    ("risk", "risk", "祁越（示例）", None, "all"),
    ("auditor", "auditor", "程屿（示例）", None, "all"),
    ("admin", "admin", "林溪（示例）", None, "all"),
    ("integrator", "integrator", "对接程序（示例）", None, "all"),
)
