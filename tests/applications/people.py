"""Somebody who applies for a loan on a phone, step by step, and the people of the house who see the file."""

from __future__ import annotations

import json
import re
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import psycopg

from holdfast import applications, contact
from holdfast.adapters.local_outbox import LocalOutbox
from holdfast.applications import CONSENTS, DECLARATION, SLOTS, Application, Submitted
from holdfast.contact import Accepted, Letter, codes
from holdfast.journal import SYSTEM, Actor
from holdfast.kernel.clock import FixedClock
from holdfast.kernel.money import Money
from holdfast.parties import Party, Staff, create_branch, create_staff, register_number
from holdfast.parties.private import id_check_digit
from holdfast.products import Offer, define, new_version
from tests.books import Book

Db = psycopg.Connection[Any]
DAY = date(2026, 11, 23)
NUMBER = "13912345678"
PRODUCT = "phone-pledge"
IMEI, SECOND_IMEI = "353918104472804", "490154203237518"


def picture(colour: int = 0) -> bytes:
    """A small PNG of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)
    rows = b"".join(b"\x00" + bytes([colour]) * 8 for _ in range(8))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def id_number(born: date = date(1990, 3, 7), region: str = "330203", order: int = 1) -> str:
    """A resident's number with its check digit, of nobody."""
    first = f"{region}{born:%Y%m%d}{order:03d}"
    return first + id_check_digit(first)


PRIVATE: Mapping[str, Any] = {"name": "张示例", "id_number": id_number(), "address": "示例省示例市海棠路 1 号"}
FACTS: Mapping[str, Any] = {
    "model": "iPhone 15", "storage_gb": 128, "screen": "clean", "body": "light_marks", "works": "all", "opened": "no", "sim": "dual",
    "imei1": IMEI, "imei2": SECOND_IMEI, "account_signed_out": True, "declaration": DECLARATION, "purpose": "daily_life",
    "employment_years": 6, "residence_years": 4, "housing": "rent", "savings_band": "medium", "existing_loans": 1,
    "monthly_income_minor": 900_000, "monthly_obligations_minor": 150_000,
}  # fmt: skip
PAPERS = tuple(slot.name for slot in SLOTS.values() if slot.needed)
YES = {purpose: text.needed for purpose, text in CONSENTS.items()}


class Phone(LocalOutbox):
    """The borrowers' phones."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []

    def send(self, letters: Any, at: datetime) -> list[Accepted]:
        self.letters.extend(letters)
        return list(super().send(letters, at))


@dataclass
class Shop:
    """A lender with two branches and a phone product that can be applied for, and its people."""

    db: Db
    book: Book = field(init=False)
    minute: int = 0
    carrier: Phone = field(default_factory=Phone)

    def __post_init__(self) -> None:
        self.book = Book(self.db, DAY)
        create_branch(self.db, code="EAST", name="东岸营业部（示例）")
        define(self.db, code=PRODUCT, name_zh="手机质押借款", name_en="Phone pledge loan", collateral="phone")
        self.reprice(12_000_000)

    def reprice(self, ppb: int, **offer: Any) -> None:
        """A new version of the phone product, offered from today."""
        terms = {"method": "equal_instalment", "rate": {"ppb": ppb, "per": "month"}}
        new_version(
            self.db, code=PRODUCT, from_date=DAY, terms=terms,
            offer=Offer(**{"currency": "CNY", "least": 100_000, "most": 800_000, "instalments": (3, 6, 12), **offer}),
        )  # fmt: skip

    @property
    def clock(self) -> FixedClock:
        """Ten in the morning, and a minute later each time somebody looks."""
        self.minute += 1
        return FixedClock(datetime(DAY.year, DAY.month, DAY.day, 2 + self.minute // 60, self.minute % 60, tzinfo=UTC))

    def person(self, number: str = NUMBER, language: str = "zh-hans") -> Party:
        return register_number(self.db, clock=self.clock, by=SYSTEM, branch_id=self.book.branch_id, number=number, language=language)

    def hire(self, role: str, *, scope: str = "all", branch: str = "T", name: str | None = None) -> Staff:
        row = self.db.execute("SELECT branch_id FROM branch WHERE code = %s", [branch]).fetchone()
        assert row is not None
        return create_staff(
            self.db, clock=self.clock, by=SYSTEM, username=name or f"{role}-{scope}-{branch}", password="a long sample phrase",
            name="示例员工", role=role, scope=scope, branch_id=row[0],
        )  # fmt: skip

    def digits(self) -> str:
        """The digits of the newest code, as the borrower's phone shows them."""
        contact.dispatch(self.db, {"sms": self.carrier}, clock=self.clock, limit=20)
        found = re.search(r"(?<![0-9])[0-9]{6}(?![0-9])", self.carrier.letters[-1].text)
        assert found is not None
        return found[0]

    def applicant(self, number: str = NUMBER) -> Applicant:
        person = self.person(number)
        return Applicant(self, person, applications.actor_of(person))


