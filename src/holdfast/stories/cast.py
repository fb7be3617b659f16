"""The cast: a sample lender with its people, its shelf, its product and its prices, and borrowers with a phone to pledge.

Everybody is fictional and says so (示例); numbers are of nobody.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, Final

import psycopg

from holdfast import collateral
from holdfast.applications import DECLARATION
from holdfast.journal import SYSTEM
from holdfast.kernel.clock import Clock
from holdfast.parties import Branch, Staff, create_branch, create_staff
from holdfast.parties.private import id_check_digit, luhn
from holdfast.policy import Lender, set_lender, shipped, store_pack
from holdfast.products import Offer, define, new_version

Db = psycopg.Connection[Any]

LENDER: Final = Lender(
    name="青屿小额贷款（示例）",
    lender_type="micro_lender",
    licence_no="示例-0001",
    regulator="示例地方金融管理局",
    region="CN",
    sample=True,
)
PRODUCT: Final = "phone-pledge"
TERMS: Final[Mapping[str, Any]] = {"method": "equal_instalment", "rate": {"ppb": 12_000_000, "per": "month"}}
OFFER: Final = Offer(currency="CNY", least=50_000, most=800_000, instalments=(3, 6, 12))
BRANCH: Final = "HQ"
SHELF: Final = "A"
# Role, log-in and name of each; two officers, two callers, two custodians and two approvers, since many acts take two.
STAFF: Final = (
    ("officer", "officer", "顾岚（示例）"),
    ("officer", "teller", "白舟（示例）"),
    ("caller", "caller", "陆禾（示例）"),
    ("custodian", "custodian", "苏棠（示例）"),
    ("custodian", "keeper", "方砚（示例）"),
    ("approver", "approver", "沈砚（示例）"),
    ("approver", "checker", "温言（示例）"),
    ("risk", "risk", "祁越（示例）"),
    ("auditor", "auditor", "程屿（示例）"),
)
# Of everybody in a story's book, which lives on the machine of whoever plays it.
PASSWORD: Final = "for stories only 示例"


@dataclass(frozen=True, slots=True)
class Borrower:
    """Somebody who would borrow on a phone: who they are, how to reach them, the phone, and what they answer.

    `facts` go into the application file; `loans` and income are of the score.
    """

    name: str
    number: str
    id_number: str
    imeis: tuple[str, str]
    model: str = "示例机型 Pro"
    storage_gb: int = 256
    account: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    language: str = "zh-hans"

    @property
    def private(self) -> Mapping[str, str]:
        """What identifies them."""
        return {"name": self.name, "id_number": self.id_number, "address": "示例省示例市海棠路 1 号"}

    @property
    def file(self) -> Mapping[str, Any]:
        """All facts of the file."""
        return {
            "model": self.model, "storage_gb": self.storage_gb, "screen": "clean", "body": "light_marks", "works": "all", "opened": "no",
            "sim": "dual", "imei1": self.imeis[0], "imei2": self.imeis[1], "account_signed_out": True, "declaration": DECLARATION,
            "purpose": "daily_life", "employment_years": 8, "residence_years": 6, "housing": "own", "savings_band": "high",
            "existing_loans": 0, "monthly_income_minor": 1_500_000, "monthly_obligations_minor": 100_000, **self.facts,
        }  # fmt: skip


def borrower(serial: int, name: str = "张示例", **changes: Any) -> Borrower:
    """The borrower of that number: each has a phone number, an ID number, an account and two IMEIs of their own."""
    first17 = f"330203{date(1988, 1, 1) + timedelta(days=37 * (serial % 150)):%Y%m%d}{serial % 1000:03d}"
    given: dict[str, Any] = {
        "name": name, "number": f"139{serial:08d}", "id_number": first17 + id_check_digit(first17),
        "imeis": (imei(2 * serial), imei(2 * serial + 1)), "account": card(serial),
    }  # fmt: skip
    return Borrower(**{**given, **changes})


def imei(serial: int) -> str:
    """An IMEI with a fitting last digit; its reporting body 00 is the test range."""
    return _with_check_digit(f"00440000{serial:06d}")


def card(serial: int) -> str:
    """An account number with a fitting last digit, of no bank."""
    return _with_check_digit(f"622200000000{serial:06d}")


def _with_check_digit(digits: str) -> str:
    return next(whole for last in range(10) if luhn(whole := f"{digits}{last}"))


def picture(shade: int = 128) -> bytes:
    """A small picture in one shade of grey, as a phone's camera would send one."""
    rows = b"".join(b"\x00" + bytes([shade % 256]) * 8 for _ in range(8))
    parts = (b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")
    chunks = [struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def settle_in(db: Db, clock: Clock, *, zone: str = LENDER.zone) -> tuple[Branch, dict[str, Staff]]:
    """An empty book becomes this lender's: its people by log-in, its shelf, its product and today's prices."""
    set_lender(db, replace(LENDER, zone=zone))
    store_pack(db, shipped(), at=clock.now())
    branch = create_branch(db, code=BRANCH, name="青屿总部（示例）")
    people = {
        user: create_staff(
            db, clock=clock, by=SYSTEM, username=user, password=PASSWORD, name=name, role=role, branch_id=branch.branch_id, scope="all"
        )
        for role, user, name in STAFF
    }
    open_shop(db, clock, people["risk"], people["custodian"], branch.branch_id)
    return branch, people


def open_shop(db: Db, clock: Clock, risk: Staff, custodian: Staff, branch_id: int) -> None:
    """The phone product may be asked for, has prices, and there is a shelf to keep phones on."""
    define(db, code=PRODUCT, name_zh="手机质押借款", name_en="Phone pledge loan", collateral="phone")
    new_version(db, code=PRODUCT, terms=TERMS, from_date=clock.today(), offer=OFFER)
    collateral.custody.set_shelf(db, clock=clock, by=custodian, branch_id=branch_id, code=SHELF, levels=5, slots=12)
    load_prices(db, clock, risk)


def load_prices(db: Db, clock: Clock, risk: Staff) -> None:
    """The sample price book, as of today."""
    collateral.load_price_book(db, clock=clock, by=risk, name="示例行情表.csv", data=collateral.sample_price_book(clock.today()))
