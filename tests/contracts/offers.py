"""A decided loan, and the people who bring it to a signed contract.

What the stages before have left (the approved terms, the purpose) is given here; the stories walk through them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from types import SimpleNamespace
from typing import Any, Final

import psycopg
import pytest

from holdfast import collateral, contact, contracts
from holdfast.adapters.local_ca import LocalNotary
from holdfast.adapters.local_outbox import LocalOutbox
from holdfast.adapters.typst_press import TypstPress
from holdfast.contact import Accepted, Letter, codes
from holdfast.contracts import Contract
from holdfast.duties import begin, enter, take
from holdfast.duties.audit import Audit, examine
from holdfast.journal import SYSTEM, Actor
from holdfast.kernel.clock import FixedClock
from holdfast.kernel.rate import Per, Rate
from holdfast.life import LoanState
from holdfast.parties import Party, Staff, create_staff, party, register_party
from holdfast.parties.private import id_check_digit
from holdfast.products import Method, Terms
from holdfast.wiring import EXPECTATIONS
from tests.books import Book
from tests.collateral.things import imei

Db = psycopg.Connection[Any]
DAY: Final = date(2026, 11, 24)
PRESS: Final = TypstPress(test=True)
ID_NUMBER: Final = "33020319900101123" + id_check_digit("33020319900101123")
NAME: Final = "张示例"
FLAGS: Final = ("rate", "default", "custody", "disposal", "no_forfeiture", "cooling_off", "allocation")
PASSWORD: Final = "Sample-2026-example"


def terms_of(on: date = DAY, **changes: Any) -> Terms:
    """5,000.00 over six months at 1.2 % a month, in equal instalments: 868.68 and 868.70 at the end, 5,212.10 in all."""
    fields: dict[str, Any] = {
        "currency": "CNY", "principal": 500_000, "method": Method.EQUAL_INSTALMENT, "rate": Rate(12_000_000, Per.MONTH), "instalments": 6,
        "disbursed_on": on,
    }  # fmt: skip
    return Terms(**{**fields, **changes})


@dataclass
class Inbox(LocalOutbox):
    """A phone that keeps what it was sent."""

    letters: list[Letter] = field(default_factory=list)

    def send(self, letters: Any, at: Any) -> list[Accepted]:
        self.letters.extend(letters)
        return list(super().send(letters, at))


class People(dict[str, Staff]):
    """The staff by name; whoever is named after a role is hired when first asked for."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk

    def __missing__(self, name: str) -> Staff:
        return self._desk.hire(name, name)


