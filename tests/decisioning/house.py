"""A lender with people, prices and applicants whose applications were confirmed: what a decision needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from holdfast import collateral, decisioning, duties
from holdfast.decisioning import Decision
from holdfast.journal import SYSTEM
from holdfast.kernel.money import Money
from holdfast.life import LoanState
from holdfast.parties import Staff, create_staff
from tests.applications.people import DAY, Db, Shop

PRICES = f"""机型,容量GB,A级价,B级价,C级价,D级价,币种,来源,日期
iPhone 15,128,5000.00,4500.00,4000.00,3000.00,CNY,示例行情,{DAY}
"""


@dataclass
class House:
    """The lender and its people. Everybody sees everything unless a test says otherwise."""

    db: Db
    shop: Shop = field(init=False)
    people: dict[str, Staff] = field(default_factory=dict)
    applicants: int = 0

    def __post_init__(self) -> None:
        self.shop = Shop(self.db)
        self.load_prices(PRICES)

    @property
    def clock(self) -> Any:
        return self.shop.clock

    def load_prices(self, text: str) -> None:
        collateral.load_price_book(self.db, clock=self.clock, by=self.one("risk"), data=text.encode(), name="示例价格表")

    def one(self, role: str, name: str = "", **more: Any) -> Staff:
        """The person of that role and name; `person` makes two log-ins one person."""
        key = name or role
        if key not in self.people:
            self.people[key] = self.hire(role, key, **more)
        return self.people[key]

    def hire(self, role: str, name: str, *, scope: str = "all", branch: str = "T", person_id: int | None = None) -> Staff:
        row = self.db.execute("SELECT branch_id FROM branch WHERE code = %s", [branch]).fetchone()
        assert row is not None
        return create_staff(
            self.db, clock=self.clock, by=SYSTEM, username=name, password="a long sample phrase", name=f"示例{name}", role=role,
            scope=scope, branch_id=row[0], person_id=person_id,
        )  # fmt: skip

    def same_person(self) -> int:
        """A party that two log-ins can stand for."""
        self.applicants += 1
        return self.shop.person(f"136{self.applicants:08d}").party_id

    def confirmed(self, *, yuan: int = 1_500, instalments: int = 6, officer: Staff | None = None, **facts: Any) -> str:
        """A loan that was applied for and confirmed; its public id."""
        self.applicants += 1
        applicant = self.shop.applicant(f"139{self.applicants:08d}")
        applicant.start(yuan, instalments)
        applicant.fill(**{**_phone(self.applicants), **facts})
        loan = applicant.submit().loan
        if officer is not None:
            self.db.execute("UPDATE loan SET officer_id = %s FROM loan_registry r WHERE r.loan_id = loan.loan_id AND r.key = %s",
                            [officer.staff_id, loan])  # fmt: skip
        self.confirm(loan)
        return loan

    def confirm(self, loan: str) -> None:
        case = duties.take(self.db, loan, None)
        duties.enter(self.db, case, clock=self.clock, by=SYSTEM, kind="confirmation.completed", says={}, to=LoanState.CONFIRMED,
                     opens=("decide",), closes=("confirm",))  # fmt: skip

    def decide(self, loan: str, by: Staff | None = None) -> Decision:
        return decisioning.decide(self.db, clock=self.clock, by=by or self.one("approver"), loan=loan)

    def answer(self, loan: str, by: Staff, *, approved: bool = True, words: str = "已看过全部资料", yuan: int | None = None) -> Decision:
        return decisioning.answer_referral(
            self.db,
            clock=self.clock,
            by=by,
            loan=loan,
            approved=approved,
            words=words,
            amount=None if yuan is None else Money(yuan * 100, "CNY"),
        )

    def state(self, loan: str) -> str:
        return str(duties.take(self.db, loan, None).loan.state)

    def open_duties(self, loan: str) -> list[str]:
        return [duty.kind for duty in duties.take(self.db, loan, None).standing]


def _phone(n: int) -> dict[str, Any]:
    """A phone of its own for each applicant: nobody else's IMEIs."""
    return {"imei1": _imei(2 * n), "imei2": _imei(2 * n + 1)}


def _imei(serial: int) -> str:
    first14 = f"35391810{serial:06d}"
    total = 0
    for place, digit in enumerate(first14):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return first14 + str(-total % 10)
