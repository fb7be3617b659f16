"""Who is in the sample book and what happens to them. Names say that they are samples; numbers are of no one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from holdfast.kernel.rate import Per, Rate, ppb_of_percent
from holdfast.servicing import Method


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


def yearly(percent: str) -> Rate:
    """A yearly rate written in percent."""
    return Rate(ppb_of_percent(percent), Per.YEAR)


OFFERS: Final = (
    Offer("phone-pledge", "手机质押借款", "Phone pledge loan", "phone", Method.EQUAL_INSTALMENT, Rate(12_000_000, Per.MONTH), 6),
    Offer("car-mortgage", "汽车抵押借款", "Car mortgage loan", "vehicle", Method.EQUAL_INSTALMENT, yearly("13.2"), 12),
    Offer("small-mobile", "小额信用借款", "Small mobile loan", "none", Method.EQUAL_PRINCIPAL, yearly("18"), 3),
    Offer("house-mortgage", "房屋抵押借款", "House mortgage loan", "real_estate", Method.INTEREST_FIRST, yearly("9.6"), 12),
)

SINGLE: Final = Offer("small-mobile", "", "", "none", Method.SINGLE_PERIOD, yearly("15"), 1)


@dataclass(frozen=True, slots=True)
class Life:
    """One borrower's loan. `opens`: days before today. `pays`: for each instalment, days after it falls due (negative: early), or None.

    `habit` names what else happens: `pays_off`, `over`, `bounces`, `partial`, `written_off`, `returned`.
    """

    name: str
    phone: str
    offer: Offer
    principal: int
    opens: int
    pays: tuple[int | None, ...] = ()
    habit: str = ""
    language: str = "zh-hans"
    branch: int = 0


PHONE, CAR, SMALL, HOUSE = OFFERS

LIVES: Final = (
    Life("示例张三", "13800000001", PHONE, 400_000, 128, (0, 0, -1), "partial"),
    Life("示例李四", "13800000002", PHONE, 300_000, 97, (0, 1, 0)),
    Life("示例王五", "13800000003", PHONE, 520_000, 75, (-2, 0)),
    Life("示例赵六", "13800000004", PHONE, 260_000, 66, (0, None)),
    Life("示例陈七", "13800000005", PHONE, 350_000, 52, (0,), "pays_off"),
    Life("示例周八", "13800000006", PHONE, 480_000, 40, (None,)),
    Life("示例吴九", "13800000007", PHONE, 180_000, 24),
    Life("示例郑十", "13800000008", PHONE, 220_000, 3),
    Life("示例孙一", "13800000009", CAR, 8_000_000, 140, (0, 0, 2, 0), branch=1),
    Life("示例钱二", "13800000010", CAR, 12_500_000, 118, (0, 0, 0), branch=1),
    Life("示例冯三", "13800000011", CAR, 6_800_000, 95, (0, 4, None), branch=1),
    Life("示例卫四", "13800000012", CAR, 9_900_000, 61, (0, 0), "bounces", branch=1),
    Life("示例蒋五", "13800000013", CAR, 15_000_000, 33, (0,), branch=1),
    Life("示例沈六", "13800000014", CAR, 7_200_000, 12, branch=1),
    Life("示例韩七", "13800000015", SMALL, 300_000, 92, (0, 0, 0), "over"),
    Life("示例杨八", "13800000016", SMALL, 500_000, 88, (0, 3), ""),
    Life("示例朱九", "13800000017", SMALL, 200_000, 70, (0, None)),
    Life("示例秦十", "13800000018", SMALL, 150_000, 58, (0,), "returned"),
    Life("示例尤一", "13800000019", SMALL, 240_000, 29),
    Life("示例许二", "13800000020", SINGLE, 100_000, 30),
    Life("示例何三", "13800000021", SMALL, 260_000, 149, (None, None, None), "written_off"),
    Life("示例吕四", "13800000022", HOUSE, 60_000_000, 146, (0, 0, 0, 0), branch=1),
    Life("示例施五", "13800000023", HOUSE, 85_000_000, 110, (0, 0, 0), branch=1),
    Life("示例张六", "13800000024", HOUSE, 42_000_000, 80, (0, 0), "pays_off", branch=1),
    Life("Sample Reader", "13800000025", HOUSE, 38_000_000, 45, (1,), language="en", branch=1),
    Life("示例孔七", "13800000026", PHONE, 310_000, 0),
)

# (role, user name, name, branch number or None, scope)
STAFF: Final = (
    ("officer", "officer", "示例经办 顾岚", 0, "all"),
    ("caller", "caller", "示例跟进 陆禾", 0, "all"),
    ("approver", "approver", "示例审批 沈砚", 0, "all"),
    ("custodian", "custodian", "示例保管 苏棠", 0, "branch"),
    ("risk", "risk", "示例风控 祁越", None, "all"),
    ("auditor", "auditor", "示例审计 程屿", None, "all"),
    ("admin", "admin", "示例管理 林溪", None, "all"),
    ("integrator", "integrator", "示例对接 程序", None, "all"),
)