@dataclass
class Applicant:
    """Somebody with a phone who applies."""

    shop: Shop
    party: Party
    by: Actor | Staff
    id: str = ""

    @property
    def db(self) -> Db:
        return self.shop.db

    def start(self, yuan: int = 4_000, instalments: int = 6, product: str = PRODUCT, **more: Any) -> Application:
        known = applications.start(
            self.db, clock=self.shop.clock, by=self.by, party=self.party, product=product, principal=Money(yuan * 100, "CNY"),
            instalments=instalments, **more,
        )  # fmt: skip
        self.id = known.public_id
        return known

    def save(self, **facts: Any) -> Application:
        return applications.save(self.db, clock=self.shop.clock, by=self.by, application_id=self.id, facts=facts)

    def attach(self, slot: str, data: bytes | None = None, name: str = "picture.png") -> Application:
        given = picture() if data is None else data
        return applications.attach(self.db, clock=self.shop.clock, by=self.by, application_id=self.id, slot=slot, data=given, name=name)

    def agree(self, **given: bool) -> Application:
        """The borrower's own yes and no: at the counter by the code that came to their phone."""
        said = given or YES
        code = self.proved(said) if isinstance(self.by, Staff) and self.by.role != "integrator" else None
        return applications.agree(self.db, clock=self.shop.clock, by=self.by, application_id=self.id, given=said, code=code)

    def proved(self, given: Mapping[str, bool]) -> str:
        """The code for these consents, read out by the borrower and typed rightly."""
        assert isinstance(self.by, Staff)
        sent = applications.ask_consent_code(self.db, clock=self.shop.clock, by=self.by, application_id=self.id, given=given)
        assert codes.attempt(self.db, clock=self.shop.clock, code_id=sent.code_id, digits=self.shop.digits())
        return sent.code_id

    def fill(self, **facts: Any) -> Application:
        """Everything that a file needs; `facts` in place of the usual ones, None to leave one out."""
        whole = {name: value for name, value in {**PRIVATE, **FACTS, **facts}.items() if value is not None}
        self.save(**whole)
        for slot in PAPERS:
            self.attach(slot)
        if isinstance(self.by, Staff) and self.by.role == "integrator":
            self.attach("consent_sheet")
        return self.agree()

    def submit(self) -> Submitted:
        return applications.submit(self.db, clock=self.shop.clock, by=self.by, application_id=self.id)

    def apply(self, **facts: Any) -> Submitted:
        """From the plan to the loan."""
        self.start()
        self.fill(**facts)
        return self.submit()

    def look(self) -> Application:
        return applications.application(self.db, self.id, self.by)

    def lacks(self) -> list[str]:
        return [each.field for each in applications.completeness(self.look(), today=DAY)]


def kinds_of(db: Db, chain: str) -> Iterator[str]:
    """The kinds of record on the chain of that public id, in order."""
    for (body,) in db.execute("SELECT body FROM record ORDER BY loan_id, seq").fetchall():
        told = json.loads(bytes(body))
        if told["chain"] == chain:
            yield told["kind"]
