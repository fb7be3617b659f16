"""A small book to test against: a lender, a branch, one product of each collateral, and loans at will."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg

from holdfast.journal import Actor
from holdfast.kernel.clock import FixedClock
from holdfast.kernel.money import Money
from holdfast.kernel.rate import Per, Rate
from holdfast.policy import Lender, Pack, set_lender, shipped, store_pack
from holdfast.products import Method, Terms
from holdfast.servicing import Done, originate, receive

OFFICER = Actor("st_officer", "officer")
CNY = "CNY"


def clock_on(day: date, hour: int = 4) -> FixedClock:
    """A clock that stands at `hour` UTC (noon in Shanghai by default) of that day."""
    return FixedClock(datetime(day.year, day.month, day.day, hour, tzinfo=UTC))


@dataclass
class Book:
    """A lender's book in an open transaction, living on `day`."""

    db: psycopg.Connection[Any]
    day: date
    pack: Pack = field(default_factory=shipped)
    branch_id: int = 0
    loans: int = 0

    def __post_init__(self) -> None:
        set_lender(
            self.db,
            Lender(
                name="示例小额贷款", lender_type="micro_lender", licence_no="示例-1", regulator="示例地方金融局", region="CN", sample=True
            ),
        )
        store_pack(self.db, self.pack, at=self.clock.now())
        row = self.db.execute(
            "INSERT INTO branch (public_id, code, name) VALUES ('br_test', 'T', '示例营业部') RETURNING branch_id"
        ).fetchone()
        assert row is not None
        self.branch_id = row[0]
        for collateral in ("phone", "vehicle", "real_estate", "none"):
            self.db.execute(
                "INSERT INTO product (code, name_zh, name_en, collateral) VALUES (%s, %s, %s, %s)",
                [collateral, collateral, collateral, collateral],
            )
            self.db.execute("INSERT INTO product_version VALUES (%s, 1, '{}', '2020-01-01')", [collateral])

    @property
    def clock(self) -> FixedClock:
        return clock_on(self.day)

    def walk(self, days: int) -> date:
        """Let days go by, without any night."""
        self.day += timedelta(days=days)
        return self.day

    def lend(self, terms: Terms | None = None, *, product: str = "phone") -> Done:
        """A loan paid out today: by default 1,200.00 in three parts of principal at 12 % a year."""
        self.loans += 1
        return originate(
            self.db, clock=self.clock, by=OFFICER, officer_id=None, branch_id=self.branch_id, party_id=None, borrower_label="张*",
            product_code=product, product_version=1, contract_no=f"T-{self.loans}", terms=terms or round_terms(self.day), pack=self.pack,
        )  # fmt: skip

    def pay(self, loan: str, yuan: int | str, on: date | None = None) -> Done:
        """A receipt of that many yuan, on today's value date unless said otherwise."""
        minor = round(float(yuan) * 100)
        return receive(self.db, clock=self.clock, by=OFFICER, loan=loan, amount=Money(minor, CNY), received_on=on or self.day)

    def open_duties(self, loan: str) -> list[tuple[str, str, date]]:
        """Kind, subject and day of the loan's open duties, earliest first."""
        return [
            (row[0], row[1], row[2])
            for row in self.db.execute(
                """SELECT kind, about, due_on FROM duty JOIN loan_registry r USING (loan_id)
                    WHERE r.kind = 'public_id' AND r.key = %s AND open ORDER BY due_at, duty_no""".replace(
                    "SELECT kind", "SELECT duty.kind"
                ),
                [loan],
            ).fetchall()
        ]


def round_terms(on: date, **changes: Any) -> Terms:
    """1,200.00 in three equal parts of principal at 12 % a year: 412, 408 and 404."""
    fields: dict[str, Any] = {
        "currency": CNY, "principal": 120_000, "method": Method.EQUAL_PRINCIPAL, "rate": Rate(120_000_000, Per.YEAR),
        "instalments": 3, "disbursed_on": on,
    }  # fmt: skip
    return Terms(**{**fields, **changes})