@dataclass
class Desk:
    """A lender's desk on `DAY` with one decided loan, an officer, an approver, and the borrower with a phone."""

    book: Book
    notary: LocalNotary
    people: People = field(init=False)
    phone: Inbox = field(default_factory=Inbox)
    terms: Terms = field(default_factory=terms_of)
    loan: str = ""

    def __post_init__(self) -> None:
        self.people = People(self)

    @property
    def db(self) -> Db:
        return self.book.db

    @property
    def clock(self) -> FixedClock:
        return self.book.clock

    @property
    def borrower(self) -> Party:
        row = self.db.execute("SELECT p.public_id FROM loan l JOIN party p USING (party_id) WHERE l.public_id = %s", [self.loan]).fetchone()
        assert row is not None
        return party(self.db, row[0])

    @property
    def actor(self) -> Actor:
        return Actor(self.borrower.public_id, "borrower")

    def hire(self, name: str, role: str, **more: Any) -> Staff:
        self.people[name] = create_staff(
            self.db, clock=self.clock, by=SYSTEM, username=name, password=PASSWORD, name=f"示例{name}", role=role,
            **{"scope": "branch", "branch_id": self.book.branch_id, **more},
        )  # fmt: skip
        return self.people[name]

    def decided(self, *, language: str = "zh-hans", name: str = NAME, things: int = 1) -> str:
        """A loan that was asked for, confirmed and approved today, with a phone behind it."""
        person = register_party(
            self.db, clock=self.clock, by=SYSTEM, kind="person", branch_id=self.book.branch_id, language=language,
            private={"name": name, "id_number": ID_NUMBER, "phone": "13812342046", "address": "示例市示例路 1 号"},
        )  # fmt: skip
        number = f"HF-2026-{next(_numbers):06d}"
        case = begin(
            self.db, clock=self.clock, by=Actor(person.public_id, "borrower"), branch_id=self.book.branch_id,
            officer_id=self.people["officer"].staff_id, party_id=person.party_id, borrower_label=person.label, product_code="phone",
            product_version=1, contract_no=number, currency="CNY", pack=self.book.pack, kind="application.submitted", says={},
            opens=["confirm"],
        )  # fmt: skip
        self.loan = case.loan.public_id
        enter(self.db, case, clock=self.clock, by=SYSTEM, kind="confirmation.completed", says={}, to=LoanState.CONFIRMED,
              closes=["confirm"], opens=["decide"])  # fmt: skip
        enter(self.db, case, clock=self.clock, by=SYSTEM, kind="decision.approved", says={}, to=LoanState.DECIDED, closes=["decide"],
              opens=["sign"])  # fmt: skip
        for _ in range(things):
            thing = collateral.describe(
                self.db, clock=self.clock, by=Actor(person.public_id, "borrower"), model="iPhone 15 Pro", storage_gb=256, grade="B",
                imeis=[imei(), imei()], evidence={}, party=person, colour="黑色",
            )  # fmt: skip
            collateral.offer_for(self.db, thing_id=thing.thing_id, loan_id=case.loan.loan_id)
        return self.loan

    def offer(self, by: str = "officer") -> Contract:
        return contracts.offer(self.db, clock=self.clock, by=self.people[by], loan=self.loan, press=PRESS)

    def code(self) -> str:
        """Ask for a code, read it from the phone and type it; its id."""
        code_id = contracts.ask_code(self.db, clock=self.clock, by=self.actor, loan=self.loan)
        assert codes.attempt(self.db, clock=self.clock, code_id=code_id, digits=self.digits())
        return code_id

    def digits(self) -> str:
        contact.dispatch(self.db, {"sms": self.phone}, clock=self.clock, limit=20)
        found = [match[0] for each in self.phone.letters if (match := re.search(r"(?<![0-9])[0-9]{6}(?![0-9])", each.text))]
        return found[-1]

    def sign(self, code_id: str | None = None, flags: tuple[str, ...] = FLAGS) -> Contract:
        return contracts.sign_by_borrower(
            self.db, clock=self.clock, by=self.actor, loan=self.loan, code_id=code_id or self.code(), flags_read=flags,
            notary=self.notary, user_agent="示例浏览器",
        )  # fmt: skip

    def seal(self, by: str = "approver") -> Contract:
        return contracts.seal(self.db, clock=self.clock, by=self.people[by], loan=self.loan, notary=self.notary)

    def bring_to(self, state: str) -> Contract | None:
        """The contract in that state, by the ways that lead there."""
        if state == "none":
            return None
        if state == "drafted":
            return contracts.draft(self.db, clock=self.clock, by=self.people["officer"], loan=self.loan, press=PRESS)
        made = self.offer()
        if state == "void":
            return contracts.void(self.db, clock=self.clock, by=self.people["officer"], loan=self.loan, words="示例：写错了")
        if state == "lapsed":
            self.book.walk(30)
            return contracts.lapse(self.db, clock=self.clock, by=self.people["officer"], loan=self.loan)
        if state in ("borrower_signed", "sealed"):
            made = self.sign()
        if state == "sealed":
            made = self.seal()
        return made

    def state(self) -> str:
        return str(take(self.db, self.loan, None).loan.state)

    def kinds(self) -> list[str]:
        """The kinds of the loan's records, first to last."""
        rows = self.db.execute(
            "SELECT r.kind FROM record r JOIN loan l ON l.loan_id = r.loan_id WHERE l.public_id = %s ORDER BY r.seq", [self.loan]
        )
        return [row[0] for row in rows.fetchall()]

    def audit(self) -> Audit:
        return examine(self.db, self.book.day, EXPECTATIONS)


def _count() -> Any:
    n = 0
    while True:
        n += 1
        yield n


_numbers = _count()


@pytest.fixture
def desk(db: Db, monkeypatch: pytest.MonkeyPatch) -> Desk:
    made = Desk(Book(db, DAY), LocalNotary())
    left_by_earlier_stages(monkeypatch, made)
    made.decided()
    return made


def left_by_earlier_stages(monkeypatch: pytest.MonkeyPatch, desk: Desk) -> None:
    """What the decision and the application say of the loan."""
    told = SimpleNamespace(purpose="working_capital")
    monkeypatch.setattr("holdfast.contracts.service.decision_of", lambda db, loan_id: SimpleNamespace(terms=desk.terms))
    monkeypatch.setattr("holdfast.contracts.service.of_loan", lambda db, loan_id: told)
